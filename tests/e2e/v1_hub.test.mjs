// The hub towards version-1 instances, beyond what the protocol itself demands (tests/conformance):
// what berth refuses, how it isolates, and that no token is ever written down.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ask, patience } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { InstanceEnd } from "./lib/v1_instance_end.mjs";
import { openWebSocket, untilGone } from "./lib/websocket.mjs";

describe("a hub and version-1 instances", { concurrency: 1 }, () => {
  let scene, cookie, token, place, instance;
  before(async () => {
    scene = await Scene.start("v1_hub");
    token = await scene.token("version-1");
    cookie = await scene.signIn();
    place = (id, own = token) => ({ url: `http://localhost:${scene.port}/ws/connect`, token: own, id });
  }, { timeout: 60_000 });
  after(() => scene?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, body);

  const way = () => scene.pathWay(instance.id, cookie);
  const get = (path, options) => ask(way().options(path, options));
  const post = (path, body, headers = {}) => ask(way().options(path, { method: "POST", headers: { "content-length": String(Buffer.byteLength(body)), ...headers } }), body);

  check("an id that is no host name works in path mode", async () => {
    instance = await InstanceEnd.connect(place("Dev.Box_1-4711"), { callback_url: null, nested: { a: [1] }, hostname: 7 });
    const { clients } = JSON.parse((await scene.api("GET", "/clients", { cookie })).body);
    assert.equal(clients[0].url, "/clients/Dev.Box_1-4711/proxy/");
    assert.equal(clients[0].metadata.project, "demo");
    const asked = instance.asked("/hello");
    const answered = get("/hello?a=1");
    const request = await asked;
    assert.equal(request.query, "a=1");
    assert.equal(request.proxy_base, "/clients/Dev.Box_1-4711/proxy");
    assert.match(request.request_id, /^[0-9a-f]{32}$/);
    await instance.answer(request, { body: "hi" });
    assert.equal((await answered).body.toString(), "hi");
  });

  check("one that could have an address of its own opens below the prefix, where it signs in, until it is shared", async () => {
    const plain = await InstanceEnd.connect(place("plain-1"));
    const open = async () => JSON.parse((await scene.api("POST", "/api/clients/plain-1/open?next=/a%3Fb", { cookie })).body).url;
    const url = async () => JSON.parse((await scene.api("GET", "/clients/plain-1", { cookie })).body).url;
    assert.equal(await url(), "/clients/plain-1/proxy/");
    assert.equal(await open(), `http://localhost:${scene.port}/clients/plain-1/proxy/a?b`);
    const share = await scene.api("POST", "/api/clients/plain-1/shares", { cookie, body: JSON.stringify({ kind: "everyone", role: "operator" }) });
    assert.equal(share.status, 201);
    assert.equal(await url(), `http://plain-1.localhost:${scene.port}/`);
    assert.ok((await open()).startsWith(`http://plain-1.localhost:${scene.port}/.berth/auth?next=`));
    await plain.leave();
  });

  check("an id that is no host name cannot be shared, and stays open to its owner", async () => {
    const shares = `/api/clients/${instance.id}/shares`;
    const share = await scene.api("POST", shares, { cookie, body: JSON.stringify({ kind: "everyone", role: "viewer" }) });
    assert.equal(share.status, 409);
    assert.match(JSON.parse(share.body).detail, /cannot be a host name/);
    assert.deepEqual(JSON.parse((await scene.api("GET", shares, { cookie })).body).shares, []);
    const asked = instance.asked("/still");
    const answered = get("/still");
    await instance.answer(await asked);
    assert.equal((await answered).status, 200);
  });

  check("identity is the hub's to say, and its cookies stay", async () => {
    const asked = instance.asked("/who");
    const answered = get("/who", { headers: { cookie: `${cookie}; own=1`, "X-Orchestrator-User-Id": "1", "x_orchestrator_username": "root", "x-forwarded-for": "6.6.6.6", "X_Orch_Encoding": "base64" } });
    const request = await asked;
    await instance.answer(request);
    await answered;
    const of = (name) => request.headers.filter(([key]) => key === name).map(([, value]) => value);
    assert.equal(of("x-orchestrator-user-id").length, 1);
    // Not GitHub's number or name: this is the hub's own owner.
    assert.ok(Number(of("x-orchestrator-user-id")[0]) > 2 ** 52);
    assert.deepEqual(of("x-orchestrator-username"), ["local:owner"]);
    assert.ok(request.headers.every(([, value]) => !value.includes("root") && !value.includes("6.6.6.6") && !value.includes("berth_session=")));
    assert.deepEqual(of("cookie"), ["own=1"]);
    for (const name of ["host", "x_orch_encoding"]) assert.deepEqual(of(name), [], name);
  });

  check("an upload that is not text is refused with 415, one that is too large with 413", async () => {
    const before_ = instance.all.length;
    const binary = await post("/upload", randomBytes(5000));
    assert.equal(binary.status, 415);
    assert.match(binary.headers["content-type"], /problem\+json/);
    assert.equal((await post("/upload", "x".repeat(1024 * 1024 + 1))).status, 413);
    const chunked = await ask(way().options("/upload", { method: "POST", headers: { "transfer-encoding": "chunked" } }), "y".repeat(2 * 1024 * 1024));
    assert.equal(chunked.status, 413);
    await instance.settle();
    assert.ok(instance.all.slice(before_).every(({ type }) => type === "pong"));
    const largest = "z".repeat(1024 * 1024);
    const asked = instance.asked("/upload");
    const answered = post("/upload", largest);
    const request = await asked;
    assert.equal(request.body, largest);
    await instance.answer(request);
    assert.equal((await answered).status, 200);
  });

  check("a broken answer is a 502, and only that request fails", async () => {
    const broken = [
      (id) => ({ type: "http_proxy_response", request_id: id, status: 101, headers: [], body: "" }),
      (id) => ({ type: "http_proxy_response", request_id: id, status: 200, headers: [["a", "b\r\nc: d"]], body: "" }),
      (id) => ({ type: "http_proxy_response", request_id: id, status: 200, headers: [["x-orch-encoding", "base64"]], body: "&&&" }),
      (id) => ({ type: "http_proxy_response", request_id: id, status: "200", headers: [], body: "" }),
      (id) => ({ type: "http_proxy_response", request_id: id, status: 200, headers: [] }),
      (id) => `{"type":"http_proxy_response","request_id":"${id}","status":200,"headers":[],"body":"cut`,
      (id) => `{"type":"http_proxy_response","request_id":"${id}","status":200,"headers":${"[".repeat(20)}${"]".repeat(20)},"body":""}`,
      (id) => ({ type: "error", request_id: id, message: "no" }),
    ];
    for (const make of broken) {
      const asked = instance.asked("/broken");
      const answered = get("/broken");
      await instance.send(make((await asked).request_id));
      assert.equal((await answered).status, 502, JSON.stringify(make("r")));
    }
    const refused = instance.asked("/broken");
    const answer = get("/broken");
    await instance.send({ type: "error", request_id: (await refused).request_id, message: "not you", auth_error: true });
    assert.equal((await answer).status, 403);
  });

  check("half a character is what Node makes of it", async () => {
    const asked = instance.asked("/half");
    const answered = get("/half");
    await instance.answer(await asked, { body: "cut \ud83d" });
    assert.equal((await answered).body.toString(), "cut \ufffd");
  });

  check("what an instance may not say to a browser is taken out", async () => {
    const asked = instance.asked("/fields");
    const answered = get("/fields");
    await instance.answer(await asked, {
      headers: [["Clear-Site-Data", "*"], ["Strict-Transport-Security", "max-age=1"], ["Set-Cookie", "__Host-berth_session=x"],
        ["Set-Cookie", "a=1; Domain=localhost"], ["Set-Cookie", "b=2; Path=/x"], ["Connection", "x-hop"], ["X-Hop", "1"], ["content-type", "text/plain"]],
    });
    const { headers } = await answered;
    assert.equal(headers["clear-site-data"], undefined);
    assert.equal(headers["strict-transport-security"], undefined);
    assert.equal(headers["x-hop"], undefined);
    const prefix = `/clients/${instance.id}/proxy`;
    assert.deepEqual(headers["set-cookie"], [`a=1; Path=${prefix}/`, `b=2; Path=${prefix}/x`]);
  });

  check("an instance that breaks off fails its requests at once", async () => {
    const other = await InstanceEnd.connect(place("goes-1"));
    const asked = other.asked("/hang");
    const answered = ask(scene.pathWay("goes-1", cookie).options("/hang"));
    await asked;
    other.end.drop();
    // Sooner than the time that the hub gives it, which is beyond the patience of ask().
    assert.ok([502, 503].includes((await answered).status));
    assert.equal((await ask(scene.pathWay("goes-1", cookie).options("/hang"))).status, 503);
  });

  check("the terminal's socket closes with a code and a sentence", async () => {
    for (const path of ["/shell?token=x", "/plugin-ws/a"]) {
      const { end } = await openWebSocket(way().options(path));
      const event = await end.next();
      assert.equal(event.kind, "close");
      assert.equal(event.code, 4001);
      assert.match(event.reason, /protocol version 1, which cannot carry/);
      end.drop();
    }
  });

  check("the page's own question where its sockets are leads back through the hub", async () => {
    const answer = await get(`/api/clients/${instance.id}/ws-info`);
    const { ws_base, is_local } = JSON.parse(answer.body);
    assert.equal(ws_base, `ws://localhost:${scene.port}/clients/${instance.id}/proxy`);
    assert.equal(is_local, false);
    const direct = await scene.api("GET", `/api/clients/${instance.id}/ws-info`, { cookie });
    assert.equal(JSON.parse(direct.body).ws_base, ws_base);
  });

  check("a foreign page opens no chat socket", async () => {
    await assert.rejects(openWebSocket(way().options("/ws", { headers: { origin: "http://evil.example" } })), { status: 403 });
    await assert.rejects(openWebSocket(way().options("/ws", { headers: { cookie: "" } })), { status: 401 });
  });

  check("signing out closes the bridged socket, and the instance is told", async () => {
    const own = await scene.signIn();
    const { end } = await openWebSocket(scene.pathWay(instance.id, own).options("/ws"));
    const begun = instance.next("user_request");
    await end.send("text", JSON.stringify({ type: "check-session-status", sessionId: "s" }));
    const { request_id } = await begun;
    const ended = instance.next((message) => message.type === "user_request_follow_up" && message.request_id === request_id);
    await scene.api("DELETE", "/api/session", { cookie: own });
    assert.equal((await ended).payload.type, "close");
    await untilGone(end);
    end.drop();
  });

  check("in subdomain mode nothing is to be rewritten", async () => {
    const other = await InstanceEnd.connect(place("plain-1"));  // It is shared.
    const sub = await scene.subdomainWay("plain-1", cookie);
    const asked = other.asked("/x");
    const answered = ask(sub.options("/x"));
    const request = await asked;
    assert.equal(request.proxy_base, undefined);
    await other.answer(request, { body: "as it is" });
    assert.equal((await answered).body.toString(), "as it is");
    await other.leave();
  });

  check("the token of another connection registers nothing", async () => {
    const second = await scene.token("second");
    const one = await InstanceEnd.open(place("mixed-1"));
    one.token = second;
    assert.equal((await one.register()).success, false);
    assert.equal((await one.whenClosed()).code, 1008);
  });

  check("a revoked token ends the connection, and is then refused", async () => {
    const own = await scene.token("to revoke");
    const one = await InstanceEnd.connect(place("revoked-1", own));
    const { tokens } = JSON.parse((await scene.api("GET", "/api/tokens", { cookie })).body);
    const { id } = tokens.find(({ name }) => name === "to revoke");
    assert.ok((await scene.api("DELETE", `/api/tokens/${id}`, { cookie })).status < 300);
    assert.equal((await one.whenClosed()).code, 1008);
    await assert.rejects(InstanceEnd.open(place("revoked-1", own)), { status: 401 });
  });

  check("a tunnel of ours takes no token from the query", async () => {
    await assert.rejects(
      openWebSocket({ host: "127.0.0.1", port: scene.port, path: `/ws/connect?token=${token}`, headers: { host: `localhost:${scene.port}` } }, { "sec-websocket-protocol": "berth.h2" }),
      { status: 401 },
    );
  });

  check("whoever does not register is let go", async () => {
    const one = await InstanceEnd.open(place("silent-1"));
    assert.equal((await one.whenClosed(patience)).code, 1008);
  });

  check("at the end the hub drains: what runs finishes, then the connection closes", async () => {
    const asked = instance.asked("/last");
    const answered = get("/last");
    const request = await asked;
    scene.hub.child.signal("SIGTERM");
    await scene.hub.child.line(/stopping/);
    await instance.answer(request, { body: "finished" });
    assert.equal((await answered).body.toString(), "finished");
    assert.equal((await instance.whenClosed()).code, 1001);
    await scene.hub.child.exited;
  });

  check("no log holds a token", () => {
    const log = readFileSync(join(scene.output, "hub.log"), "utf8");
    assert.match(log, /version-1/);
    assert.ok(!log.includes(token.split("_")[2]));
    assert.ok(!/token=ao_/.test(log));
  });
});

