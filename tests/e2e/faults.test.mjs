// What users see, and how things recover, when a part is killed, replaced or revoked. Real processes and
// real time; each bound below is one that berth promises.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { freePort } from "../browser/lib/processes.mjs";
import { until } from "../browser/lib/wait.mjs";
import { asFetch, ask, asPage, open, patience, readAll, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket, untilGone } from "./lib/websocket.mjs";

const errorMs = 1_000;     // A broken request is answered by then.
const revokeMs = 2_000;    // What was revoked or signed out is closed by then.
const returnMs = 2_000;    // The agent is back by then, once the hub is.

const smallInstance = fileURLToPath(new URL("lib/small_instance.mjs", import.meta.url));

/** Asks as a page and as a script do: both get a clear answer with `status` at once. */
async function expectClearError(way, status, words) {
  const page = await within(errorMs, "an error page", ask(way.options("/", { headers: asPage })));
  assert.equal(page.status, status);
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.match(page.body.toString(), words);
  const script = await within(errorMs, "an error", ask(way.options("/api", { headers: asFetch })));
  assert.equal(script.status, status);
  assert.match(script.headers["content-type"], /^application\/problem\+json/);
  const problem = JSON.parse(script.body);
  assert.equal(problem.status, status);
  assert.ok(problem.title.length > 0 && problem.detail.length > 0);
  for (const { headers } of [page, script]) {
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers.vary, "*");
  }
}

async function expectServed(way) {
  await until(`an answer over ${way.mode} mode`, async () => {
    const answer = await ask(way.options("/ok")).catch(() => undefined);
    return answer?.status === 200;
  });
}

