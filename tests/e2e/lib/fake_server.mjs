// What the sign-in providers of the tests stand on: a small server on loopback, over HTTP or over TLS
// with a certificate of an authority that only the tests know.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** An authority, and a certificate of it for `names`: {authority, cert, key}, file names. */
export async function makeAuthority(folder, names = "DNS:localhost,IP:127.0.0.1") {
  const at = (name) => join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await run("openssl", [
    "req", "-x509", ...key, "-subj", "/CN=berth test authority", "-addext", "basicConstraints=critical,CA:TRUE",
    "-keyout", at("authority.key"), "-out", at("authority.pem"),
  ]);
  await run("openssl", ["req", ...key.slice(0, -2), "-subj", "/CN=localhost", "-keyout", at("provider.key"), "-out", at("provider.csr")]);
  writeFileSync(at("provider.ext"), `subjectAltName=${names}\n`);
  await run("openssl", [
    "x509", "-req", "-in", at("provider.csr"), "-CA", at("authority.pem"), "-CAkey", at("authority.key"), "-CAcreateserial",
    "-days", "2", "-extfile", at("provider.ext"), "-out", at("provider.pem"),
  ]);
  return { authority: at("authority.pem"), cert: at("provider.pem"), key: at("provider.key") };
}

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
      : createTlsServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, handler);
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
