// HTTP/2 as browsers speak it, by node's own client, and frame by frame where a peer breaks its rules.
import { once } from "node:events";
import { connect as http2Connect } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { patience, within } from "./http.mjs";

function tlsTo(way) {
  return tlsConnect({ host: "127.0.0.1", port: way.port, ...way.tls, ALPNProtocols: ["h2"] });
}

/** A browser's connection to the hub, on which it asks for what `way` leads to. */
export class Http2Browser {
  static async to(way, settings = {}) {
    const one = new Http2Browser();
    one.session = http2Connect(way.origin, { createConnection: () => tlsTo(way), settings });
    one.session.on("error", () => {});
    await within(patience, "an HTTP/2 connection", once(one.session, "connect"));
    return one;
  }

  /** One request: its stream, on which nothing was sent but the head. `headers` replace those of `way`. */
  open(way, path, { method = "GET", headers = {}, isOver = false } = {}) {
    return this.session.request({
      ":method": method, ":path": way.prefix + path, ":authority": way.host, cookie: way.cookie, origin: way.origin, ...headers,
    }, { endStream: isOver });
  }

  /**
   * One exchange: {status, headers, interim, trailers, body}, of which interim is a list of heads.
   * `body` is bytes or a stream; `read(stream)` replaces reading the answer whole.
   */
  async ask(way, path, { body, read, ...rest } = {}) {
    const stream = this.open(way, path, { ...rest, isOver: body === undefined });
    const answer = { interim: [], trailers: {} };
    stream.on("headers", (head) => answer.interim.push(head));
    stream.on("trailers", (fields) => (answer.trailers = fields));
    const answered = new Promise((resolve, reject) => {
      stream.once("response", resolve);
      stream.once("error", reject);
    });
    if (typeof body?.pipe === "function") body.pipe(stream);
    else if (body !== undefined) stream.end(body);
    answer.headers = await within(patience, `the answer to ${path} over HTTP/2`, answered);
    answer.status = answer.headers[":status"];
    const whole = async () => {
      const pieces = [];
      for await (const piece of stream) pieces.push(piece);
      return Buffer.concat(pieces);
    };
    answer.body = await (read ?? whole)(stream);
    return answer;
  }

  close() {
    this.session.destroy();
  }
}

export const frameType = {
  data: 0, headers: 1, priority: 2, reset: 3, settings: 4, pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9,
};
export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 };
export const errorCode = { protocolError: 1, cancel: 8, enhanceYourCalm: 11 };

/** The bytes of one frame. */
export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The payload of RST_STREAM. */
export function resetWith(code) {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return payload;
}

function hpackLength(length) {
  if (length < 127) return [length];
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}

/** A header block that says `fields`, [name, value] each, byte for byte (RFC 7541, section 6.2.2). */
export function headerBlock(fields) {
  return Buffer.concat(fields.flatMap(([name, value, kind = 0]) => [
    Buffer.from([kind, ...hpackLength(Buffer.byteLength(name, "latin1"))]), Buffer.from(name, "latin1"),
    Buffer.from(hpackLength(Buffer.byteLength(value, "latin1"))), Buffer.from(value, "latin1"),
  ]));
}

/** A connection to the hub that has said its preface and what any peer says; the rest is the test's. */
export class RawHttp2 {
  /** Every frame of the hub: {type, flags, stream, payload}. */
  frames = [];
  #bytes = Buffer.alloc(0);
  #looks = new Set();

  static async to(way) {
    const one = new RawHttp2();
    one.socket = tlsTo(way);
    one.socket.on("error", () => {});
    one.socket.on("data", (piece) => one.#take(piece));
    one.isOver = false;
    one.ended = new Promise((resolve) => {
      for (const event of ["end", "close"]) {
        one.socket.once(event, () => {
          one.isOver = true;
          one.#tell();
          resolve();
        });
      }
    });
    await within(patience, "a TLS connection", once(one.socket, "secureConnect"));
    one.socket.setNoDelay(true);
    one.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameType.settings, 0, 0)]));
    return one;
  }

  #take(piece) {
    this.#bytes = Buffer.concat([this.#bytes, piece]);
    for (;;) {
      if (this.#bytes.length < 9) break;
      const length = this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < 9 + length) break;
      this.frames.push({
        type: this.#bytes[3], flags: this.#bytes[4], stream: this.#bytes.readUInt32BE(5),
        payload: Buffer.from(this.#bytes.subarray(9, 9 + length)),
      });
      this.#bytes = this.#bytes.subarray(9 + length);
    }
    this.#tell();
  }

  #tell() {
    for (const look of this.#looks) look();
  }

  write(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** Resolves once everything written so far was handed over, or the connection is over. */
  flushed() {
    return Promise.race([this.ended, new Promise((resolve) => this.socket.write("", resolve))]);
  }

  /** The first frame, past or to come, that fits; undefined if the connection ends without it. */
  async frame(fits, what, ms = patience) {
    let look;
    const found = new Promise((resolve) => {
      look = () => {
        const one = this.frames.find(fits);
        if (one !== undefined || this.isOver) resolve(one);
      };
    });
    this.#looks.add(look);
    look();
    try {
      return await within(ms, what, found);
    } finally {
      this.#looks.delete(look);
    }
  }

  /** The error code of the hub's GOAWAY; undefined if it ends the connection without one. */
  async goaway(ms = patience) {
    return (await this.frame(({ type }) => type === frameType.goaway, "GOAWAY", ms))?.payload.readUInt32BE(4);
  }

  /** How the stream ended: "answered", "reset" or "cut". */
  async end(stream) {
    const last = await this.frame((one) => one.stream === stream && (one.type === frameType.reset
      || ((one.type === frameType.data || one.type === frameType.headers) && (one.flags & flag.endStream) !== 0)), `the end of stream ${stream}`);
    if (last === undefined) return "cut";
    return last.type === frameType.reset ? "reset" : "answered";
  }

  close() {
    this.socket.destroy();
  }
}

/** The fields of a request that a browser makes of `way`. */
export function requestFields(way, path, method = "GET", more = []) {
  return [[":method", method], [":scheme", "https"], [":authority", way.host], [":path", way.prefix + path], ["cookie", way.cookie], ["origin", way.origin], ...more];
}
