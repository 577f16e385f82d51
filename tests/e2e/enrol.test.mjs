// Enrolling an agent: it asks, a signed-in user answers, it gets its token. Real processes, real
// time; node's HTTP plays the browser, and the agent where an honest one would not do.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { berth } from "../browser/lib/hub.mjs";
import { start as startProcess } from "../browser/lib/processes.mjs";
import { until } from "../browser/lib/wait.mjs";
import { selfSigned } from "./lib/certificates.mjs";
import { ask } from "./lib/http.mjs";
import { startHttpProxy } from "./lib/proxies.mjs";
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

/** One answer to an agent that keeps to its interval, as it must: asking sooner puts the answer off. */
async function poll(scene, started, options) {
  await pause(started.interval * 1000 + 50);
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
    assert.equal(approved.approved_by, "owner");
    assert.equal(approved.expires_at, null);
    assert.equal(approved.headers["cache-control"], "no-store");
    assert.equal(approved.keys.length, 1);
    assert.match(approved.keys[0].id, /^[0-9a-f]{16}$/);
    assert.match(approved.keys[0].public_key, /^[\w-]{43}$/);
    const again = await poll(scene, started);
    assert.deepEqual([again.status, again.token_id, again.token], ["taken", approved.token_id, undefined]);
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
    for (const headers of [{ origin: "http://evil.example" }, { cookie }]) { // A program of ours sends no cookie, a browser says where it is.
      assert.equal((await asAgent(scene, "/api/enrolments", laptop, { headers })).httpStatus, 403);
      assert.equal((await asAgent(scene, "/api/enrolments/poll", { device_secret: started.device_secret }, { headers })).httpStatus, 403);
    }
    assert.equal((await poll(scene, started)).status, "pending");
  });

  it("what is not a description makes no enrolment", async () => {
    for (const fields of [{ machine: "" }, { machine: "a\nb" }, { machine: 5 }, { instance_id: "../x" }, { platform: "x".repeat(101) }, { extra: 1 }]) {
      assert.equal((await asAgent(scene, "/api/enrolments", { ...laptop, ...fields })).httpStatus, 400, JSON.stringify(fields));
    }
  });

  it("the audit log says who asked, who answered, and whose token was made", async () => {
    const granted = await start(scene, { instance_id: "audited" }, { address: "127.0.0.5" });
    await asUser(scene, cookie, "approve", { code: granted.user_code });
    const { token_id: token } = await poll(scene, granted, { address: "127.0.0.5" });
    const denied = await start(scene, { instance_id: "audited" });
    await asUser(scene, cookie, "deny", { code: denied.user_code });
    const { events } = JSON.parse((await scene.api("GET", "/api/audit?limit=50", { cookie })).body);
    const told = events.filter((event) => event.instance_id === "audited").reverse();
    assert.deepEqual(told.map(({ action }) => action), ["enrol_request", "enrol_approve", "token_create", "enrol_request", "enrol_deny"]);
    assert.deepEqual(told.map(({ address }) => address), ["127.0.0.5", "127.0.0.1", "127.0.0.5", "127.0.0.1", "127.0.0.1"]);
    assert.match(told[1].detail, /laptop\.example\.org.*127\.0\.0\.5/);
    assert.ok(told[2].detail.includes(token));
    for (const secret of [granted.user_code, denied.user_code]) assert.ok(!JSON.stringify(events).includes(secret));
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
    const [approved, waiting] = [await start(scene), await start(scene)];
    assert.equal(waiting.expires_in, 4);
    await asUser(scene, cookie, "approve", { code: approved.user_code });
    await until("the end of the later one", async () => (await asUser(scene, cookie, "lookup", { code: waiting.user_code })).status === 404);
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
    const denied = async () => JSON.parse((await scene.api("GET", "/api/audit?result=denied", { cookie })).body).events;
    const before = await denied();
    for (let i = 0; i < 11; ++i) answers.push((await asUser(scene, cookie, "lookup", { code: "BCDF-GHJK" })).status);
    const most = answers.indexOf(429);  // Signing in and the miss above count, too.
    assert.ok(most >= 5 && most <= 10, answers.join());
    assert.deepEqual(answers, [...Array(most).fill(404), ...Array(11 - most).fill(429)]);
    assert.deepEqual(await denied(), before, "who only looks has answered nothing");
    for (const what of ["lookup", "approve", "deny"]) {
      const right = await asUser(scene, cookie, what, { code: started.user_code });
      assert.equal(right.status, 429);
      assert.ok(Number(right.headers["retry-after"]) > 0);
    }
  });
});

