// Hostile control messages: from an agent and from a browser to the hub, and from a hub to an agent.
// Each is refused, the connection ends or stays as the protocol says, and others see nothing of it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { HostileHub } from "./lib/hostile_hub.mjs";
import { ask, patience, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

const nested = (depth) => "[".repeat(depth) + "]".repeat(depth);

/** Texts that are no control message, whoever sends them; what follows is about `id`. */
function broken(id) {
  return {
    "no JSON": "hello",
    nothing: "",
    "a truncated object": "{\"type\":\"ping\"",
    "two objects": "{\"type\":\"ping\"}{\"type\":\"ping\"}",
    "bytes after the object": `{"type":"ping"} x`,
    "an array": "[{\"type\":\"ping\"}]",
    "a string": "\"ping\"",
    null: "null",
    "no type": "{}",
    "a type that is a number": "{\"type\":7}",
    "a type that is an object": "{\"type\":{\"type\":\"ping\"}}",
    "a type that is null": "{\"type\":null}",
    "the type twice": "{\"type\":\"ping\",\"type\":\"get_clients\"}",
    "the type twice, once escaped": "{\"type\":\"ping\",\"t\\u0079pe\":\"get_clients\"}",
    "a key twice": `{"type":"ping","client_id":"${id}","client_id":"box"}`,
    "a key twice, deep": "{\"type\":\"ping\",\"x\":{\"y\":[{\"z\":1,\"z\":2}]}}",
    "depth 17": `{"type":"ping","x":${nested(16)}}`,
    "depth 30,000": `{"type":"ping","x":${nested(30_000)}}`,
    "a comment": "{\"type\":\"ping\"/* x */}",
    "a trailing comma": "{\"type\":\"ping\",}",
    NaN: "{\"type\":\"ping\",\"x\":NaN}",
    "a control byte in a string": "{\"type\":\"ping\",\"x\":\"a\u0001\"}",
    "a half surrogate": "{\"type\":\"ping\",\"x\":\"\\ud800\"}",
  };
}

/** One masked text frame. */
function textFrame(text) {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(text.length));
  const length = text.length < 126 ? [0x80 | text.length] : [0xff, ...size];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** What is allowed once, and no honest peer sends as often; with the code that it is closed with. */
const floods = Object.fromEntries(Object.entries({
  "6,000 pings": [[], [0x89, 0x80, 0, 0, 0, 0]],
  "6,000 pongs": [[], [0x8a, 0x80, 0, 0, 0, 0]],
  "6,000 empty continuations": [[0x01, 0x80, 0, 0, 0, 0], [0x00, 0x80, 0, 0, 0, 0]],
  "6,000 messages": [[], textFrame("{\"type\":\"unknown\"}")],
}).map(([name, [first, frame]]) => {
  const bytes = Buffer.concat([Buffer.from(first), ...Array(6_000).fill(Buffer.from(frame))]);
  return [name, [(peer) => peer.end.socket.write(bytes), 1008]];
}));

/** A valid message that is costly to read. */
const wideStatus = JSON.stringify({ type: "status_update", client_id: "mallory", status: "idle", x: Array(100_000).fill(0) });

/** What of an instance does not change while it is in use. */
function lasting({ last_seen, latency_ms, metadata: { status, state, state_since, last_activity, traffic, ...metadata }, ...client }) {
  return { ...client, metadata };
}

/** One end of a control socket. */
class Peer {
  static async open(scene, path, headers, extra) {
    const one = new Peer();
    const { end } = await openWebSocket({ host: "127.0.0.1", port: scene.port, path, headers: { host: scene.host, ...headers } }, extra);
    one.end = end;
    return one;
  }

  /** The next text message as an object, or {closed: code}; pings are answered on the way. */
  async next(ms = patience) {
    for (;;) {
      const event = await this.end.next(ms);
      if (event.kind === "ping") await this.end.send("pong", event.data);
      if (event.kind === "text") return JSON.parse(event.data);
      if (event.kind === "close") return { closed: event.code };
      if (event.kind === "gone") return { closed: undefined };
    }
  }

  say(message) {
    return this.end.send("text", typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** What came before the answer to a ping of ours, which shows that the connection lives. */
  async settle(ping = { type: "ping" }) {
    await this.say(ping);
    const came = [];
    for (;;) {
      const message = await this.next();
      assert.equal(message.closed, undefined, "the connection was closed");
      if (message.type === "pong") return came;
      came.push(message);
    }
  }

  drop() {
    this.end.drop();
  }
}

describe("control messages to a hub", { timeout: 120_000 }, () => {
  let scene;
  let origin;
  let cookie;
  let way;
  let token;

  before(async () => {
    scene = await Scene.start("control");
    origin = await scene.instance("box");
    cookie = await scene.signIn();
    way = await scene.subdomainWay("box", cookie);
    token = (await scene.berth("token", "create", "--name", "mallory", "--instance", "mallory")).trim();
  });
  after(() => scene?.stop());

  const openAgent = (bearer = token) => Peer.open(scene, "/ws/connect", { authorization: `Bearer ${bearer}` }, { "sec-websocket-protocol": "berth.h2" });
  const openBrowser = () => Peer.open(scene, "/ws/connect?type=browser", { origin: scene.url, cookie });

  async function register(id = "mallory") {
    const peer = await openAgent();
    await peer.say({ type: "register", client_id: id, metadata: { hostname: "evil" } });
    assert.equal((await peer.next()).success, true);
    return peer;
  }

  async function rows() {
    return JSON.parse((await scene.api("GET", "/clients", { cookie })).body).clients;
  }

  /** Another's instance is as it was: listed, in its state, and served. */
  async function expectUntouched() {
    const box = (await rows()).find(({ id }) => id === "box");
    assert.notEqual(box.metadata.hostname, "evil");
    assert.notEqual(box.metadata.status, "busy");
    assert.notEqual(box.metadata.status, "disconnected");
    assert.equal((await ask(way.options("/ok"))).status, 200);
  }

  it("check 19: a socket without a good token is not opened, whatever it says it is", async () => {
    const bad = {
      "no token": {}, "no Bearer": { authorization: token }, "an unknown one": { authorization: `Bearer ao_${"0".repeat(16)}_${"0".repeat(64)}` },
      "half of one": { authorization: `Bearer ${token.slice(0, -1)}` }, "more than one": { authorization: `Bearer ${token}0` },
      "in upper case": { authorization: `Bearer ${token.toUpperCase()}` }, "a browser's session": { cookie },
    };
    for (const [name, headers] of Object.entries(bad)) {
      await assert.rejects(Peer.open(scene, "/ws/connect", headers, { "sec-websocket-protocol": "berth.h2" }), ({ status }) => [401, 429].includes(status), name);
    }
    for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: `Bearer ${token}`, origin: scene.url }]) {
      await assert.rejects(Peer.open(scene, "/ws/connect?type=browser", headers), ({ status }) => status === 401 || status === 403);
    }
  });

  it("check 19: what is no registration ends an agent's socket before it has begun", async () => {
    const registration = (client_id, more = {}) => JSON.stringify({ type: "register", client_id, metadata: {}, ...more });
    const texts = {
      ...broken("mallory"),
      "an unknown type": "{\"type\":\"hello\"}",
      "a status before": "{\"type\":\"status_update\",\"client_id\":\"mallory\",\"status\":\"busy\"}",
      "a ping before": "{\"type\":\"ping\"}",
      "a hub's message": "{\"type\":\"registered\",\"success\":true}",
      "a browser's message": "{\"type\":\"get_clients\"}",
      "no id": "{\"type\":\"register\",\"metadata\":{}}",
      "no metadata": "{\"type\":\"register\",\"client_id\":\"mallory\"}",
      "an id that is a number": "{\"type\":\"register\",\"client_id\":7,\"metadata\":{}}",
      "metadata that is an array": registration("mallory", { metadata: [] }),
      "a host name that is an object": registration("mallory", { metadata: { hostname: {} } }),
      "a host name of 10,000 bytes": registration("mallory", { metadata: { hostname: "x".repeat(10_000) } }),
      "1,000 labels": registration("mallory", { metadata: { labels: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`l${i}`, "x"])) } }),
      "a status that is none": registration("mallory", { metadata: { status: "root" } }),
      ...Object.fromEntries(["", "..", "../box", "box/../box", "a b", "\n", "box\u0000", "x".repeat(300), "<b>"].map((id) => [`the id ${JSON.stringify(id.slice(0, 20))}`, registration(id)])),
    };
    for (const [name, text] of Object.entries(texts)) {
      const peer = await openAgent();
      await peer.say(text);
      const answer = await peer.next();
      assert.ok(answer.type === "error" && typeof answer.message === "string" && answer.message.length < 1000, `${name}: ${JSON.stringify(answer)}`);
      let last = answer;
      while (last.closed === undefined) last = await peer.next();
      assert.equal(last.closed, 1008, name);
      peer.drop();
    }
    // Well formed, and not allowed: another's id, one that is no host name.
    for (const id of ["box", "BOX", "mallory2", "a.b", "-x"]) {
      const peer = await openAgent();
      await peer.say(registration(id));
      const answer = await peer.next();
      assert.deepEqual([answer.type, answer.success], ["registered", false], id);
      assert.equal((await peer.next()).closed, 1008, id);
      peer.drop();
    }
    assert.deepEqual((await rows()).map(({ id }) => id), ["box"]);
    await expectUntouched();
  });

  it("check 19: hostile messages of a registered agent are refused one by one, and its connection stays", async () => {
    const box = await openBrowser();
    await box.say({ type: "get_clients" });
    const listed = (await box.next()).clients.find(({ id }) => id === "box");
    const peer = await register();
    const ping = { type: "ping", client_id: "mallory" };
    const refused = {
      ...broken("mallory"),
      "another's status": { type: "status_update", client_id: "box", status: "busy" },
      "another's ping": { type: "ping", client_id: "box" },
      "another's registration": { type: "register", client_id: "box", metadata: { hostname: "evil" } },
      "a second registration": { type: "register", client_id: "mallory", metadata: { hostname: "twice" } },
      "a status that is none": { type: "status_update", client_id: "mallory", status: "root" },
      "a status that is the hub's": { type: "status_update", client_id: "mallory", status: 1 },
      "a status without an id": { type: "status_update", status: "busy" },
      "65 sessions": { type: "status_update", client_id: "mallory", status: "idle", sessions: Array.from({ length: 65 }, (_, i) => ({ id: String(i) })) },
      "a session without an id": { type: "status_update", client_id: "mallory", status: "idle", sessions: [{}] },
      "a title that is too long": { type: "status_update", client_id: "mallory", status: "idle", sessions: [{ id: "1", title: "x".repeat(3000) }] },
      "an answer that nobody asked for, broken": { type: "http_proxy_response", request_id: 7 },
      "a hub's registered": { type: "registered", success: true },
      "a hub's command": { type: "command", command: "disconnect" },
      "a hub's request": { type: "http_proxy_request", request_id: "1", method: "GET", path: "/", headers: [] },
      "a hub's fence": { type: "fenced", message: "x" },
      "a browser's get_clients": { type: "get_clients" },
      "a browser's connect_client": { type: "connect_client", client_id: "box" },
      "a browser's forward_to_client": { type: "forward_to_client", client_id: "box", request_id: "1", action: "claude-command", payload: {} },
      "a hub's client_list": { type: "client_list", clients: [] },
      "a hub's client_update": { type: "client_disconnected", client_id: "box" },
    };
    for (const [name, text] of Object.entries(refused)) {
      await peer.say(text);
      const came = await peer.settle(ping);
      assert.equal(came.length, 1, `${name}: ${JSON.stringify(came)}`);
      assert.equal(came[0].type, "error", name);
    }
    const ignored = {
      "an unknown type": { type: "root", client_id: "box" },
      "an unknown type with everything": { type: "x".repeat(1000), x: Array.from({ length: 1000 }, (_, i) => ({ i })) },
      "unknown fields": { type: "ping", client_id: "mallory", __proto__: null, constructor: {}, x: [1e308, -0, 1e-999] },
      "an answer that nobody asked for": { type: "http_proxy_response", request_id: "1", status: 200, headers: [], body: "" },
      "depth 16": `{"type":"hello","x":${nested(15)}}`,
      "1 MiB": JSON.stringify({ type: "hello", x: "x".repeat((1 << 20) - 26) }),
    };
    for (const [name, text] of Object.entries(ignored)) {
      await peer.say(text);
      const came = (await peer.settle(ping)).filter(({ type }) => type !== "pong");
      assert.deepEqual(came, [], name);
    }
    await expectUntouched();
    assert.deepEqual(lasting((await rows()).find(({ id }) => id === "box")), lasting(listed));
    // Of all that, a browser saw nothing of the other instance, but what that is doing itself.
    for (const message of await box.settle()) {
      const { type, client, client_id } = message;
      if ((client?.id ?? client_id) === "mallory") continue;
      assert.equal(type, "client_update", JSON.stringify(message));
      assert.deepEqual(lasting(client), lasting(listed));
      assert.ok(["idle", "active"].includes(client.metadata.status), client.metadata.status);
    }
    box.drop();
    const counted = scene.hub.child.line(/instance mallory: \d+ messages of unknown types were ignored/);
    peer.drop();
    await counted;
  });

  it("check 19: nor does a second user get hold of another's id, with a token for any", async () => {
    const theirs = (await scene.berth("token", "create", "--name", "eve", "--user", "eve")).trim();
    const eve = await scene.signIn("eve");
    const box = await openBrowser();
    await box.say({ type: "get_clients" });
    await box.next();
    // The id that is taken is refused, and its agent is not fenced.
    const thief = await openAgent(theirs);
    await thief.say({ type: "register", client_id: "box", metadata: { hostname: "evil" } });
    const refusal = await thief.next();
    assert.deepEqual([refusal.type, refusal.success], ["registered", false]);
    assert.match(refusal.message, /another user/);
    assert.ok("closed" in await thief.next());
    // With an id of their own they speak for no other.
    const peer = await openAgent(theirs);
    await peer.say({ type: "register", client_id: "eves", metadata: { hostname: "eve" } });
    assert.equal((await peer.next()).success, true);
    for (const message of [
      { type: "status_update", client_id: "box", status: "busy" }, { type: "ping", client_id: "box" },
      { type: "register", client_id: "box", metadata: { hostname: "evil" } },
    ]) {
      await peer.say(message);
      const came = await peer.settle({ type: "ping", client_id: "eves" });
      assert.deepEqual(came.map(({ type }) => type), ["error"], JSON.stringify(message));
    }
    await expectUntouched();
    for (const message of await box.settle()) assert.notEqual(message.client?.metadata?.hostname, "evil");
    // Over the dashboard's socket and the API it is not there for them either.
    const browser = await Peer.open(scene, "/ws/connect?type=browser", { origin: scene.url, cookie: eve });
    await browser.say({ type: "get_clients" });
    assert.deepEqual((await browser.next()).clients.map(({ id }) => id), ["eves"]);
    await browser.say({ type: "connect_client", client_id: "box" });
    const refused = (await browser.settle()).filter(({ type }) => type === "connect_response");
    assert.deepEqual(refused.map(({ success }) => success), [false]);
    for (const [method, path] of [["GET", "/clients/box"], ["POST", "/clients/box/disconnect"], ["DELETE", "/api/clients/box"], ["POST", "/api/clients/box/open"]]) {
      assert.equal((await scene.api(method, path, { cookie: eve })).status, 404, path);
    }
    await expectUntouched();
    for (const one of [box, peer, browser]) one.drop();
  });

  it("check 19: frames that break the WebSocket's or the tunnel's rules end that socket alone", async () => {
    const frames = {
      "a message of 1 MiB and a byte": [(peer) => peer.say("x".repeat((1 << 20) + 1)), 1009],
      "a message of 2 MiB in frames": [(peer) => peer.end.send("text", "x".repeat(2 << 20), 65_536), 1009],
      "text that is not UTF-8": [(peer) => peer.say(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 1007],
      "an overlong NUL": [(peer) => peer.say(Buffer.from([0x22, 0xc0, 0x80, 0x22])), 1007],
      "a binary frame before any stream": [(peer) => peer.end.send("binary", "hello"), 1003],
      "an unmasked frame": [(peer) => peer.end.socket.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d])), 1002],
      "a reserved opcode": [(peer) => peer.end.socket.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0])), 1002],
      "a reserved bit": [(peer) => peer.end.socket.write(Buffer.from([0xc1, 0x80, 0, 0, 0, 0])), 1002],
      "a ping of 126 bytes": [(peer) => peer.end.send("ping", "x".repeat(126)), 1002],
      "a continuation of nothing": [(peer) => peer.end.socket.write(Buffer.from([0x80, 0x80, 0, 0, 0, 0])), 1002],
      "a length of 2^63": [(peer) => peer.end.socket.write(Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])), 1002],
      ...floods,
      "40 MB of status": [(peer) => peer.end.socket.write(Buffer.concat(Array(200).fill(textFrame(wideStatus)))), 1008],
    };
    for (const [name, [play, code]] of Object.entries(frames)) {
      const peer = await register();
      await play(peer);
      let answer = {};
      while (!("closed" in answer)) answer = await peer.next();
      assert.equal(answer.closed, code, name);
      peer.drop();
    }
    await expectUntouched();
  });

  it("check 19: an agent's HTTP/2 that is none ends its own tunnel alone", async () => {
    const peer = await register();
    const { path } = { path: scene.pathWay("mallory", cookie) };
    const answer = ask(path.options("/x", { headers: { accept: "application/json" } }));
    // The hub's first frames show that its session has begun.
    for (;;) {
      const event = await peer.end.next();
      if (event.kind === "binary") break;
    }
    await peer.end.send("binary", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".repeat(20));
    assert.ok([502, 503].includes((await answer).status));
    let last = {};
    while (!("closed" in last)) last = await peer.next();
    peer.drop();
    await expectUntouched();
  });

  it("check 19: the dashboard's socket takes a browser's messages only, and no binary", async () => {
    const peer = await openBrowser();
    const refused = {
      ...broken("box"),
      "a registration": { type: "register", client_id: "box", metadata: { hostname: "evil" } },
      "a status": { type: "status_update", client_id: "box", status: "busy" },
      "an answer": { type: "http_proxy_response", request_id: "1", status: 200, headers: [], body: "x" },
      "a response": { type: "response_complete", request_id: "1" },
      "a command": { type: "command", command: "disconnect" },
      "a registered": { type: "registered", success: true },
      "a hub's update": { type: "client_disconnected", client_id: "box" },
      "an id that is a number": { type: "connect_client", client_id: 7 },
      "an id that is missing": { type: "connect_client" },
      "forwarding that is broken": { type: "forward_to_client", client_id: "box" },
    };
    for (const [name, text] of Object.entries(refused)) {
      await peer.say(text);
      const came = await peer.settle();
      assert.equal(came.length, 1, `${name}: ${JSON.stringify(came)}`);
      assert.equal(came[0].type, "error", name);
    }
    for (const id of ["nobody", "../box", "BOX", "<script>", ""]) {
      await peer.say({ type: "connect_client", client_id: id });
      const [answer] = await peer.settle();
      assert.notEqual(answer.success, true, id);
      assert.equal(answer.url ?? "", "", id);
    }
    await peer.say({ type: "get_clients" });
    assert.ok((await peer.settle())[0].clients.some(({ id }) => id === "box"));
    const endings = [
      ["binary", (one) => one.end.send("binary", "x"), 1003], ["more than 1 MiB", (one) => one.say("x".repeat(1_100_000)), 1009],
      ["no UTF-8", (one) => one.say(Buffer.from([0xff])), 1007],
      ...Object.entries(floods).map(([name, [play, code]]) => [name, play, code]),
    ];
    for (const [name, play, code] of endings) {
      const one = await openBrowser();
      await play(one);
      let answer = {};
      while (!("closed" in answer)) answer = await one.next();
      assert.equal(answer.closed, code, name);
      one.drop();
    }
    assert.deepEqual((await peer.settle()).filter(({ type }) => type !== "client_update"), []);
    peer.drop();
    await expectUntouched();
  });

  it("check 19: thousands of refused messages at once cost others nothing", async () => {
    const peer = await register();
    const accepted = nextWebSocket(origin, "/ws");
    const { end: browser } = await openWebSocket(way.options("/ws"));
    const { end: instance } = await accepted;
    for (let i = 0; i < 2_000; ++i) void peer.say("{\"type\":\"status_update\",\"client_id\":\"box\",\"status\":\"busy\"}");
    for (let i = 0; i < 20; ++i) {
      await browser.send("text", `beside ${i}`);
      const { data } = await within(5_000, "a message beside it", instance.next());
      assert.equal(data.toString(), `beside ${i}`);
    }
    browser.drop();
    assert.equal((await instance.next()).kind, "gone");
    instance.drop();
    peer.drop();
    await expectUntouched();
  });
});

