// Sessions, tokens and the audit log, as people and scripts use them: what is ended ends at once, a
// token does what its scopes say, guessing is slowed down, and no secret is kept in the clear.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { asFetch, ask, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { expectInNoFile, secretPart } from "./lib/secrets.mjs";
import { nextWebSocket, openWebSocket, untilGone } from "./lib/websocket.mjs";

const revokeMs = 2_000;  // What was revoked is closed by then.
const problemType = "application/problem+json";

/** A request as a script makes it: with an API token, and with no origin. */
async function asScript(scene, token, method, path, body, from = "127.0.0.1") {
  const headers = { host: `localhost:${scene.port}`, authorization: `Bearer ${token}` };
  const answer = await ask({ host: "127.0.0.1", port: scene.port, localAddress: from, method, path, headers }, body);
  return { ...answer, json: answer.body.length > 0 ? JSON.parse(answer.body) : undefined };
}

/** What node takes for an agent's way in, with that token and from that address of this machine. */
function asAgent(scene, token, from, headers = {}) {
  return {
    host: "127.0.0.1", port: scene.port, localAddress: from, method: "GET", path: "/ws/connect",
    headers: {
      host: scene.host, authorization: `Bearer ${token}`, connection: "Upgrade", upgrade: "websocket",
      "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-protocol": "berth.h2", ...headers,
    },
  };
}

function expectProblem(answer, status) {
  assert.equal(answer.status, status, answer.body.toString());
  assert.equal(answer.headers["content-type"], problemType);
  const problem = JSON.parse(answer.body);
  assert.deepEqual(Object.keys(problem).sort(), ["detail", "status", "title", "type"]);
  assert.equal(problem.status, status);
  return problem;
}

async function makeApiToken(scene, cookie, wanted) {
  const answer = await scene.api("POST", "/api/api-tokens", { cookie, body: JSON.stringify(wanted) });
  assert.equal(answer.status, 201, answer.body.toString());
  return JSON.parse(answer.body);
}

async function sessions(scene, cookie) {
  return JSON.parse((await scene.api("GET", "/api/sessions", { cookie })).body).sessions;
}

