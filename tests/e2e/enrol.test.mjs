// Enrolling an agent: it asks, a signed-in user answers, it gets its token. Real processes, real
// time; node's HTTP plays the browser, and the agent where an honest one would not do.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ask } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

const laptop = { machine: "laptop.example.org", instance_id: "laptop", agent_version: "1.0", platform: "linux x86_64" };
const intervalMs = 1_000;

/** A scene whose hub has these limits. */
function startScene(name, limits) {
  const all = { enrolment_interval: `${intervalMs}ms`, ...limits };
  const lines = Object.entries(all).map(([key, value]) => `${key} = ${typeof value === "number" ? value : JSON.stringify(value)}`);
  return Scene.start(name, {
    options: (scene) => {
      const file = `${scene.folder}/hub.toml`;
      writeFileSync(file, `[limits]\n${lines.join("\n")}\n`);
      return ["--config", file];
    },
  });
}

/** What an agent asks the hub, from one of this machine's many addresses: {status, headers, ...answer}. */
async function asAgent(scene, path, body, { address = "127.0.0.1", headers = {} } = {}) {
  const answer = await ask({
    host: "127.0.0.1", port: scene.port, localAddress: address, method: "POST", path,
    headers: { host: `localhost:${scene.port}`, "content-type": "application/json", ...headers },
  }, JSON.stringify(body));
  return { httpStatus: answer.status, headers: answer.headers, ...JSON.parse(answer.body) };
}

async function start(scene, fields = {}, options = {}) {
  const started = await asAgent(scene, "/api/enrolments", { ...laptop, ...fields }, options);
  assert.equal(started.httpStatus, 201, JSON.stringify(started));
  return started;
}

/** One answer to an agent, after the interval. */
async function poll(scene, started, options) {
  await pause(intervalMs + 50);
  return asAgent(scene, "/api/enrolments/poll", { device_secret: started.device_secret }, options);
}

/** What a user does on the page. */
function asUser(scene, cookie, what, body, headers = {}) {
  return scene.api("POST", `/api/enrolments/${what}`, { cookie, body: JSON.stringify(body), headers });
}

