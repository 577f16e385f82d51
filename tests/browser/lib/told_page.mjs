// A signed-in tab whose dashboard socket is the test's own: the test says what the hub tells of instances.
import { after, before, it } from "node:test";
import { fakeHubSocket } from "./fake_hub_socket.mjs";
import { lookAt } from "./look.mjs";
import { Stage } from "./stage.mjs";

/** What tests of a suite say again and again are functions of its own, to be taken out of it. */
export class ToldPage {
  /** For a suite of tests: a stage and a page from before the first of them until after the last. */
  static ofSuite(name) {
    const told = new ToldPage();
    before(async () => {
      told.stage = await Stage.start(name);
      told.page = await told.stage.signIn();
      await told.page.addInitScript(fakeHubSocket);
    }, { timeout: 60_000 });
    after(() => told.stage?.stop(), { timeout: 60_000 });
    return told;
  }

  check = (name, body) => it(name, { timeout: 120_000 }, () => this.stage.check(name, body));

  /** Opens a page of the hub; the socket tells `clients`. */
  show = async (path, clients) => {
    await this.page.goto(this.stage.hub.url + path);
    await this.page.evaluate((list) => {
      window.hubSocket.list = list;
      window.hubSocket.tell({ type: "client_list", clients: list });
    }, clients);
  };

  tell = (message) => this.page.evaluate((told) => window.hubSocket.tell(told), message);
  update = (one) => this.tell({ type: "client_update", client: one });
  card = (name) => this.stage.card(this.page, name);

  /** What was told is on the screen, and what the page does about that is done. */
  drawn = () => this.page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  });

  /** Waits for that question; then time passes in the page until presses are taken for meant. */
  async asked(id) {
    await this.page.locator(`[data-question="${id}"]`).waitFor();
    await this.drawn();
    await this.page.evaluate(() => {
      const real = performance.now.bind(performance);
      performance.now = () => real() + 1_000;
    });
  }

  /** See lookAt. */
  inspect = (name) => lookAt(this.stage, this.page, name);
}
