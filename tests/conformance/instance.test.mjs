// Conformance of a version-1 instance: every row of the protocol's tables that it takes part in. The
// instance is started by BERTH_CONFORMANCE_CLIENT, a shell command; script/conformance sets it.
//
// The instance finds its hub in the variables ORCHESTRATOR_*. Whatever it publishes, one page at "/"
// is asked for; an instance that publishes another web server gets ours, in BERTH_INSTANCE_URL.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { start, stopAll } from "../browser/lib/processes.mjs";
import { HubEnd } from "../e2e/lib/v1_hub_end.mjs";
import { startChatOrigin } from "./lib/chat_origin.mjs";

const command = process.env.BERTH_CONFORMANCE_CLIENT;
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const heartbeatMs = 400;
const reconnectMs = 200;
const statuses = ["idle", "active", "busy"];
const token = `ao_${randomBytes(8).toString("hex")}_${randomBytes(32).toString("hex")}`;
const base = "/clients/foreign-1/proxy";

describe("a version-1 instance", { concurrency: 1, skip: command === undefined && "no command given" }, () => {
  let hub, origin, folder, logs, child, one;
  before(async () => {
    logs = join(root, "build/test-output/conformance-instance");
    rmSync(logs, { recursive: true, force: true });
    mkdirSync(logs, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), "berth-conformance-"));
    origin = await startChatOrigin(folder);
    hub = await HubEnd.start(token);
    run();
  });
  after(async () => {
    await stopAll();
    await hub?.stop();
    await origin?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const row = (name, body) => it(name, { timeout: 60_000 }, body);

  function run(environment = {}) {
    child = start("instance", "sh", ["-c", `exec ${command}`], {
      logs,
      env: {
        ...process.env, HOME: folder, XDG_STATE_HOME: join(folder, "state"), ORCHESTRATOR_MODE: "client", ORCHESTRATOR_URL: hub.url, ORCHESTRATOR_TOKEN: token,
        ORCHESTRATOR_CLIENT_ID: "foreign-1", ORCHESTRATOR_HEARTBEAT_INTERVAL: String(heartbeatMs),
        ORCHESTRATOR_RECONNECT_INTERVAL: String(reconnectMs), BERTH_INSTANCE_URL: origin.url, ...environment,
      },
    });
  }

  row("connects with token and client_id in the query", async () => {
    one = await hub.connection();
    assert.equal(one.request.query.token, token);
    assert.equal(one.request.query.client_id, "foreign-1");
    assert.equal(one.request.headers["sec-websocket-version"], "13");
  });

  row("register is the first message, with token and metadata", async () => {
    const register = await one.first(() => true);
    assert.equal(register.type, "register");
    assert.equal(register.client_id, "foreign-1");
    assert.equal(register.user_token, token);
    assert.equal(typeof register.metadata, "object");
    for (const key of ["hostname", "platform", "project", "version"]) {
      assert.ok(["string", "undefined"].includes(typeof register.metadata[key]), key);
    }
    assert.ok(register.metadata.status === undefined || statuses.includes(register.metadata.status));
  });

  row("ping follows registered, again and again", async () => {
    assert.equal(one.of("ping").length, 0);
    await one.registered();
    const ping = await one.next("ping", 20 * heartbeatMs);
    assert.equal(ping.client_id, "foreign-1");
    await one.next("ping", 20 * heartbeatMs);
  });

  row("refresh_status is answered by status_update", async () => {
    const updated = one.next("status_update");
    await one.send({ type: "command", command: "refresh_status" });
    const { client_id, status } = await updated;
    assert.equal(client_id, "foreign-1");
    assert.ok(statuses.includes(status), status);
  });

  row("http_proxy_request is answered by the whole response", async () => {
    const answer = await one.ask({ path: "/", headers: [["accept", "text/html"]] });
    assert.equal(answer.type, "http_proxy_response");
    assert.equal(answer.status, 200);
    assert.ok(answer.headers.every((pair) => pair.length === 2 && pair.every((text) => typeof text === "string")));
    assert.equal(typeof answer.body, "string");
    assert.match(answer.body, /version 1|claude/i);
  });

  row("proxy_base has the page's URLs rewritten, and without it they are as they were", async () => {
    const plain = await one.ask({ path: "/", headers: [["accept", "text/html"]] });
    assert.ok(!plain.body.includes(base));
    const placed = await one.ask({ path: "/", headers: [["accept", "text/html"]], proxy_base: base });
    assert.ok(placed.body.includes(`"${base}/`), placed.body.slice(0, 2000));
  });

  row("many requests at once are each answered once, in any order", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => one.ask({ path: "/", query: `n=${i}` })));
    assert.ok(answers.every(({ status }) => status === 200));
    await one.settle();
    const ids = one.of("http_proxy_response").map(({ request_id }) => request_id);
    assert.equal(new Set(ids).size, ids.length);
  });

  row("a page that is not there is what the instance says", async () => {
    const answer = await one.ask({ path: "/not/there.png" });
    assert.equal(answer.type, "http_proxy_response");
    assert.equal(answer.status, 404);
  });

  row("method, query, headers and body arrive", async (context) => {
    const answer = await one.ask({ method: "POST", path: "/api/echo", query: "a=1&b=%20", headers: [["x-one", "1"], ["content-type", "text/plain"]], body: "h\u00e9llo" });
    if (answer.status === 404) return context.skip("only our own web servers have this page");
    const seen = JSON.parse(answer.body);
    assert.equal(seen.method, "POST");
    assert.equal(seen.query, "a=1&b=%20");
    assert.equal(seen.body, "h\u00e9llo");
    assert.ok(seen.headers.some(([name, value]) => name.toLowerCase() === "x-one" && value === "1"));
  });

  row("what is not text comes as base64, and says so", async (context) => {
    const answer = await one.ask({ path: "/picture.png" });
    if (answer.status === 404) return context.skip("only our own web servers have this picture");
    const encoding = answer.headers.find(([name]) => name.toLowerCase() === "x-orch-encoding");
    assert.equal(encoding?.[1], "base64");
    assert.equal(Buffer.from(answer.body, "base64").subarray(0, 4).toString("hex"), "89504e47");
  });

  row("user_request is answered in parts, with its id", async () => {
    const id = await one.chat("claude-command", { command: "a b", options: {}, once: true });
    assert.equal(typeof await one.heard(id), "object");
    await one.first((message) => message.type === "response_complete" && message.request_id === id);
  });

  row("follow-ups belong to their session, and several run side by side", async () => {
    const [first, second] = [await one.chat("check-session-status-of", { command: "one" }), await one.chat("open-session", { command: "two" })];
    await one.heard(first, (data) => JSON.stringify(data).includes("one"));
    await one.heard(second, (data) => JSON.stringify(data).includes("two"));
    await one.followUp(first, { type: "claude-command", command: "three" });
    await one.heard(first, (data) => JSON.stringify(data).includes("three"));
    for (const id of [first, second]) {
      await one.followUp(id, { type: "close" });
      await one.first((message) => message.type === "response_complete" && message.request_id === id);
    }
  });

  row("a follow-up on a session that is over is ignored", async () => {
    await one.followUp("never-heard-of", { type: "claude-command", command: "lost" });
    assert.equal((await one.settle()).type, "http_proxy_response");
    assert.ok(!JSON.stringify(one.all).includes('"lost"'));
  });

  row("unknown types are ignored", async () => {
    const errors = one.of("error").length;
    await one.send({ type: "of_the_future", a: 1 });
    assert.equal((await one.settle()).type, "http_proxy_response");
    assert.equal(one.of("error").length, errors);
  });

  row("malformed messages leave the connection up", async () => {
    for (const text of ["{", "", "[]", "null", "1", '"x"', "{}", '{"type":7}', '{"type":"http_proxy_request"}', '{"type":"user_request","request_id":1}', '{"type":"command"}', '{"type":"registered"}']) {
      await one.send(text);
    }
    assert.equal((await one.settle()).type, "http_proxy_response");
    assert.equal(hub.connections.length, 1);
  });

  row("an error of the hub leaves the connection up", async () => {
    await one.send({ type: "error", message: "something else failed" });
    assert.equal((await one.settle()).type, "http_proxy_response");
  });

  row("a lost connection comes back and registers again", async () => {
    one.end.drop();
    one = await hub.connection(30_000);
    assert.equal((await one.first("register")).client_id, "foreign-1");
    await one.registered();
    await one.next("ping", 20 * heartbeatMs);
  });

  row("no pong: the connection is given up and made again", async () => {
    one.answersPings = false;
    await one.whenClosed(30_000);
    one = await hub.instance(30_000);
  });

  row("disconnect: it leaves, and does not come back", async () => {
    const before_ = hub.asked.length;
    await one.send({ type: "command", command: "disconnect" });
    await one.whenClosed();
    // Long enough for every first attempt to come back.
    await new Promise((resolve) => setTimeout(resolve, 5 * reconnectMs));
    assert.equal(hub.asked.length, before_);
    await child.stop();
  });

  row("registered without success: it leaves, and does not come back at once", async () => {
    run();
    one = await hub.connection();
    await one.first("register");
    const before_ = hub.asked.length;
    await one.registered({ success: false, message: "not you" });
    await one.whenClosed();
    await new Promise((resolve) => setTimeout(resolve, 5 * reconnectMs));
    assert.equal(hub.asked.length, before_);
    await child.stop();
  });
});
