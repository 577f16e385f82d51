// Bodies through a real hub and a real agent: whole, whatever their size and framing, many at once, and without hub or
// agent growing.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setInterval as every } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { MiB, digest, makeBody } from "./lib/bytes.mjs";
import { open, patience, readAll, within } from "./lib/http.mjs";
import { Http2Browser } from "./lib/http2.mjs";
import { MemoryWatch } from "./lib/memory.mjs";
import { Scene } from "./lib/scene.mjs";

let scene;
let origin;
let ways;
let overTls;  // Another hub, for HTTP/2.

before(async () => {
  scene = await Scene.start("bodies");
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
      own = overTls = await Scene.start("bodies-http2", { tls: true });
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
