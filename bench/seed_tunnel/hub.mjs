// node hub.mjs ADDRESS PORT [CERTIFICATE KEY]: the hub of a tunnel as version 1 of the protocol has it.
// A request for ID.localhost becomes one JSON message to the client ID, body and all, and its answer is
// one too. A yardstick, not for use: it authenticates nobody.
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import { WebSocketServer } from "ws";
import { readBody, toPairs } from "./message.mjs";

const LIMIT_MS = 30_000;
const [address, port, certificate, key] = process.argv.slice(2);
const clients = new Map(); // By id: the socket.
const waiting = new Map(); // By request id: {response, timer}.
let lastId = 0;

function answer(response, status, pairs, body) {
  response.writeHead(status, [...pairs, ["Content-Length", String(body.length)]].flat());
  response.end(body);
}

function take(id) {
  const entry = waiting.get(id);
  waiting.delete(id);
  clearTimeout(entry?.timer);
  return entry?.response;
}

function onRequest(request, response) {
  const client = clients.get(request.headers.host?.split(".")[0]);
  if (!client) return answer(response, 502, [], Buffer.from("no such client\n"));
  readBody(request, (body) => {
    const id = String(++lastId);
    const timer = setTimeout(() => answer(take(id), 504, [], Buffer.alloc(0)), LIMIT_MS);
    waiting.set(id, { response, timer });
    const [path, query] = request.url.split("?", 2);
    client.send(JSON.stringify({
      type: "http_proxy_request", request_id: id, method: request.method, path, query,
      headers: [...toPairs(request.rawHeaders), ["X-Orchestrator-User-Id", "1"],
        ["X-Orchestrator-Username", "bench"]],
      body: body.length > 0 ? body.toString() : undefined,
    }));
  });
}

function onMessage(socket, data) {
  const message = JSON.parse(data);
  if (message.type === "register") {
    clients.set(message.client_id, socket);
    socket.send(JSON.stringify({ type: "registered", success: true }));
    console.log(`registered ${message.client_id}`);
  } else if (message.type === "ping") {
    socket.send(JSON.stringify({ type: "pong", client_id: message.client_id }));
  } else if (message.type === "http_proxy_response") {
    const response = take(message.request_id);
    const isBase64 = message.headers.some(([name]) => name === "x-orch-encoding");
    const pairs = message.headers.filter(([name]) => name !== "x-orch-encoding");
    if (response) {
      answer(response, message.status, pairs, Buffer.from(message.body, isBase64 ? "base64" : "utf8"));
    }
  } else if (message.type === "error" && waiting.has(message.request_id)) {
    answer(take(message.request_id), 502, [], Buffer.from(`${message.message}\n`));
  }
}

const server = certificate
  ? https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key),
    ciphers: "TLS_AES_128_GCM_SHA256" }, onRequest)
  : http.createServer(onRequest);
const sockets = new WebSocketServer({ server, path: "/ws/connect", perMessageDeflate: false,
  maxPayload: 0 });
sockets.on("connection", (socket) => socket.on("message", (data) => onMessage(socket, data)));
server.listen(Number(port), address, 4096);
