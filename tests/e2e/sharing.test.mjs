// Who may do what: two people with an instance each, on one hub. What is not shared does not exist
// for others; what is shared opens at its own address only; what is taken back ends at once.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Readable } from "node:stream";
import { until } from "../browser/lib/wait.mjs";
import { makeBody } from "./lib/bytes.mjs";
import { asFetch, ask, asPage, json, open, within } from "./lib/http.mjs";
import { allEnded, openAll } from "./lib/live.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket, untilGone } from "./lib/websocket.mjs";

const endMs = 2_000;  // What is no longer allowed has ended by then.

/** The problem in `answer`, whose status must be `status` and which says `words`. */
function problem(answer, status, words) {
  const { title, detail, status: stated } = json(answer, status);
  assert.match(answer.headers["content-type"], /^application\/problem\+json/);
  assert.equal(stated, status);
  assert.match(`${title} ${detail}`, words);
}

/** A dashboard's socket, which has asked for its list; next() gives its messages. */
async function openDashboard(scene, cookie) {
  const { end } = await scene.openDashboard(cookie);
  const next = async () => {
    const event = await end.next();
    assert.equal(event.kind, "text");
    return JSON.parse(event.data);
  };
  const send = (message) => end.send("text", JSON.stringify(message));
  await send({ type: "get_clients" });
  const { type, clients } = await next();
  assert.equal(type, "client_list");
  return { end, next, send, clients };
}

