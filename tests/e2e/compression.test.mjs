// Compression towards browsers, over real processes: who gets which coding of what, and that
// everything else arrives as the instance sent it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as zlib from "node:zlib";
import { ask, open, patience, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

const text = Array.from({ length: 3000 }, (_, line) => `line ${line}: all work and no play\n`).join("");
const decoders = { br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync, zstd: zlib.zstdDecompressSync };  // Node 22.15 has the last.
const browser = { "accept-encoding": "gzip, deflate, br" };

let scene;
let origin;
let ways;

before(async () => {
  scene = await Scene.start("compression", { options: () => ["--compress", "on"] });
  origin = await scene.instance("box");
  ways = await scene.ways("box", await scene.signIn());
  origin.on("/page.js", (request, response) => {
    const query = new URL(request.url, origin.url).searchParams;
    const fields = { "content-type": query.get("type") ?? "text/plain; charset=utf-8", etag: '"page-1"', "accept-ranges": "bytes" };
    if (query.get("framing") !== "chunked") fields["content-length"] = text.length;
    for (const [name, value] of query) if (name.startsWith("+")) fields[name.slice(1)] = value;
    if (request.headers["if-none-match"]?.includes('"page-1"')) {
      response.writeHead(304, { etag: '"page-1"' });
      response.end();
    } else if (request.headers.range === "bytes=0-99") {
      response.writeHead(206, { ...fields, "content-length": 100, "content-range": `bytes 0-99/${text.length}` });
      response.end(text.slice(0, 100));
    } else {
      response.writeHead(200, fields);
      response.end(text);
    }
  });
});
after(() => scene?.stop());

function page(way, query = "", headers = browser, method = "GET") {
  return ask(way.options(`/page.js?${query}`, { method, headers }));
}

/** What the instance's last request had in this field. */
function askedWith(name) {
  const { rawHeaders } = origin.seen.at(-1);
  return rawHeaders[rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name) + 1];
}