describe("control messages to an agent", { timeout: 60_000 }, () => {
  let scene;
  let hub;
  let origin;

  before(async () => {
    scene = await Scene.start("control-agent");
    origin = await scene.origin("box");
    hub = await HostileHub.start();
    origin.agent = await scene.startAgent(origin, { hub: hub.url });
    await within(patience, "the agent at the hostile hub", hub.registered);
  });
  after(async () => {
    await scene?.stop();
    await hub?.stop();
  });

  it("check 19: hostile messages of a hub are refused, each with a line in the log, and the agent stays and serves", async () => {
    const refused = [
      ...Object.values(broken("box")),
      ...[
        { type: "register", client_id: "box", metadata: {} }, { type: "status_update", client_id: "box", status: "busy" }, { type: "ping", client_id: "box" },
        { type: "get_clients" }, { type: "client_list", clients: [] }, { type: "connect_client", client_id: "box" },
        { type: "command", command: "rm -rf" }, { type: "command", command: ["disconnect"] }, { type: "command" }, { type: "registered" },
        { type: "http_proxy_request", request_id: "1", method: "GET", path: "http://evil.test/", headers: [["a"]] }, { type: "user_request", request_id: {}, action: 1 },
        { type: "error", message: "x".repeat(100_000) },
      ].map((message) => JSON.stringify(message)),
    ];
    const taken = [{ type: "unknown" }, { type: "error", message: "\u001b[31mred\n\u0000" }].map((message) => JSON.stringify(message));
    const before = origin.seen.length;
    const refusals = () => origin.agent.lines.filter((line) => line.includes("message of the hub: ")).length;
    for (const [count, text] of [...refused, ...taken].entries()) {
      await hub.end.send("text", text);
      const answer = await hub.request({ ":path": "/still-there" });
      assert.equal(typeof answer.status, "number", text.slice(0, 80));
      if (count < refused.length) await until(`the refusal of ${text.slice(0, 80)}`, () => refusals() === count + 1);
    }
    await origin.agent.line(/the hub says: \\x1b\[31mred\\x0a\\x00$/);
    assert.equal(origin.agent.lines.filter((line) => line.includes("the hub says: ")).length, 1);
    assert.equal(refusals(), refused.length);
    assert.ok(origin.seen.slice(before).every(({ url }) => url === "/still-there"));
    assert.equal(origin.agent.process.exitCode, null);
    assert.ok(!origin.agent.lines.some((line) => line.includes("\u001b[31mred")));
  });
});
