// What one browser has open at an instance, and how it ends: a WebSocket, an event stream, a request
// whose answer has not begun, a short answer that is not whole, and an upload.
import { Readable } from "node:stream";
import { open, readAll, within } from "./http.mjs";
import { nextWebSocket, openWebSocket, untilGone } from "./websocket.mjs";

/** An answer that begins with `headers` and does not end; resolves to what resolves once it has. */
async function beginAnswer(origin, way, path, headers) {
  const asked = origin.nextRequest(path);
  const answered = open(way.options(path));
  const { response: sent } = await asked;
  sent.writeHead(200, headers);
  sent.write("data:");
  const { response } = await answered;
  const gone = new Promise((resolve) => sent.once("close", resolve));
  const whole = readAll(response).then(() => Promise.reject(new Error(`${path} came whole`)), () => {});
  return { gone: Promise.all([gone, whole]) };
}

/** What never ends by itself, as openAll() has it. */
export async function openEndless(origin, way) {
  const accepted = nextWebSocket(origin, "/ws");
  const { end } = await openWebSocket(way.options("/ws"));
  const { end: instance } = await accepted;
  const stream = await beginAnswer(origin, way, "/stream", { "content-type": "text/event-stream" });
  return { ended: { webSocket: Promise.all([untilGone(end), untilGone(instance)]), stream: stream.gone } };
}

/**
 * Opens all of it for `way`. Resolves to {ended}: for each thing a promise that resolves once it has
 * ended at both ends. `canSend` is whether this browser may upload.
 */
export async function openAll(origin, way, { canSend = true } = {}) {
  const { ended } = await openEndless(origin, way);
  const short = await beginAnswer(origin, way, "/short", { "content-type": "text/plain", "content-length": "10" });
  ended.short = short.gone;

  const asked = origin.nextRequest("/pending");
  const pending = open(way.options("/pending"));
  const { response: never } = await asked;
  const left = new Promise((resolve) => never.once("close", resolve));
  ended.pending = Promise.all([left, pending.then(({ response }) => response.statusCode)]);

  if (canSend) {
    const uploaded = origin.nextRequest("/upload");
    const body = new Readable({ read() {} });
    body.push("some of it");
    const upload = open(way.options("/upload", { method: "POST" }), body);
    const { request } = await uploaded;
    request.resume();
    const cut = new Promise((resolve) => request.once("close", resolve));
    ended.upload = Promise.all([cut, upload.then(({ response }) => response.statusCode, () => {})]);
  }
  return { ended };
}

/** Waits until all of it has ended; says what has not. */
export async function allEnded({ ended }, ms) {
  const done = Object.entries(ended).map(([name, promise]) => within(ms, `the end of ${name}`, promise));
  await Promise.all(done);
  const [, status] = await ended.pending;
  return { pendingStatus: status };
}
