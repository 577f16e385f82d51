// Peers that break the rules of HTTP/2, or keep them and mean harm, against a hub with TLS; others
// must not notice.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { patience, within } from "./lib/http.mjs";
import { errorCode, flag, frame, frameType, headerBlock, Http2Browser, RawHttp2, requestFields, resetWith } from "./lib/http2.mjs";
import { MemoryWatch } from "./lib/memory.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, untilGone, WebSocketEnd } from "./lib/websocket.mjs";

const calmMs = 2_000;   // A flood is answered with GOAWAY by then.
const endMs = 2_000;    // What is no longer allowed has ended by then.
const othersMs = 2_000; // What others ask meanwhile is answered by then, on a busy machine.

const head = (stream, fields, flags = flag.endHeaders | flag.endStream) => frame(frameType.headers, flags, stream, headerBlock(fields));

describe("a hub with HTTP/2", { timeout: 120_000 }, () => {
  let scene;
  let origin;
  let way;

  before(async () => {
    scene = await Scene.start("http2", { tls: true });
    origin = await scene.instance("box");
    way = await scene.subdomainWay("box", await scene.signIn());
    origin.on("/hang", () => {});
    origin.on("/stream", (request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      origin.stream = response;
      response.write("data: first\n\n");
    });
  });
  after(() => scene?.stop());

  it("check 4: a WebSocket of which a browser takes nothing ends with its session all the same", async () => {
    const cookie = await scene.signIn();
    const own = await scene.subdomainWay("box", cookie);
    const browser = await Http2Browser.to(own, { initialWindowSize: 0 });
    await until("the hub's settings", () => browser.session.remoteSettings.enableConnectProtocol);
    const accepted = nextWebSocket(origin, "/ws");
    const stream = browser.open(own, "/ws", { method: "CONNECT", headers: { ":protocol": "websocket", ":scheme": "https", "sec-websocket-version": "13" } });
    stream.on("error", () => {});
    stream.setNoDelay = () => {};
    const { end: instance } = await accepted;
    await within(patience, "the upgrade", once(stream, "response"));
    await instance.send("text", "what nobody takes");
    await new WebSocketEnd(stream, true).send("text", "typed");
    assert.equal((await instance.next()).data.toString(), "typed");
    assert.equal((await scene.api("DELETE", "/api/session", { cookie })).status, 204);
    await within(endMs, "the end of the instance's WebSocket", untilGone(instance));
    browser.close();
  });

  /** Runs `play` beside a browser that reads an event stream and asks for small things all the while. */
  async function beside(play) {
    const other = await Http2Browser.to(way);
    const events = other.open(way, "/stream", { isOver: true });
    assert.match((await within(othersMs, "an event", once(events, "data")))[0].toString(), /first/);
    let isOver = false;
    let count = 0;
    const asking = (async () => {
      while (!isOver || count < 5) {
        const { status } = await within(othersMs, "the answer to another user", other.ask(way, `/other/${count++}`));
        assert.equal(status, 200);
      }
    })();
    asking.catch(() => {});
    try {
      await play();
    } finally {
      isOver = true;
      await asking;
    }
    origin.stream.write("data: last\n\n");
    assert.match((await within(othersMs, "the last event", once(events, "data")))[0].toString(), /last/);
    other.close();
  }

  const get = (path) => requestFields(way, path);
  const post = (path, more = []) => requestFields(way, path, "POST", more);

  /** A field that enters the hub's table, and heads that refer to it 10,000 times. */
  const large = ["x-large", "y".repeat(4_000), 0x40];
  const grown = (stream, fields) => frame(frameType.headers, flag.endHeaders | flag.endStream, stream, Buffer.concat([headerBlock(fields), Buffer.alloc(10_000, 0xbe)]));

  /** What each flood begins with, and its part number `i`; `codes` are what GOAWAY may say. */
  const floods = {
    "rapid reset": { part: (i) => Buffer.concat([head(2 * i + 1, get("/hang")), frame(frameType.reset, 0, 2 * i + 1, resetWith(errorCode.cancel))]) },
    "resets that the hub is made to send, by a body that is not there": { part: (i) => head(2 * i + 1, post("/broken", [["content-length", "5"]])) },
    "resets that the hub is made to send, by a field of HTTP/1.1": { part: (i) => head(2 * i + 1, [...get("/broken"), ["connection", "close"]]) },
    "resets that the hub is made to send, by a window that overflows": {
      part: (i) => Buffer.concat([head(2 * i + 1, get("/hang")), frame(frameType.windowUpdate, 0, 2 * i + 1, resetWith(0x7fffffff))]),
    },
    SETTINGS: { part: () => frame(frameType.settings, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0])) },
    "empty SETTINGS": { part: () => frame(frameType.settings, 0, 0) },
    PING: { part: () => frame(frameType.ping, 0, 0, Buffer.from("12345678")) },
    "answers to no PING": { part: () => frame(frameType.ping, flag.ack, 0, Buffer.from("12345678")) },
    "empty DATA": { first: () => head(1, post("/hang"), flag.endHeaders), part: () => frame(frameType.data, 0, 1) },
    "DATA of no padding": { first: () => head(1, post("/hang"), flag.endHeaders), part: () => frame(frameType.data, flag.padded, 1, Buffer.from([0])) },
    "DATA of padding": { first: () => head(1, post("/hang"), flag.endHeaders), part: () => frame(frameType.data, flag.padded, 1, Buffer.from([3, 0, 0, 0])) },
    PRIORITY: { part: () => frame(frameType.priority, 0, 1, Buffer.from([0, 0, 0, 0, 16])) },
    "frames of an unknown type": { part: () => frame(0xbe, 0, 0, Buffer.from("x")) },
    CONTINUATION: { first: () => head(1, get("/never"), flag.endStream), part: (i) => frame(frameType.continuation, 0, 1, headerBlock([[`x-${i}`, "y"]])) },
    "empty CONTINUATION": { first: () => head(1, get("/never"), flag.endStream), part: () => frame(frameType.continuation, 0, 1) },
    "large CONTINUATION": {
      first: () => head(1, get("/never"), flag.endStream), part: (i) => frame(frameType.continuation, 0, 1, headerBlock([[`x-${i}`, "y".repeat(16_000)]])),
      codes: [errorCode.enhanceYourCalm, errorCode.protocolError],
    },
    "heads that are small until they are decoded": { first: () => head(1, [...get("/first"), large]), part: (i) => grown(2 * i + 3, get("/never")) },
  };

  for (const [name, { first, part, codes = [errorCode.enhanceYourCalm] }] of Object.entries(floods)) {
    it(`check 18: a flood of ${name} ends in GOAWAY within 2 s, and others are unaffected`, async () => {
      const before = origin.seen.filter(({ url }) => url === "/hang" || url === "/broken").length;
      await beside(async () => {
        const connection = await RawHttp2.to(way);
        const started = performance.now();
        if (first !== undefined) connection.write(first());
        const isCalled = () => connection.isOver || connection.frames.some(({ type }) => type === frameType.goaway);
        for (let i = 0; !isCalled() && i < 100_000; i += 50) {
          connection.write(Buffer.concat(Array.from({ length: 50 }, (_, k) => part(i + k))));
          await connection.flushed();
          if (performance.now() - started > 2 * calmMs) break;
        }
        const code = await connection.goaway(calmMs);
        assert.ok(codes.includes(code), `GOAWAY says ${code}`);
        assert.ok(performance.now() - started < calmMs);
        await within(calmMs, "the end of the connection", connection.ended);
        connection.close();
      });
      const seen = origin.seen.filter(({ url }) => url === "/hang" || url === "/broken").length - before;
      assert.ok(seen <= 400, `${seen} requests reached the instance`);
      assert.ok(!origin.seen.some(({ url }) => url === "/never"));
    });
  }

  it("check 18: a peer that asks and never reads holds little", async () => {
    const large = Buffer.alloc(1 << 20, "x");
    origin.on("/large", (request, response) => response.end(large));
    const watch = new MemoryWatch(scene.hub.child.process.pid);
    await beside(async () => {
      const connection = await RawHttp2.to(way);
      // A window that would let everything come, on a socket that nobody reads.
      const settings = Buffer.alloc(6);
      settings.writeUInt16BE(4);
      settings.writeUInt32BE(0x7fffffff, 2);
      connection.socket.pause();
      connection.write(Buffer.concat([
        frame(frameType.settings, 0, 0, settings), frame(frameType.windowUpdate, 0, 0, resetWith(0x7fff0000 - 65535)),
        ...Array.from({ length: 64 }, (_, i) => head(2 * i + 1, get("/large"))),
      ]));
      await connection.flushed();
      const other = await Http2Browser.to(way);
      for (let i = 0; i < 10; ++i) assert.equal((await within(othersMs, "an answer beside it", other.ask(way, "/beside"))).status, 200);
      other.close();
      // Else those that are late would reach it during what comes next.
      await until("all 64 at the instance", () => origin.seen.filter(({ url }) => url === "/large").length >= 64);
      connection.close();
    });
    // 64 streams of 256 KiB each are what the limits allow, and the TLS of three connections.
    assert.ok(watch.growth < 32 << 20, `grew by ${watch.growth} bytes`);
  });

  const webSocket = (fields) => [[":method", "CONNECT"], [":protocol", "websocket"], ...fields.slice(1)];
  const malformed = {
    "no path": (fields) => fields.filter(([name]) => name !== ":path"),
    "no scheme": (fields) => fields.filter(([name]) => name !== ":scheme"),
    "no method": (fields) => fields.filter(([name]) => name !== ":method"),
    "two paths": (fields) => [[":path", "/other"], ...fields],
    "a pseudo field after others": (fields) => [...fields, [":path", "/other"]],
    "an unknown pseudo field": (fields) => [[":evil", "x"], ...fields],
    "a response's pseudo field": (fields) => [[":status", "200"], ...fields],
    "a Host that differs": (fields) => [...fields, ["host", "evil.test"]],
    "two Hosts": (fields) => [...fields, ["host", way.host], ["host", way.host]],
    "user information in the authority": (fields) => fields.map(([name, value]) => [name, name === ":authority" ? `u@${value}` : value]),
    "an authority with a path": (fields) => fields.map(([name, value]) => [name, name === ":authority" ? `${value}/x` : value]),
    "an empty authority": (fields) => fields.map(([name, value]) => [name, name === ":authority" ? "" : value]),
    "a path without a slash": (fields) => fields.map(([name, value]) => [name, name === ":path" ? "x" : value]),
    "an absolute path": (fields) => fields.map(([name, value]) => [name, name === ":path" ? `${way.origin}/x` : value]),
    "a path with two slashes": (fields) => fields.map(([name, value]) => [name, name === ":path" ? "//evil.test/" : value]),
    "a path with a fragment": (fields) => fields.map(([name, value]) => [name, name === ":path" ? "/malformed#x" : value]),
    "a path with a backslash": (fields) => fields.map(([name, value]) => [name, name === ":path" ? "/malformed\\x" : value]),
    "a path with a space": (fields) => fields.map(([name, value]) => [name, name === ":path" ? "/malformed x" : value]),
    "a path with a request in it": (fields) => fields.map(([name, value]) => [name, name === ":path" ? "/malformed HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled" : value]),
    "a method that is no token": (fields) => fields.map(([name, value]) => [name, name === ":method" ? "GET /smuggled HTTP/1.1\r\nx: " : value]),
    "a method of 33 bytes": (fields) => fields.map(([name, value]) => [name, name === ":method" ? "M".repeat(33) : value]),
    CONNECT: (fields) => [[":method", "CONNECT"], [":authority", `127.0.0.1:${way.port}`], ...fields.slice(4)],
    TRACE: (fields) => fields.map(([name, value]) => [name, name === ":method" ? "TRACE" : value]),
    "an upgrade to another protocol": (fields) => [[":method", "CONNECT"], [":protocol", "connect-udp"], ...fields.slice(1)],
    "a WebSocket without a version": (fields) => webSocket(fields),
    "a WebSocket of version 8": (fields) => [...webSocket(fields), ["sec-websocket-version", "8"]],
    "a WebSocket of two versions": (fields) => [...webSocket(fields), ["sec-websocket-version", "13"], ["sec-websocket-version", "8"]],
    "transfer-encoding": (fields) => [...fields, ["transfer-encoding", "chunked"]],
    "connection": (fields) => [...fields, ["connection", "keep-alive"]],
    "upgrade": (fields) => [...fields, ["upgrade", "websocket"]],
    "proxy-connection": (fields) => [...fields, ["proxy-connection", "keep-alive"]],
    "te": (fields) => [...fields, ["te", "gzip"]],
    "two lengths": (fields) => [...fields, ["content-length", "0"], ["content-length", "0"]],
    "a length that is no number": (fields) => [...fields, ["content-length", "+0"]],
    "a length and no body": (fields) => [...fields, ["content-length", "7"]],
    "a name in upper case": (fields) => [...fields, ["X-Upper", "x"]],
    "a name with a space": (fields) => [...fields, ["x y", "x"]],
    "a name with a line end": (fields) => [...fields, ["x\r\ny", "x"]],
    "an empty name": (fields) => [...fields, ["", "x"]],
    "a value with CR": (fields) => [...fields, ["x", "a\rb"]],
    "a value with LF": (fields) => [...fields, ["x", "a\nGET /smuggled HTTP/1.1"]],
    "a value with NUL": (fields) => [...fields, ["x", "a\0b"]],
    "a head of 40 KiB": (fields) => [...fields, ...Array.from({ length: 3 }, () => ["x", "y".repeat(13_000)])].slice(0, 99),
    "101 fields": (fields) => [...fields, ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, "y"])],
    "a path of 17 KiB": (fields) => fields.map(([name, value]) => [name, name === ":path" ? `/malformed${"x".repeat(17_000)}` : value]),
  };

  it(`check 15: ${Object.keys(malformed).length} malformed HTTP/2 requests reach no instance, and the next good one does`, async () => {
    for (const [name, change] of Object.entries(malformed)) {
      const before = origin.seen.length;
      const connection = await RawHttp2.to(way);
      const block = headerBlock(change(get("/malformed")));
      // In frames of 16 KiB, as HTTP/2 wants them.
      const pieces = [];
      for (let at = 0; at < block.length; at += 16_384) pieces.push(block.subarray(at, at + 16_384));
      connection.write(Buffer.concat(pieces.map((piece, i) => frame(
        i === 0 ? frameType.headers : frameType.continuation,
        (i === 0 ? flag.endStream : 0) | (i === pieces.length - 1 ? flag.endHeaders : 0), 1, piece,
      ))));
      assert.ok(["answered", "reset", "cut"].includes(await connection.end(1)), name);
      assert.deepEqual(origin.seen.slice(before).map(({ url }) => url), [], name);
      connection.close();
      const good = await Http2Browser.to(way);
      assert.equal((await good.ask(way, `/good?${encodeURIComponent(name)}`)).status, 200);
      good.close();
      assert.deepEqual(origin.seen.slice(before).map(({ url }) => url), [`/good?${encodeURIComponent(name)}`]);
    }
  });

  it("check 15: a WebSocket has no length", async () => {
    for (const length of ["0", "5"]) {
      const path = `/ws/length/${length}`;
      const connection = await RawHttp2.to(way);
      connection.write(head(1, [...webSocket(get(path)), ["sec-websocket-version", "13"], ["content-length", length]], flag.endHeaders));
      await connection.frame(({ type, stream }) => type === frameType.headers && stream === 1, "the answer to an upgrade");
      assert.ok(!origin.seen.some(({ url }) => url === path), length);
      connection.close();
    }
  });

  it("check 15: a body that contradicts its length is cut off, at the hub and at the instance", async () => {
    const cases = [["much more than five", true], ["much more than five", false], ["abc", true]];
    for (const [index, [sent, isOver]] of cases.entries()) {
      const path = `/length/${index}`;
      const arrived = new Promise((resolve) => origin.on(path, (request, response) => {
        request.on("error", () => {});
        request.on("close", () => resolve({ isWhole: request.complete }));
        request.resume();
        response.on("error", () => {});
      }));
      const connection = await RawHttp2.to(way);
      connection.write(head(1, post(path, [["content-length", "5"]]), flag.endHeaders));
      await connection.flushed();
      connection.write(frame(frameType.data, isOver ? flag.endStream : 0, 1, Buffer.from(sent)));
      assert.equal(await connection.end(1), "reset");
      connection.close();
      const good = await Http2Browser.to(way);
      assert.equal((await good.ask(way, `/good?${index}`)).status, 200);
      good.close();
      // The instance may not have seen its head: then it has nothing at all.
      if (!origin.seen.some(({ url }) => url === path)) continue;
      const { isWhole } = await within(patience, "the end of the instance's request", arrived);
      assert.equal(isWhole, false, `${sent}, ${isOver}`);
    }
  });
});
