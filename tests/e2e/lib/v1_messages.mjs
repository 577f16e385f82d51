// Messages of the version-1 protocol over a WebSocket: JSON objects with a type, in text frames.
import { within, patience } from "./http.mjs";

/** Text that is no JSON object becomes a message of no type. */
function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return { malformed: String(text) };
  }
}

export class Messages {
  /** Everything that arrived so far, in order. */
  all = [];
  #waiting = new Set();

  /** `end`: a WebSocketEnd, whose pings are answered. `take` gets each message as it comes. */
  constructor(end, take = () => {}) {
    this.end = end;
    this.take = take;
    this.closed = this.#read();
  }

  async #read() {
    for (;;) {
      const event = await this.end.next(1 << 30);
      if (event.kind === "ping") await this.end.send("pong", event.data);
      if (event.kind === "binary") await this.end.close(1003, "text only");
      if (event.kind === "text") {
        const message = parsed(event.data);
        this.all.push(message);
        this.take(message);
        for (const look of [...this.#waiting]) look(message);
      }
      if (event.kind === "close") {
        await this.end.close(event.code >= 1000 && event.code !== 1005 ? event.code : 1000);
        this.end.socket.end();
      }
      if (event.kind === "close" || event.kind === "gone") return event;
    }
  }

  send(message) {
    return this.end.send("text", typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The next message from now on that fits: a type, or a predicate. */
  next(what, ms = patience) {
    const fits = typeof what === "function" ? what : ({ type }) => type === what;
    let look;
    const found = new Promise((resolve) => {
      look = (message) => fits(message) && resolve(message);
      this.#waiting.add(look);
    });
    void found.then(() => this.#waiting.delete(look));
    return within(ms, `a message ${typeof what === "string" ? what : what.toString()}`, found);
  }

  /** The first one, whether it came already or not. */
  async first(what, ms) {
    const fits = typeof what === "function" ? what : ({ type }) => type === what;
    return this.all.find(fits) ?? this.next(what, ms);
  }

  of(type) {
    return this.all.filter((message) => message.type === type);
  }

  /** How the other side closed: {kind, code, reason}. */
  whenClosed(ms = patience) {
    return within(ms, "the end of the connection", this.closed);
  }
}
