// Notifications: each event reaches its targets once, in the words and with the proofs of each kind,
// whatever happens to the hub meanwhile. The receivers are stand-ins (lib/push_service.mjs).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { FakeAgent } from "./lib/fake_agent.mjs";
import { asPage } from "./lib/http.mjs";
import { PushService, Receiver, signatureOf } from "./lib/push_service.mjs";
import { Scene } from "./lib/scene.mjs";
import { expectInNoFile } from "./lib/secrets.mjs";

const every = ["needs_you", "finished", "failed", "offline"];
const secret = "the-secret-of-the-webhook";
const at = "2026-01-02T03:04:05.678Z";

const busy = (id) => ({ id, title: `Session ${id}`, state: "busy", is_busy: true, since: at });
const asks = (id, question) => ({
  ...busy(id), state: "needs_you", needs_you: true,
  question: { id: question, kind: "permission", tool: "Bash", text: "{\"command\":\"rm -rf <build> & \\u00fc\"}", asked_at: at },
});
const failed = (id) => ({ id, title: `Session ${id}`, state: "error", since: at, error: "the model is away" });

describe("notifications", { timeout: 180_000 }, () => {
  let scene;
  let cookie;
  let count = 0;
  const agents = [];
  const receivers = [];

  before(async () => {
    scene = await Scene.start("notifications", {
      options: ({ folder }) => {
        const file = join(folder, "hub.toml");
        writeFileSync(file, "[limits]\noffline_notice = 1500\nnotify_retry_min = 200\nnotify_retry_max = 400\nsign_in_attempts = 1000\n");
        return ["--config", file];
      },
    });
    cookie = await scene.signIn();
  });
  after(() => scene?.stop());
  afterEach(async () => {
    const ids = new Set(agents.map(({ id }) => id));
    for (const agent of agents.splice(0)) agent.drop();
    // Nobody is told that they are away: that would come into the next test.
    for (const id of ids) await until(`${id} is removed`, async () => (await scene.api("DELETE", `/api/clients/${id}`, { cookie })).status === 204);
    for (const { id } of (await call("GET", "/targets")).targets) await call("DELETE", `/targets/${id}`, undefined, 204);
    for (const one of receivers.splice(0)) await one.stop();
  });

  async function call(method, path, body, status = method === "POST" ? 201 : 200) {
    const answer = await scene.api(method, `/api/notifications${path}`, { cookie, body: body && JSON.stringify(body) });
    assert.equal(answer.status, status, answer.body.toString());
    return answer.body.length > 0 ? JSON.parse(answer.body) : undefined;
  }

  async function receiver(Kind = Receiver) {
    const one = await Kind.start();
    receivers.push(one);
    return one;
  }

  const add = (kind, fields) => call("POST", "/targets", { kind, name: kind, events: every, ...fields });

  /** A webhook target and its receiver. */
  async function webhook(fields) {
    const one = await receiver();
    one.target = await add("webhook", { url: `${one.url}/hook`, secret, ...fields });
    return one;
  }

  /** An agent for an instance of its own; agents that come back are made with again(). */
  async function agent(name = `box${++count}`) {
    const token = await scene.token(name, "--instance", name);
    const connect = async () => {
      const one = await FakeAgent.connect(scene, name, token);
      agents.push(one);
      one.again = connect;
      return one;
    };
    return connect();
  }

  const eventsOf = (taken) => taken.map(({ body }) => JSON.parse(body).event);

  it("a push message is read by the browser alone, and comes from this hub", async () => {
    const { key } = await call("GET", "/key");
    const service = await receiver(PushService);
    await add("webpush", service.subscription);
    const box = await agent();
    await box.report([asks("s1", "q1")]);
    const [message] = await service.wait(1);
    const read = JSON.parse(service.read(message));
    assert.equal(read.event, "needs_you");
    assert.equal(read.title, `${box.id} needs you`);
    assert.match(read.body, /Session s1\nBash asks for permission\n.*rm -rf <build> & /);
    assert.equal(read.client_id, box.id);
    assert.equal(read.session_id, "s1");
    assert.deepEqual(read.question, { id: "q1", kind: "permission", tool: "Bash" });
    assert.equal(read.url, `${scene.url}/open?client=${box.id}&next=/session/s1`);
    const claims = service.claims(message, key);
    assert.equal(claims.aud, service.url);
    assert.ok(claims.exp > Date.now() / 1000 && claims.exp <= Date.now() / 1000 + 24 * 3600);
    assert.match(claims.sub, /^(mailto|https):/);
    assert.equal(message.headers.ttl, "86400");
    assert.equal(message.headers.urgency, "high");
    assert.match(message.headers.topic, /^[\w-]{32}$/);
    assert.throws(() => new PushService().read(message));
  });

  it("a browser tells the user who subscribed it last, and nobody else", async () => {
    const service = await receiver(PushService);
    const target = JSON.stringify({ kind: "webpush", name: "browser", events: every, ...service.subscription });
    const other = await scene.signIn("grace");
    const asThem = async (method, path, body) => (await scene.api(method, `/api/notifications${path}`, { cookie: other, body }));
    await add("webpush", service.subscription);
    assert.equal((await asThem("POST", "/targets", target)).status, 201);
    assert.deepEqual((await call("GET", "/targets")).targets, []);
    const again = JSON.parse((await asThem("POST", "/targets", target)).body);
    const { targets } = JSON.parse((await asThem("GET", "/targets")).body);
    assert.deepEqual(targets.map(({ id }) => id), [again.id]);
    // Who knows where a browser is told, but not its secret, takes it from nobody.
    await add("webpush", { ...service.subscription, auth: "AAAAAAAAAAAAAAAAAAAAAA" });
    assert.equal(JSON.parse((await asThem("GET", "/targets")).body).targets.length, 1);
    assert.equal((await asThem("DELETE", `/targets/${again.id}`)).status, 204);
  });

  for (const [how, end] of [
    ["all other sessions are ended", () => scene.api("DELETE", "/api/sessions", { cookie })],
    ["its session is ended", async (lost) => {
      const { sessions } = JSON.parse((await scene.api("GET", "/api/sessions", { cookie: lost })).body);
      return scene.api("DELETE", `/api/sessions/${sessions.find(({ current }) => current).id}`, { cookie });
    }],
    ["it is led to the sign-out link", (lost) => scene.api("GET", "/auth/logout", { cookie: lost, headers: asPage })],
  ]) {
    it(`a browser is told nothing more once ${how}, and again when it has a session`, async () => {
      const [browser, hook] = [await receiver(PushService), await webhook()];
      const subscribe = async (session) => {
        const body = JSON.stringify({ kind: "webpush", name: "browser", events: every, ...browser.subscription });
        assert.equal((await scene.api("POST", "/api/notifications/targets", { cookie: session, body })).status, 201);
      };
      const lost = await scene.signIn();
      await subscribe(lost);
      const box = await agent();
      await box.report([asks("s1", "q1")]);
      await browser.wait(1);
      assert.ok([204, 302].includes((await end(lost)).status));
      assert.deepEqual((await call("GET", "/targets")).targets.map(({ kind }) => kind), ["webhook"]);
      await box.report([asks("s1", "q2")]);
      await hook.wait(2);
      // From now on with the session that set it up last, whatever becomes of the one before.
      const [found, kept] = [await scene.signIn(), await scene.signIn()];
      await subscribe(found);
      await subscribe(kept);
      assert.equal((await scene.api("GET", "/auth/logout", { cookie: found, headers: asPage })).status, 302);
      await box.report([asks("s1", "q3")]);
      await hook.wait(3);
      assert.deepEqual((await browser.wait(2)).map((one) => JSON.parse(browser.read(one)).question.id), ["q1", "q3"]);
    });
  }

  it("somebody who is signed out by the hub's owner is told nothing more in their browsers", async () => {
    const service = await receiver(PushService);
    const theirs = await scene.signIn("ada");
    const body = JSON.stringify({ kind: "webpush", name: "browser", events: every, ...service.subscription });
    assert.equal((await scene.api("POST", "/api/notifications/targets", { cookie: theirs, body })).status, 201);
    const { people } = JSON.parse((await scene.api("GET", "/api/people", { cookie })).body);
    const { id } = people.find(({ name }) => name === "ada");
    assert.equal((await scene.api("POST", `/api/people/${id}/sign-out`, { cookie })).status, 204);
    const again = await scene.signIn("ada");
    assert.deepEqual(JSON.parse((await scene.api("GET", "/api/notifications/targets", { cookie: again })).body).targets, []);
  });

  it("a webhook gets each event once, in order, signed", async () => {
    const hook = await webhook();
    const box = await agent();
    await box.report([busy("s1")]);
    await box.report([asks("s1", "q1")]);
    await box.report([asks("s1", "q1")]);
    await hook.wait(1);
    await box.report([busy("s1")]);
    await box.report([asks("s1", "q2")]);
    await hook.wait(2);
    await box.report([busy("s1"), busy("s2")]);
    await hook.wait(2);
    await box.report([failed("s1"), busy("s2")]);
    await hook.wait(3);
    await box.report([]);
    const taken = await hook.wait(4);
    assert.deepEqual(eventsOf(taken), ["needs_you", "needs_you", "failed", "finished"]);
    assert.match(JSON.parse(taken[2].body).body, /the model is away/);
    assert.equal(JSON.parse(taken[3].body).session_id, "s2");
    for (const one of taken) {
      assert.equal(one.headers["x-berth-signature"], signatureOf(secret, one));
      assert.ok(Math.abs(one.headers["x-berth-timestamp"] - Date.now() / 1000) < 60);
      assert.equal(one.headers["x-berth-event"], JSON.parse(one.body).event);
      assert.equal(one.headers["idempotency-key"], JSON.parse(one.body).id);
    }
    assert.equal(new Set(taken.map(({ headers }) => headers["idempotency-key"])).size, 4);
  });

  it("ntfy and Slack get theirs, escaped as they want it", async () => {
    const ntfy = await receiver();
    const slack = await receiver();
    await add("ntfy", { url: `${ntfy.url}/topic`, secret: "tk_1", events: ["needs_you"] });
    await add("slack", { url: `${slack.url}/services/x` });
    const box = await agent();
    await box.report([asks("s1", "q1")]);
    const [push] = await ntfy.wait(1);
    assert.equal(push.path, "/");
    assert.equal(push.headers.authorization, "Bearer tk_1");
    const published = JSON.parse(push.body);
    assert.equal(published.topic, "topic");
    assert.equal(published.title, `${box.id} needs you`);
    assert.equal(published.priority, 4);
    assert.equal(published.click, `${scene.url}/open?client=${box.id}&next=/session/s1`);
    const [post] = await slack.wait(1);
    assert.match(JSON.parse(post.body).text, /rm -rf &lt;build&gt; &amp; .*\n<http:.*\|Open>$/s);
    await box.report([]);
    await slack.wait(2);
    await box.report([asks("s1", "q2")]);
    const titles = (await ntfy.wait(2)).map(({ body }) => JSON.parse(body).title);
    assert.deepEqual(titles, Array(2).fill(`${box.id} needs you`), "and none that was not asked for");
  });

  it("an instance that stays away is told once; one that comes back in time is not", async () => {
    const hook = await webhook({ events: ["offline"] });
    const told = (taken) => taken.map(({ body }) => JSON.parse(body)).map(({ client_id, title }) => `${client_id}: ${title}`);
    const box = await agent();
    await box.report([]);
    box.drop();
    const client = async () => JSON.parse((await scene.api("GET", `/clients/${box.id}`, { cookie })).body);
    await until("the hub misses it", async () => (await client()).metadata.state === "offline");
    const again = await box.again();
    await again.report([]);
    // What is told comes in the order in which it was due: of the one that came back, it would come first.
    const gone = await agent();
    await gone.report([]);
    gone.drop();
    assert.deepEqual(told(await hook.wait(1)), [`${gone.id}: ${gone.id} is offline`]);
    again.drop();
    await hook.wait(2);
    const third = await box.again();
    third.drop();
    assert.deepEqual(told(await hook.wait(3)), [gone, box, box].map(({ id }) => `${id}: ${id} is offline`));
  });

  it("killed between event and delivery, the hub delivers once when it is back", async () => {
    const hook = await webhook({ events: ["needs_you", "finished"] });
    const box = await agent();
    hook.answer = { status: 503 };
    await box.report([asks("s1", "q1"), busy("s2")]);
    await until("an attempt", () => hook.asked > 0);
    await scene.hub.restart();
    // What ended while the hub was away is told as well, and what goes on still is not told again.
    const again = await box.again();
    await again.report([asks("s1", "q1")]);
    hook.answer = { status: 200 };
    const taken = await hook.wait(2);
    assert.deepEqual(eventsOf(taken), ["needs_you", "finished"]);
    assert.equal(JSON.parse(taken[1].body).session_id, "s2");
    await until("both are noted as delivered", async () => (await call("GET", "/targets")).targets[0].waiting === 0);
    await scene.hub.restart();
    const third = await box.again();
    await third.report([asks("s1", "q1")]);
    await third.report([asks("s1", "q2")]);
    await hook.wait(3);
    assert.deepEqual(hook.taken.map(({ body }) => JSON.parse(body).question?.id), ["q1", undefined, "q2"]);
  });

  it("quiet hours delay, keep the order, and drop nothing", async () => {
    const now = new Date();
    const minute = (offset) => new Date(now.getTime() + offset * 60_000).toISOString().slice(11, 16);
    const hook = await webhook({ quiet_hours: `${minute(-2)}-${minute(120)}`, utc_offset: "+00:00" });
    const box = await agent();
    const waiting = async () => (await call("GET", "/targets")).targets[0].waiting;
    await box.report([asks("s1", "q1")]);
    await until("one waits", async () => await waiting() === 1);
    await box.report([asks("s1", "q2")]);
    await until("both wait", async () => await waiting() === 2);
    assert.equal(hook.asked, 0);
    await call("PATCH", `/targets/${hook.target.id}`, { quiet_hours: null });
    const taken = await hook.wait(2);
    assert.deepEqual(taken.map(({ body }) => JSON.parse(body).question.id), ["q1", "q2"]);
  });

  it("a push service's 410 removes the subscription, another failure does not", async () => {
    const service = await receiver(PushService);
    const other = await receiver();
    await add("webpush", service.subscription);
    await add("webhook", { url: `${other.url}/hook`, secret });
    service.answer = { status: 410 };
    other.answer = { status: 410 };
    const box = await agent();
    await box.report([asks("s1", "q1")]);
    await until("the subscription is gone", async () => (await call("GET", "/targets")).targets.length === 1);
    const [left] = await until("a failure that is shown", async () => {
      const { targets } = await call("GET", "/targets");
      return targets[0].failures > 0 && targets;
    });
    assert.equal(left.kind, "webhook");
    assert.match(left.last_error, /410/);
    other.answer = { status: 200 };
    await other.wait(1);
    await until("the success", async () => (await call("GET", "/targets")).targets[0].failures === 0);
    assert.match(await scene.berth("audit", "--json"), /the push service forgot the subscription/);
  });

  it("redirects are not followed", async () => {
    const trap = await receiver();
    const hook = await webhook();
    hook.answer = { status: 302, headers: { location: `${trap.url}/secret` } };
    assert.match((await call("POST", `/targets/${hook.target.id}/test`, undefined, 200)).message, /302/);
    assert.equal(trap.asked, 0);
  });

  it("addresses and secrets never come out of the API; targets are their user's alone", async () => {
    const service = await receiver(PushService);
    const { url, auth, p256dh } = service.subscription;
    const first = await add("webpush", service.subscription);
    const hook = await webhook();
    const again = await add("webpush", { ...service.subscription, name: "renamed" });
    assert.equal(again.id, first.id, "the same browser");
    const text = JSON.stringify([first, again, hook.target, await call("GET", "/targets")]);
    for (const hidden of [url, auth, p256dh, secret, "/hook"]) assert.ok(!text.includes(hidden), hidden);
    const mallory = await scene.signIn("mallory");
    for (const [method, path, body] of [["DELETE", ""], ["PATCH", "", { name: "x" }], ["POST", "/test"]]) {
      const answer = await scene.api(method, `/api/notifications/targets/${first.id}${path}`, { cookie: mallory, body: body && JSON.stringify(body) });
      assert.equal(answer.status, 404, method);
    }
    const outcome = await call("POST", `/targets/${first.id}/test`, undefined, 200);
    assert.deepEqual(outcome, { outcome: "delivered", message: "" });
    assert.equal(JSON.parse(service.read(service.taken[0])).event, "test");
  });

  it("check 6: neither the database nor a log holds where they go, or a secret of theirs", async () => {
    const word = () => randomBytes(24).toString("hex");
    const service = await receiver(PushService);
    const { p256dh, auth } = service.subscription;
    await add("webpush", service.subscription);
    const secrets = [p256dh, auth];
    const all = [service];
    for (const [kind, own] of Object.entries({ webhook: word(), ntfy: `tk_${word()}`, slack: undefined })) {
      const one = await receiver();
      const path = word();
      await add(kind, { url: `${one.url}/${path}`, secret: own });
      all.push(one);
      secrets.push(path, ...(own === undefined ? [] : [own]));
    }
    // Each fails first: what is said of that is in the log.
    for (const one of all) one.answer = { status: 500 };
    const box = await agent();
    await box.report([asks("s1", "q1")]);
    await until("a failure of each", () => all.every(({ asked }) => asked > 1));
    for (const one of all) one.answer = { status: 200 };
    for (const one of all) await one.wait(1);
    expectInNoFile(scene, secrets);
  });

  it("what is no target is refused with a reason", async () => {
    for (const [fields, reason] of [
      [{ kind: "webhook", url: "http://example.com/x", secret }, /https/i],
      [{ kind: "webhook", url: "https://example.com/x", secret: "short" }, /secret/i],
      [{ kind: "webpush", url: "https://example.com/x", p256dh: "AAAA", auth: "AAAA" }, /p256dh/i],
      [{ kind: "ntfy", url: "https://ntfy.sh/" }, /topic/],
      [{ kind: "pigeon", url: "https://example.com/x" }, /kind/],
      [{ kind: "slack", url: "https://example.com/x", events: ["weather"] }, /event/],
      [{ kind: "slack", url: "https://example.com/x", events: [] }, /event/],
      [{ kind: "slack", url: "https://example.com/x", quiet_hours: "25:00-07:00" }, /quiet_hours/i],
      [{ kind: "slack", url: "https://user:pw@example.com/x" }, /has a user or a password/],
    ]) {
      const body = JSON.stringify({ name: "x", events: every, ...fields });
      const answer = await scene.api("POST", "/api/notifications/targets", { cookie, body });
      assert.equal(answer.status, 400, body);
      assert.match(JSON.parse(answer.body).detail, reason);
    }
  });
});

describe("notifications of a hub for others", { timeout: 60_000 }, () => {
  it("do not reach into the hub's own machine and networks", async () => {
    const scene = await Scene.start("notifications-public", { options: () => ["--notify-private-addresses", "off"] });
    const trap = await Receiver.start();
    try {
      const cookie = await scene.signIn();
      for (const url of [`${trap.url}/x`, `http://localhost:${new URL(trap.url).port}/x`, "https://169.254.169.254/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x"]) {
        const made = await scene.api("POST", "/api/notifications/targets", { cookie, body: JSON.stringify({ kind: "slack", name: "x", url, events: every }) });
        assert.equal(made.status, 201, made.body.toString());
        const answer = await scene.api("POST", `/api/notifications/targets/${JSON.parse(made.body).id}/test`, { cookie });
        assert.match(JSON.parse(answer.body).message, /not a public address/, url);
      }
      assert.equal(trap.asked, 0);
    } finally {
      await trap.stop();
      await scene.stop();
    }
  });
});
