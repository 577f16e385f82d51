// An instance whose answer breaks off: the browser gets what was sent before, whole, and sees the break.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { open, patience, within } from "./lib/http.mjs";
import { RawHttp2, flag, frame, frameType, headerBlock, requestFields } from "./lib/http2.mjs";
import { Scene } from "./lib/scene.mjs";

const times = 50; // How the bytes meet is chance.

/** What came of an answer before it broke off. */
async function untilBreak(message) {
  const pieces = [];
  const broken = within(patience, "the break", (async () => {
    for await (const piece of message) pieces.push(piece);
  })());
  await assert.rejects(broken, (error) => !error.message.startsWith("not within"));
  return Buffer.concat(pieces);
}

/**
 * What came of an answer over HTTP/2 before its stream was reset, by its frames: node's own client forgets what it
 * has not passed on by then.
 */
async function askOverHttp2(way, path) {
  const browser = await RawHttp2.to(way);
  const room = Buffer.alloc(4);
  room.writeUInt32BE(1 << 30);
  browser.write(Buffer.concat([
    frame(frameType.windowUpdate, 0, 0, room),
    frame(frameType.headers, flag.endHeaders | flag.endStream, 1, headerBlock(requestFields(way, path))),
    frame(frameType.windowUpdate, 0, 1, room),
  ]));
  assert.equal(await browser.end(1), "reset");
  browser.close();
  const own = browser.frames.filter(({ stream }) => stream === 1);
  return {
    isOk: own[0].type === frameType.headers && own[0].payload[0] === 0x88, // :status 200, from the static table.
    body: Buffer.concat(own.filter(({ type }) => type === frameType.data).map(({ payload }) => payload)),
  };
}

const head = (...fields) => `HTTP/1.1 200 OK\r\n${fields.join("\r\n")}\r\n\r\n`;
const large = Buffer.alloc(3_000_000, "large ");
const answers = {
  "shorter than it says": { sent: [head("content-length: 10", "content-type: text/plain"), "hello"], body: "hello" },
  "an event stream without its last chunk": {
    sent: [head("content-type: text/event-stream", "transfer-encoding: chunked"), "b\r\ndata: bye\n\n\r\n"], body: "data: bye\n\n",
  },
  "a text that the hub may compress": {
    sent: [head("content-length: 10000", "content-type: text/plain"), "hello"], body: "hello",
  },
  "a chunk that is none": { sent: [head("content-type: text/plain", "transfer-encoding: chunked"), "nonsense\r\n"], body: "" },
  "large, and cut": { sent: [head("content-length: 10000000", "content-type: application/octet-stream"), large], body: large, times: 4 },
};

for (const threads of [1, 3]) {
  describe(`answers that break off, with ${threads} threads`, { timeout: 120_000 }, () => {
    let scene;
    let origin;
    let ways;

    before(async () => {
      scene = await Scene.start(`breaks-${threads}`, { tls: true, options: () => ["--threads", String(threads)] });
      origin = await scene.instance("box");
      ways = await scene.ways("box", await scene.signIn());
    });
    after(() => scene?.stop());

    for (const [name, { sent, body, times: own = times }] of Object.entries(answers)) {
      it(`${name}: what came before the break arrives`, async () => {
        origin.on("/break", (request) => {
          for (const piece of sent) request.socket.write(piece);
          request.socket.end();
        });
        for (const way of Object.values(ways)) {
          for (let i = 0; i < own; ++i) {
            const { response } = await open(way.options("/break"));
            assert.equal(response.statusCode, 200);
            const overHttp1 = await untilBreak(response);
            assert.equal(overHttp1.length, body.length, `HTTP/1.1, ${way.mode} mode, ${i}`);
            assert.ok(overHttp1.equals(Buffer.from(body)));
            const answer = await askOverHttp2(way, "/break");
            assert.ok(answer.isOk);
            assert.equal(answer.body.length, body.length, `HTTP/2, ${way.mode} mode, ${i}`);
            assert.ok(answer.body.equals(Buffer.from(body)));
          }
        }
      });
    }
  });
}
