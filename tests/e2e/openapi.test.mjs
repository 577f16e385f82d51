// The hub answers as /api/openapi.json says: every operation, called with nothing, with a session,
// with an API token with and without its scope, with a wrong method and with a bad body.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { ask } from "./lib/http.mjs";
import { Description } from "./lib/openapi.mjs";
import { Scene } from "./lib/scene.mjs";

describe("the API", { timeout: 120_000 }, () => {
  let scene;
  let host;
  let api;
  let operations;
  let calls = 0;

  before(async () => {
    scene = await Scene.start("openapi", {
      options: ({ folder }) => {
        writeFileSync(join(folder, "secret"), "not asked for here\n", { mode: 0o600 });
        return ["--github-client-id", "berth", "--github-client-secret-file", join(folder, "secret"), "--github-url", "https://github.test"];
      },
    });
    host = `localhost:${scene.port}`;
    const answer = await scene.api("GET", "/api/openapi.json");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "application/json");
    api = new Description(JSON.parse(answer.body));
    operations = api.operations();
  });

  after(() => scene.stop());

  /** Each call from an address of its own: what is counted per address is not the matter here. */
  function call({ method, path, headers = {}, body }) {
    calls += 1;
    const localAddress = `127.1.${calls >> 8}.${(calls & 255) || 1}`;
    return ask({ host: "127.0.0.1", port: scene.port, localAddress, method, path, headers: { host, ...headers } }, body);
  }

  const bySession = (cookie) => ({ cookie, origin: `http://${host}` });
  const byToken = (token) => ({ authorization: `Bearer ${token}` });
  const isOpen = ({ operation }) => operation.security.length === 0;
  /** The path with nothing that exists in its holes. */
  const nowhere = (path) => path.replaceAll(/\{\w+\}/g, "0");

  async function makeToken(cookie, scopes) {
    const answer = await call({ method: "POST", path: "/api/api-tokens", headers: bySession(cookie), body: JSON.stringify({ name: "t", scopes }) });
    assert.equal(answer.status, 201, answer.body.toString());
    return JSON.parse(answer.body).token;
  }

  it("without credentials: 401 as described, except where anybody may call", async () => {
    for (const one of operations) {
      const what = `${one.method} ${one.path}`;
      const answer = await call({ method: one.method, path: nowhere(one.path), headers: { origin: `http://${host}` } });
      if (!isOpen(one)) assert.equal(answer.status, 401, what);
      api.check(one.operation, answer, what);
    }
  });

  it("of another origin: 403 as described, for everything that changes something", async () => {
    const cookie = await scene.signIn();
    for (const one of operations.filter(({ method, operation }) => method !== "GET" && operation.responses["403"] !== undefined)) {
      const what = `${one.method} ${one.path}`;
      const answer = await call({ method: one.method, path: nowhere(one.path), headers: { cookie, origin: "http://evil.test" } });
      assert.equal(answer.status, 403, what);
      api.check(one.operation, answer, what);
    }
  });

  it("with an API token: only with the scope, and never where no token will do", async () => {
    const cookie = await scene.signIn();
    const all = api.document.components.schemas.Scope.enum;
    const closed = operations.filter((two) => !isOpen(two));
    // Made first: some of the calls end sessions.
    const enough = new Map();
    const others = new Map();
    for (const scope of new Set(closed.map(({ operation }) => api.scopeOf(operation)))) {
      others.set(scope, await makeToken(cookie, all.filter((other) => other !== scope)));
      if (scope !== undefined) enough.set(scope, await makeToken(cookie, [scope]));
    }
    for (const one of closed) {
      const what = `${one.method} ${one.path}`;
      const scope = api.scopeOf(one.operation);
      const lacking = await call({ method: one.method, path: nowhere(one.path), headers: byToken(others.get(scope)) });
      assert.equal(lacking.status, 403, what);
      api.check(one.operation, lacking, what);
      if (scope === undefined) continue;
      const right = await call({ method: one.method, path: nowhere(one.path), headers: byToken(enough.get(scope)), body: one.operation.requestBody && "{" });
      assert.ok(![401, 403].includes(right.status), `${what}: ${right.status}`);
      api.check(one.operation, right, what);
    }
  });

  it("with a wrong API token: 401, whatever cookie comes with it", async () => {
    const cookie = await scene.signIn();
    for (const one of operations.filter((two) => !isOpen(two))) {
      const what = `${one.method} ${one.path}`;
      const answer = await call({ method: one.method, path: nowhere(one.path), headers: { ...byToken(`bt_${"0".repeat(16)}_${"0".repeat(64)}`), ...bySession(cookie) } });
      assert.equal(answer.status, 401, what);
      assert.match(answer.headers["www-authenticate"], /^Bearer /);
      api.check(one.operation, answer, what);
    }
  });

  it("with a wrong method: 405 that names the right ones", async () => {
    for (const [path, item] of Object.entries(api.document.paths)) {
      if (path.startsWith("/auth/")) continue;  // Pages: any other method is not found.
      const answer = await call({ method: "PUT", path: nowhere(path), headers: { origin: `http://${host}` } });
      assert.equal(answer.status, 405, path);
      for (const method of Object.keys(item)) assert.ok(answer.headers.allow.split(", ").includes(method.toUpperCase()), `${path}: ${answer.headers.allow}`);
      api.check(Object.values(item)[0], answer, path);
    }
  });

  it("with a bad body: 400, and 413 where it is too large", async () => {
    const cookie = await scene.signIn();
    const origin = await scene.instance("bodies");
    for (const one of operations.filter(({ operation }) => operation.requestBody !== undefined)) {
      const what = `${one.method} ${one.path}`;
      const path = one.path.includes("/clients/") ? one.path.replace("{id}", origin.name) : nowhere(one.path);
      for (const body of ["", "{", "[]", "\"x\"", "{}", JSON.stringify({ surprise: 1 }), "[".repeat(1000)]) {
        const answer = await call({ method: one.method, path, headers: bySession(cookie), body });
        assert.equal(answer.status, 400, `${what} with ${body.slice(0, 20)}: ${answer.body}`);
        api.check(one.operation, answer, what);
      }
      const large = await call({ method: one.method, path, headers: bySession(cookie), body: JSON.stringify({ name: "x".repeat(70_000) }) });
      assert.equal(large.status, 413, what);
      assert.equal(JSON.parse(large.body).detail, "A body of more than 65536 bytes.");
      api.check(one.operation, large, what);
    }
  });

  it("with a session: every operation answers as described", async () => {
    let cookie = await scene.signIn();
    await scene.instance("box");
    const tested = new Set();
    /** Calls an operation by its id and checks what comes; the body, parsed. */
    const run = async (id, { fill = {}, query = "", body, status = 200, headers } = {}) => {
      const one = operations.find(({ operation }) => operation.operationId === id);
      assert.notEqual(one, undefined, id);
      tested.add(id);
      let path = one.path;
      for (const [name, value] of Object.entries(fill)) path = path.replace(`{${name}}`, value);
      if (body !== undefined) {
        const { schema } = one.operation.requestBody.content["application/json"];
        assert.deepEqual(api.faults(schema, body), [], `the body for ${id}`);
      }
      const answer = await call({ method: one.method, path: path + query, headers: headers ?? bySession(cookie), body: body && JSON.stringify(body) });
      assert.equal(answer.status, status, `${id}: ${answer.body}`);
      api.check(one.operation, answer, id);
      return answer.body.length > 0 ? JSON.parse(answer.body) : undefined;
    };
    await run("getHealth");
    await run("getApiDescription");
    const { ways } = await run("listSignInWays");
    assert.deepEqual(ways.map(({ name }) => name), ["github"]);
    await run("begin_github", { status: 302, query: "?next=/dashboard" });
    await run("finish_github", { status: 400, query: "?code=a&state=b" });
    await run("begin_oidc", { status: 404 });
    await run("finish_oidc", { status: 404 });
    const { user } = await run("getSession");
    // From another browser: in this one it would end the session that is there.
    await run("signIn", { status: 204, body: { code: (await scene.hub.loginLink()).split("#")[1] }, headers: { origin: `http://${host}` } });
    const other = (await run("listSessions")).sessions.find((session) => !session.current);
    await run("endSession", { fill: { id: other.id }, status: 204 });
    await run("endOtherSessions", { status: 204 });
    const token = await run("createToken", { status: 201, body: { name: "one", instance_ids: ["a"], expires_in: 60 } });
    await run("listTokens");
    await run("deleteToken", { fill: { id: token.id }, status: 204 });
    const again = await run("createToken", { status: 201, body: { name: "two" } });
    await run("revokeToken", { fill: { id: again.id }, status: 204 });
    const asks = { status: 201, headers: {}, body: { machine: "laptop", instance_id: "laptop", agent_version: "1", platform: "linux" } };
    const [waiting, approved, denied] = [await run("startEnrolment", asks), await run("startEnrolment", asks), await run("startEnrolment", asks)];
    const poll = ({ device_secret }, status = 200) => run("pollEnrolment", { status, headers: {}, body: { device_secret } });
    assert.equal((await poll(waiting)).status, "pending");
    await poll(waiting, 429);
    await run("lookUpEnrolment", { body: { code: approved.user_code } });
    await run("approveEnrolment", { status: 204, body: { code: approved.user_code, limit_to_instance: true, expires_in: 60 } });
    await run("approveEnrolment", { status: 404, body: { code: approved.user_code } });
    assert.equal((await poll(approved)).status, "approved");
    await run("denyEnrolment", { status: 204, body: { code: denied.user_code } });
    await run("lookUpEnrolment", { status: 404, body: { code: denied.user_code } });
    assert.equal((await poll(denied)).status, "denied");
    const script = await run("createApiToken", { status: 201, body: { name: "script", scopes: ["audit:read"], expires_at: "2999-01-01T00:00:00Z" } });
    await run("listApiTokens");
    await run("listAudit", { query: "?limit=5", headers: byToken(script.token) });
    await run("listAudit", { query: "?limit=0", status: 400 });
    await run("revokeApiToken", { fill: { id: script.id }, status: 204 });
    await run("listInstances");
    await run("getInstance", { fill: { id: "box" } });
    await run("openInstance", { fill: { id: "box" }, query: "?next=/x" });
    await run("getWebSocketInfo", { fill: { id: "box" } });
    await run("renameInstance", { fill: { id: "box" }, body: { label: "The box" } });
    await run("getInstanceHistory", { fill: { id: "box" } });
    await run("removeInstance", { fill: { id: "box" }, status: 409 });
    await run("answerQuestion", { fill: { id: "box" }, status: 409, body: { session_id: "s", question_id: "q", allow: true } });
    await run("markSeen", { fill: { id: "box" }, status: 204, body: { session_id: "s" } });
    const share = await run("createShare", { fill: { id: "box" }, status: 201, body: { kind: "everyone", role: "viewer" } });
    await run("listShares", { fill: { id: "box" } });
    await run("deleteShare", { fill: { id: "box", share: share.id }, status: 204 });
    await run("getNotificationKey");
    const target = await run("createNotificationTarget", { status: 201, body: { kind: "ntfy", name: "phone", url: "http://localhost:9/topic", events: ["offline"], quiet_hours: "22:00-07:00", utc_offset: "+02:00" } });
    await run("listNotificationTargets");
    await run("changeNotificationTarget", { fill: { id: target.id }, body: { events: ["failed"], quiet_hours: null } });
    assert.equal((await run("testNotificationTarget", { fill: { id: target.id } })).outcome, "failed");
    await run("deleteNotificationTarget", { fill: { id: target.id }, status: 204 });
    await run("deleteNotificationTarget", { fill: { id: target.id }, status: 404 });
    await run("listPeople");
    await run("changePerson", { fill: { id: user.id }, status: 200, body: { role: "owner" } });
    await run("changePerson", { fill: { id: user.id }, status: 409, body: { role: "member" } });
    await run("disconnectInstance", { fill: { id: "box" }, status: 204 });
    await until("the instance is gone", async () => (await run("getInstance", { fill: { id: "box" } })).metadata.status === "disconnected");
    await run("disconnectInstance", { fill: { id: "box" }, status: 409 });
    await run("removeInstance", { fill: { id: "box" }, status: 204 });
    await run("removeInstance", { fill: { id: "box" }, status: 404 });
    await run("signOutPerson", { fill: { id: user.id }, status: 204 });
    cookie = await scene.signIn();
    await run("logout", { status: 302 });
    cookie = await scene.signIn();
    await run("signOut", { status: 204 });
    const left = operations.map(({ operation }) => operation.operationId).filter((id) => !tested.has(id));
    assert.deepEqual(left, [], "operations that this test does not call");
  });

  it("whatever else is asked of /api and /ws gets problem details", async () => {
    const cookie = await scene.signIn();
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    const requests = [
      [404, { method: "GET", path: "/api/" }],
      [404, { method: "GET", path: "/api/none" }],
      [404, { method: "GET", path: "/api/tokens/" }],
      [405, { method: "GET", path: "/api/session", headers: { ...bySession(cookie), ...upgrade } }],
      [421, { method: "GET", path: "/api/session", headers: { host: "evil.test" } }],
      [426, { method: "GET", path: "/ws/connect" }],
      [426, { method: "POST", path: "/ws/connect?type=browser" }],
      [401, { method: "GET", path: "/ws/connect?type=browser", headers: { ...upgrade, origin: `http://${host}` } }],
      [403, { method: "GET", path: "/ws/connect?type=browser", headers: { ...upgrade, cookie, origin: "http://evil.test" } }],
      [403, { method: "GET", path: "/ws/connect?type=browser", headers: { ...upgrade, cookie } }],
      [401, { method: "GET", path: "/ws/connect", headers: { ...upgrade, "sec-websocket-protocol": "berth.h2" } }],
      [404, { method: "GET", path: "/ws" }],
      [404, { method: "GET", path: "/ws/none", headers: upgrade }],
      [404, { method: "POST", path: "/none", headers: { origin: `http://${host}` } }],
    ];
    for (const [status, request] of requests) {
      const answer = await call(request);
      const what = `${request.method} ${request.path}: ${answer.status} ${answer.body}`;
      assert.equal(answer.status, status, what);
      assert.equal(answer.headers["content-type"], "application/problem+json", what);
      assert.deepEqual(api.faults({ $ref: "#/components/schemas/Problem" }, JSON.parse(answer.body)), [], what);
    }
  });
});
