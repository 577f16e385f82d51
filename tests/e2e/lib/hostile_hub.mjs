// A hub that is not ours: accepts an agent's tunnel and sends it what it likes, over node's own
// HTTP/2 in our small WebSocket.
import { createServer } from "node:http";
import { connect as http2Connect } from "node:http2";
import { Carrier } from "./carrier.mjs";
import { patience, within } from "./http.mjs";
import { acceptWebSocket } from "./websocket.mjs";

export class HostileHub {
  static async start() {
    const one = new HostileHub();
    one.server = createServer();
    one.registered = new Promise((resolve) => {
      one.server.on("upgrade", (request, socket, head) => {
        const end = acceptWebSocket(request, socket, head, { "sec-websocket-protocol": "berth.h2" });
        void one.#serve(end, resolve);
      });
    });
    await new Promise((resolve) => one.server.listen(0, "127.0.0.1", resolve));
    one.url = `http://127.0.0.1:${one.server.address().port}`;
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
      await end.send("text", JSON.stringify({ type: "registered", success: true }));
      this.end = end;
      this.socket = end.socket;
      this.carrier = new Carrier(end);
      this.session = http2Connect("http://agent", { createConnection: () => this.carrier });
      this.session.on("error", () => {});
      // The agent begins its side when the first stream comes; it answers once it has looked for its
      // instance.
      this.session.request({ ":path": "/hello" }).on("error", () => {}).once("response", registered).resume();
    }
  }

  /** One exchange: {status, headers}, or {error} if its stream was reset. */
  request(fields) {
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
