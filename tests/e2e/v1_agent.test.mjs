// The agent and hubs of version 1, beyond the protocol's rows (tests/conformance): what it takes to
// speak it, what does not fit, and that the token is written nowhere.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startChatOrigin } from "../conformance/lib/chat_origin.mjs";
import { start } from "../browser/lib/processes.mjs";
import { berth } from "../browser/lib/hub.mjs";
import { ask } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { HubEnd } from "./lib/v1_hub_end.mjs";
import { Messages } from "./lib/v1_messages.mjs";

const token = `ao_${randomBytes(8).toString("hex")}_${randomBytes(32).toString("hex")}`;
const http = ({ url }) => url.replace(/^ws/, "http").replace("/ws/connect", "");

describe("an agent and a hub of version 1", { concurrency: 1 }, () => {
  let scene, hub, origin, agent, one;
  before(async () => {
    scene = await Scene.start("v1_agent");
    origin = await startChatOrigin(scene.folder);
    origin.name = "old";
    hub = await HubEnd.start(token);
  }, { timeout: 60_000 });
  after(async () => {
    await scene?.stop();
    await hub?.stop();
    await origin?.stop();
  }, { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, body);

  function run(name, { args = [], env = {}, url = http(hub) } = {}) {
    return start(`agent-${name}`, berth, ["agent", "--hub", url, "--id", name, "--instance", origin.url, "--adapter", "generic", ...args], {
      env: { ...scene.hub.env, ORCHESTRATOR_TOKEN: token, ...env }, logs: scene.output,
    });
  }

  check("without being told it does not put the token into the URL, and says what to set", async () => {
    const asked = hub.asked.length;
    const careful = run("careful");
    await careful.line(/--protocol 1 or ORCHESTRATOR_PROTOCOL=1/);
    assert.ok(hub.asked.slice(asked).every(({ query }) => query.token === undefined));
    await careful.stop();
  });

  check("told so, it registers, and says once what version 1 cannot do", async () => {
    agent = run("old", { env: { ORCHESTRATOR_PROTOCOL: "1", ORCHESTRATOR_RECONNECT_INTERVAL: "50" } });
    const noted = agent.line(/the hub speaks version 1/);
    one = await hub.instance();
    await noted;
    assert.equal(one.of("register")[0].user_token, token);
    one.end.drop();
    one = await hub.instance();
    await one.settle();
    assert.equal(agent.lines.filter((line) => /the hub speaks version 1/.test(line)).length, 1);
  });

  check("an event stream and a response without end are answered with an error", async () => {
    origin.on("/events", (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
    });
    const stream = await one.ask({ path: "/events" });
    assert.equal(stream.status, 502);
    assert.match(stream.body, /carries no event streams/);
    origin.on("/endless", (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16)));
      };
      response.on("drain", more);
      more();
    });
    const endless = await one.ask({ path: "/endless" });
    assert.equal(endless.status, 502);
    assert.match(endless.body, /at most [0-9]+ bytes/);
  });

  check("a large page passes whole", async () => {
    const text = "\u00e4\"\\\n".repeat(600_000);
    origin.on("/large.js", (_, response) => response.writeHead(200, { "content-type": "text/javascript" }).end(text));
    assert.equal((await one.ask({ path: "/large.js" })).body, text);
    const bytes = randomBytes(3_000_000);
    origin.on("/large.bin", (_, response) => response.end(bytes));
    assert.deepEqual(Buffer.from((await one.ask({ path: "/large.bin" })).body, "base64"), bytes);
  });

  check("paths that lead elsewhere are refused", async () => {
    const seen = origin.seen.length;
    for (const path of ["//evil.example/", "http://evil.example/", "/a b", "", "@evil"]) {
      const answer = await one.ask({ path });
      assert.ok(answer.type === "error" || answer.status === 400, path);
    }
    assert.equal(origin.seen.length, seen);
  });

  check("a chat that cannot be opened is an error for its request", async () => {
    const bare = await scene.origin("bare");
    const other = start("agent-bare", berth, ["agent", "--hub", http(hub), "--protocol", "1", "--id", "bare", "--instance", bare.url, "--adapter", "generic"], {
      env: { ...scene.hub.env, ORCHESTRATOR_TOKEN: token }, logs: scene.output,
    });
    const two = await hub.instance();
    const id = await two.chat("claude-command", { command: "x" });
    const error = await two.first((message) => message.type === "error" && message.request_id === id);
    assert.match(error.message, /chat/);
    await other.stop();
  });

  check("status follows the chat", async () => {
    const active = one.next(({ type, status }) => type === "status_update" && status === "active");
    const id = await one.chat("open-session", { command: "hello" });
    await active;
    const idle = one.next(({ type, status }) => type === "status_update" && status === "idle");
    await one.followUp(id, { type: "close" });
    await idle;
  });

  check("with an allow-list, whoever the hub does not name is refused", async () => {
    const strict = run("strict", { args: ["--protocol", "1"], env: { ORCHESTRATOR_GITHUB_USERS: "octocat" } });
    const two = await hub.instance();
    assert.equal((await two.ask({ path: "/" })).status, 403);
    assert.equal((await two.ask({ path: "/", headers: [["x-orchestrator-username", "mallory"], ["x-orchestrator-user-id", "2"]] })).status, 403);
    assert.equal((await two.ask({ path: "/", headers: [["x-orchestrator-username", "octocat"], ["x-orchestrator-user-id", "1"]] })).status, 200);
    const id = await two.chat("claude-command", { command: "x" });
    const refused = await two.first((message) => message.type === "error" && message.request_id === id);
    assert.match(refused.message, /list.*does not say who chats/);
    await strict.stop();
  });

  check("an agent that is stopped answers what runs, takes nothing new, and then leaves", async () => {
    let answer;
    const held = new Promise((resolve) => {
      origin.on("/held", (_, response) => {
        answer = () => response.end("finished");
        resolve();
      });
    });
    const stopping = run("stopping", { args: ["--protocol", "1"] });
    const two = await hub.instance();
    const answered = two.ask({ path: "/held" });
    await held;
    stopping.signal("SIGTERM");
    await stopping.line(/stopping: what runs may finish/);
    const refused = await two.ask({ path: "/late" });
    assert.equal(refused.status, 503);
    assert.ok(!origin.seen.some(({ url }) => url === "/late"));
    answer();
    assert.equal((await answered).body, "finished");
    assert.equal((await two.whenClosed()).code, 1001);
    assert.equal(await stopping.exited, 0);
  });

  check("an agent that is stopped leaves at the deadline whatever runs", async () => {
    const config = join(scene.folder, "hurried.toml");
    writeFileSync(config, "[limits]\ndrain_grace = 300\n");
    const stopping = run("hurried", { args: ["--protocol", "1", "--config", config] });
    const two = await hub.instance();
    const begun = new Promise((resolve) => origin.on("/never", resolve));
    void two.ask({ path: "/never" }).catch(() => {});
    await begun;
    stopping.signal("SIGTERM");
    await stopping.line(/the grace is over/);
    assert.equal(await stopping.exited, 0);
    await two.whenClosed();
  });

  check("the token is in no log", () => {
    for (const name of ["careful", "old", "bare", "strict", "stopping", "hurried"]) {
      assert.ok(!readFileSync(join(scene.output, `agent-${name}.log`), "utf8").includes(token.split("_")[2]), name);
    }
  });

  check("in clear it goes to this machine only", async () => {
    const outside = run("outside", { args: ["--protocol", "1"], url: "http://hub.example" });
    await outside.line(/must begin with https/);
  });

  check("forward_to_client reaches an instance behind a tunnel, on its own chat socket", async () => {
    const instance = await scene.origin("tunnelled");
    instance.onUpgrade("/ws", (request, socket, head) => origin.chat(request, socket, head));
    instance.agent = await scene.startAgent(instance);
    await instance.agent.ready();
    const cookie = await scene.signIn();
    const { end } = await scene.openDashboard(cookie);
    const page = new Messages(end);
    await page.send({ type: "forward_to_client", client_id: "tunnelled", request_id: "r", action: "claude-command", payload: { command: "one two" } });
    const last = await page.first(({ type, complete }) => type === "forwarded_response" && complete);
    assert.equal(last.request_id, "r");
    assert.deepEqual(page.of("forwarded_response").slice(0, -1).map(({ data }) => data.data ?? data.type), ["one", "two", "claude-complete"]);
    const failed = page.next("error");
    await page.send({ type: "forward_to_client", client_id: "nobody", request_id: "s", action: "claude-command", payload: {} });
    assert.equal((await failed).request_id, "s");
    end.drop();
    assert.equal((await ask(scene.pathWay("tunnelled", cookie).options("/"))).status, 200);
  });
});
