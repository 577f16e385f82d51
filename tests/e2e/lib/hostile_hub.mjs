// A hub that is not ours: accepts an agent's tunnel and sends it what it likes, over node's own
// HTTP/2 in our small WebSocket. It has a key of its own, which an agent that meets it for the first
// time believes, and signs with it what it likes.
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect as http2Connect } from "node:http2";
import { Carrier } from "./carrier.mjs";
import { readPair } from "./certificates.mjs";
import { patience, within } from "./http.mjs";
import { acceptWebSocket } from "./websocket.mjs";

/** An Ed25519 key as a hub has it. */
export class SigningKey {
  constructor() {
    this.pair = generateKeyPairSync("ed25519");
    const raw = Buffer.from(this.pair.publicKey.export({ format: "jwk" }).x, "base64url");
    this.text = raw.toString("base64url");
    this.id = createHash("sha256").update(raw).digest("hex").slice(0, 16);
  }

  sign(text) {
    return sign(null, Buffer.from(text), this.pair.privateKey).toString("base64url");
  }

  /** As `registered` announces it, with the word of `older` keys for it. */
  announce(...older) {
    const endorsements = older.map((key) => ({ key_id: key.id, signature: key.sign(`berth-hub-key:1:${this.text}`) }));
    return { public_key: this.text, endorsements };
  }

  /** An assertion of `payload`, whatever it is. */
  assert(payload) {
    const text = Buffer.from(JSON.stringify(payload)).toString("base64url");
    return `${text}.${this.sign(text)}`;
  }
}

export class HostileHub {
  #failure;
  #registration;

  /** With `tls`, the files {cert, key}, it is at an https address. */
  static async start({ tls } = {}) {
    const one = new HostileHub();
    one.key = new SigningKey();
    one.keys = [one.key.announce()];
    /** What each agent registered, and every request: {headers}. */
    one.registrations = [];
    one.requests = [];
    one.server = tls === undefined ? createServer() : createTlsServer(readPair(tls));
    /** TLS handshakes that failed, and bytes that came through one that did not. */
    one.failed = 0;
    one.plaintext = 0;
    one.server.on("tlsClientError", () => {
      ++one.failed;
      one.#failure?.();
    });
    one.server.on("secureConnection", (socket) => socket.on("data", (piece) => (one.plaintext += piece.length)));
    one.server.on("request", (request, response) => {
      one.requests.push(request);
      response.writeHead(404).end();
    });
    one.registered = new Promise((resolve) => {
      one.server.on("upgrade", (request, socket, head) => {
        one.requests.push(request);
        const end = acceptWebSocket(request, socket, head, { "sec-websocket-protocol": "berth.h2" });
        void one.#serve(end, resolve);
      });
    });
    await new Promise((resolve) => one.server.listen(0, "127.0.0.1", resolve));
    one.url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${one.server.address().port}`;
    return one;
  }

  async #serve(end, registered) {
    for (;;) {
      const event = await end.next(1 << 30);
      if (event.kind === "gone") return;
      if (event.kind === "close") {
        await end.close(event.code ?? 1000);
        end.socket.end();
      }
      if (event.kind === "ping") await end.send("pong", event.data);
      if (event.kind === "binary") this.carrier.push(event.data);
      if (event.kind !== "text" || JSON.parse(event.data).type !== "register") continue;
      this.registration = JSON.parse(event.data);
      this.registrations.push(this.registration);
      await end.send("text", JSON.stringify({ type: "registered", success: true, hub: { keys: this.keys } }));
      this.end = end;
      this.socket = end.socket;
      this.carrier = new Carrier(end);
      this.session = http2Connect("http://agent", { createConnection: () => this.carrier });
      this.session.on("error", () => {});
      this.#registration?.();
      // The agent begins its side when the first stream comes; it answers once it has looked for its
      // instance.
      this.session.request({ ":path": "/hello", "x-berth-assertion": this.assertion() }).on("error", () => {}).once("response", registered).resume();
    }
  }

  /** Resolves when an agent has registered anew. */
  nextRegistration() {
    return new Promise((resolve) => (this.#registration = resolve));
  }

  /** Resolves when more than `before` TLS handshakes have failed. */
  nextFailure(before) {
    return new Promise((resolve) => {
      this.#failure = () => {
        if (this.failed > before) resolve();
      };
      this.#failure();
    });
  }

  /** It is another hub from now on. */
  rekey(key) {
    this.key = key;
    this.keys = [key.announce()];
  }

  /** What the agent demands of an assertion, but for `changes`. */
  payload(changes = {}) {
    const now = Math.floor(Date.now() / 1000);
    return {
      v: 1, kid: this.key.id, aud: this.registration.client_id, tun: this.registration.tunnel, uid: 1,
      provider: "github", sub: "583231", login: "octocat", name: "Mona", groups: ["acme", "acme/platform"],
      role: "owner", iat: now - 15, exp: now + 45, ...changes,
    };
  }

  assertion(changes) {
    return this.key.assert(this.payload(changes));
  }

  /** One control message. */
  say(message) {
    return this.end.send("text", JSON.stringify(message));
  }

  /** One exchange with a good assertion: {status, headers}, or {error} if its stream was reset. */
  request(fields) {
    return this.send({ "x-berth-assertion": this.assertion(), ...fields });
  }

  /** The same with these fields alone. */
  send(fields) {
    return within(patience, `the agent's answer to ${JSON.stringify(fields)}`, new Promise((resolve) => {
      const stream = this.session.request({ ":method": "GET", ...fields });
      stream.on("response", (headers) => {
        stream.resume();
        resolve({ status: headers[":status"], headers });
      });
      stream.on("error", (error) => resolve({ error }));
      stream.end();
    }));
  }

  async stop() {
    this.session?.destroy();
    this.socket?.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
