// A list that is longer than what may wait for one browser: it arrives whole, and nobody's dashboard
// ends because of what somebody else's instances ask.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { FakeAgent } from "./lib/fake_agent.mjs";
import { Scene } from "./lib/scene.mjs";

const fleet = 50;
const question = "x".repeat(16_000);

/** A dashboard that asked for its list. It reads, and answers pings, all the time. */
class Dashboard {
  messages = [];
  ended = "";

  static async open(scene, cookie) {
    const one = new Dashboard();
    ({ end: one.end } = await scene.openDashboard(cookie));
    await one.end.send("text", JSON.stringify({ type: "get_clients" }));
    void one.#read();
    return one;
  }

  async #read() {
    while (this.ended === "") {
      const { kind, data } = await this.end.next(600_000);
      if (kind === "ping") await this.end.send("pong", data);
      else if (kind === "text") this.messages.push({ size: data.length, ...JSON.parse(data) });
      else this.ended = kind;
    }
  }

  /** Until it has heard what fits. */
  async hears(what, fits) {
    await until(what, () => this.ended !== "" || fits(this.messages), 30_000);
    assert.equal(this.ended, "", `the hub ended it: ${what}`);
  }
}

describe("a list of 6 MB", { timeout: 60_000 }, () => {
  let scene, owner, mine;
  before(async () => {
    scene = await Scene.start("long_list");
    owner = await scene.signIn();
    mine = await FakeAgent.connect(scene, "mine", await scene.token("mine"));
    await mine.report();
  });
  after(() => scene?.stop());

  it("a member whose instances ask without end does not end the dashboards of others", async () => {
    const dashboard = await Dashboard.open(scene, owner);
    await dashboard.hears("its list", ([list]) => list?.clients.length === 1);
    const [member, token] = [await scene.signIn("mallory"), await scene.token("theirs", "--user", "mallory")];
    const sessions = Array.from({ length: 60 }, (_, index) => ({
      id: `s${index}`, needs_you: true, state: "needs_you", question: { id: `q${index}`, text: question },
    }));
    const ids = Array.from({ length: fleet }, (_, index) => `theirs-${index}`);
    for (const id of ids) {
      const agent = await FakeAgent.connect(scene, id, token);
      await agent.report(sessions);
      const share = JSON.stringify({ kind: "everyone", role: "viewer" });
      assert.equal((await scene.api("POST", `/api/clients/${id}/shares`, { cookie: member, body: share })).status, 201);
    }
    // The one that was open hears of all of them, and of its own at last.
    await dashboard.hears("all that they ask", (messages) => {
      const asking = messages.filter(({ type, client }) => type === "client_update" && client.metadata.needs_you);
      return new Set(asking.map(({ client }) => client.id)).size === fleet;
    });
    await mine.report([{ id: "s", state: "busy", is_busy: true }]);
    await dashboard.hears("its own", (messages) => messages.some(({ client }) => client?.id === "mine" && client.metadata.state === "busy"));

    // So does a new one, in pieces.
    const later = await Dashboard.open(scene, owner);
    await later.hears("the end of its list", (messages) => messages.some(({ type }) => type === "client_list_end"));
    const [list, ...rest] = later.messages;
    assert.deepEqual([list.type, list.more], ["client_list", true]);
    const listed = [...list.clients, ...rest.flatMap(({ client }) => client ?? [])].map(({ id }) => id);
    assert.deepEqual([...new Set(listed)].sort(), ["mine", ...ids].sort());
    const sizes = later.messages.map(({ size }) => size);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total > 5 << 20, `${total} bytes in all`);
    assert.ok(Math.max(...sizes) < 256 << 10, `${Math.max(...sizes)} bytes in one message`);
    dashboard.end.drop();
    later.end.drop();
  });
});
