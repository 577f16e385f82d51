// A version-1 instance in the hands of a test: connects and says what it is told to.
import assert from "node:assert/strict";
import { Messages } from "./v1_messages.mjs";
import { openWebSocket } from "./websocket.mjs";

export class InstanceEnd extends Messages {
  /** Opens the connection; throws {status} when it is refused. */
  static async open({ url, token, id }) {
    const { hostname, port, host, pathname } = new URL(url);
    const query = new URLSearchParams({ ...(token === undefined ? {} : { token }), client_id: id });
    const { end } = await openWebSocket({ host: hostname, port, path: `${pathname}?${query}`, headers: { host } });
    const one = new InstanceEnd(end);
    one.id = id;
    one.token = token;
    return one;
  }

  /** The same, registered. */
  static async connect(place, metadata = {}) {
    const one = await InstanceEnd.open(place);
    const answer = await one.register(metadata);
    assert.equal(answer.success, true, JSON.stringify(answer));
    return one;
  }

  async register(metadata = {}) {
    const answered = this.next("registered");
    await this.send({
      type: "register", client_id: this.id, user_token: this.token,
      metadata: { hostname: "box", platform: "linux", project: "demo", status: "idle", version: "1.13.6", ...metadata },
    });
    return answered;
  }

  /** Resolves once the hub has read all that was sent before. */
  async settle() {
    const pong = this.next("pong");
    await this.send({ type: "ping", client_id: this.id });
    await pong;
  }

  status(status) {
    return this.send({ type: "status_update", client_id: this.id, status });
  }

  /** Answers an http_proxy_request; a Buffer becomes base64. */
  answer(request, { status = 200, headers = [["content-type", "text/plain"]], body = "" } = {}) {
    const isBinary = Buffer.isBuffer(body);
    return this.send({
      type: "http_proxy_response", request_id: request.request_id, status,
      headers: isBinary ? [...headers, ["x-orch-encoding", "base64"]] : headers,
      body: isBinary ? body.toString("base64") : body,
    });
  }

  /** The next http_proxy_request for `path`. */
  asked(path) {
    return this.next((message) => message.type === "http_proxy_request" && message.path === path);
  }

  async leave() {
    await this.end.close(1000);
    await this.whenClosed();
  }
}
