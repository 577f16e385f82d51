// A small web server of the test's own, as an instance: it notes every request that reaches it.
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { acceptWebSocket } from "../../e2e/lib/websocket.mjs";

export class PlainInstance {
  seen = [];
  #upgraded = new Set();

  /**
   * `answer(request)` gives {status, headers, body} for a request, or nothing for a 404. WebSockets are
   * accepted, with the first protocol they offer, and told "hello" if `sockets`, else refused.
   */
  static async start(name, folder, answer, { sockets = false } = {}) {
    const one = new PlainInstance();
    one.name = name;
    one.home = join(folder, name);
    mkdirSync(one.home, { recursive: true });
    one.database = join(one.home, "none.db");
    one.server = createServer((request, response) => {
      one.seen.push({ method: request.method, url: request.url, headers: request.headers });
      request.resume();
      const { status = 200, headers = {}, body = "" } = answer(request) ?? { status: 404 };
      response.writeHead(status, { "content-type": "text/html", ...headers });
      response.end(body);
    });
    one.server.on("upgrade", (request, socket, head) => {
      one.seen.push({ method: "UPGRADE", url: request.url, headers: request.headers });
      socket.on("error", () => {});
      one.#upgraded.add(socket);
      const [protocol] = (request.headers["sec-websocket-protocol"] ?? "").split(/, */);
      const fields = protocol === "" ? {} : { "sec-websocket-protocol": protocol };
      if (sockets) void acceptWebSocket(request, socket, head, fields).send("text", "hello");
      else socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\n\r\n");
    });
    await new Promise((resolve) => one.server.listen(0, "127.0.0.1", resolve));
    one.url = `http://127.0.0.1:${one.server.address().port}`;
    return one;
  }

  async stop() {
    this.server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