/** The events in the log, by `berth audit`: the oldest first. */
async function audit(scene, ...args) {
  return (await scene.berth("audit", "--json", ...args)).trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

describe("sessions and tokens", { timeout: 120_000 }, () => {
  let scene;
  let origin;
  let cookie;

  before(async () => {
    scene = await Scene.start("accounts");
    origin = await scene.instance("box");
    cookie = await scene.signIn();
  });

  after(() => scene.stop());

  it("signing in anew ends what that browser was signed in to before, and nothing of other browsers", async () => {
    const former = await scene.signIn();
    const ways = await scene.ways("box", former);
    const dashboard = await scene.openDashboard(former);
    const closed = untilGone(dashboard.end);
    const present = await scene.signIn("owner", { cookie: former });
    await within(revokeMs, "the end of the former session's socket", closed);
    for (const way of Object.values(ways)) assert.equal((await ask(way.options("/x", { headers: asFetch }))).status, 401);
    expectProblem(await scene.api("GET", "/api/session", { cookie: former }), 401);
    for (const alive of [present, cookie]) assert.equal((await scene.api("GET", "/api/session", { cookie: alive })).status, 200);
    await scene.api("DELETE", "/api/session", { cookie: present });
  });

  it("check 4: a session ended from another browser loses its requests and sockets within 2 s", async () => {
    const stolen = await scene.signIn();
    const both = await scene.ways("box", stolen);
    const dashboard = await scene.openDashboard(stolen);
    const live = [dashboard.end];
    for (const way of Object.values(both)) {
      const accepted = nextWebSocket(origin, "/ws");
      live.push((await openWebSocket(way.options("/ws"))).end);
      await accepted;
    }
    const { id } = (await sessions(scene, stolen)).find((session) => session.current);
    const seen = (await sessions(scene, cookie)).find((session) => session.id === id);
    assert.equal(seen.current, false);
    assert.equal(seen.address, "127.0.0.1");
    assert.equal((await scene.api("DELETE", `/api/sessions/${id}`, { cookie })).status, 204);
    await within(revokeMs, "the end of its sockets", Promise.all(live.map(untilGone)));
    for (const way of Object.values(both)) {
      assert.equal((await ask(way.options("/ok", { headers: asFetch }))).status, 401);
      await assert.rejects(openWebSocket(way.options("/ws")), { status: 401 });
    }
    expectProblem(await scene.api("GET", "/api/sessions", { cookie: stolen }), 401);
    assert.equal((await sessions(scene, cookie)).some((session) => session.id === id), false);
    expectProblem(await scene.api("DELETE", `/api/sessions/${id}`, { cookie }), 404);
  });

  it("ends all sessions but the one that asks", async () => {
    const others = [await scene.signIn(), await scene.signIn()];
    const own = await scene.signIn();
    const kept = (await sessions(scene, own)).find((session) => session.current).id;
    assert.equal((await scene.api("DELETE", "/api/sessions", { cookie: own })).status, 204);
    assert.deepEqual((await sessions(scene, own)).map((session) => session.id), [kept]);
    for (const other of [...others, cookie]) expectProblem(await scene.api("GET", "/api/session", { cookie: other }), 401);
    cookie = own;
  });

  it("an API token does what its scopes say, without cookie and origin, until it is revoked", async () => {
    const made = await makeApiToken(scene, cookie, { name: "deploy", scopes: ["instances:read", "tokens:write"], expires_at: "2999-01-01T00:00:00Z" });
    assert.match(made.token, /^bt_[0-9a-f]{16}_[0-9a-f]{64}$/);
    const listed = await asScript(scene, made.token, "GET", "/clients");
    assert.deepEqual(listed.json.clients.map((one) => one.id), ["box"]);
    const token = await asScript(scene, made.token, "POST", "/api/tokens", JSON.stringify({ name: "by script" }));
    assert.equal(token.status, 201);
    assert.equal((await asScript(scene, made.token, "DELETE", `/api/tokens/${token.json.id}`)).status, 204);

    const lacking = await asScript(scene, made.token, "GET", "/api/audit");
    assert.match(expectProblem(lacking, 403).detail, /audit:read/);
    assert.match(lacking.headers["www-authenticate"], /insufficient_scope/);
    expectProblem(await asScript(scene, made.token, "POST", "/api/api-tokens", JSON.stringify({ name: "more", scopes: ["audit:read"] })), 403);
    expectProblem(await asScript(scene, made.token, "DELETE", "/api/session"), 403);
    // Where a page of another site had hold of it, it would still be of no use there.
    const host = `localhost:${scene.port}`;
    expectProblem(await ask({ host: "127.0.0.1", port: scene.port, method: "POST", path: "/api/tokens", headers: { host, origin: "http://evil.test", authorization: `Bearer ${made.token}` } }, "{}"), 403);
    // It opens no instance, and no dashboard.
    expectProblem(await ask({ host: "127.0.0.1", port: scene.port, method: "GET", path: "/clients/box/proxy/ok", headers: { host, authorization: `Bearer ${made.token}` } }), 401);

    const { api_tokens: tokens } = JSON.parse((await scene.api("GET", "/api/api-tokens", { cookie })).body);
    assert.equal(tokens[0].id, made.id);
    assert.equal(tokens[0].token, undefined);
    assert.notEqual(tokens[0].last_used_at, null);
    assert.equal((await scene.api("DELETE", `/api/api-tokens/${made.id}`, { cookie })).status, 204);
    const revoked = await asScript(scene, made.token, "GET", "/clients");
    expectProblem(revoked, 401);
    assert.match(revoked.headers["www-authenticate"], /invalid_token/);
  });

  it("where there is a bearer token, no cookie counts", async () => {
    const wrong = `bt_${"0".repeat(16)}_${"0".repeat(64)}`;
    const answer = await scene.api("GET", "/api/session", { cookie, headers: { authorization: `Bearer ${wrong}` } });
    expectProblem(answer, 401);
  });

  it("refuses API tokens that make no sense", async () => {
    const bodies = [
      "", "[]", "{", JSON.stringify({ name: "x" }), JSON.stringify({ scopes: ["audit:read"] }),
      JSON.stringify({ name: "", scopes: ["audit:read"] }), JSON.stringify({ name: "x".repeat(101), scopes: ["audit:read"] }),
      JSON.stringify({ name: "x", scopes: [] }), JSON.stringify({ name: "x", scopes: ["audit:write"] }),
      JSON.stringify({ name: "x", scopes: "audit:read" }), JSON.stringify({ name: 1, scopes: ["audit:read"] }),
      JSON.stringify({ name: "x", scopes: ["audit:read"], expires_at: "2001-01-01T00:00:00Z" }),
      JSON.stringify({ name: "x", scopes: ["audit:read"], expires_at: "tomorrow" }),
      JSON.stringify({ name: "x", scopes: ["audit:read"], expires: "2999-01-01T00:00:00Z" }),
    ];
    for (const body of bodies) expectProblem(await scene.api("POST", "/api/api-tokens", { cookie, body }), 400);
    assert.deepEqual(JSON.parse((await scene.api("GET", "/api/api-tokens", { cookie })).body).api_tokens, []);
  });

  it("check 5: a revoked agent token closes its tunnel within 2 s, and its agent stays away for 5 minutes", async () => {
    const other = await scene.origin("revoked");
    const answer = await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name: "revoked" }) });
    const { id, token } = JSON.parse(answer.body);
    const agent = await scene.startAgent(other, { token });
    await agent.ready();
    const way = scene.pathWay("revoked", cookie);
    const accepted = nextWebSocket(other, "/ws");
    const { end } = await openWebSocket(way.options("/ws"));
    await accepted;
    const said = agent.nextLine(/refused: the hub (says|does not accept the token).*next attempt in 300 s/, revokeMs);
    assert.equal((await scene.api("DELETE", `/api/tokens/${id}`, { cookie })).status, 204);
    await within(revokeMs, "the WebSocket's end", untilGone(end));
    await said;
    assert.equal((await ask(way.options("/ok", { headers: asFetch }))).status, 503);
    await agent.stop();
  });

  for (const protocol of ["berth.h2", "version 1"]) {
    it(`check 5: what answers no close frame is offline at once and closed within 2 s, ${protocol}`, async () => {
      const answer = await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name: protocol }) });
      const { id, token } = JSON.parse(answer.body);
      const [name, options, fields] = protocol === "berth.h2"
        ? ["deaf-two", { path: "/ws/connect", headers: { host: scene.host, authorization: `Bearer ${token}` } }, { "sec-websocket-protocol": protocol }]
        : ["deaf-one", { path: `/ws/connect?token=${token}`, headers: { host: scene.host } }, {}];
      const { end } = await openWebSocket({ host: "127.0.0.1", port: scene.port, ...options }, fields);
      await end.send("text", JSON.stringify({ type: "register", client_id: name, user_token: token, metadata: {} }));
      const state = async () => JSON.parse((await scene.api("GET", `/clients/${name}`, { cookie })).body).metadata.state;
      assert.equal(JSON.parse((await end.next()).data).success, true);
      assert.notEqual(await state(), "offline");
      const closed = once(end.socket, "close");
      assert.equal((await scene.api("DELETE", `/api/tokens/${id}`, { cookie })).status, 204);
      assert.equal(await state(), "offline");
      await within(revokeMs, "the end of the connection", closed);
    });
  }

  // With several loops a request may be dropped on its way to the one that answers, and nothing has begun.
  const isThreaded = process.env.BERTH_THREADS !== undefined;
  if (!isThreaded) it("a change that has begun is made, and told, whoever hangs up meanwhile", async () => {
    const host = `localhost:${scene.port}`;
    const askAndLeave = (method, path, body = "") => new Promise((resolve, reject) => {
      const socket = connect(scene.port, "127.0.0.1", () => {
        socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nCookie: ${cookie}\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () => socket.destroy());
      });
      socket.on("error", reject);
      socket.on("close", resolve);
    });
    const ids = [];
    // No more than one session may have under way (caller_changes).
    for (let i = 0; i < 30; ++i) {
      const answer = await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name: `gone-${i}` }) });
      ids.push(JSON.parse(answer.body).id);
    }
    await Promise.all(ids.map((id) => askAndLeave("DELETE", `/api/tokens/${id}`)));
    await until("all are revoked", async () => {
      const left = JSON.parse((await scene.api("GET", "/api/tokens", { cookie })).body).tokens.map((token) => token.id);
      return !ids.some((id) => left.includes(id));
    });
    const told = async (action) => (await audit(scene)).filter((event) => event.action === action);
    await until("each of them is in the log", async () => {
      const details = (await told("token_revoke")).map((event) => event.detail);
      return ids.every((id) => details.includes(id));
    });
    await askAndLeave("PATCH", "/api/clients/box", JSON.stringify({ label: "left alone" }));
    await until("the new name", async () => JSON.parse((await scene.api("GET", "/clients/box", { cookie })).body).label === "left alone");
    await until("the new name in the log", async () => (await told("instance_rename")).some(({ detail }) => detail === "left alone"));
  });

  it("what ended while its request was on its way changes nothing", async () => {
    const host = `localhost:${scene.port}`;
    const body = JSON.stringify({ name: "too late" });
    const begin = async (...fields) => {
      const socket = connect(scene.port, "127.0.0.1");
      await once(socket, "connect");
      const answer = once(socket, "data");
      socket.write(["POST /api/tokens HTTP/1.1", `Host: ${host}`, `Content-Length: ${body.length}`, "Connection: close", ...fields, "", body.slice(0, -1)].join("\r\n"));
      return { end: () => socket.write(body.slice(-1)), answer: answer.then(([data]) => { socket.destroy(); return data.toString(); }) };
    };
    const stolen = await scene.signIn();
    const { id } = (await sessions(scene, stolen)).find((session) => session.current);
    const made = await makeApiToken(scene, cookie, { name: "stolen", scopes: ["tokens:write"] });
    const halves = [await begin(`Origin: http://${host}`, `Cookie: ${stolen}`), await begin(`Authorization: Bearer ${made.token}`)];
    // Their heads are in, as is what is asked after them.
    assert.equal((await scene.api("GET", "/api/session", { cookie: stolen })).status, 200);
    assert.equal((await scene.api("DELETE", `/api/sessions/${id}`, { cookie })).status, 204);
    assert.equal((await scene.api("DELETE", `/api/api-tokens/${made.id}`, { cookie })).status, 204);
    for (const half of halves) {
      half.end();
      assert.match(await within(revokeMs, "an answer", half.answer), /^HTTP\/1\.1 401 /);
    }
    const { tokens } = JSON.parse((await scene.api("GET", "/api/tokens", { cookie })).body);
    assert.ok(!tokens.some(({ name }) => name === "too late"));
  });

  it("berth audit tells who did what, on a running hub", async () => {
    const agent = await scene.startAgent(await scene.origin("wrong"), { token: `ao_${"0".repeat(16)}_${"0".repeat(64)}` });
    await agent.line(/refused: the hub (says|does not accept the token)/);
    await agent.stop();
    await until("all of it is written", async () => (await audit(scene)).some((event) => event.action === "agent_connect" && event.result === "denied"));
    const events = await audit(scene);
    events.forEach((event, i) => assert.equal(event.seq, i + 1));
    const has = (action, fields = {}) => assert.ok(
      events.some((event) => event.action === action && Object.entries(fields).every(([name, value]) => (value instanceof RegExp ? value.test(event[name]) : event[name] === value))),
      `${action} ${JSON.stringify(fields)}`,
    );
    has("login_link", { actor: "berth login-link", detail: "for owner" });
    has("sign_in", { actor: "owner", result: "ok", address: "127.0.0.1" });
    has("session_revoke", { actor: "owner" });
    has("token_create", { actor: "berth token", detail: /^[0-9a-f]{16} \S+ for owner$/ });
    has("token_create", { actor: /^owner by API token [0-9a-f]{16}$/ });
    has("token_revoke", { actor: "owner" });
    has("api_token_create", { actor: "owner", detail: /deploy$/ });
    has("api_token_revoke", { actor: "owner" });
    has("access", { result: "denied", detail: /audit:read/ });
    has("access", { result: "denied", detail: "bad API token" });
    has("agent_connect", { result: "ok", instance_id: "box" });
    has("agent_connect", { result: "denied" });
    has("open", { actor: "owner", instance_id: "box" });

    assert.match(await scene.berth("audit", "--limit", "3"), /^ +SEQ .*\n(.*\n){3}$/);
    assert.ok((await audit(scene, "--user", "owner")).every((event) => event.actor.startsWith("owner") || event.actor_id !== null));
    assert.equal((await audit(scene, "--limit", "2")).length, 2);
    const last = (await audit(scene)).at(-1);
    assert.equal((await scene.berth("audit", "--verify")).trim(), `${last.seq} events, unbroken; last hash ${last.hash}`);
  });

  it("the API lists the same events, in pages", async () => {
    const { token } = await makeApiToken(scene, cookie, { name: "auditor", scopes: ["audit:read"] });
    await until("its making is written", async () => (await audit(scene)).at(-1).action === "api_token_create");
    const all = await audit(scene);
    const seen = [];
    for (let before = ""; before !== undefined;) {
      const { json } = await asScript(scene, token, "GET", `/api/audit?limit=7${before}`);
      seen.push(...json.events);
      before = json.next_before === null ? undefined : `&before=${json.next_before}`;
    }
    assert.deepEqual(seen.reverse(), all);
    const found = async (query) => (await asScript(scene, token, "GET", `/api/audit?${query}`)).json.events;
    const told = async (...args) => (await audit(scene, ...args)).reverse();
    const denied = await found("action=agent_connect&result=denied");
    assert.ok(denied.length > 0 && denied.every(({ action, result }) => action === "agent_connect" && result === "denied"));
    assert.deepEqual(denied, await told("--action", "agent_connect", "--result", "denied"));
    assert.deepEqual(await found("user=owner&limit=1000"), await told("--user", "owner"));
    assert.deepEqual(await found("action=open&instance=nothing"), []);
    assert.deepEqual(await told("--instance", "nothing"), []);
    const { json: page } = await asScript(scene, token, "GET", "/api/audit");
    assert.ok(all.every(({ action }) => page.actions.includes(action)));
    for (const query of ["limit=0", "limit=1001", "limit=x", "before=-1", "before=1e3", "result=foo", `user=${"x".repeat(201)}`]) {
      expectProblem(await asScript(scene, token, "GET", `/api/audit?${query}`), 400);
    }
  });

  it("berth audit --verify finds what was changed", async () => {
    const copy = join(scene.folder, "copy");
    execFileSync("cp", ["-r", scene.hub.data, copy]);
    const sql = (text) => execFileSync("sqlite3", [join(copy, "berth.db"), text]);
    sql("DROP TRIGGER audit_is_append_only_1; UPDATE audit SET address = '10.0.0.1' WHERE seq = 5");
    await assert.rejects(scene.hub.berthOn(copy, "audit", "--verify"), (error) => error.code === 1 && /broken at event 5/.test(error.stdout));
  });

  it("what somebody makes up is not in the audit log, and gives it no more rows", async () => {
    const to = (host, method, path, body, headers) => ask({
      host: "127.0.0.1", port: scene.port, localAddress: "127.0.0.9", method, path, headers: { host, origin: `http://${host}`, ...headers },
    }, body);
    for (const label of ["made-up-1", "made-up-2", "made-up-3", "box"]) {
      assert.equal((await to(`${label}.localhost:${scene.port}`, "POST", "/.berth/session", '{"code":"x"}')).status, 401);
    }
    for (const id of ["made-up-4", "made-up-5"]) {
      assert.equal((await to(scene.host, "GET", `/clients/${id}/proxy/x`, undefined, { ...asFetch, cookie })).status, 404);
      assert.equal((await to(scene.host, "POST", `/api/clients/${id}/open`, undefined, { cookie })).status, 404);
    }
    await makeApiToken(scene, cookie, { name: "last", scopes: ["profile:read"] });  // With this, all before it is written.
    const events = (await audit(scene)).filter(({ address }) => address === "127.0.0.9");
    assert.deepEqual(events.map(({ action, result, instance_id: id }) => [action, result, id]), [
      ["open", "denied", ""], ["open", "denied", "box"], ["access", "denied", ""],
    ]);
  });

  it("check 7: of 1,000 wrong tokens from one address all but ten get 429; another address is served at once", async () => {
    const wrong = `ao_${"1".repeat(16)}_${"2".repeat(64)}`;
    const knock = (token, from) => ask(asAgent(scene, token, from));
    const statuses = {};
    for (let i = 0; i < 1000; ++i) {
      const answer = await knock(wrong, "127.0.0.3");
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (answer.status === 429) assert.ok(Number(answer.headers["retry-after"]) >= 1);
      expectProblem(answer, answer.status);
    }
    assert.deepEqual(statuses, { 401: 10, 429: 990 });
    const other = await scene.origin("elsewhere");
    const token = await scene.token("elsewhere");
    const began = performance.now();
    const agent = await scene.startAgent(other, { token });
    await agent.line(/connected to .* as elsewhere/);
    assert.ok(performance.now() - began < 10_000);
    // Nor does a good token suffer at the first address.
    const { end } = await openWebSocket(asAgent(scene, token, "127.0.0.3"));
    end.socket.destroy();
    await agent.stop();
    assert.equal((await audit(scene)).filter((event) => event.address === "127.0.0.3").length, 1);
  });

  it("a page in the browser of somebody whose agents share their address does not lock them out", async () => {
    const wrong = `ao_${"1".repeat(16)}_${"2".repeat(64)}`;
    const own = { origin: scene.url };
    const statusOf = async (headers) => (await ask(asAgent(scene, wrong, "127.0.0.6", headers))).status;
    const pages = [
      { origin: "http://evil.test" }, { origin: "null" }, { ...own, "sec-fetch-site": "same-origin" }, { ...own, "user-agent": "Mozilla/5.0 (X11)" },
    ];
    for (let i = 0; i < 3; ++i) {
      for (const headers of pages) assert.equal(await statusOf(headers), 403, JSON.stringify(headers));
    }
    // Programs whose library sends the hub's own origin are none.
    for (const headers of [{}, own, { "user-agent": "python" }]) assert.equal(await statusOf(headers), 401);
    await makeApiToken(scene, cookie, { name: "locked", scopes: ["profile:read"] });  // With this, all before it is written.
    assert.equal((await audit(scene)).filter((event) => event.address === "127.0.0.6").length, 1);
  });

  it("wrong API tokens and sign-in codes are slowed down per address as well", async () => {
    const { token } = await makeApiToken(scene, cookie, { name: "right", scopes: ["profile:read"] });
    const from = "127.0.0.4";
    const statuses = [];
    for (let i = 0; i < 12; ++i) statuses.push((await asScript(scene, `${token.slice(0, -1)}${token.endsWith("0") ? "1" : "0"}`, "GET", "/api/session", undefined, from)).status);
    assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429]);
    const locked = await asScript(scene, token, "GET", "/api/session", undefined, from);
    expectProblem(locked, 429);
    assert.ok(Number(locked.headers["retry-after"]) >= 1);
    assert.equal((await asScript(scene, token, "GET", "/api/session")).status, 200);

    const host = `localhost:${scene.port}`;
    const signIn = () => ask({ host: "127.0.0.1", port: scene.port, localAddress: "127.0.0.5", method: "POST", path: "/api/session", headers: { host, origin: `http://${host}` } }, JSON.stringify({ code: "wrong" }));
    for (let i = 0; i < 10; ++i) expectProblem(await signIn(), 401);
    const refused = await signIn();
    expectProblem(refused, 429);
    assert.ok(Number(refused.headers["retry-after"]) >= 1);
  });
});

