// An origin of ours behind a real hub and a real agent, in path mode and in subdomain mode: what it
// says reaches the browser unchanged and at once, and what the browser says reaches it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent } from "node:http";
import { after, before, describe, it } from "node:test";
import { setInterval as every } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { digest, makeBody } from "./lib/bytes.mjs";
import { ask, open, patience, readAll, within } from "./lib/http.mjs";
import { Http2Browser } from "./lib/http2.mjs";
import { MemoryWatch } from "./lib/memory.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

const MiB = 1 << 20;
// A browser that leaves must be gone at the instance by then.
const cancelMs = 1_000;

let scene;
let origin;
let ways;
let overTls;  // Another hub, for HTTP/2.

before(async () => {
  scene = await Scene.start("origin");
  origin = await scene.instance("box");
  ways = await scene.ways("box", await scene.signIn());
});
after(async () => {
  await scene?.stop();
  await overTls?.stop();
});

/** The hub and the agent of a scene, watched for how much they grow. */
function watchMemory(hub = scene.hub.child, agent = origin.agent) {
  const watches = [hub, agent].map((child) => new MemoryWatch(child.process.pid));
  return () => Math.max(...watches.map((watch) => watch.growth));
}

/** The pieces of a body one by one, so that a test can wait for each. */
function piecesOf(message) {
  const pieces = message[Symbol.asyncIterator]();
  return async (what) => (await within(patience, what, pieces.next())).value;
}

