// How hub and agent end, and what does not end them: terminals and readers of their logs that go away,
// and the hub's word to leave. Real processes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { FakeAgent } from "./lib/fake_agent.mjs";
import { ask, patience, within } from "./lib/http.mjs";
import { openEndless } from "./lib/live.mjs";
import { lock } from "./lib/locked_database.mjs";
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

  /** As with `2>&1 | tee log` whose tee is gone: every line from now on goes nowhere. */
  async function closeLog(child) {
    const closed = once(child.process.stderr, "close");
    child.process.stderr.destroy();
    await closed;
  }

  it("an agent whose log nobody reads any more finishes what runs", async () => {
    const { held, answer } = await begin();
    await closeLog(origin.agent);
    origin.agent.signal("SIGINT");
    held.end("second half");
    assert.equal((await answer).body.toString(), "first half, second half");
    assert.equal(await within(patience, "the agent's exit", origin.agent.exited), 0);
  });

  it("an agent that was started with nohup outlives its terminal", async () => {
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

  it("a hub whose log nobody reads any more finishes what runs", async () => {
    origin.agent = await scene.startAgent(origin);
    await origin.agent.ready();
    const { held, answer } = await begin();
    await closeLog(scene.hub.child);
    scene.hub.child.signal("SIGINT");
    held.end("second half");
    assert.equal((await answer).body.toString(), "first half, second half");
    assert.equal(await within(patience, "the hub's exit", scene.hub.child.exited), 0);
  });

  it("a hub takes its leave of open dashboards, and does not wait for them", async () => {
    await scene.hub.restart();
    const { end } = await scene.openDashboard(await scene.signIn());
    await end.send("text", JSON.stringify({ type: "get_clients" }));
    assert.equal((await end.next()).kind, "text");
    scene.hub.child.signal("SIGTERM");
    let event = await end.next();
    while (event.kind === "text") event = await end.next();
    assert.equal(event.kind, "close");
    assert.equal(event.code, 1001);
    end.drop();
    assert.equal(await within(patience, "the hub's exit", scene.hub.child.exited), 0);
    assert.deepEqual(scene.hub.child.lines.filter((line) => line.includes("in time")), []);
  });

  it("neither agent nor hub waits for sockets and event streams, which never end by themselves", async () => {
    // Two agents of one name would take it from each other, and the requests would be the other's.
    origin.agent.signal("SIGTERM");
    assert.equal(await within(patience, "the exit of the agent before", origin.agent.exited), 0);
    await scene.hub.restart();
    cookie = await scene.signIn();
    for (const name of ["agent", "hub"]) {
      origin.agent = await scene.startAgent(origin);
      await origin.agent.ready();
      const { ended } = await openEndless(origin, scene.pathWay("box", cookie));
      const process = name === "agent" ? origin.agent : scene.hub.child;
      process.signal("SIGTERM");
      for (const [what, end] of Object.entries(ended)) await within(patience, `${what}, with the ${name}`, end);
      assert.equal(await within(patience, `the ${name}'s exit`, process.exited), 0);
      assert.deepEqual(process.lines.filter((line) => /in time|grace/.test(line)), []);
    }
  });

  it("a hub that stops refuses connections, rather than let them wait", async () => {
    await scene.hub.restart();
    await until("the agent is back", async () => (await ask(way.options("/ok"))).status === 200);
    const { held, answer } = await begin();
    scene.hub.child.signal("SIGTERM");
    await until("a connection is refused", () => ask(way.options("/health")).then(() => false, ({ code }) => code === "ECONNREFUSED"));
    held.end("second half");
    assert.equal((await answer).body.toString(), "first half, second half");
    assert.equal(await within(patience, "the hub's exit", scene.hub.child.exited), 0);
  });

  it("a hub without a certificate ends with its terminal", async () => {
    await scene.hub.restart();
    scene.hub.child.signal("SIGHUP");
    assert.equal(await within(patience, "the hub's exit", scene.hub.child.exited), 0);
  });
});

/// A scene whose hub has `grace` ms for what runs when it stops.
const startWithGrace = (name, grace) => Scene.start(name, {
  options: ({ folder }) => {
    const file = join(folder, "hub.toml");
    writeFileSync(file, `[limits]\ndrain_grace = ${grace}\n`);
    return ["--config", file];
  },
});

describe("stopping while somebody holds the database", { timeout: 60_000 }, () => {
  let scene;
  before(async () => { scene = await startWithGrace("stopping_locked", 60000); });
  after(() => scene?.stop());

  it("a hub shuts its doors and lets its agents go at once, and writes what it knows when it can", async (context) => {
    const agent = await FakeAgent.connect(scene, "box", await scene.token("box"));
    context.after(() => agent.drop());
    const held = await lock(join(scene.hub.data, "berth.db"));
    context.after(() => held.release());
    await agent.report([{ id: "s1", title: "Session 1", state: "busy", is_busy: true, since: "2026-01-02T03:04:05.678Z" }]);
    await scene.hub.child.line(/write notifications: /);  // In vain, so that they wait.
    scene.hub.child.signal("SIGTERM");
    await agent.hear("drain");
    await until("a connection is refused", () => scene.api("GET", "/health").then(() => false, ({ code }) => code === "ECONNREFUSED"));
    assert.equal(scene.hub.child.process.exitCode, null);
    await held.release();
    assert.equal(await within(patience, "the hub's exit", scene.hub.child.exited), 0);
    assert.deepEqual(scene.hub.child.lines.filter((line) => line.includes("write sessions")), []);
  });
});

describe("stopping while somebody keeps the database", { timeout: 60_000 }, () => {
  let scene;
  before(async () => { scene = await startWithGrace("stopping_kept", 1000); });
  after(() => scene?.stop());

  it("a hub waits once for all that it would write, and says what it could not", async (context) => {
    const token = await scene.token("box");
    for (let i = 0; i < 8; ++i) {
      const agent = await FakeAgent.connect(scene, `box-${i}`, token);
      context.after(() => agent.drop());
    }
    const held = await lock(join(scene.hub.data, "berth.db"));
    context.after(() => held.release());
    scene.hub.child.signal("SIGTERM");
    // Each by itself would wait for 3 s.
    assert.equal(await within(12_000, "the hub's exit", scene.hub.child.exited), 0);
    const lines = scene.hub.child.lines.filter((line) => line.includes("database failed while stopping"));
    assert.equal(lines.length, 1);
    assert.match(lines[0], /locked/);
    assert.deepEqual(scene.hub.child.lines.filter((line) => line.includes("last seen not written")), []);
  });
});