describe("two people on one hub", { timeout: 120_000 }, () => {
  let scene, ada, ben, chief, adaBox, benBox;
  before(async () => {
    scene = await Scene.start("sharing");
    [adaBox, benBox] = [await scene.instance("ada-box", { user: "ada" }), await scene.instance("ben-box", { user: "ben" })];
    [ada, ben, chief] = [await scene.signIn("ada"), await scene.signIn("ben"), await scene.signIn()];
  });
  after(() => scene?.stop());

  const post = (cookie, path, body) => scene.api("POST", path, { cookie, body: JSON.stringify(body) });
  const shareBen = async (fields) => json(await post(ben, "/api/clients/ben-box/shares", { kind: "user", login: "ada", ...fields }), 201);
  const unshare = async (share) => json(await scene.api("DELETE", `/api/clients/ben-box/shares/${share.id}`, { cookie: ben }), 204);
  const idOf = async (name) => json(await scene.api("GET", "/api/people", { cookie: chief })).people.find((one) => one.name === name).id;
  const listed = async (cookie) => json(await scene.api("GET", "/clients", { cookie })).clients.map(({ id, role, owner }) => ({ id, role, owner }));

  it("each sees their own instance, and the hub's owner sees neither", async () => {
    assert.deepEqual(await listed(ada), [{ id: "ada-box", role: "owner", owner: "ada" }]);
    assert.deepEqual(await listed(ben), [{ id: "ben-box", role: "owner", owner: "ben" }]);
    assert.deepEqual(await listed(chief), []);
  });

  it("nobody reaches another's instance by any route, in either mode", async () => {
    const own = await scene.subdomainWay("ada-box", ada);
    benBox.seen.length = 0;
    for (const cookie of [ada, chief]) {
      for (const [method, path] of [
        ["GET", "/clients/ben-box"], ["POST", "/clients/ben-box/disconnect"], ["GET", "/api/clients/ben-box/ws-info"],
        ["POST", "/api/clients/ben-box/open"], ["GET", "/api/clients/ben-box/shares"], ["DELETE", "/api/clients/ben-box/shares/1"],
        ["GET", "/clients/ben-box/proxy/x"], ["POST", "/clients/ben-box/proxy/x"], ["OPTIONS", "/clients/ben-box/proxy/x"],
      ]) {
        const headers = path.includes("/proxy/") ? asFetch : {};
        const real = await scene.api(method, path, { cookie, headers });
        problem(real, 404, /./);
        // The same as for what does not exist: nothing tells that it is there.
        const none = await scene.api(method, path.replace("ben-box", "none-box"), { cookie, headers });
        assert.equal(none.body.toString(), real.body.toString(), `${method} ${path}`);
      }
      problem(await post(cookie, "/api/clients/ben-box/shares", { kind: "everyone", role: "operator" }), 404, /./);
      const path = scene.pathWay("ben-box", cookie);
      await assert.rejects(openWebSocket(path.options("/ws")), { status: 404 });
    }
    // Ada's own cookies and tickets at the address of Ben's instance.
    const at = { host: own.host.replace("ada-box", "ben-box"), origin: own.origin.replace("ada-box", "ben-box") };
    for (const cookie of [own.cookie, ada, ada.replace("session", "instance")]) {
      const headers = { ...at, cookie, ...asFetch };
      const address = { host: "127.0.0.1", port: scene.port, path: "/x", headers };
      assert.equal((await ask({ ...address, method: "GET" })).status, 401);
      await assert.rejects(openWebSocket(address), { status: 401 });
    }
    const ticket = new URL(json(await post(ada, "/api/clients/ada-box/open")).url).hash.slice(1);
    const redeemed = await ask({ host: "127.0.0.1", port: scene.port, method: "POST", path: "/.berth/session", headers: at }, JSON.stringify({ code: ticket }));
    assert.equal(redeemed.status, 401);
    assert.deepEqual(benBox.seen, []);
  });

  it("the dashboard socket tells of one's own instances only", async () => {
    const [mine, theirs] = [await openDashboard(scene, ada), await openDashboard(scene, ben)];
    assert.deepEqual(mine.clients.map(({ id }) => id), ["ada-box"]);
    await benBox.agent.stop();
    assert.equal((await theirs.next()).client.id, "ben-box");
    benBox.agent = await scene.startAgent(benBox, { token: await scene.token("ben-again", "--user", "ben") });
    await benBox.agent.ready();
    await mine.send({ type: "connect_client", client_id: "ben-box" });
    let told = await mine.next();
    // Her own may have had something to tell.
    while (told.client?.id === "ada-box") told = await mine.next();
    const { type, success, message } = told;
    assert.deepEqual({ type, success, message }, { type: "connect_response", success: false, message: "no such instance" });
    mine.end.drop();
    theirs.end.drop();
  });

  it("a share is seen at once, and opens at the instance's own address only", async () => {
    const dashboard = await openDashboard(scene, ada);
    const share = await shareBen({ role: "operator" });
    let { type, client } = await dashboard.next();
    // Her own may have had something to tell.
    while (client?.id === "ada-box") ({ type, client } = await dashboard.next());
    assert.deepEqual({ type, id: client.id, role: client.role, owner: client.owner }, { type: "client_update", id: "ben-box", role: "operator", owner: "ben" });
    assert.equal(client.url, `http://ben-box.localhost:${scene.port}/`);
    assert.deepEqual((await listed(ada)).map(({ id, role }) => `${id} ${role}`), ["ada-box owner", "ben-box operator"]);
    const way = await scene.subdomainWay("ben-box", ada);
    assert.match((await ask(way.options("/hello"))).body.toString(), /^ben-box GET \/hello/);
    const info = json(await scene.api("GET", "/api/clients/ben-box/ws-info", { cookie: ada }));
    assert.equal(info.ws_base, `ws://ben-box.localhost:${scene.port}`);

    // Path mode would put it on the hub's origin: not for her, and while it is shared not for him.
    for (const cookie of [ada, ben]) {
      const path = scene.pathWay("ben-box", cookie);
      problem(await ask(path.options("/x?y=1", { headers: asFetch })), 403, /address of its own/);
      await assert.rejects(openWebSocket(path.options("/ws")), { status: 403 });
      const page = await ask(path.options("/x?y=1", { headers: asPage }));
      assert.equal(page.status, 403);
      assert.match(page.body.toString(), /<a href="http:\/\/localhost:\d+\/open\?client=ben-box&amp;next=\/x%3Fy%3D1">/);
    }
    assert.equal((await ask(scene.pathWay("ada-box", ada).options("/x"))).status, 200);

    await unshare(share);
    // What the instance does meanwhile may be told before.
    let message = await dashboard.next();
    while (message.type === "client_update") message = await dashboard.next();
    assert.deepEqual(message, { type: "client_disconnected", client_id: "ben-box" });
    assert.deepEqual(await dashboard.next(), { type: "client_removed", client_id: "ben-box" });
    assert.equal((await ask(scene.pathWay("ben-box", ben).options("/x"))).status, 200);
    dashboard.end.drop();
  });

  it("a viewer cannot send anything to the instance, an operator can, and neither can manage it", async () => {
    const share = await shareBen({ role: "viewer" });
    const viewer = await scene.subdomainWay("ben-box", ada);
    benBox.seen.length = 0;
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "X-ANY"]) {
      problem(await ask(viewer.options("/x", { method, headers: asFetch }), ""), 403, /viewer/);
    }
    assert.deepEqual(benBox.seen, []);
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      assert.equal((await ask(viewer.options("/x", { method, headers: asFetch }))).status, 200, method);
    }
    // The same share again with another role replaces it.
    assert.equal((await shareBen({ role: "operator" })).id, share.id);
    const operator = await scene.subdomainWay("ben-box", ada);
    assert.match((await ask(operator.options("/x", { method: "POST", headers: asFetch }), "body")).body.toString(), /^ben-box POST/);
    problem(await post(ada, "/clients/ben-box/disconnect"), 403, /owner/);
    problem(await scene.api("GET", "/api/clients/ben-box/shares", { cookie: ada }), 403, /owner/);
    problem(await post(ada, "/api/clients/ben-box/shares", { kind: "everyone", role: "viewer" }), 403, /owner/);
    problem(await scene.api("DELETE", `/api/clients/ben-box/shares/${share.id}`, { cookie: ada }), 403, /owner/);
    await unshare(share);
  });

  it("what others are refused about an instance is in the audit log", async () => {
    const share = await shareBen({ role: "viewer" });
    const tries = [
      ["GET", "/shares", undefined, "to see its shares"],
      ["POST", "/shares", { kind: "everyone", role: "viewer" }, "to share it"],
      ["DELETE", `/shares/${share.id}`, undefined, "to end a share"],
      ["POST", "/seen", { session_id: "s" }, "to mark a failure as seen"],
    ];
    // Each from an address of its own: of what is alike, one a minute is written.
    for (const [at, [method, path, body]] of tries.entries()) {
      const answer = await ask({
        host: "127.0.0.1", port: scene.port, localAddress: `127.0.1.${at + 1}`, method, path: `/api/clients/ben-box${path}`,
        headers: { host: scene.host, origin: scene.url, cookie: ada },
      }, body && JSON.stringify(body));
      problem(answer, 403, /./);
    }
    await unshare(share);  // With this, all before it is written.
    const events = (await scene.berth("audit", "--json", "--result", "denied")).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(
      events.filter(({ address }) => address.startsWith("127.0.1.")).map(({ action, actor, instance_id: id, detail }) => [action, actor, id, detail]),
      tries.map(([, , , detail]) => ["access", "ada", "ben-box", detail]),
    );
  });

  it("taking a share back ends requests, streams and sockets within 2 s, and nothing of others", async () => {
    const share = await shareBen({ role: "operator" });
    const way = await scene.subdomainWay("ben-box", ada);
    const live = await openAll(benBox, way);
    const own = await scene.subdomainWay("ben-box", ben);
    await unshare(share);
    const { pendingStatus } = await allEnded(live, endMs);
    assert.equal(pendingStatus, 401);
    assert.equal((await ask(way.options("/x", { headers: asFetch }))).status, 401);
    await assert.rejects(openWebSocket(way.options("/ws")), { status: 401 });
    problem(await post(ada, "/api/clients/ben-box/open"), 404, /./);
    assert.equal((await ask(own.options("/x"))).status, 200);
    // A new share does not bring back what was opened with the old one.
    const again = await shareBen({ role: "operator" });
    assert.equal((await ask(way.options("/x", { headers: asFetch }))).status, 401);
    await unshare(again);
  });

  it("the first share ends what its owner has open in path mode, and nothing at its own address", async () => {
    const { path, subdomain } = await scene.ways("ben-box", ben);
    const live = await openAll(benBox, path);
    const kept = [];
    for (const [box, way] of [[benBox, subdomain], [adaBox, scene.pathWay("ada-box", ada)]]) {
      const accepted = nextWebSocket(box, "/kept");
      const { end } = await openWebSocket(way.options("/kept"));
      kept.push([end, (await accepted).end]);
    }
    const share = await shareBen({ role: "viewer" });
    const { pendingStatus } = await allEnded(live, endMs);
    assert.equal(pendingStatus, 403);
    await assert.rejects(openWebSocket(path.options("/ws")), { status: 403 });
    for (const [end, instance] of kept) {
      await instance.send("text", "still here");
      assert.equal((await end.next()).kind, "text");
      end.drop();
    }
    await unshare(share);
    // Path mode is back, for what is opened from now on.
    const again = await openAll(benBox, path);
    const second = await shareBen({ role: "operator" });
    await allEnded(again, endMs);
    await unshare(second);
  });

  for (const method of ["POST", "GET"]) it(`the first share ends a body on its way in path mode, also where nobody reads the answer, ${method}`, async () => {
    const way = scene.pathWay("ben-box", ben);
    const asked = benBox.nextRequest("/both-ways");
    const body = new Readable({ read() {} });
    body.push("some of it");
    const opened = open(way.options("/both-ways", { method, headers: asFetch }), method === "POST" ? body : undefined);
    const { request, response: sent } = await asked;
    request.resume();
    const gone = new Promise((resolve) => request.socket.once("close", resolve));
    // More than there is room for on the way to a browser that takes nothing.
    let given = 0;
    const endless = makeBody(1 << 30).stream;
    endless.on("data", (piece) => (given += piece.length));
    endless.pipe(sent);
    const { request: mine, response } = await opened;
    response.pause();
    let last = -1;
    await until("the answer stands still", () => {
      const isStill = given > 0 && given === last;
      last = given;
      return isStill;
    });
    const share = await shareBen({ role: "viewer" });
    await within(endMs, "the end at the instance", gone);
    mine.destroy();
    await unshare(share);
  });

  it("a share that expires ends them within 2 s of its time", async () => {
    const expires = Date.now() + 6_000;
    await shareBen({ role: "operator", expires_at: new Date(expires).toISOString() });
    const way = await scene.subdomainWay("ben-box", ada);
    const live = await openAll(benBox, way);
    assert.ok(Date.now() < expires, "opened in time");
    await allEnded(live, expires - Date.now() + endMs);
    assert.ok(Date.now() >= expires, "not before its time");
    assert.equal((await ask(way.options("/x", { headers: asFetch }))).status, 401);
    assert.deepEqual(json(await scene.api("GET", "/api/clients/ben-box/shares", { cookie: ben })).shares, []);
  });

  it("becoming a viewer ends what was opened as an operator within 2 s", async () => {
    const share = await shareBen({ role: "operator" });
    const live = await openAll(benBox, await scene.subdomainWay("ben-box", ada));
    await shareBen({ role: "viewer" });
    await allEnded(live, endMs);
    const viewer = await scene.subdomainWay("ben-box", ada);
    problem(await ask(viewer.options("/x", { method: "POST", headers: asFetch }), ""), 403, /viewer/);
    await unshare(share);
  });

  it("a chat that an operator has from the dashboard ends with the share", async () => {
    const share = await shareBen({ role: "operator" });
    const dashboard = await openDashboard(scene, ada);
    const say = (command) => dashboard.send({ type: "forward_to_client", client_id: "ben-box", request_id: "r", action: "claude-command", payload: { command } });
    const refusal = async () => {
      for (;;) {
        const message = await within(endMs, "an error", dashboard.next());
        if (message.type === "error") return `${message.request_id}: ${message.message}`;
      }
    };
    const accepted = nextWebSocket(benBox, "/ws");
    await say("first");
    const { end: chat } = await accepted;
    assert.match((await chat.next()).data.toString(), /first/);
    await shareBen({ role: "viewer" });
    assert.equal(await refusal(), "r: you may only look");
    await within(endMs, "the end of the chat", untilGone(chat));
    await say("second");
    assert.equal(await refusal(), "r: you may only look");
    dashboard.end.drop();
    await unshare(share);
  });

  it("a ticket from before is worth nothing after", async () => {
    const share = await shareBen({ role: "operator" });
    const url = new URL(json(await post(ada, "/api/clients/ben-box/open")).url);
    await unshare(share);
    const redeemed = await ask(
      { host: "127.0.0.1", port: scene.port, method: "POST", path: "/.berth/session", headers: { host: url.host, origin: url.origin } },
      JSON.stringify({ code: url.hash.slice(1) }),
    );
    assert.equal(redeemed.status, 404);
    assert.equal(redeemed.headers["set-cookie"], undefined);
  });

  it("everyone on the hub can be meant, and the best of several roles counts", async () => {
    const all = json(await post(ben, "/api/clients/ben-box/shares", { kind: "everyone", role: "viewer" }), 201);
    const one = await shareBen({ role: "operator" });
    assert.deepEqual((await listed(ada)).map(({ id, role }) => `${id} ${role}`), ["ada-box owner", "ben-box operator"]);
    assert.deepEqual((await listed(chief)).map(({ id, role }) => `${id} ${role}`), ["ben-box viewer"]);
    const shares = json(await scene.api("GET", "/api/clients/ben-box/shares", { cookie: ben })).shares;
    assert.deepEqual(shares.map(({ id, kind, subject, name, role, expires_at }) => ({ id, kind, subject, name, role, expires_at })), [
      { id: all.id, kind: "everyone", subject: "", name: undefined, role: "viewer", expires_at: null },
      { id: one.id, kind: "user", subject: String(await idOf("ada")), name: "ada", role: "operator", expires_at: null },
    ]);
    await unshare(one);
    await unshare(all);
    assert.deepEqual(await listed(chief), []);
  });

  it("what cannot be shared is refused in words", async () => {
    const me = await idOf("ben");
    const past = new Date(Date.now() - 1000).toISOString();
    for (const [body, status, words] of [
      [{ kind: "all", role: "viewer" }, 400, /user, group, everyone/],
      [{ kind: "everyone", role: "owner" }, 400, /operator, viewer/],
      [{ kind: "everyone", role: "viewer", subject: "x" }, 400, /no subject/],
      [{ kind: "user", role: "viewer" }, 400, /whom/],
      [{ kind: "user", role: "viewer", subject: String(me) }, 400, /yours already/],
      [{ kind: "user", role: "viewer", subject: me }, 400, /yours already/],
      [{ kind: "user", role: "viewer", subject: 4711 }, 404, /4711/],
      [{ kind: "user", role: "viewer", login: "nobody" }, 404, /nobody/],
      [{ kind: "user", role: "viewer", subject: "github:ada" }, 404, /github:ada/],
      [{ kind: "user", role: "viewer", subject: "7", login: "ada" }, 400, /not both/],
      [{ kind: "group", role: "viewer" }, 400, /org/],
      [{ kind: "group", role: "viewer", subject: "/team" }, 400, /org/],
      [{ kind: "group", role: "viewer", login: "ada" }, 400, /login/],
      [{ kind: "everyone", role: "viewer", expires_at: past }, 400, /past/],
      [{ kind: "everyone", role: "viewer", expires_at: "tomorrow" }, 400, /expires_at/],
      [{ kind: "everyone", role: "viewer", expires: past }, 400, /expires/],
    ]) {
      problem(await post(ben, "/api/clients/ben-box/shares", body), status, words);
    }
    problem(await scene.api("DELETE", "/api/clients/ben-box/shares/99", { cookie: ben }), 404, /no such share/);
    problem(await scene.api("DELETE", "/api/clients/ben-box/shares/x", { cookie: ben }), 404, /no such share/);
    assert.deepEqual(json(await scene.api("GET", "/api/clients/ben-box/shares", { cookie: ben })).shares, []);
  });

  it("owners of the hub manage people, members learn names only", async () => {
    const people = json(await scene.api("GET", "/api/people", { cookie: chief })).people;
    assert.deepEqual(people.map(({ name, provider, role }) => ({ name, provider, role })), [
      { name: "ada", provider: "local", role: "member" }, { name: "ben", provider: "local", role: "member" },
      { name: "owner", provider: "local", role: "owner" },
    ]);
    assert.ok(people.every((one) => Date.parse(one.last_sign_in_at) > 0));
    const seen = json(await scene.api("GET", "/api/people", { cookie: ada })).people;
    assert.deepEqual(seen, people.map(({ id, name }) => ({ id, name })));

    const change = (cookie, id, role) => scene.api("PATCH", `/api/people/${id}`, { cookie, body: JSON.stringify({ role }) });
    const [adaId, benId, chiefId] = people.map(({ id }) => id);
    problem(await change(ada, adaId, "owner"), 403, /owner/);
    problem(await change(chief, adaId, "king"), 400, /owner, member/);
    problem(await change(chief, 4711, "owner"), 404, /Nobody/);
    problem(await change(chief, chiefId, "member"), 409, /stays/);
    assert.equal(json(await change(chief, adaId, "owner")).role, "owner");
    problem(await change(ada, chiefId, "member"), 409, /stays/);
    assert.equal(json(await change(ada, adaId, "member")).role, "member");
    problem(await scene.api("POST", `/api/people/${benId}/sign-out`, { cookie: ada }), 403, /owner/);
    problem(await scene.api("POST", "/api/people/4711/sign-out", { cookie: chief }), 404, /Nobody/);
  });

  it("shares and roles outlive the hub", async () => {
    const share = await shareBen({ role: "viewer" });
    await scene.hub.restart();
    // Ben's by its own address: path mode refuses what is shared, connected or not.
    const ways = [scene.pathWay("ada-box", ada), await scene.subdomainWay("ben-box", ben)];
    await within(10_000, "the agents again", Promise.all(ways.map(async (way) => {
      while ((await ask(way.options("/", { headers: asFetch }))).status !== 200);
    })));
    assert.deepEqual((await listed(ada)).map(({ id, role }) => `${id} ${role}`), ["ada-box owner", "ben-box viewer"]);
    await unshare(share);
  });

  for (const [how, end] of [
    ["sign-out", (cookie) => scene.api("DELETE", "/api/session", { cookie })],
    ["the sign-out page", (cookie) => scene.api("GET", "/auth/logout", { cookie })],
    ["an owner's sign-out of a person", async () => scene.api("POST", `/api/people/${await idOf("ben")}/sign-out`, { cookie: chief })],
  ]) {
    it(`check 4: after ${how}, requests get 401 and all that is open ends within 2 s`, async () => {
      const cookie = await scene.signIn("ben");
      const ways = await scene.ways("ben-box", cookie);
      const dashboard = await openDashboard(scene, cookie);
      const live = [await openAll(benBox, ways.path), await openAll(benBox, ways.subdomain)];
      const answer = await end(cookie);
      assert.ok(answer.status < 400, answer.body.toString());
      const closed = untilGone(dashboard.end);
      for (const one of live) assert.equal((await allEnded(one, endMs)).pendingStatus, 401);
      await within(endMs, "the end of the dashboard socket", closed);
      for (const way of Object.values(ways)) {
        assert.equal((await ask(way.options("/x", { headers: asFetch }))).status, 401);
        await assert.rejects(openWebSocket(way.options("/ws")), { status: 401 });
      }
      for (const path of ["/clients", "/api/session", "/api/people", "/api/clients/ben-box/shares"]) {
        problem(await scene.api("GET", path, { cookie }), 401, /sign in/i);
      }
      await assert.rejects(openDashboard(scene, cookie), { status: 401 });
    });
  }
});

describe("a hub without a domain for instances", { timeout: 60_000 }, () => {
  let scene, cookie;
  before(async () => {
    scene = await Scene.start("sharing-path", { options: ({ port }) => ["--public-url", `http://127.0.0.1:${port}`] });
    scene.host = `127.0.0.1:${scene.port}`;
    scene.url = `http://${scene.host}`;
    await scene.instance("box");
    cookie = await scene.signIn();
  });
  after(() => scene?.stop());

  it("serves its owner in path mode and refuses to share", async () => {
    assert.equal((await ask(scene.pathWay("box", cookie).options("/x"))).status, 200);
    const body = JSON.stringify({ kind: "everyone", role: "viewer" });
    problem(await scene.api("POST", "/api/clients/box/shares", { cookie, body }), 409, /--apps-domain/);
    assert.equal((await ask(scene.pathWay("box", cookie).options("/x"))).status, 200);
  });
});