for (const mode of ["path", "subdomain"]) {
  describe(`${mode} mode`, { timeout: 120_000 }, () => {
    let way;
    before(() => {
      way = ways[mode];
    });

    it("passes all statuses from 200 to 599", async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      const isBare = (status) => [204, 205, 304].includes(status);
      origin.on("/status", (request, response) => {
        const status = Number(new URL(request.url, origin.url).searchParams.get("is"));
        response.writeHead(status, { "content-type": "text/plain", "x-status": String(status) });
        response.end(isBare(status) ? undefined : `body of ${status}`);
      });
      const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);
      await Promise.all(statuses.map(async (status) => {
        const answer = await ask({ ...way.options(`/status?is=${status}`), agent });
        assert.equal(answer.status, status);
        assert.equal(answer.headers["x-status"], String(status));
        assert.equal(answer.body.toString(), isBare(status) ? "" : `body of ${status}`);
      }));
      agent.destroy();
    });

    it("forwards 102 and 103 before the final answer", async () => {
      const hints = [];
      const asked = origin.nextRequest("/hints");
      let hinted;
      const opened = open(way.options("/hints"), undefined, (request) => {
        hinted = new Promise((resolve) => request.on("information", (info) => {
          hints.push(info);
          if (info.statusCode === 103) resolve();
        }));
      });
      const { response: answer } = await asked;
      answer.writeProcessing();
      answer.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
      await within(patience, "the hints, which do not wait for the answer", hinted);
      answer.end("done");
      const { response } = await opened;
      assert.equal((await readAll(response)).toString(), "done");
      assert.deepEqual(hints.map(({ statusCode }) => statusCode), [102, 103]);
      assert.match(hints[1].headers.link, /style\.css>; rel=preload/);
    });

    it("answers Expect: 100-continue and takes the body then", async () => {
      const asked = origin.nextRequest("/continue");
      let continued;
      const body = makeBody(100_000);
      const opened = open(way.options("/continue", { method: "PUT", headers: { expect: "100-continue", "content-length": "100000" } }),
        undefined, (request) => {
          request.flushHeaders();
          request.end = () => {};
          continued = once(request, "continue").then(() => body.stream.pipe(Object.assign(request, { end: Object.getPrototypeOf(request).end })));
        });
      const { request, response: answer } = await asked;
      await within(patience, "100 Continue", continued);
      assert.equal(request.headers.expect, undefined);
      const got = await digest(request);
      answer.end(got.sha256);
      const { response } = await opened;
      assert.equal((await readAll(response)).toString(), body.sha256());
      assert.equal(got.size, 100_000);
    });

    it("passes three Set-Cookie as three", async () => {
      origin.on("/cookies", (request, response) => {
        response.writeHead(200, { "set-cookie": ["a=1; HttpOnly", "b=2; Max-Age=60", "c=x,y; SameSite=Lax"] });
        response.end();
      });
      const { headers } = await ask(way.options("/cookies"));
      assert.equal(headers["set-cookie"].length, 3);
      assert.deepEqual(headers["set-cookie"].map((cookie) => cookie.split(";")[0]), ["a=1", "b=2", "c=x,y"]);
    });

    it("gets back the __Host- cookie that it set, which the browser takes at its path", async () => {
      origin.on("/host-cookie", (request, response) => {
        response.writeHead(200, { "set-cookie": "__Host-a=1; Secure; Path=/" });
        response.end(request.headers.cookie ?? "none");
      });
      const set = (await ask(way.options("/host-cookie"))).headers["set-cookie"];
      assert.equal(set.length, 1);
      const [pair] = set[0].split(";");
      if (!/; Path=\/$/.test(set[0])) assert.ok(!pair.startsWith("__Host-"), pair);
      const answer = await ask(way.options("/host-cookie", { headers: { cookie: `${way.cookie}; x=1; ${pair}` } }));
      assert.equal(answer.body.toString(), "x=1; __Host-a=1");
    });

    it("passes HEAD, OPTIONS and methods that it does not know", async () => {
      origin.on("/methods", (request, response) => {
        response.writeHead(200, { "content-type": "application/octet-stream", "content-length": "1234", "x-method": request.method, allow: "GET, PURGE" });
        response.end(request.method === "HEAD" ? undefined : Buffer.alloc(1234, 1));
      });
      for (const method of ["HEAD", "OPTIONS", "PURGE", "PROPFIND", "DELETE", "PATCH", "PUT"]) {
        const answer = await ask(way.options("/methods", { method }));
        assert.equal(answer.status, 200, method);
        assert.equal(answer.headers["x-method"], method);
        assert.equal(answer.headers["content-length"], "1234");
        assert.equal(answer.headers.allow, "GET, PURGE");
        assert.equal(answer.body.length, method === "HEAD" ? 0 : 1234);
      }
    });

    it("passes ranges and validators", async () => {
      const whole = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
      origin.on("/range.bin", (request, response) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
        const own = { "content-type": "application/octet-stream", etag: "\"v1\"", "last-modified": "Tue, 01 Jul 2025 10:00:00 GMT", "accept-ranges": "bytes" };
        if (request.headers["if-none-match"] === "\"v1\"" || request.headers["if-modified-since"] === own["last-modified"]) {
          response.writeHead(304, own);
          response.end();
        } else if (from !== undefined) {
          response.writeHead(206, { ...own, "content-range": `bytes ${from}-${to}/1000` });
          response.end(whole.subarray(Number(from), Number(to) + 1));
        } else {
          response.writeHead(200, own);
          response.end(whole);
        }
      });
      const get = (headers) => ask(way.options("/range.bin", { headers }));
      const part = await get({ range: "bytes=100-299", "if-range": "\"v1\"" });
      assert.equal(part.status, 206);
      assert.equal(part.headers["content-range"], "bytes 100-299/1000");
      assert.deepEqual(part.body, whole.subarray(100, 300));
      const all = await get({});
      assert.deepEqual([all.status, all.headers.etag, all.headers["last-modified"]], [200, "\"v1\"", "Tue, 01 Jul 2025 10:00:00 GMT"]);
      // The address need not tell that it is data.
      origin.on("/media/12", (request, response) => {
        response.writeHead(request.headers.range === "bytes=0-1" ? 206 : 200, { "content-type": "video/mp4" });
        response.end("ab");
      });
      assert.equal((await ask(way.options("/media/12", { headers: { range: "bytes=0-1" } }))).status, 206);
      for (const condition of [{ "if-none-match": all.headers.etag }, { "if-modified-since": all.headers["last-modified"] }]) {
        const same = await get(condition);
        assert.deepEqual([same.status, same.headers.etag, same.body.length], [304, "\"v1\"", 0]);
      }
    });

    it("delivers chunks of an unknown type one by one", async () => {
      const asked = origin.nextRequest("/chunks");
      const opened = open(way.options("/chunks"));
      const { response: answer } = await asked;
      answer.writeHead(200, { "content-type": "application/x-nobody-knows" });
      answer.write("chunk 0");
      const { response } = await opened;
      const next = piecesOf(response);
      // Each is sent only after the one before has arrived: nothing on the way may wait for more.
      for (let i = 0; i < 10; ++i) {
        if (i > 0) answer.write(`chunk ${i}`);
        assert.equal((await next(`chunk ${i}`)).toString(), `chunk ${i}`);
      }
      answer.end();
      assert.equal(await next("the end"), undefined);
    });

    it("takes the chunks of an upload one by one", async () => {
      const asked = origin.nextRequest("/upload-chunks");
      let upload;
      const opened = open(way.options("/upload-chunks", { method: "POST" }), undefined, (request) => {
        upload = { write: request.write.bind(request), end: request.end.bind(request) };
        request.end = () => request.flushHeaders();
      });
      const { request, response: answer } = await asked;
      const next = piecesOf(request);
      for (let i = 0; i < 10; ++i) {
        upload.write(`piece ${i}`);
        assert.equal((await next(`piece ${i}`)).toString(), `piece ${i}`);
      }
      upload.end();
      assert.equal(await next("the end"), undefined);
      answer.end("taken");
      assert.equal((await readAll((await opened).response)).toString(), "taken");
    });

    for (const method of ["GET", "POST"]) {
      it(`delivers an event stream over ${method} event by event`, async () => {
        const asked = origin.nextRequest("/events");
        const opened = open(way.options("/events", { method, headers: { accept: "text/event-stream" } }), method === "POST" ? "{}" : undefined);
        const { request, response: answer } = await asked;
        request.resume();
        answer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
        answer.flushHeaders();
        const { response } = await opened;
        assert.equal(response.headers["content-type"], "text/event-stream");
        const next = piecesOf(response);
        for (let i = 0; i < 5; ++i) {
          answer.write(`id: ${i}\ndata: event ${i}\n\n`);
          assert.equal((await next(`event ${i}`)).toString(), `id: ${i}\ndata: event ${i}\n\n`);
        }
        response.destroy();
        await within(cancelMs, "the end of the stream at the instance", once(answer, "close"));
      });
    }

    it("cancels at the instance what a browser leaves", async () => {
      const leave = async (what, begin) => {
        const { asked, quit } = await begin();
        await asked.ready;
        const gone = once(asked.response, "close");
        quit();
        await within(cancelMs, `the end of ${what} at the instance`, gone);
      };
      await leave("a request without an answer", async () => {
        const asked = origin.nextRequest("/leave");
        let quit;
        open(way.options("/leave"), undefined, (request) => (quit = () => request.destroy())).catch(() => {});
        return { asked: await asked, quit };
      });
      await leave("an endless answer", async () => {
        const asked = origin.nextRequest("/leave");
        const opened = open(way.options("/leave"));
        const got = await asked;
        makeBody(1024 * MiB).stream.pipe(got.response);
        const { request, response } = await opened;
        await once(response, "readable");
        return { asked: got, quit: () => request.destroy() };
      });
      await leave("an endless upload", async () => {
        const asked = origin.nextRequest("/leave");
        let quit;
        open(way.options("/leave", { method: "POST" }), makeBody(1024 * MiB).stream, (request) => (quit = () => request.destroy())).catch(() => {});
        const got = await asked;
        got.request.on("error", () => {});
        await once(got.request, "data");
        return { asked: got, quit };
      });
    });

    describe("WebSockets", () => {
      it("pass text, binary, pings and close codes, in both directions", async () => {
        const accepted = nextWebSocket(origin, "/ws");
        const { end: browser } = await openWebSocket(way.options("/ws"));
        const { end: instance } = await accepted;
        for (const [from, to] of [[browser, instance], [instance, browser]]) {
          await from.send("text", "Grüße, 世界");
          const text = await to.next();
          assert.deepEqual([text.kind, text.data.toString()], ["text", "Grüße, 世界"]);
          await from.send("binary", Buffer.from([0, 255, 128, 10, 13]));
          assert.deepEqual(await to.next(), { kind: "binary", data: Buffer.from([0, 255, 128, 10, 13]) });
          await from.send("text", "in three frames", 5);
          assert.equal((await to.next()).data.toString(), "in three frames");
          await from.send("text", "");
          assert.equal((await to.next()).data.length, 0);
          await from.send("ping", "are you there");
          assert.deepEqual(await to.next(), { kind: "ping", data: Buffer.from("are you there") });
          await to.send("pong", "are you there");
          assert.equal((await from.next()).kind, "pong");
        }
        await browser.close(4001, "bye");
        assert.deepEqual(await instance.next(), { kind: "close", code: 4001, reason: "bye" });
        await instance.close(4001);
        instance.socket.end();
        assert.equal((await browser.next()).code, 4001);
        assert.equal((await browser.next()).kind, "gone");
      });

      it("pass the instance's own close code", async () => {
        const accepted = nextWebSocket(origin, "/ws");
        const { end: browser } = await openWebSocket(way.options("/ws"));
        const { end: instance } = await accepted;
        await instance.close(1011, "tired");
        assert.deepEqual(await browser.next(), { kind: "close", code: 1011, reason: "tired" });
        browser.drop();
        assert.equal((await instance.next(cancelMs)).kind, "gone");
      });

      it("pass the subprotocol and extensions", async () => {
        const accepted = nextWebSocket(origin, "/ws", { "sec-websocket-protocol": "chat.v2", "sec-websocket-extensions": "permessage-deflate" });
        const { end: browser, headers } = await openWebSocket(way.options("/ws"), {
          "sec-websocket-protocol": "chat.v1, chat.v2", "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
        });
        const { end: instance, request } = await accepted;
        assert.equal(request.headers["sec-websocket-protocol"], "chat.v1, chat.v2");
        assert.equal(request.headers["sec-websocket-extensions"], "permessage-deflate; client_max_window_bits");
        assert.equal(headers["sec-websocket-protocol"], "chat.v2");
        assert.equal(headers["sec-websocket-extensions"], "permessage-deflate");
        browser.drop();
        assert.equal((await instance.next(cancelMs)).kind, "gone");
      });

      it("pass a message of 10 MiB each way", async () => {
        const accepted = nextWebSocket(origin, "/ws");
        const { end: browser } = await openWebSocket(way.options("/ws"));
        const { end: instance } = await accepted;
        const message = await readAll(makeBody(10 * MiB).stream);
        for (const [from, to] of [[browser, instance], [instance, browser]]) {
          const [got] = await Promise.all([to.next(), from.send("binary", message)]);
          assert.ok(message.equals(got.data));
        }
        browser.drop();
      });

      it("pass a refusal of the instance", async () => {
        await assert.rejects(openWebSocket(way.options("/no-such-socket")), { status: 404 });
      });
    });
  });
}

