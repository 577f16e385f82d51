// What owners do with their instances through the API: rename, look back, remove. Two people, real
// agents.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { freePort } from "../browser/lib/processes.mjs";
import { until } from "../browser/lib/wait.mjs";
import { ask, json } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

describe("managing instances", { timeout: 120_000 }, () => {
  let scene, ada, ben, box;
  before(async () => {
    scene = await Scene.start("instances");
    box = await scene.instance("box", { user: "ada" });
    await scene.hub.loginLink("ben");
    [ada, ben] = [await scene.signIn("ada"), await scene.signIn("ben")];
  });
  after(() => scene?.stop());

  const call = (cookie, method, path, body) => scene.api(method, path, { cookie, body: body && JSON.stringify(body) });
  const rename = (cookie, label) => call(cookie, "PATCH", "/api/clients/box", { label });
  const remove = (cookie) => call(cookie, "DELETE", "/api/clients/box");
  const history = async (cookie) => json(await call(cookie, "GET", "/api/clients/box/history"));
  const audited = async (cookie, action) =>
    json(await call(cookie, "GET", "/api/audit")).events.filter((event) => event.action === action);

  async function disconnect() {
    json(await call(ada, "POST", "/clients/box/disconnect"), 204);
    await box.agent.line(/told this agent to leave: somebody disconnected it there; start it again/);
    await until("the agent has left", async () => json(await call(ada, "GET", "/clients/box")).metadata.status === "disconnected");
  }

  it("renames: at once for every dashboard, for good, and the id stays", async () => {
    const { end } = await scene.openDashboard(ada);
    const next = async () => JSON.parse((await end.next()).data);
    await end.send("text", JSON.stringify({ type: "get_clients" }));
    assert.equal((await next()).type, "client_list");
    const label = "Ada's <b>box</b> ☂";
    const client = json(await rename(ada, label));
    assert.equal(client.label, label);
    assert.equal(client.id, "box");
    // What the agent reported first may come before it.
    let told = await next();
    while (told.type === "client_update" && told.client.label !== label) told = await next();
    assert.equal(told.type, "client_update");
    end.drop();
    await scene.hub.restart();
    assert.equal(json(await call(ada, "GET", "/clients/box")).label, label);
    await until("the agent is back", async () => json(await call(ada, "GET", "/clients/box")).metadata.status !== "disconnected");
    assert.equal(json(await call(ada, "GET", "/clients/box")).label, label);
    for (const bad of ["x".repeat(101), "a\nb", "\u0000"]) json(await rename(ada, bad), 400);
    assert.equal(json(await rename(ada, "")).label, undefined);
    assert.deepEqual((await audited(ada, "instance_rename")).map(({ instance_id, result }) => [instance_id, result]), [["box", "ok"], ["box", "ok"]]);
  });

  it("tells how latency and traffic change to the dashboards that ask for it", async () => {
    const open = async (vitals) => {
      const { end } = await scene.openDashboard(ada);
      await end.send("text", JSON.stringify({ type: "get_clients", vitals }));
      return { end, next: async () => JSON.parse((await end.next()).data) };
    };
    const [asks, asksNot] = [await open(true), await open(undefined)];
    const { clients: [before] } = await asks.next();
    const bytes = (way) => before.metadata.traffic?.[way] ?? 0;
    const answer = await ask(scene.pathWay("box", ada).options("/ok"));
    assert.equal(answer.status, 200);
    let vitals = { traffic: { in: 0, out: 0 } };
    while (vitals.traffic.in === bytes("in") || vitals.traffic.out < bytes("out") + answer.body.length) {
      const { type, clients } = await asks.next();
      if (type === "client_vitals") [vitals] = clients;
    }
    assert.equal(vitals.id, "box");
    await asksNot.end.send("text", JSON.stringify({ type: "ping" }));
    const heard = [];
    while (heard.at(-1) !== "pong") heard.push((await asksNot.next()).type);
    assert.ok(!heard.includes("client_vitals"), heard.join());
    asks.end.drop();
    asksNot.end.drop();
  });

  it("only its owner may rename or remove it; for others it does not exist, or is not theirs", async () => {
    for (const answer of [await rename(ben, "Mine"), await remove(ben), await call(ben, "GET", "/api/clients/box/history")]) json(answer, 404);
    json(await call(ada, "POST", "/api/clients/box/shares", { kind: "user", login: "ben", role: "operator" }), 201);
    for (const answer of [await rename(ben, "Mine"), await remove(ben)]) json(answer, 403);
    assert.equal((await history(ben)).connections.length, 1);
    assert.equal(json(await call(ada, "GET", "/clients/box")).label, undefined);
  });

  it("tells when the agent came and went, its address to the owner alone", async () => {
    const [open] = (await history(ada)).connections;
    assert.equal(open.address, "127.0.0.1");
    assert.equal(open.disconnected_at, undefined);
    assert.equal((await history(ben)).connections[0].address, undefined);
    await disconnect();
    const [ended] = (await history(ada)).connections;
    assert.equal(ended.connected_at, open.connected_at);
    assert.ok(ended.disconnected_at >= open.connected_at);
    assert.notEqual(ended.reason ?? "", "");
    assert.deepEqual((await history(ada)).samples, []);
  });

  it("removes what is not connected, with its shares; its id stays its owner's alone", async () => {
    box.agent = await scene.startAgent(box, { token: await scene.token("again", "--user", "ada") });
    await box.agent.ready();
    const theirs = await scene.subdomainWay("box", ben);
    assert.match(JSON.parse((await remove(ada)).body).detail, /disconnect/);
    json(await remove(ada), 409);
    await disconnect();
    const again = await call(ada, "POST", "/clients/box/disconnect");
    assert.match(json(again, 409).detail, /agent is not there/);
    json(await remove(ada), 204);
    json(await remove(ada), 404);
    json(await call(ada, "GET", "/clients/box"), 404);
    assert.equal((await audited(ada, "instance_remove")).length, 1);
    // Its pages were in Ben's browser: what may still run there must not meet an instance of his.
    const refused = await scene.startAgent(box, { name: "bens", token: await scene.token("bens", "--user", "ben") });
    await refused.line(/this id belongs to another user of the hub for good: choose another id/);
    await refused.stop();
    assert.deepEqual(json(await call(ben, "GET", "/clients")).clients, []);
    // Ada takes it again. Her share with him is gone, and so is the session he had at its address.
    box.agent = await scene.startAgent(box, { name: "new", token: await scene.token("new", "--user", "ada") });
    await box.agent.ready();
    const [mine] = json(await call(ada, "GET", "/clients")).clients;
    assert.deepEqual([mine.id, mine.role, mine.label], ["box", "owner", undefined]);
    assert.deepEqual(json(await call(ada, "GET", "/api/clients/box/shares")).shares, []);
    assert.equal((await history(ada)).connections.length, 1);
    json(await call(ben, "GET", "/clients/box"), 404);
    const { request } = await import("node:http");
    const status = await new Promise((resolve, reject) => {
      request(theirs.options("/x"), (answer) => resolve(answer.resume().statusCode)).on("error", reject).end();
    });
    assert.equal(status, 401);
  });

  it("an id that was never shared stays its owner's too", async () => {
    const mine = await scene.instance("mine", { user: "ben" });
    json(await call(ben, "POST", "/clients/mine/disconnect"), 204);
    await until("it is removed", async () => (await call(ben, "DELETE", "/api/clients/mine")).status === 204);
    const refused = await scene.startAgent(mine, { name: "late", token: await scene.token("late", "--user", "ada") });
    await refused.line(/this id belongs to another user of the hub for good: choose another id/);
    await refused.stop();
    await scene.hub.giveUpId("mine");
    const taken = await scene.startAgent(mine, { name: "late", token: await scene.token("late again", "--user", "ada") });
    await taken.ready();
    await assert.rejects(scene.hub.giveUpId("mine"), /there is an instance mine: its owner removes it first/);
    await assert.rejects(scene.hub.giveUpId("nobodys"), /nobody has the id nobodys/);
    await taken.stop();
  });

  it("what a browser kept for an id is cleared when the id is somebody else's than it saw there last", async () => {
    const spare = await scene.instance("spare", { user: "ben" });
    const by = async (cookie, seen) => {
      const opened = new URL(json(await call(cookie, "POST", "/api/clients/spare/open")).url);
      const answer = await ask({
        host: "127.0.0.1", port: scene.port, method: "POST", path: "/.berth/session",
        headers: { host: opened.host, origin: opened.origin, ...(seen === undefined ? {} : { cookie: seen }) },
      }, JSON.stringify({ code: opened.hash.slice(1) }));
      assert.equal(answer.status, 204);
      const field = answer.headers["set-cookie"].find((one) => one.startsWith("berth_owner="));
      assert.match(field, /; Max-Age=34560000; Path=\/; HttpOnly; SameSite=Lax$/);
      return { clears: answer.headers["clear-site-data"], seen: field.split(";")[0] };
    };
    const everything = '"cache", "storage"';
    const first = await by(ben);
    assert.equal(first.clears, everything);
    assert.deepEqual(await by(ben, first.seen), { clears: undefined, seen: first.seen });
    assert.equal((await by(ben, `${first.seen}; berth_owner=x`)).clears, everything);
    json(await call(ben, "POST", "/clients/spare/disconnect"), 204);
    await until("it is removed", async () => (await call(ben, "DELETE", "/api/clients/spare")).status === 204);
    await scene.hub.giveUpId("spare");
    spare.agent = await scene.startAgent(spare, { name: "adas", token: await scene.token("adas", "--user", "ada") });
    await spare.agent.ready();
    const second = await by(ada, first.seen);
    assert.equal(second.clears, everything);
    assert.notEqual(second.seen, first.seen);
    assert.equal((await by(ada, second.seen)).clears, undefined);
  });

  it("opened again and again by a browser, keeps what runs in its first window", async () => {
    const terminal = await scene.instance("terminal", { user: "ada" });
    const first = await scene.subdomainWay("terminal", ada);
    const accepted = nextWebSocket(terminal, "/ws");
    const { end } = await openWebSocket(first.options("/ws"));
    const { end: instance } = await accepted;
    for (let i = 0; i < 10; ++i) {
      const again = await scene.subdomainWay("terminal", ada, first);
      assert.equal((await ask(again.options("/"))).status, 200);
    }
    await end.send("text", "still there");
    assert.equal(String((await instance.next()).data), "still there");
    end.drop();
  });

  it("no API token without the scope may do any of it", async () => {
    const { token } = json(await call(ada, "POST", "/api/api-tokens", { name: "look", scopes: ["instances:read"] }), 201);
    const by = (method, path, body) => scene.api(method, path, { headers: { authorization: `Bearer ${token}` }, body: body && JSON.stringify(body) });
    json(await by("GET", "/api/clients/box/history"));
    json(await by("PATCH", "/api/clients/box", { label: "x" }), 403);
    json(await by("DELETE", "/api/clients/box"), 403);
  });

  it("shows what an instance is, whenever that turns out, and remembers it", async () => {
    const known = { "/health": { installMode: "npm", version: "1.37.2" }, "/api/providers/sessions/running": { data: { sessions: [] } } };
    const instance = createServer((request, response) => {
      const answer = known[request.url.split("?")[0]];
      response.writeHead(answer ? 200 : 404, { "content-type": answer ? "application/json" : "text/plain" });
      response.end(answer ? JSON.stringify(answer) : "404 page not found");
    });
    const port = await freePort();
    const start = () => scene.startAgent({ name: "late", url: `http://127.0.0.1:${port}` }, { adapter: "auto" });
    const owner = await scene.signIn();
    const shown = async () => {
      const { metadata } = json(await call(owner, "GET", "/clients/late"));
      return [metadata.adapter, metadata.version, metadata.status === "disconnected"].join(" ");
    };
    const shows = (what) => until(`the hub shows ${what}`, async () => await shown() === what);
    const agent = await start();
    await agent.line(/connected to .* as /);
    assert.equal(await shown(), "  false");
    instance.listen(port, "127.0.0.1");
    try {
      await shows("claudecodeui 1.37.2 false");
      // It is upgraded while the hub is away.
      const away = agent.nextLine(/hub away/);
      await scene.hub.child.stop("SIGKILL");
      await away;
      known["/health"].version = "1.37.3";
      await scene.startHub();
      await shows("claudecodeui 1.37.3 false");
      await agent.stop();
      await shows("claudecodeui 1.37.3 true");
      await scene.hub.child.stop();  // In good order: what it shows of who left it writes a moment later.
      await scene.startHub();
      assert.equal(await shown(), "claudecodeui 1.37.3 true");
    } finally {
      instance.closeAllConnections();
      instance.close();
    }
  });
});
