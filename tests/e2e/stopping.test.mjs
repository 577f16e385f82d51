// How hub and agent end, and what does not end them: a terminal that goes away, and the hub's word to
// leave. Real processes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ask, patience, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

describe("stopping", { timeout: 120_000 }, () => {
  let scene, origin, cookie, way;
  before(async () => {
    scene = await Scene.start("stopping");
    origin = await scene.instance("box");
    cookie = await scene.signIn();
    way = scene.pathWay("box", cookie);
  });
  after(() => scene?.stop());

  /** A request under way: what the instance answers it with, and the answer's end in the browser. */
  async function begin() {
    const asked = new Promise((resolve) => { origin.on("/long", (_request, response) => resolve(response)); });
    const answer = ask(way.options("/long"));
    const held = await within(patience, "a request at /long", asked);
    held.write("first half, ");
    return { held, answer };
  }

  it("an agent that was started with nohup outlives its terminal", async () => {
    await origin.agent.stop();
    origin.agent = await scene.startAgent(origin, { prefix: ["nohup"] });
    await origin.agent.ready();
    origin.agent.signal("SIGHUP");
    for (let i = 0; i < 2; ++i) {
      const { held, answer } = await begin();
      held.end("second half");
      assert.equal((await answer).body.toString(), "first half, second half");
    }
    assert.deepEqual(origin.agent.lines.filter((line) => line.includes("stopping")), []);
    origin.agent.signal("SIGTERM");
    assert.equal(await within(patience, "the agent's exit", origin.agent.exited), 0);
  });

  it("an agent that the hub tells to leave says so by its exit status", async () => {
    origin.agent = await scene.startAgent(origin);
    await origin.agent.ready();
    assert.equal((await scene.api("POST", "/clients/box/disconnect", { cookie })).status, 204);
    assert.equal(await within(patience, "the agent's exit", origin.agent.exited), 3);
  });
});
