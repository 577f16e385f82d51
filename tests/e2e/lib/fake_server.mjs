// What the sign-in providers of the tests stand on: a small server on loopback, over HTTP or over TLS.
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { readPair } from "./certificates.mjs";

export class FakeServer {
  /** How often each path was asked, as "METHOD /path". */
  asked = [];
  /** While set, every question is cut off unanswered. */
  isAway = false;
  /** Questions are answered once this is fulfilled. */
  gate = Promise.resolve();

  /** `files`: {cert, key} for TLS. Subclasses answer(url, request, body) with {status, headers, body}. */
  async listen(files) {
    const handler = (request, response) => void this.#serve(request, response);
    this.server = files === undefined
      ? createServer(handler)
      : createTlsServer(readPair(files), handler);
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `${files === undefined ? "http" : "https"}://localhost:${this.server.address().port}`;
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.url);
    this.asked.push(`${request.method} ${url.pathname}`);
    if (this.isAway) return request.socket.destroy();
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    await this.gate;
    const answer = await this.answer(url, request, new URLSearchParams(Buffer.concat(pieces).toString()));
    const { status = 200, headers = {}, body = "" } = answer;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  /** How often `line` ("POST /token") was asked. */
  count(line) {
    return this.asked.filter((one) => one === line).length;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