describe("hub, agent and instance", { timeout: 120_000 }, () => {
  let scene;
  let origin;
  let cookie;
  let ways;

  before(async () => {
    scene = await Scene.start("faults");
    origin = await scene.instance("box");
    cookie = await scene.signIn();
    ways = await scene.ways("box", cookie);
  });
  after(() => scene?.stop());

  /** The hub's own list: the instance is in it once, and in this state. */
  async function expectListed(isConnected) {
    const { status, body } = await scene.api("GET", "/clients", { cookie });
    assert.equal(status, 200);
    const rows = JSON.parse(body).clients.filter(({ id }) => id === "box");
    assert.equal(rows.length, 1);
    assert.equal(rows[0].metadata.status !== "disconnected", isConnected);
  }

  /** Something under way in each of the three forms: {ended} resolves when all were broken off. */
  async function beginThree(way) {
    origin.on("/stream", (request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
    });
    const hung = origin.nextRequest("/hang");
    const waiting = ask(way.options("/hang", { headers: asFetch })).then(({ status }) => status, () => "broken off");
    const { response } = await open(way.options("/stream"));
    const accepted = nextWebSocket(origin, "/ws");
    const { end } = await openWebSocket(way.options("/ws"));
    await accepted;
    await hung;
    const streamed = readAll(response).then(() => "ended", () => "broken off");
    const closed = untilGone(end);
    return { waiting, streamed, closed };
  }

  it("check 24: kill -9 of the agent: clear errors at once, and all is back with the agent", async () => {
    const running = [await beginThree(ways.path), await beginThree(ways.subdomain)];
    await origin.agent.stop("SIGKILL");
    for (const { waiting, streamed, closed } of running) {
      assert.ok([502, 503, "broken off"].includes(await within(errorMs, "the request's end", waiting)));
      assert.equal(await within(errorMs, "the stream's end", streamed), "broken off");
      await within(errorMs, "the WebSocket's end", closed);
    }
    for (const way of Object.values(ways)) await expectClearError(way, 503, /is not connected/);
    await expectListed(false);
    origin.agent = await scene.startAgent(origin);
    await origin.agent.ready();
    for (const way of Object.values(ways)) await expectServed(way);
    await expectListed(true);
  });

  it("check 24: kill -9 of the hub: what ran breaks off at once, and agent and sessions are back with it", async () => {
    const running = await beginThree(ways.subdomain);
    const away = origin.agent.nextLine(/hub away/);
    await scene.hub.child.stop("SIGKILL");
    assert.equal(await within(errorMs, "the request's end", running.waiting), "broken off");
    assert.equal(await within(errorMs, "the stream's end", running.streamed), "broken off");
    await within(errorMs, "the WebSocket's end", running.closed);
    await away;
    const back = origin.agent.nextLine(/connected to .* as box/);
    await scene.startHub();
    await within(returnMs, "the agent's return", back);
    for (const way of Object.values(ways)) await expectServed(way);
    await expectListed(true);
  });

  it("an agent is back soon after a hub that was away for many attempts", async () => {
    await scene.hub.child.stop("SIGKILL");
    for (let attempt = 0; attempt < 7; ++attempt) await origin.agent.nextLine(/hub away .* next attempt in/);
    const back = origin.agent.nextLine(/connected to .* as box/);
    await scene.startHub();
    await within(returnMs, "the agent's return", back);
    await expectServed(ways.path);
  });

  it("an agent without a file to open is named as such, by the page and once by its log", async () => {
    const busy = await scene.origin("many");
    const held = new Set();
    let isOver = false;
    busy.on("/hang", (request, response) => (isOver ? response.end() : held.add(response)));
    busy.agent = await scene.startAgent(busy, { prefix: ["/bin/sh", "-c", 'ulimit -n 30; exec "$0" "$@"'] });
    await busy.agent.ready();
    const way = scene.pathWay("many", cookie);
    const hang = () => ask(way.options("/hang", { headers: asFetch }));
    const asked = Array.from({ length: 40 }, hang);
    const isClear = () => expectClearError(way, 502, /lacks something of its machine .* Its log says what/);
    await until("the error that there are no more files", () => {
      asked.push(hang());  // A connection that a request is done with serves another.
      return isClear().then(() => true, () => false);
    });
    await busy.agent.line(/cannot use the instance: .*Too many open files/);
    isOver = true;
    for (const response of held) response.end();
    await Promise.all(asked);
    await expectServed(way);
    assert.equal(busy.agent.lines.filter((line) => line.includes("cannot use the instance")).length, 1);
    await busy.agent.stop();
  });

  it("check 24: kill -9 of the instance: clear errors at once, and its agent starts it again", async () => {
    const port = await freePort();
    const instance = { name: "small", url: `http://127.0.0.1:${port}` };
    const agent = await scene.startAgent(instance, { command: [process.execPath, smallInstance, String(port)] });
    await agent.ready();
    const both = await scene.ways("small", cookie);
    for (const way of Object.values(both)) await expectServed(way);
    const pid = async () => Number((await ask(both.path.options("/"))).body);
    const first = await pid();
    const waiting = Object.values(both).map((way) => ask(way.options("/hang", { headers: asFetch })));
    await until("the requests at the instance", () => connectionsOf(first) >= 2);
    const ended = agent.nextLine(/was ended by signal 9; starting it again/);
    process.kill(first, "SIGKILL");
    for (const { status, headers } of await within(errorMs, "the requests' answers", Promise.all(waiting))) {
      assert.equal(status, 502);
      assert.match(headers["content-type"], /^application\/problem\+json/);
    }
    await ended;
    for (const way of Object.values(both)) await expectServed(way);
    const second = await pid();
    assert.notEqual(second, first);
    assert.deepEqual(zombiesOf(agent.process.pid), []);
    // A killed agent leaves no process behind, either.
    await agent.stop("SIGKILL");
    await until("the end of the instance of a killed agent", () => !isAlive(second));
  });

  it("an instance that is down: clear errors at once, and all is back with it", async () => {
    const { port } = origin.server.address();
    await origin.stop();
    for (const way of Object.values(ways)) await expectClearError(way, 502, /does not answer/);
    await expectListed(true);
    await origin.listen(port);
    for (const way of Object.values(ways)) await expectServed(way);
  });

  it("an instance whose answers are no HTTP is not called one that is starting", async () => {
    for (const path of ["/", "/api"]) origin.on(path, ({ socket }) => socket.end("HTTP/1.1 xyz\r\n\r\n"));
    for (const way of Object.values(ways)) {
      await expectClearError(way, 502, /does not speak HTTP/);
      const page = await ask(way.options("/", { headers: asPage }));
      assert.doesNotMatch(page.body.toString(), /may be starting|http-equiv="refresh"/);
    }
  });

  it("a second agent with the same id takes over, and both sides are told", async () => {
    const other = await scene.origin("other");
    other.on("/ok", (request, response) => response.end("the other one"));
    const told = origin.agent.nextLine(/replaced: another agent connected as box/);
    const noted = scene.hub.child.nextLine(/instance box: a newer agent took over/);
    const { end: dashboard } = await scene.openDashboard(cookie);
    await dashboard.send("text", JSON.stringify({ type: "get_clients" }));
    const before = JSON.parse((await dashboard.next()).data).clients.find(({ id }) => id === "box");
    other.agent = await scene.startAgent(other, { id: "box", name: "newer" });
    await told;
    await noted;
    await other.agent.ready();
    // What the older one told may still be on its way.
    let update;
    do update = JSON.parse((await dashboard.next()).data);
    while (update.client?.id !== "box" || update.client.connected_at === before.connected_at);
    dashboard.drop();
    for (const way of Object.values(ways)) assert.equal((await ask(way.options("/ok"))).body.toString(), "the other one");
    await expectListed(true);
    await other.agent.stop();
    await origin.agent.stop();
    origin.agent = await scene.startAgent(origin);
    await origin.agent.ready();
    for (const way of Object.values(ways)) await expectServed(way);
  });

  it("a revoked token closes its tunnel, and the agent says so", async () => {
    const other = await scene.origin("revoked");
    const agent = await scene.startAgent(other);
    await agent.ready();
    const { path } = await scene.ways("revoked", cookie);
    const accepted = nextWebSocket(other, "/ws");
    const { end } = await openWebSocket(path.options("/ws"));
    await accepted;
    const id = (await scene.berth("token", "ls")).split("\n").find((line) => line.includes("revoked")).match(/[0-9a-f]{16}/)[0];
    const refused = agent.nextLine(/refused: the hub (says|does not accept the token).*next attempt in 300 s/);
    await scene.berth("token", "revoke", id);
    await within(revokeMs, "the agent says so", refused);
    await within(revokeMs, "the WebSocket's end", untilGone(end));
    assert.equal((await ask(path.options("/ok", { headers: asFetch }))).status, 503);
    await agent.stop();
  });

  it("a token made while the hub runs works, and a wrong one is refused", async () => {
    const other = await scene.origin("fresh");
    const right = await scene.startAgent(other);
    await right.line(/connected to .* as fresh/);
    await right.stop();
    const wrong = await scene.startAgent(other, { name: "wrong", token: `ao_${"0".repeat(16)}_${"0".repeat(64)}` });
    await wrong.line(/refused: the hub (says|does not accept the token)/);
    await wrong.stop();
  });

  it("sign-out closes live sockets and streams, and refuses what comes later", async () => {
    const own = await scene.signIn();
    const both = await scene.ways("box", own);
    const dashboard = await scene.openDashboard(own);
    origin.on("/stream", (request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
    });
    const live = [];
    for (const way of Object.values(both)) {
      const accepted = nextWebSocket(origin, "/ws");
      const { end } = await openWebSocket(way.options("/ws"));
      const { end: instance } = await accepted;
      const { response } = await open(way.options("/stream"));
      live.push(untilGone(end), untilGone(instance), readAll(response).catch(() => {}));
    }
    const other = nextWebSocket(origin, "/ws");
    const { end: kept } = await openWebSocket(ways.path.options("/ws"));
    const { end: keptInstance } = await other;
    assert.equal((await scene.api("DELETE", "/api/session", { cookie: own })).status, 204);
    await within(revokeMs, "the end of all that is live", Promise.all([untilGone(dashboard.end), ...live]));
    for (const way of Object.values(both)) {
      assert.equal((await ask(way.options("/ok", { headers: asFetch }))).status, 401);
      await assert.rejects(openWebSocket(way.options("/ws")), { status: 401 });
    }
    // Another session of the same user goes on.
    await kept.send("text", "still here");
    assert.equal((await keptInstance.next()).data.toString(), "still here");
    for (const end of [kept, keptInstance]) end.drop();
  });

  it("check 28: SIGTERM to the agent: what runs finishes, new requests wait elsewhere, and it exits", async () => {
    const asked = origin.nextRequest("/long");
    const answer = ask(ways.path.options("/long"));
    const { response: held } = await asked;
    held.write("first half, ");
    const stopping = origin.agent.nextLine(/stopping/);
    origin.agent.signal("SIGTERM");
    await stopping;
    // A request that overtakes the agent's notice on its way to the hub is served like any other.
    await until("the hub has heard of it", async () => {
      const late = await within(errorMs, "a late request's answer", ask(ways.path.options("/ok", { headers: asFetch })));
      assert.ok([200, 502, 503].includes(late.status), `status ${late.status}`);
      return late.status !== 200;
    }, errorMs);
    held.end("second half");
    assert.equal((await answer).body.toString(), "first half, second half");
    assert.equal(await within(patience, "the agent's exit", origin.agent.exited), 0);
    origin.agent = await scene.startAgent(origin);
    await origin.agent.ready();
  });

  it("check 28: a second SIGTERM ends the agent at once", async () => {
    const asked = origin.nextRequest("/hang");
    const answer = ask(ways.path.options("/hang", { headers: asFetch }));
    await asked;
    const stopping = origin.agent.nextLine(/stopping/);
    origin.agent.signal("SIGTERM");
    await stopping;
    origin.agent.signal("SIGTERM");
    await within(errorMs, "the agent's exit", origin.agent.exited);
    assert.ok((await answer).status >= 500);
    origin.agent = await scene.startAgent(origin);
    await origin.agent.ready();
  });

  it("check 28: SIGTERM to the hub: what runs finishes, and it exits", async () => {
    const asked = origin.nextRequest("/long");
    const answer = ask(ways.subdomain.options("/long"));
    const { response: held } = await asked;
    held.write("first half, ");
    const stopping = scene.hub.child.nextLine(/stopping/);
    scene.hub.child.signal("SIGTERM");
    await stopping;
    held.end("second half");
    assert.equal((await answer).body.toString(), "first half, second half");
    assert.equal(await within(patience, "the hub's exit", scene.hub.child.exited), 0);
    const back = origin.agent.nextLine(/connected to .* as box/);
    await scene.startHub();
    await within(returnMs, "the agent's return", back);
  });

  it("check 28: a second SIGTERM ends the hub at once", async () => {
    const asked = origin.nextRequest("/hang");
    const answer = ask(ways.subdomain.options("/hang")).catch(() => "broken off");
    await asked;
    const stopping = scene.hub.child.nextLine(/stopping/);
    scene.hub.child.signal("SIGTERM");
    await stopping;
    scene.hub.child.signal("SIGTERM");
    await within(errorMs, "the hub's exit", scene.hub.child.exited);
    assert.equal(await answer, "broken off");
    await scene.startHub();
    await expectServed(ways.path);
  });
});

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** How many TCP connections a process has accepted or opened. */
function connectionsOf(pid) {
  const inodes = new Set();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(execFileSync("readlink", [`/proc/${pid}/fd/${fd}`], { encoding: "utf8" }).trim()) ?? [];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // Closed in between.
    }
  }
  return readFileSync(`/proc/${pid}/net/tcp`, "utf8").split("\n").slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "01" && inodes.has(fields[9])).length;
}

/** Children of `pid` that ended and that nobody asked about. */
function zombiesOf(pid) {
  return readdirSync("/proc").filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const [state, parent] = readFileSync(`/proc/${entry}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return state === "Z" && Number(parent) === pid;
    } catch {
      return false;
    }
  });
}