describe("a hub that has version 1 switched off", () => {
  it("refuses the token in the query", { timeout: 60_000 }, async () => {
    const scene = await Scene.start("v1_off", { options: () => ["--version-1", "off"] });
    try {
      const token = await scene.token("any");
      await assert.rejects(InstanceEnd.open({ url: `http://localhost:${scene.port}/ws/connect`, token, id: "x-1" }), { status: 400 });
    } finally {
      await scene.stop();
    }
  });
});

describe("a hub that has path mode switched off", () => {
  it("says that the page's sockets are at the instance's own address, or nowhere", { timeout: 60_000 }, async () => {
    const scene = await Scene.start("v1_no_paths", { options: () => ["--path-mode", "off"] });
    try {
      const token = await scene.token("any");
      const cookie = await scene.signIn();
      const info = async (id) => {
        const end = await InstanceEnd.connect({ url: `http://localhost:${scene.port}/ws/connect`, token, id });
        const answer = await scene.api("GET", `/api/clients/${id}/ws-info`, { cookie });
        await end.leave();
        return answer;
      };
      assert.equal(JSON.parse((await info("plain-2")).body).ws_base, `ws://plain-2.localhost:${scene.port}`);
      assert.equal((await info("Box_2")).status, 409);
    } finally {
      await scene.stop();
    }
  });
});