for (const protocol of ["HTTP/1.1", "HTTP/2"]) {
  describe(`bodies over ${protocol}`, { timeout: 180_000 }, () => {
    const sizes = [0, 1, 2, 100, 1023, 1024, 1025, 4096, 8191, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537,
      100_000, 131_072, 262_143, 262_144, 262_145, 524_288, 1_000_000, 2 * MiB, 5 * MiB + 1];
    const isHttp2 = protocol === "HTTP/2";
    let own;
    let box;
    let both;
    let browsers;

    before(async () => {
      if (!isHttp2) {
        [own, box, both] = [scene, origin, ways];
        return;
      }
      own = overTls = await Scene.start("origin-http2", { tls: true });
      box = await own.instance("box");
      both = await own.ways("box", await own.signIn());
      browsers = { path: await Http2Browser.to(both.path), subdomain: await Http2Browser.to(both.subdomain) };
    });
    after(async () => {
      for (const browser of Object.values(browsers ?? {})) browser.close();
    });

    /** One exchange: {headers, read}, where `read` is what `consume` made of the answer's body. */
    async function exchange(way, path, consume, { body, ...rest } = {}) {
      if (isHttp2) {
        const { headers, body: read } = await browsers[way.mode].ask(way, path, { ...rest, body, read: consume });
        return { headers, read };
      }
      const { response } = await open(way.options(path, rest), body);
      return { headers: response.headers, read: await consume(response) };
    }

    /** An answer of `size` bytes as the query says; its sum in the map afterwards. */
    function playDownload() {
      const sums = new Map();
      box.on("/download", (request, response) => {
        const { size, framing, number } = Object.fromEntries(new URL(request.url, box.url).searchParams);
        const body = makeBody(Number(size));
        const fields = { "content-type": "application/octet-stream" };
        if (framing === "length") fields["content-length"] = size;
        if (framing === "close") {
          // As HTTP/1.0 servers do: the end of the connection ends the body.
          response.useChunkedEncodingByDefault = false;
          response.shouldKeepAlive = false;
          response.removeHeader("transfer-encoding");
        }
        response.writeHead(200, fields);
        body.stream.on("end", () => sums.set(number, body.sha256()));
        body.stream.pipe(response);
      });
      return sums;
    }

    function playUpload() {
      box.on("/upload", async (request, response) => {
        const got = await digest(request).catch(() => undefined);
        response.end(JSON.stringify({ ...got, coding: request.headers["content-encoding"] }));
      });
    }

    async function download(way, size, framing, sums, number) {
      const { read } = await exchange(way, `/download?size=${size}&framing=${framing}&number=${number}`, digest);
      assert.equal(read.size, size, framing);
      assert.equal(read.sha256, sums.get(String(number)));
    }

    async function upload(way, size, framing) {
      const body = makeBody(size);
      const chunked = isHttp2 ? {} : { "transfer-encoding": "chunked" };
      const headers = framing === "length" ? { "content-length": String(size) } : chunked;
      const { read } = await exchange(way, "/upload", readAll, { method: "POST", headers, body: body.stream });
      assert.deepEqual(JSON.parse(read), { size, sha256: body.sha256() });
    }

    it("check 14: 250 bodies of many sizes and framings arrive whole, both ways, in both modes", async () => {
      const sums = playDownload();
      playUpload();
      let count = 0;
      for (const size of sizes) {
        await Promise.all(Object.values(both).flatMap((way) => [
          download(way, size, "length", sums, count++), download(way, size, "chunked", sums, count++),
          download(way, size, "close", sums, count++), upload(way, size, "length"), upload(way, size, "chunked"),
        ]));
      }
      assert.ok(count >= 100);
    });

    it("check 14: content codings arrive as they were sent, both ways", async () => {
      const text = await readAll(makeBody(300_000).stream);
      const coded = { gzip: gzipSync(text), br: brotliCompressSync(text), deflate: deflateSync(text), identity: text, zstd: text, "x-unknown": text };
      box.on("/coded", (request, response) => {
        const coding = new URL(request.url, box.url).searchParams.get("as");
        response.writeHead(200, { "content-type": "application/octet-stream", "content-encoding": coding });
        response.end(coded[coding]);
      });
      playUpload();
      for (const way of Object.values(both)) {
        for (const [coding, bytes] of Object.entries(coded)) {
          const answer = await exchange(way, `/coded?as=${coding}`, readAll, { headers: { "accept-encoding": "gzip, br, zstd" } });
          assert.equal(answer.headers["content-encoding"], coding);
          assert.ok(bytes.equals(answer.read), coding);
          const { read } = await exchange(way, "/upload", readAll, { method: "PUT", headers: { "content-encoding": coding }, body: bytes });
          assert.deepEqual(JSON.parse(read), { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex"), coding });
        }
      }
    });

    for (const mode of isHttp2 ? ["subdomain"] : ["path", "subdomain"]) {
      it(`check 14: bodies of 256 MiB arrive whole both ways and leave hub and agent small, in ${mode} mode`, async () => {
        const way = both[mode];
        const sums = playDownload();
        playUpload();
        await upload(way, 8 * MiB, "chunked");  // Buffers and libraries are there now.
        const growth = watchMemory(own.hub.child, box.agent);
        await download(way, 256 * MiB, "length", sums, "big");
        await upload(way, 256 * MiB, "chunked");
        assert.ok(growth() < 32 * MiB, `grew by ${growth()} bytes`);
      });
    }
  });
}

for (const mode of ["path", "subdomain"]) {
  it(`200 streams at once, one of them read slowly, disturb each other in nothing, in ${mode} mode`, { timeout: 120_000 }, async () => {
    const way = ways[mode];
    const size = 300_000;
    const waiting = [];
    let allCame;
    const all = new Promise((resolve) => (allCame = resolve));
    const sums = new Map();
    let given = 0;  // Bytes that the instance got rid of on the slow stream.
    origin.on("/parallel", (request, response) => {
      waiting.push({ number: new URL(request.url, origin.url).searchParams.get("number"), response });
      response.writeHead(200, { "content-type": "application/octet-stream" });
      response.flushHeaders();
      if (waiting.length === 200) allCame();
    });
    const growth = watchMemory();
    const opened = await Promise.all(Array.from({ length: 200 }, (_, number) => open(way.options(`/parallel?number=${number}`))));
    await within(patience, "200 streams side by side", all);
    for (const { number, response } of waiting) {
      const body = makeBody(number === "0" ? 1024 * MiB : size);
      if (number === "0") body.stream.on("data", (piece) => (given += piece.length));
      body.stream.on("end", () => sums.set(number, body.sha256()));
      body.stream.pipe(response);
    }
    // One browser reads 1,000 bytes every 100 ms; the clock is part of what it does.
    const slow = opened[0].response;
    slow.pause();
    let taken = 0;
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of every(100, undefined, { signal: stop.signal })) taken += slow.read(1000)?.length ?? 0;
    })().catch(() => {});
    await Promise.all(opened.slice(1).map(async ({ response }, index) => {
      const got = await digest(response);
      assert.equal(got.size, size);
      assert.equal(got.sha256, sums.get(String(index + 1)));
    }));
    const before = taken;
    await within(patience, "the slow one goes on", (async () => {
      for await (const _ of every(100)) if (taken >= before + 5000) break;
    })());
    stop.abort();
    await reading;
    assert.ok(!slow.destroyed);
    // Of the rest of its body, only what buffers hold was taken from the instance: ours, which are
    // below 1 MiB, and the kernel's four.
    assert.ok(given - taken < 32 * MiB, `${given - taken} bytes are on the way`);
    assert.ok(growth() < 32 * MiB, `grew by ${growth()} bytes`);
    slow.destroy();
  });
}