describe("enrolment, by berth agent enroll", { concurrency: 1, timeout: 180_000 }, () => {
  let scene, cookie, home, hub;
  before(async () => {
    scene = await startScene("enrol-agent", { enrolment_lifetime: "8s", sign_in_attempts: 1000 });
    cookie = await scene.signIn();
    hub = `http://localhost:${scene.port}`;
    home = join(scene.folder, "home");
    mkdirSync(home);
  });
  after(() => scene?.stop());

  const folder = (id) => join(home, ".local/state/berth", id, "hubs", `http%3A%2F%2Flocalhost%3A${scene.port}`);
  const mode = (path) => (statSync(path).mode & 0o777).toString(8);

  /** Starts `berth agent ARGS` on a machine where everybody may read what is made. */
  function berthAgent(name, args, env = {}) {
    const child = startProcess(name, "/bin/sh", ["-c", 'umask 0; exec "$0" "$@"', berth, "agent", ...args], {
      env: { PATH: process.env.PATH, BERTH_LOG_LEVEL: "info", HOME: home, ...env }, logs: scene.output,
    });
    return child;
  }

  /** Starts `berth agent enroll`: the child, with the code that it shows. */
  async function enroll(name, args = [], env = {}) {
    const child = berthAgent(name, ["enroll", "--hub", hub, ...args], env);
    [, child.link, child.code] = await child.line(/^ +(\S+\/enroll#([A-Z]{4}-[A-Z]{4}))$/);
    assert.equal(child.link, `${hub}/enroll#${child.code}`);
    return child;
  }

  it("shows a code, waits for the user, keeps the token for its owner alone, and the agent connects with it", async () => {
    const child = await enroll("enroll", ["--id", "desk"]);
    await child.line(/waiting for approval/);
    const shown = JSON.parse((await asUser(scene, cookie, "lookup", { code: child.code })).body);
    assert.equal(shown.machine, hostname());
    assert.equal(shown.instance_id, "desk");
    assert.match(shown.platform, /^linux /);
    await asUser(scene, cookie, "approve", { code: child.code });
    await child.line(/^Enrolled as an instance of owner\. The token is in /);
    await child.line(/It is for the id desk only/);
    await child.line(/^ +berth agent --hub http:\/\/localhost:\d+ --id desk$/);
    assert.equal(await child.exited, 0);
    const file = join(folder("desk"), "token");
    assert.match(readFileSync(file, "utf8"), /^ao_[0-9a-f]{16}_[0-9a-f]{64}\n$/);
    assert.equal(mode(file), "600");
    assert.equal(mode(folder("desk")), "700");
    const known = join(home, ".local/state/berth/desk/known-hubs");
    const key = (await scene.berth("key", "ls")).split("\n")[1].split(/ +/).at(-1);
    assert.equal(readFileSync(known, "utf8").trim().split("\n").at(-1), `${hub} ${key}`);
    assert.equal(mode(known), "600");
    assert.ok(!child.lines.some((line) => line.includes(readFileSync(file, "utf8").trim())));

    const origin = await scene.origin("desk");
    const agent = berthAgent("agent-desk", ["--hub", hub, "--instance", origin.url, "--adapter", "generic"]);
    await agent.line(/connected to .* as desk/);
    await agent.line(/instance at /);
    const way = await scene.subdomainWay("desk", cookie);
    assert.equal((await ask(way.options("/"))).body.toString(), "desk GET /");
    await agent.stop();
    const elsewhere = berthAgent("agent-elsewhere", ["--hub", hub, "--id", "elsewhere", "--instance", origin.url, "--adapter", "generic"]);
    await elsewhere.line(/no token: get one with `berth agent enroll --hub \S+ --id elsewhere`/);
    assert.equal(await elsewhere.exited, 2);
  });

  it("an agent that finds no instance says what to do", async () => {
    const agent = berthAgent("agent-alone", ["--hub", hub, "--id", "desk"]);
    await agent.line(/waiting for the instance: .*local-server\.json does not exist; start claudecodeui as this user, or give --instance http:/);
    await agent.stop();
  });

  it("a token that others may read is refused, enrolled or pasted, and says how to help it", async () => {
    const file = join(folder("desk"), "token");
    const origin = await scene.origin("desk");
    const pasted = join(home, "pasted");
    writeFileSync(pasted, await scene.token("pasted"));
    for (const [path, args] of [[file, []], [pasted, ["--token-file", pasted]]]) {
      chmodSync(path, 0o644);
      const agent = berthAgent("agent-refused", ["--hub", hub, "--id", "desk", "--instance", origin.url, "--adapter", "generic", ...args]);
      await agent.line(new RegExp(`${path.replaceAll(/[%.]/g, ".")} can be read by others: chmod 600`));
      assert.notEqual(await agent.exited, 0);
      chmodSync(path, 0o600);
      const again = berthAgent("agent-again", ["--hub", hub, "--id", "desk", "--instance", origin.url, "--adapter", "generic", ...args]);
      await again.line(/connected to .* as desk/);
      await again.stop();
    }
  });

  it("the command to run next can be typed as it stands", async () => {
    const file = join(home, "the hub's own.pem");
    copyFileSync(selfSigned(scene.folder, "localhost", "DNS:localhost").cert, file);
    const child = await enroll("enroll-ca", ["--id", "typed", "--hub-ca", file]);
    await asUser(scene, cookie, "approve", { code: child.code });
    const [, command] = await child.line(/^ +(berth agent --hub .*)$/);
    assert.equal(await child.exited, 0);
    const typed = execFileSync("/bin/sh", ["-c", `berth() { printf '%s\\n' "$@"; }; ${command}`], { encoding: "utf8" });
    assert.deepEqual(typed.trimEnd().split("\n"), ["agent", "--hub", hub, "--id", "typed", "--hub-ca", file]);
  });

  it("a denied agent says so and keeps nothing", async () => {
    const child = await enroll("enroll-denied", ["--id", "denied"]);
    await asUser(scene, cookie, "deny", { code: child.code });
    await child.line(/denied/);
    assert.equal(await child.exited, 1);
    assert.throws(() => statSync(join(folder("denied"), "token")));
  });

  it("an agent that nobody answers gives up when its time is over", async () => {
    const child = await enroll("enroll-expired", ["--id", "expired"]);
    await child.line(/nobody approved it in time|does not know this code any more/);
    assert.equal(await child.exited, 1);
  });

  it("Ctrl-C ends the waiting", async () => {
    const child = await enroll("enroll-cancelled", ["--id", "cancelled"]);
    child.signal("SIGINT");
    await child.line(/cancelled/);
    assert.equal(await child.exited, 130);
  });

  it("a hub that is away while the agent waits is waited for", async () => {
    const child = await enroll("enroll-restart", ["--id", "restart"]);
    await scene.hub.child.stop("SIGKILL");
    await scene.startHub();
    await child.line(/does not know this code any more/);  // It forgets codes when it restarts.
    assert.equal(await child.exited, 1);
  });

  it("a second enrolment replaces the first and names the token that still works", async () => {
    const old = readFileSync(join(folder("desk"), "token"), "utf8").split("_")[1];
    const child = await enroll("enroll-second", ["--id", "desk"]);
    await asUser(scene, cookie, "approve", { code: child.code, limit_to_instance: false, expires_in: 86_400 });
    await child.line(new RegExp(`The token that was here before, ${old}, still works`));
    await child.line(/It works until 20\d\d-/);
    assert.equal(await child.exited, 0);
    assert.notEqual(readFileSync(join(folder("desk"), "token"), "utf8").split("_")[1], old);
  });

  it("an agent whose token is revoked says how to enrol again, and goes on with what that gives", async () => {
    const ca = selfSigned(scene.folder, "localhost", "DNS:localhost").cert;
    const enrolment = async (name) => {
      const child = await enroll(name, ["--id", "desk"]);
      await asUser(scene, cookie, "approve", { code: child.code });
      assert.equal(await child.exited, 0);
      return readFileSync(join(folder("desk"), "token"), "utf8").split("_")[1];
    };
    const id = await enrolment("enroll-before");
    const origin = await scene.origin("renewed");
    const agent = berthAgent("agent-renewed", ["--hub", hub, "--id", "desk", "--hub-ca", ca, "--instance", origin.url, "--adapter", "generic"]);
    await agent.line(/connected to .* as desk/);
    assert.equal((await scene.api("DELETE", `/api/tokens/${id}`, { cookie })).status, 204);
    const [, command] = await agent.line(/refused: .*: (berth agent enroll .*)$/);
    assert.equal(command, `berth agent enroll --hub ${hub} --id desk --hub-ca ${ca}`);
    const back = agent.nextLine(/connected to .* as desk/);
    await enrolment("enroll-after");
    await back;
    await agent.stop();
  });

  it("a running agent whose hub was set up anew goes on once it is enrolled again", async () => {
    const origin = await scene.origin("anew");
    const agent = berthAgent("agent-anew", ["--hub", hub, "--id", "desk", "--instance", origin.url, "--adapter", "generic"]);
    await agent.line(/connected to .* as desk/);
    await scene.hub.child.stop("SIGKILL");
    scene.hub.data = join(scene.folder, "hub-anew");
    const refused = agent.nextLine(/refused: the hub (says|does not accept the token)/);
    await scene.startHub();
    cookie = await scene.signIn();
    await refused;
    const child = await enroll("enroll-anew", ["--id", "desk"]);
    const back = agent.nextLine(/connected to .* as desk/);
    await asUser(scene, cookie, "approve", { code: child.code });
    assert.equal(await child.exited, 0);
    await back;
    await agent.stop();
  });

  it("it goes through the proxy that the environment names", async () => {
    const proxy = await startHttpProxy("user:word");
    try {
      // Loopback is never reached by proxy, and plain HTTP only there: another machine's name is needed.
      const child = berthAgent("enroll-proxy", ["enroll", "--hub", "https://hub.example.org", "--id", "far"], {
        HTTPS_PROXY: `http://user:word@127.0.0.1:${proxy.port}`,
      });
      await child.line(/berth agent enroll: /);
      assert.equal(await child.exited, 1);
      assert.deepEqual(proxy.asked, [{ target: "hub.example.org:443", user: "user:word" }]);
    } finally {
      await proxy.stop();
    }
  });

  it("nothing is asked in the clear of another machine", async () => {
    const child = berthAgent("enroll-clear", ["enroll", "--hub", "http://hub.example.org"]);
    await child.line(/must begin with https:\/\//);
    assert.equal(await child.exited, 2);
  });

  it("what is no hub is named as such", async () => {
    const origin = await scene.origin("no-hub");
    const child = berthAgent("enroll-no-hub", ["enroll", "--hub", origin.url]);
    await child.line(/does not answer as a berth hub does; check --hub/);
    assert.equal(await child.exited, 1);
    const page = berthAgent("enroll-page", ["enroll", "--hub", `${hub}/dashboard`]);
    await page.line(/--hub: "\S+\/dashboard" has a path; only scheme, host and port can be given/);
    assert.equal(await page.exited, 2);
    const nobody = berthAgent("enroll-nobody", ["enroll", "--hub", "http://127.0.0.1:1"]);
    await nobody.line(/cannot reach http:\/\/127\.0\.0\.1:1: connect to 127\.0\.0\.1:1: Connection refused; check --hub, and that the hub runs/);
    assert.equal(await nobody.exited, 1);
  });
});
