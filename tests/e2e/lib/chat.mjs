// A dashboard that keeps what it hears of one instance, and a page's chat socket, both with the time
// of each message.
import { performance } from "node:perf_hooks";
import { within } from "./http.mjs";
import { openWebSocket } from "./websocket.mjs";

/** Messages as they come, and waiting for one of them. */
class Log {
  #heard = [];
  #waiting = new Set();

  add(message) {
    const entry = { at: performance.now(), message };
    this.#heard.push(entry);
    for (const look of this.#waiting) look();
  }

  /** Where the next message will be: for `from` below. */
  get end() {
    return this.#heard.length;
  }

  /** The first entry from `from` on that fits. */
  find(from, fits) {
    return this.#heard.slice(from).find(({ message }) => fits(message));
  }

  /** The same, past or to come. */
  async wait(what, from, fits, ms = 20_000) {
    let look;
    try {
      return await within(ms, `${what}; heard ${JSON.stringify(this.#heard.slice(from).map(({ message }) => message)).slice(-2000)}`, new Promise((resolve) => {
        look = () => {
          const entry = this.find(from, fits);
          if (entry !== undefined) resolve(entry);
        };
        this.#waiting.add(look);
        look();
      }));
    } finally {
      this.#waiting.delete(look);
    }
  }
}

async function readInto(log, end) {
  for (;;) {
    const event = await end.next(600_000);
    if (event.kind === "gone" || event.kind === "close") return;
    if (event.kind === "ping") await end.send("pong", event.data);
    if (event.kind === "text") log.add(JSON.parse(event.data));
  }
}

export class Dashboard {
  log = new Log();

  static async open(scene, cookie) {
    const dashboard = new Dashboard();
    const { end } = await scene.openDashboard(cookie);
    dashboard.end = end;
    void readInto(dashboard.log, end);
    await end.send("text", JSON.stringify({ type: "get_clients" }));
    await dashboard.log.wait("the list", 0, ({ type }) => type === "client_list");
    return dashboard;
  }

  /** The first word of instance `id` from `from` on whose metadata fit: {at, metadata}. */
  async see(id, what, fits, from = 0) {
    let metadata;
    const { at } = await this.log.wait(`${id} ${what}`, from, ({ type, client, clients }) => {
      const one = type === "client_update" && client.id === id ? client : clients?.find((each) => each.id === id);
      metadata = one?.metadata;
      return metadata !== undefined && fits(metadata);
    });
    return { at, metadata };
  }

  /** The first word of that state. */
  state(id, state, from = 0) {
    return this.see(id, `in state ${state}`, (metadata) => metadata.state === state, from);
  }
}

/** A chat socket of a page. */
export class Chat {
  log = new Log();

  /** `options` as for node's http.request. */
  static async open(options) {
    const chat = new Chat();
    const { end } = await openWebSocket(options);
    chat.end = end;
    void readInto(chat.log, end);
    return chat;
  }

  /** At the machine itself. */
  static direct(instance) {
    const { hostname, port } = new URL(instance.url);
    return Chat.open({ host: hostname, port, path: `/ws?token=${instance.token}`, headers: { host: `${hostname}:${port}` } });
  }

  send(message) {
    return this.end.send("text", JSON.stringify(message));
  }

  /** The first message of that kind from `from` on: {at, message}. */
  hear(kind, from = 0) {
    return this.log.wait(`a message ${kind}`, from, (message) => message.kind === kind || message.type === kind);
  }

  close() {
    return this.end.close(1000);
  }
}