for (const mode of ["path", "subdomain"]) {
  describe(`${mode} mode`, { timeout: 60_000 }, () => {
    let way;
    before(() => {
      way = ways[mode];
    });

    it("a browser gets the coding that it likes best, and the head says so", async (test) => {
      for (const [accepted, coding] of [["gzip, deflate, br", "br"], ["gzip, deflate", "gzip"], ["br;q=0.5, gzip", "gzip"], ["br;q=0, *", "zstd"]]) {
        for (const framing of ["length", "chunked"]) {
          const { headers, body } = await page(way, `framing=${framing}`, { "accept-encoding": accepted });
          assert.equal(headers["content-encoding"], coding, accepted);
          assert.match(headers.vary, /accept-encoding/);
          assert.match(headers.etag, /^W\/"/);
          assert.equal(headers["content-length"], undefined);
          assert.equal(headers["accept-ranges"], undefined);
          assert.ok(body.length < text.length / 4, `${body.length} bytes`);
          if (decoders[coding] === undefined) test.diagnostic(`the bodies in ${coding} are not looked at: this node cannot decode it`);
          else assert.equal(decoders[coding](body).toString(), text);
        }
      }
    });

    it("who takes none gets what the instance sent, and Vary", async () => {
      for (const headers of [{}, { "accept-encoding": "identity" }, { "accept-encoding": "deflate, br;q=0" }]) {
        const answer = await page(way, "", headers);
        assert.equal(answer.headers["content-encoding"], undefined);
        assert.equal(answer.headers["content-length"], String(text.length));
        assert.equal(answer.headers.etag, '"page-1"');
        assert.equal(answer.headers["accept-ranges"], "bytes");
        assert.match(answer.headers.vary, /accept-encoding/);
        assert.equal(answer.body.toString(), text);
      }
    });

    it("images, downloads, coded bodies and what forbids it pass as they are", async () => {
      for (const query of ["type=image/png", "type=application/octet-stream", "%2Bcache-control=no-transform", "%2Bcontent-encoding=x-own",
        "%2Bcontent-disposition=attachment", "%2Bcontent-digest=sha-256%3Dx"]) {
        const { headers, body } = await page(way, query);
        assert.equal(headers["content-encoding"], query.includes("x-own") ? "x-own" : undefined, query);
        assert.equal(headers["content-length"], String(text.length));
        assert.equal(headers.etag, '"page-1"');
        assert.equal(body.toString(), text, query);
      }
    });

    it("ranges, validators and HEAD keep their meaning", async () => {
      const part = await page(way, "", { ...browser, range: "bytes=0-99" });
      assert.equal(part.status, 206);
      assert.equal(part.headers["content-encoding"], undefined);
      assert.equal(part.body.toString(), text.slice(0, 100));
      const { headers: { etag } } = await page(way);
      assert.match(etag, /^W\/"/);
      const again = await page(way, "", { ...browser, "if-none-match": etag });
      assert.equal(again.status, 304);
      assert.equal(again.headers["content-encoding"], undefined);
      assert.equal(askedWith("if-none-match"), '"page-1"');
      await page(way, "", { ...browser, "if-match": etag }, "HEAD");
      assert.equal(askedWith("if-match"), '"page-1"');
      const head = await page(way, "", browser, "HEAD");
      assert.equal(head.headers["content-encoding"], "br");
      assert.equal(head.headers["content-length"], undefined);
      assert.equal(head.body.length, 0);
    });

    it("a page that another site led to is not compressed", async () => {
      const navigation = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
      for (const [site, coding] of [["none", "br"], ["same-site", undefined], ["cross-site", undefined]]) {
        const { status, headers, body } = await page(way, "", { ...browser, ...navigation, "sec-fetch-site": site });
        assert.equal(headers["content-encoding"], coding, site);
        if (coding !== undefined) continue;
        // In path mode another site leads to the instance's own address only.
        if (mode === "path") assert.equal(status, 303);
        else assert.equal(body.toString(), text);
      }
    });

    it("nor is one that a page of the hub led to, on the word of a link; what its own pages lead to is", async () => {
      const here = `${way.origin}${way.prefix}`;
      for (const [referer, coding] of [
        [`${here}/session/1?x`, "br"], [`${here}/`, "br"],
        [undefined, undefined], [`${way.origin}/.berth/auth?next=/page.js`, undefined], [`${here}/.berth/auth?next=/page.js`, undefined],
        [`${way.origin}/open?client=box&next=/page.js`, mode === "path" ? undefined : "br"], ["http://evil.test/", undefined],
      ]) {
        const fields = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", ...(referer && { referer }) };
        assert.equal((await page(way, "", { ...browser, ...fields })).headers["content-encoding"], coding, referer);
        // Scripts, styles and calls stay compressed, whoever led to their page.
        const { headers } = await page(way, "", { ...browser, ...fields, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" });
        assert.equal(headers["content-encoding"], "br");
      }
    });

    it("events leave at once and uncompressed, pieces of a stream at once and compressed", async () => {
      const streams = { "/events": "text/event-stream", "/lines": "application/x-ndjson" };
      for (const [path, type] of Object.entries(streams)) {
        const playing = new Promise((resolve) => {
          origin.on(path, (request, response) => {
            response.writeHead(200, { "content-type": type });
            resolve(response);
          });
        });
        const opening = open(way.options(path, { headers: browser }));
        const instance = await within(patience, path, playing);
        // Neither piece ends the body, so that each arrives only if nothing holds it back.
        instance.write("data: 1\n\n");
        const { response } = await opening;
        assert.equal(response.headers["content-encoding"], path === "/lines" ? "br" : undefined);
        const plain = path === "/lines" ? response.pipe(zlib.createBrotliDecompress({ flush: 1 })) : response;
        const pieces = plain[Symbol.asyncIterator]();
        assert.equal((await within(patience, "a piece", pieces.next())).value.toString(), "data: 1\n\n");
        instance.write("data: 2\n\n");
        assert.equal((await within(patience, "another piece", pieces.next())).value.toString(), "data: 2\n\n");
        instance.end();
        assert.equal((await within(patience, "the end", pieces.next())).done, true);
      }
    });

    it("a body that breaks off at the instance is not ended for the browser", async () => {
      origin.on("/broken", (request, response) => {
        response.writeHead(200, { "content-type": "text/plain" });
        response.write(text);
        setImmediate(() => response.destroy());
      });
      await assert.rejects(ask(way.options("/broken", { headers: browser })));
    });

    it("WebSockets pass untouched", async () => {
      const upgraded = nextWebSocket(origin, "/socket");
      const { end: browserEnd, headers } = await openWebSocket(way.options("/socket", { headers: browser }));
      const { end: instanceEnd } = await upgraded;
      assert.equal(headers["content-encoding"], undefined);
      await instanceEnd.send("text", text);
      assert.equal((await browserEnd.next()).data.toString(), text);
      browserEnd.drop();
    });
  });
}

it("it is the agent that compresses: the tunnel carries little", async () => {
  const cookie = await scene.signIn();
  const carried = async () => {
    const { body } = await scene.api("GET", "/clients", { cookie });
    return JSON.parse(body).clients.find(({ id }) => id === "box").metadata.traffic?.out ?? 0;
  };
  for (const [accepted, low, high] of [["br", 1, text.length / 3], ["identity", text.length, 2 * text.length]]) {
    const before = await carried();
    const { body } = await page(ways.subdomain, "", { "accept-encoding": accepted });
    assert.ok(body.length > 0);
    const bytes = (await carried()) - before;
    assert.ok(bytes >= low && bytes < high, `${accepted}: ${bytes} bytes`);
  }
  const { rawHeaders } = origin.seen.at(-1);
  assert.ok(!rawHeaders.some((name) => /x-berth/i.test(name)));
});

it("the hub's pages with a secret are not compressed", async () => {
  const cookie = await scene.signIn();
  const navigation = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none" };
  const { status, headers, body } = await scene.api("GET", "/dashboard", { cookie, headers: { ...browser, ...navigation } });
  assert.equal(status, 200);
  assert.equal(headers["content-encoding"], undefined);
  assert.match(body.toString(), /<meta name="berth-page" content="[^"]+"/);
});

it("a browser on the hub's own machine gets everything as it is, unless told otherwise", async () => {
  const own = await Scene.start("compression-auto");
  try {
    const box = await own.instance("box");
    box.on("/page.js", (request, response) => {
      response.writeHead(200, { "content-type": "text/plain", etag: '"page-1"' });
      response.end(text);
    });
    const way = await own.subdomainWay("box", await own.signIn());
    const answer = await ask(way.options("/page.js", { headers: browser }));
    assert.equal(answer.headers["content-encoding"], undefined);
    assert.equal(answer.headers.vary, undefined);
    assert.equal(answer.headers.etag, '"page-1"');
    assert.equal(answer.body.toString(), text);
  } finally {
    await own.stop();
  }
});
