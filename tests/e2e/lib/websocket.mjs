// A small WebSocket endpoint (RFC 6455), for either side, on a socket after the upgrade.
import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { patience, within } from "./http.mjs";

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const kinds = Object.fromEntries(Object.entries(opcodes).map(([kind, code]) => [code, kind]));

export function acceptKey(key) {
  return createHash("sha1").update(key + guid).digest("base64");
}

function mask(bytes, key) {
  const out = Buffer.allocUnsafe(bytes.length);
  for (let i = 0; i < bytes.length; ++i) out[i] = bytes[i] ^ key[i & 3];
  return out;
}

export class WebSocketEnd {
  #chunks = [];
  #size = 0;
  #message;
  #events = [];
  #waiting = [];

  /** `masks`: whether this is the side that masks (the browser's). */
  constructor(socket, masks, head = Buffer.alloc(0)) {
    this.socket = socket;
    this.masks = masks;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (piece) => this.#take(piece));
    let isGone = false;
    const leave = () => {
      if (isGone) return;
      isGone = true;
      this.#tell({ kind: "gone" });
    };
    socket.on("end", leave);
    socket.on("close", leave);
    if (head.length > 0) this.#take(head);
  }

  #take(piece) {
    this.#chunks.push(piece);
    this.#size += piece.length;
    while (this.#frame());
  }

  #peek(bytes) {
    if (this.#size < bytes) return undefined;
    if (this.#chunks[0].length < bytes) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0];
  }

  #frame() {
    let head = this.#peek(2);
    if (head === undefined) return false;
    const isFinal = (head[0] & 0x80) !== 0;
    const opcode = head[0] & 0x0f;
    const isMasked = (head[1] & 0x80) !== 0;
    if ((head[0] & 0x70) !== 0 || isMasked === this.masks) throw new Error("not a frame of the other side");
    let length = head[1] & 0x7f;
    let at = 2;
    const wide = { 126: 2, 127: 8 }[length];
    if (wide !== undefined) {
      head = this.#peek(2 + wide);
      if (head === undefined) return false;
      length = wide === 2 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
      at += wide;
    }
    const keyAt = at;
    if (isMasked) at += 4;
    const whole = this.#peek(at + length);
    if (whole === undefined) return false;
    let data = whole.subarray(at, at + length);
    if (isMasked) data = mask(data, whole.subarray(keyAt, keyAt + 4));
    this.#chunks = [whole.subarray(at + length)];
    this.#size -= at + length;
    this.#gather(opcode, isFinal, data);
    return this.#size > 0;
  }

  #gather(opcode, isFinal, data) {
    if (opcode === 8) {
      this.#tell({ kind: "close", code: data.length >= 2 ? data.readUInt16BE(0) : undefined, reason: data.subarray(2).toString() });
      return;
    }
    if (opcode > 8) {
      this.#tell({ kind: kinds[opcode], data });
      return;
    }
    if (opcode !== 0) this.#message = { kind: kinds[opcode], pieces: [] };
    this.#message.pieces.push(data);
    if (!isFinal) return;
    const { kind, pieces } = this.#message;
    this.#message = undefined;
    this.#tell({ kind, data: Buffer.concat(pieces) });
  }

  #tell(event) {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting(event);
    else this.#events.push(event);
  }

  /** The next event: {kind, data}, {kind: "close", code, reason} or {kind: "gone"}. */
  next(ms = patience) {
    if (this.#events.length > 0) return Promise.resolve(this.#events.shift());
    return within(ms, "an event of the WebSocket", new Promise((resolve) => this.#waiting.push(resolve)));
  }

  /** Sends one message, in frames of at most `frame` bytes; resolves once it is handed over. */
  async send(kind, data, frame = Infinity) {
    const bytes = Buffer.from(data);
    let opcode = opcodes[kind];
    let at = 0;
    do {
      const piece = bytes.subarray(at, Math.min(bytes.length, at + frame));
      at += piece.length;
      const head = [(at === bytes.length ? 0x80 : 0) | opcode];
      const flag = this.masks ? 0x80 : 0;
      if (piece.length < 126) head.push(flag | piece.length);
      else if (piece.length < 65536) head.push(flag | 126, piece.length >> 8, piece.length & 0xff);
      else {
        const length = Buffer.alloc(8);
        length.writeBigUInt64BE(BigInt(piece.length));
        head.push(flag | 127, ...length);
      }
      const key = this.masks ? randomBytes(4) : undefined;
      const parts = [Buffer.from(head), ...(key ? [key, mask(piece, key)] : [piece])];
      const done = new Promise((resolve) => this.socket.write(Buffer.concat(parts), resolve));
      await done;
      opcode = 0;
    } while (at < bytes.length);
  }

  close(code, reason = "") {
    const data = Buffer.alloc(2);
    data.writeUInt16BE(code);
    return this.send("close", Buffer.concat([data, Buffer.from(reason)]));
  }

  drop() {
    this.socket.destroy();
  }
}

/** Opens a WebSocket as a browser does: {end, headers}; throws {status} when it is refused. */
export async function openWebSocket(options, extra = {}) {
  const key = randomBytes(16).toString("base64");
  const request = (options.ca === undefined ? httpRequest : httpsRequest)({
    agent: false, ...options,
    headers: {
      ...options.headers, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13",
      "sec-websocket-key": key, ...extra,
    },
  });
  request.on("error", () => {});
  const opened = new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      response.resume();
      reject(Object.assign(new Error(`refused with ${response.statusCode}`), { status: response.statusCode }));
    });
    request.once("upgrade", (response, socket, head) => {
      if (response.headers["sec-websocket-accept"] !== acceptKey(key)) reject(new Error("wrong accept key"));
      else resolve({ end: new WebSocketEnd(socket, true, head), headers: response.headers });
    });
  });
  request.end();
  return within(patience, `the WebSocket ${options.path}`, opened);
}

/** Answers an upgrade, with `fields` in the head; the server's end. */
export function acceptWebSocket(request, socket, head, fields = {}) {
  const lines = ["HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: Upgrade",
    `sec-websocket-accept: ${acceptKey(request.headers["sec-websocket-key"])}`,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`)];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return new WebSocketEnd(socket, false, head);
}

/** The next WebSocket that `origin` accepts at `path`, as its end of it. */
export function nextWebSocket(origin, path, fields = {}) {
  return within(patience, `a WebSocket at ${path}`, new Promise((resolve) => {
    origin.onUpgrade(path, (request, socket, head) => {
      resolve({ end: acceptWebSocket(request, socket, head, fields), request });
    });
  }));
}

/** Returns when the socket is closed, whatever came before. */
export async function untilGone(socket) {
  for (;;) {
    const { kind } = await socket.next();
    if (kind === "close" || kind === "gone") return;
  }
}
