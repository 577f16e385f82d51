// A signed-in tab whose dashboard socket is the test's own: the test says what the hub tells of instances.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { violations } from "./axe.mjs";
import { fakeHubSocket } from "./fake_hub_socket.mjs";
import { Stage } from "./stage.mjs";

const looks = [
  { name: "phone", width: 360, height: 780 },
  { name: "tablet", width: 820, height: 1000 },
  { name: "desktop", width: 1280, height: 800 },
  { name: "wide", width: 1600, height: 900 },
];

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

  /** Pictures at every width, light and dark; none may scroll sideways, and axe-core finds nothing. */
  inspect = async (name) => {
    const { page, stage } = this;
    for (const { name: look, ...viewport } of looks) {
      for (const colorScheme of ["light", "dark"]) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        // What lies outside of the window is not drawn: the window is made as high as the page.
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ ...viewport, height: Math.max(viewport.height, height) });
        await page.screenshot({ path: join(stage.output, `${name}-${look}-${colorScheme}.png`), fullPage: true });
        assert.deepEqual(await violations(page), [], `${name}, ${look}, ${colorScheme}`);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${name} scrolls ${wide} px sideways at ${viewport.width} px`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
  };
}
