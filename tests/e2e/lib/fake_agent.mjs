// An agent that says what the test wants of its instance and its sessions.
import assert from "node:assert/strict";
import { until } from "../../browser/lib/wait.mjs";
import { openWebSocket } from "./websocket.mjs";

export class FakeAgent {
  #heard = [];
  /** Connects to the hub of `scene` as `id` with a token of that id, and registers. */
  static async connect(scene, id, token) {
    const one = new FakeAgent();
    one.id = id;
    const options = { host: "127.0.0.1", port: scene.port, path: "/ws/connect", headers: { host: scene.host, authorization: `Bearer ${token}` } };
    ({ end: one.end } = await openWebSocket(options, { "sec-websocket-protocol": "berth.h2" }));
    await one.say({ type: "register", client_id: id, metadata: { hostname: id } });
    for (;;) {
      const event = await one.end.next();
      assert.ok(!["close", "gone"].includes(event.kind), `the hub closed: ${event.kind}`);
      if (event.kind === "text" && JSON.parse(event.data).type === "registered") break;
    }
    void one.#listen();
    return one;
  }

  /** Answers pings, and keeps what hear() asks for. */
  async #listen() {
    for (;;) {
      const event = await this.end.next(600_000).catch(() => ({ kind: "gone" }));
      if (event.kind === "ping") await this.end.send("pong", event.data);
      if (event.kind === "text") this.#heard.push(JSON.parse(event.data));
      if (event.kind === "close" || event.kind === "gone") return;
    }
  }

  /** The hub's next message of that type. */
  async hear(type) {
    const isIt = (message) => message.type === type;
    await until(`${type} from the hub`, () => this.#heard.some(isIt));
    return this.#heard.splice(this.#heard.findIndex(isIt), 1)[0];
  }

  say(message) {
    return this.end.send("text", JSON.stringify(message));
  }

  /** Reports `sessions`; the instance's own state follows from theirs. */
  report(sessions = []) {
    const has = (state) => sessions.some((one) => one.state === state);
    const state = ["needs_you", "busy", "error"].find(has) ?? "idle";
    const status = { needs_you: "busy", error: "idle" }[state] ?? state;
    return this.say({ type: "status_update", client_id: this.id, status, state, needs_you: state === "needs_you", sessions });
  }

  drop() {
    this.end.drop();
  }
}
