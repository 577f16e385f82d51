// A hub of version 1 in the hands of a test: takes instances in and says what it is told to. Written
// from the protocol alone.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { patience, within } from "./http.mjs";
import { Messages } from "./v1_messages.mjs";
import { acceptWebSocket } from "./websocket.mjs";

/** The hub's side of one instance's connection. */
export class HubConnection extends Messages {
  /** `request`: the upgrade, with its `query`. `answersPings`: whether pong follows each ping. */
  constructor(end, request, answersPings) {
    super(end, (message) => {
      if (message.type === "ping" && this.answersPings) void this.send({ type: "pong", client_id: message.client_id });
    });
    this.request = request;
    this.answersPings = answersPings;
  }

  registered(answer = { success: true }) {
    return this.send({ type: "registered", ...answer });
  }

  /** Sends an http_proxy_request: its answer. */
  async ask(fields = {}) {
    const request = { type: "http_proxy_request", request_id: randomBytes(8).toString("hex"), method: "GET", path: "/", headers: [], ...fields };
    const answered = this.next((message) => ["http_proxy_response", "error"].includes(message.type) && message.request_id === request.request_id);
    await this.send(request);
    return answered;
  }

  /** Resolves once the instance has answered a request that was sent after all before. */
  settle() {
    return this.ask({ path: "/settled" });
  }

  /** Begins a user_request; what follows is in of(). */
  async chat(action, payload = {}) {
    const request_id = randomBytes(8).toString("hex");
    await this.send({ type: "user_request", request_id, action, payload });
    return request_id;
  }

  followUp(request_id, payload) {
    return this.send({ type: "user_request_follow_up", request_id, payload });
  }

  /** The `data` of the chat's next frame that fits. */
  async heard(request_id, fits = () => true) {
    const message = await this.first((one) => ["response", "response_chunk"].includes(one.type) && one.request_id === request_id && fits(one.data));
    return message.data;
  }
}

export class HubEnd {
  connections = [];
  /** Every upgrade, refused ones too. */
  asked = [];
  answersPings = true;
  #waiting = [];
  #taken = 0;

  static async start(token, port = 0) {
    const one = new HubEnd();
    one.token = token;
    one.server = createServer((_, response) => response.writeHead(404).end());
    one.server.on("upgrade", (request, socket, head) => one.#accept(request, socket, head));
    await new Promise((resolve) => one.server.listen(port, "127.0.0.1", resolve));
    one.url = `ws://127.0.0.1:${one.server.address().port}/ws/connect`;
    return one;
  }

  #accept(request, socket, head) {
    socket.on("error", () => {});
    const { pathname, searchParams } = new URL(request.url, "http://hub");
    request.query = Object.fromEntries(searchParams);
    this.asked.push(request);
    if (pathname !== "/ws/connect" || request.query.token !== this.token) {
      socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      return;
    }
    const connection = new HubConnection(acceptWebSocket(request, socket, head), request, this.answersPings);
    this.connections.push(connection);
    for (const look of this.#waiting.splice(0)) look();
  }

  /** The next connection that no call of this returned before. */
  async connection(ms = patience) {
    while (this.connections.length <= this.#taken) {
      await within(ms, "a connection of the instance", new Promise((resolve) => this.#waiting.push(resolve)));
    }
    return this.connections[this.#taken++];
  }

  /** The same, registered. */
  async instance(ms) {
    const connection = await this.connection(ms);
    await connection.first("register");
    await connection.registered();
    return connection;
  }

  async stop() {
    for (const { end } of this.connections) end.drop();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
