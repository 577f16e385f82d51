// The instance of these tests: a web server on node's own HTTP, whose routes the test itself plays.
// It notes each request that reaches it, and nothing happens in it that the test did not ask for.
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { patience, within } from "./http.mjs";

export class Origin {
  /** Every request so far: {method, url, rawHeaders}. */
  seen = [];
  #routes = new Map();
  #upgrades = new Map();
  #sockets = new Set();

  static async start(name, folder) {
    const one = new Origin();
    one.name = name;
    one.home = join(folder, name);
    mkdirSync(one.home, { recursive: true });
    one.database = join(one.home, "none.db");
    one.server = createServer((request, response) => one.#answer(request, response));
    one.server.on("checkContinue", (request, response) => one.#answer(request, response));
    one.server.on("upgrade", (request, socket, head) => one.#upgrade(request, socket, head));
    one.server.on("connection", (socket) => {
      one.#sockets.add(socket);
      socket.on("close", () => one.#sockets.delete(socket));
    });
    one.server.requestTimeout = 0;
    await one.listen(0);
    one.url = `http://127.0.0.1:${one.server.address().port}`;
    return one;
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, "127.0.0.1", resolve);
    });
  }

  /** Plays `path`: `play(request, response)` answers. Replaces what was there. */
  on(path, play) {
    this.#routes.set(path, play);
  }

  /** The next request at `path`, for the test to answer: {request, response}. */
  nextRequest(path) {
    return within(patience, `a request at ${path}`, new Promise((resolve) => {
      this.on(path, (request, response) => resolve({ request, response }));
    }));
  }

  /** Plays the upgrades of `path`: `play(request, socket, head)`. */
  onUpgrade(path, play) {
    this.#upgrades.set(path, play);
  }

  #note(request) {
    this.seen.push({ method: request.method, url: request.url, rawHeaders: request.rawHeaders });
    return request.url.split("?", 1)[0];
  }

  #answer(request, response) {
    const path = this.#note(request);
    response.on("error", () => {});
    const play = this.#routes.get(path) ?? this.#routes.get("*");
    if (play !== undefined) {
      play(request, response);
      return;
    }
    request.resume();
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(`${this.name} ${request.method} ${request.url}`);
  }

  #upgrade(request, socket, head) {
    const path = this.#note(request);
    socket.on("error", () => {});
    const play = this.#upgrades.get(path);
    if (play === undefined) socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    else play(request, socket, head);
  }

  /** Breaks off every connection and takes no more; listen() brings it back. */
  async stop() {
    if (!this.server.listening) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
