// An origin of ours behind a real hub and a real agent, in path mode and in subdomain mode: what it
// says reaches the browser unchanged and at once, and what the browser says reaches it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent } from "node:http";
import { after, before, describe, it } from "node:test";
import { MiB, digest, makeBody } from "./lib/bytes.mjs";
import { ask, cancelMs, open, patience, readAll, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

let scene;
let origin;
let ways;

before(async () => {
  scene = await Scene.start("origin");
  origin = await scene.instance("box");
  ways = await scene.ways("box", await scene.signIn());
});
after(() => scene?.stop());

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
  });
}
