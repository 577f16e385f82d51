// WebSockets of an origin of ours behind a real hub and a real agent, in path mode and in subdomain mode: what either
// end says reaches the other.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MiB, makeBody } from "./lib/bytes.mjs";
import { cancelMs, readAll } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

let scene;
let origin;
let ways;

before(async () => {
  scene = await Scene.start("origin-websockets");
  origin = await scene.instance("box");
  ways = await scene.ways("box", await scene.signIn());
});
after(() => scene?.stop());

for (const mode of ["path", "subdomain"]) {
  describe(`WebSockets in ${mode} mode`, { timeout: 120_000 }, () => {
    let way;
    before(() => {
      way = ways[mode];
    });

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
}