describe("after a full run", { timeout: 120_000 }, () => {
  let scene;

  before(async () => {
    scene = await Scene.start("secrets");
  });

  after(() => scene.stop());

  it("check 6: neither the database nor a log holds an issued secret", async () => {
    const secrets = [];
    const code = (await scene.hub.loginLink()).split("#")[1];
    const signedIn = await scene.api("POST", "/api/session", { body: JSON.stringify({ code }) });
    const cookie = signedIn.headers["set-cookie"][0].split(";")[0];
    secrets.push(code, (await scene.hub.loginLink()).split("#")[1], cookie.split("=")[1]);
    const origin = await scene.origin("box");
    const agentToken = await scene.token("box");
    origin.agent = await scene.startAgent(origin, { token: agentToken });
    await origin.agent.ready();
    const second = JSON.parse((await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name: "second" }) })).body).token;
    const apiToken = await makeApiToken(scene, cookie, { name: "script", scopes: ["instances:read", "audit:read"] });
    const unused = new URL(JSON.parse((await scene.api("POST", "/api/clients/box/open", { cookie })).body).url).hash.slice(1);
    secrets.push(agentToken, second, apiToken.token, unused);
    const { path, subdomain } = await scene.ways("box", cookie);
    secrets.push(subdomain.cookie.split("=")[1]);
    for (const way of [path, subdomain]) {
      assert.equal((await ask(way.options("/ok", { headers: asFetch }))).status, 200);
      const accepted = nextWebSocket(origin, "/ws");
      const { end } = await openWebSocket(way.options("/ws"));
      (await accepted).end.drop();
      end.drop();
    }
    assert.equal((await asScript(scene, apiToken.token, "GET", "/clients")).status, 200);
    assert.equal((await asScript(scene, apiToken.token, "GET", "/clients/none")).status, 404);
    const asAgent = async (path, body) => JSON.parse((await ask({ host: "127.0.0.1", port: scene.port, method: "POST", path, headers: { host: `localhost:${scene.port}` } }, JSON.stringify(body))).body);
    const enrolment = await asAgent("/api/enrolments", { machine: "laptop", instance_id: "laptop" });
    assert.equal((await scene.api("POST", "/api/enrolments/approve", { cookie, body: JSON.stringify({ code: enrolment.user_code }) })).status, 204);
    const enrolled = await asAgent("/api/enrolments/poll", { device_secret: enrolment.device_secret });
    secrets.push(enrolment.device_secret, enrolled.token);
    // Wrong ones get nowhere, and into no log either.
    const wrong = `${apiToken.token.slice(0, -4)}beef`;
    assert.equal((await asScript(scene, wrong, "GET", "/clients")).status, 401);
    secrets.push(wrong);
    await scene.berth("token", "revoke", second);
    await scene.berth("audit");
    await scene.stopProcesses();
    assert.ok(existsSync(join(scene.output, "agent-box.log")));
    assert.match(readFileSync(join(scene.output, "hub.log"), "utf8"), / debug /);
    expectInNoFile(scene, secrets.map(secretPart));
  });
});
