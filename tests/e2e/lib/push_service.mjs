// Stand-ins for those who receive notifications: a push service that reads its messages as a browser
// does (RFC 8291) and checks who sends them (RFC 8292), and whatever else takes JSON by POST. Node's
// own cryptography throughout.
import { createDecipheriv, createECDH, createHmac, createPublicKey, hkdfSync, randomBytes, verify } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { until } from "../../browser/lib/wait.mjs";
import { readAll } from "./http.mjs";

/** A server on loopback that keeps what is posted to it. */
export class Receiver {
  /** What came and was taken: {path, headers, body, at}. */
  taken = [];
  /** How many requests came, whatever the answer. */
  asked = 0;
  /** The answer to everything: {status, headers}. */
  answer = { status: 201 };

  static async start(...args) {
    const one = new this(...args);
    one.server = createServer((request, response) => void one.#serve(request, response));
    one.server.listen(0, "127.0.0.1");
    await once(one.server, "listening");
    one.url = `http://127.0.0.1:${one.server.address().port}`;
    return one;
  }

  async #serve(request, response) {
    const body = await readAll(request);
    this.asked += 1;
    const { status, headers = {} } = this.answer;
    if (status < 300) this.taken.push({ path: request.url, headers: request.headers, body, at: Date.now() });
    response.writeHead(status, headers);
    response.end();
  }

  /** Waits until `count` were taken; all of them. */
  async wait(count, ms = 20_000) {
    await until(() => `${count} deliveries (${this.taken.length} came)`, () => this.taken.length >= count, ms);
    return this.taken;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** One browser's subscription at a push service. */
export class PushService extends Receiver {
  #ecdh = createECDH("prime256v1");
  #auth = randomBytes(16);

  constructor() {
    super();
    this.#ecdh.generateKeys();
  }

  /** As PushSubscription.toJSON() has it, spread out. */
  get subscription() {
    return { url: `${this.url}/push/one`, p256dh: this.#ecdh.getPublicKey("base64url"), auth: this.#auth.toString("base64url") };
  }

  /** The text of a message. Throws unless it is what RFC 8291 says. */
  read({ headers, body }) {
    if (headers["content-encoding"] !== "aes128gcm") throw new Error(`content-encoding: ${headers["content-encoding"]}`);
    const salt = body.subarray(0, 16);
    const recordSize = body.readUInt32BE(16);
    const sender = body.subarray(21, 21 + body[20]);
    const record = body.subarray(21 + body[20]);
    if (record.length > recordSize) throw new Error("more than one record");
    const info = Buffer.concat([Buffer.from("WebPush: info\0"), this.#ecdh.getPublicKey(), sender]);
    const secret = Buffer.from(hkdfSync("sha256", this.#ecdh.computeSecret(sender), this.#auth, info, 32));
    const key = Buffer.from(hkdfSync("sha256", secret, salt, "Content-Encoding: aes128gcm\0", 16));
    const nonce = Buffer.from(hkdfSync("sha256", secret, salt, "Content-Encoding: nonce\0", 12));
    const decipher = createDecipheriv("aes-128-gcm", key, nonce);
    decipher.setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    const end = padded.findLastIndex((byte) => byte !== 0);
    if (padded[end] !== 2) throw new Error("not the last record");
    return padded.subarray(0, end).toString();
  }

  /** The claims of the sender's VAPID token. Throws unless `key` signed it. */
  claims({ headers }, key) {
    const [, token, own] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(headers.authorization);
    if (own !== key) throw new Error("another key than the browser subscribed with");
    const point = Buffer.from(own, "base64url");
    const jwk = { kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") };
    const [head, claims, signature] = token.split(".");
    const publicKey = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
    if (!verify("sha256", Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, "base64url"))) throw new Error("not signed by that key");
    const { alg } = JSON.parse(Buffer.from(head, "base64url"));
    if (alg !== "ES256") throw new Error(`alg ${alg}`);
    return JSON.parse(Buffer.from(claims, "base64url"));
  }
}

/** What a webhook's signature must be. */
export function signatureOf(secret, { headers, body }) {
  return `sha256=${createHmac("sha256", secret).update(`${headers["x-berth-timestamp"]}.`).update(body).digest("hex")}`;
}
