// The binary messages of a tunnel's WebSocket as a byte stream, for node's own HTTP/2.
import { Duplex } from "node:stream";

export class Carrier extends Duplex {
  #end;
  #isBegun = false;

  constructor(end) {
    super();
    this.#end = end;
  }

  _read() {}

  _write(bytes, _, done) {
    this.#end.send("binary", bytes).then(() => done(), done);
  }

  /**
   * Feeds this stream from the WebSocket, answering its pings and its end, until it is gone. `onText`
   * gets the control messages; without it, resolves with the first. Emits "begun" before the first
   * bytes.
   */
  serve(onText) {
    return new Promise((resolve) => void this.#run(onText ?? resolve));
  }

  async #run(onText) {
    for (;;) {
      const event = await this.#end.next(1 << 30);
      if (event.kind === "gone") {
        this.push(null);
        return;
      }
      if (event.kind === "close") {
        await this.#end.close(event.code ?? 1000);
        this.#end.socket.end();
      }
      if (event.kind === "ping") await this.#end.send("pong", event.data);
      if (event.kind === "binary") {
        if (!this.#isBegun) this.emit("begun");
        this.#isBegun = true;
        this.push(event.data);
      }
      if (event.kind === "text") onText(JSON.parse(event.data));
    }
  }
}