describe("enrolment, by the API", { concurrency: 1, timeout: 120_000 }, () => {
  let scene, cookie;
  before(async () => {
    scene = await startScene("enrol-api", { sign_in_attempts: 1000 });
    cookie = await scene.signIn();
  });
  after(() => scene?.stop());

  it("an approved agent gets a token for its id alone, once", async () => {
    const started = await start(scene);
    assert.match(started.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    assert.equal(started.verification_url, `http://localhost:${scene.port}/enroll`);
    assert.equal(started.interval, intervalMs / 1000);
    assert.equal(started.expires_in, 600);
    assert.equal((await poll(scene, started)).status, "pending");
    const shown = await asUser(scene, cookie, "lookup", { code: started.user_code.toLowerCase().replace("-", " ") });
    assert.equal(shown.status, 200);
    const { code, created_at, expires_at, ...rest } = JSON.parse(shown.body);
    assert.equal(code, started.user_code);
    assert.equal(Date.parse(expires_at) - Date.parse(created_at), 600_000);
    assert.deepEqual(rest, { ...laptop, address: "127.0.0.1" });
    assert.equal((await asUser(scene, cookie, "approve", { code: started.user_code })).status, 204);
    const approved = await poll(scene, started);
    assert.equal(approved.status, "approved");
    assert.match(approved.token, /^ao_[0-9a-f]{16}_[0-9a-f]{64}$/);
    assert.deepEqual(approved.instance_ids, ["laptop"]);
    assert.equal(approved.expires_at, null);
    assert.equal(approved.headers["cache-control"], "no-store");
    const again = await poll(scene, started);
    assert.equal(again.status, "expired");
    assert.equal(again.token, undefined);
    const { tokens } = JSON.parse((await scene.api("GET", "/api/tokens", { cookie })).body);
    assert.deepEqual(tokens.map(({ name, instance_ids }) => ({ name, instance_ids })), [{ name: "laptop.example.org", instance_ids: ["laptop"] }]);
  });

  it("the user may grant any id, and a time", async () => {
    const started = await start(scene);
    const grant = { code: started.user_code, limit_to_instance: false, expires_in: 3600 };
    assert.equal((await asUser(scene, cookie, "approve", grant)).status, 204);
    const approved = await poll(scene, started);
    assert.deepEqual(approved.instance_ids, []);
    const left = Date.parse(approved.expires_at) - Date.now();
    assert.ok(left > 3_590_000 && left <= 3_600_000, approved.expires_at);
  });

  it("a denied agent gets nothing, and an answer is final", async () => {
    const started = await start(scene);
    assert.equal((await asUser(scene, cookie, "deny", { code: started.user_code })).status, 204);
    for (const what of ["lookup", "approve", "deny"]) {
      assert.equal((await asUser(scene, cookie, what, { code: started.user_code })).status, 404);
    }
    assert.equal((await poll(scene, started)).status, "denied");
  });

  it("an agent that asks too often is slowed down and loses nothing", async () => {
    const started = await start(scene);
    const answers = await Promise.all([1, 2, 3].map(() => asAgent(scene, "/api/enrolments/poll", { device_secret: started.device_secret })));
    assert.deepEqual(answers.map(({ httpStatus }) => httpStatus).sort(), [200, 429, 429]);
    assert.equal(answers.find(({ httpStatus }) => httpStatus === 429).headers["retry-after"], "1");
    await asUser(scene, cookie, "approve", { code: started.user_code });
    const both = await Promise.all([poll(scene, started), poll(scene, started)]);
    assert.equal(both.filter(({ token }) => token !== undefined).length, 1);
  });

  it("only a signed-in user may answer, and no page of another origin", async () => {
    const started = await start(scene);
    for (const what of ["lookup", "approve", "deny"]) {
      assert.equal((await asUser(scene, undefined, what, { code: started.user_code })).status, 401);
      assert.equal((await asUser(scene, cookie, what, { code: started.user_code }, { origin: "http://evil.example" })).status, 403);
    }
    const foreign = { headers: { origin: "http://evil.example" } };
    assert.equal((await asAgent(scene, "/api/enrolments", laptop, foreign)).httpStatus, 403);
    assert.equal((await asAgent(scene, "/api/enrolments/poll", { device_secret: started.device_secret }, foreign)).httpStatus, 403);
    assert.equal((await poll(scene, started)).status, "pending");
  });

  it("what is not a description makes no enrolment", async () => {
    for (const fields of [{ machine: "" }, { machine: "a\nb" }, { machine: 5 }, { instance_id: "../x" }, { platform: "x".repeat(101) }, { extra: 1 }]) {
      assert.equal((await asAgent(scene, "/api/enrolments", { ...laptop, ...fields })).httpStatus, 400, JSON.stringify(fields));
    }
  });

  it("neither codes nor secrets are in the log", async () => {
    const started = await start(scene);
    await asUser(scene, cookie, "lookup", { code: started.user_code });
    await asUser(scene, cookie, "approve", { code: started.user_code });
    const { token } = await poll(scene, started);
    const log = scene.hub.child.lines.join("\n");
    assert.match(log, /laptop\.example\.org.*asks to be enrolled as laptop/);
    for (const secret of [started.user_code, started.device_secret, token, token.split("_")[2]]) {
      assert.ok(!log.includes(secret));
    }
  });
});

describe("enrolment, limited", { concurrency: 1, timeout: 120_000 }, () => {
  let scene, cookie;
  before(async () => {
    scene = await startScene("enrol-limits", { enrolment_lifetime: "4s" });
    cookie = await scene.signIn();
  });
  after(() => scene?.stop());

  it("an enrolment ends with its time, approved or not", async () => {
    const [waiting, approved] = [await start(scene), await start(scene)];
    assert.equal(waiting.expires_in, 4);
    await asUser(scene, cookie, "approve", { code: approved.user_code });
    await pause(4_000);
    assert.equal((await asUser(scene, cookie, "approve", { code: waiting.user_code })).status, 404);
    for (const one of [waiting, approved]) assert.equal((await poll(scene, one)).status, "expired");
  });

  it("the eleventh request of an address within a minute is refused; another address is served", async () => {
    const from = { address: "127.0.0.7" };
    for (let i = 0; i < 10; ++i) await start(scene, {}, from);
    const refused = await asAgent(scene, "/api/enrolments", laptop, from);
    assert.equal(refused.httpStatus, 429);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
    await start(scene, {}, { address: "127.0.0.8" });
  });

  it("an agent whose address is locked out still gets its answer", async () => {
    const from = { address: "127.0.0.9" };
    const started = await start(scene, {}, from);
    for (let i = 0; i < 20; ++i) await asAgent(scene, "/api/enrolments/poll", { device_secret: "guess" }, from);
    assert.equal((await asAgent(scene, "/api/enrolments/poll", { device_secret: "guess" }, from)).httpStatus, 429);
    assert.equal((await poll(scene, started, from)).status, "pending");
  });

  it("a user who guesses codes is stopped after ten, also for the right one", async () => {
    const started = await start(scene, {}, { address: "127.0.0.10" });
    const answers = [];
    for (let i = 0; i < 11; ++i) answers.push((await asUser(scene, cookie, "lookup", { code: "BCDF-GHJK" })).status);
    const most = answers.indexOf(429);  // Signing in and the miss above count, too.
    assert.ok(most >= 5 && most <= 10, answers.join());
    assert.deepEqual(answers, [...Array(most).fill(404), ...Array(11 - most).fill(429)]);
    for (const what of ["lookup", "approve", "deny"]) {
      const right = await asUser(scene, cookie, what, { code: started.user_code });
      assert.equal(right.status, 429);
      assert.ok(Number(right.headers["retry-after"]) > 0);
    }
  });
});
