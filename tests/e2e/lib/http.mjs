// A browser's side of HTTP by node's own client, and by bare sockets where the bytes matter.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";

/** How long anything may take that should take no time at all. */
export const patience = 20_000;

/** A browser that leaves is gone at the instance by then. */
export const cancelMs = 1_000;

/** The fields of a page that the user asks for, and of what a script of the page asks for. */
export const asPage = { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none" };
export const asFetch = { accept: "*/*", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin" };

/** `promise`, or an error that says what was waited for. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// Bytes of a body that are sent at once.
const piece = 64 * 1024;

/**
 * Sends `bytes` in pieces, and between two of them reads what arrived: node forgets an answer that it
 * has not read when a write fails, and a hub that refuses an upload may close before its end.
 */
function sendInPieces(request, bytes) {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += piece) {
      yield bytes.subarray(at, at + piece);
      await setImmediate();
    }
  }
  if (!request.hasHeader("content-length") && !request.hasHeader("transfer-encoding")) request.setHeader("content-length", bytes.length);
  Readable.from(pieces()).pipe(request);
}

/**
 * Sends a request: {request, response}, the response's body unread; over TLS if there is a `ca`.
 * `begin` is called with the request before anything is sent.
 */
export async function open(options, body, begin = () => {}) {
  const request = (options.ca === undefined ? httpRequest : httpsRequest)({ agent: false, ...options });
  request.on("error", () => {});
  begin(request);
  const answered = new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
    request.once("upgrade", (response) => reject(new Error(`unexpected upgrade: ${response.statusCode}`)));
  });
  if (body !== undefined && typeof body.pipe === "function") body.pipe(request);
  else if (body !== undefined && body.length > piece) sendInPieces(request, Buffer.from(body));
  else request.end(body);
  const response = await within(patience, `${options.method} ${options.path}`, answered);
  response.on("error", () => {});
  return { request, response };
}

/** The whole body of a response or request; throws when it breaks off. */
export async function readAll(message) {
  const pieces = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Sends a request and reads the answer whole: {status, headers, rawHeaders, body}. */
export async function ask(options, body) {
  const { response } = await open(options, body);
  const read = await within(patience, `the body of ${options.method} ${options.path}`, readAll(response));
  const { statusCode: status, statusMessage: reason, headers, rawHeaders } = response;
  return { status, reason, headers, rawHeaders, body: read };
}

/** The members of a JSON answer, whose status must be `status`; undefined for one without a body. */
export function json(answer, status = 200) {
  assert.equal(answer.status, status, answer.body.toString());
  return answer.body.length === 0 ? undefined : JSON.parse(answer.body);
}

/** Pairs [name, value] of a rawHeaders list, names in lower case. */
export function pairs(rawHeaders) {
  const list = [];
  for (let i = 0; i < rawHeaders.length; i += 2) list.push([rawHeaders[i].toLowerCase(), rawHeaders[i + 1]]);
  return list;
}

/** A bare connection: what it received so far, and when the other side ended it. */
export class RawConnection {
  received = Buffer.alloc(0);
  #changed = new Set();

  static async to(port, host = "127.0.0.1") {
    const one = new RawConnection();
    one.socket = connect({ port, host, noDelay: true });
    one.socket.on("error", () => {});
    one.socket.on("data", (piece) => {
      one.received = Buffer.concat([one.received, piece]);
      for (const look of one.#changed) look();
    });
    one.closed = new Promise((resolve) => one.socket.once("close", resolve));
    one.ended = new Promise((resolve) => one.socket.once("end", resolve));
    void one.closed.then(() => {
      for (const look of one.#changed) look();
    });
    await once(one.socket, "connect");
    return one;
  }

  /** Writes `bytes`; `size` cuts them into writes of that many, each handed over before the next. */
  async write(bytes, size = bytes.length) {
    for (let at = 0; at < bytes.length && !this.socket.destroyed; at += size) {
      await new Promise((resolve) => this.socket.write(bytes.subarray(at, at + size), resolve));
    }
  }

  /** Resolves once the text received fits, or the connection is closed. */
  async until(pattern) {
    let look;
    const fits = new Promise((resolve) => {
      look = () => {
        if (this.socket.destroyed || pattern.test(this.received.toString("latin1"))) resolve();
      };
    });
    this.#changed.add(look);
    look();
    try {
      await within(patience, `${pattern} from the hub, after ${JSON.stringify(this.received.toString("latin1").slice(-300))}`, fits);
    } finally {
      this.#changed.delete(look);
    }
    return this.received.toString("latin1");
  }

  close() {
    this.socket.destroy();
  }
}
