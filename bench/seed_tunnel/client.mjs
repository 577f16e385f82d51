// node client.mjs HUB-URL ID ORIGIN-PORT: the other end of hub.mjs, beside an origin.
import { isUtf8 } from "node:buffer";
import http from "node:http";
import WebSocket from "ws";
import { readBody, toPairs } from "./message.mjs";

const HEARTBEAT_MS = 30_000;
const [url, id, port] = process.argv.slice(2);
const connections = new http.Agent({ keepAlive: true });
const socket = new WebSocket(`${url}/ws/connect?client_id=${id}`,
  { perMessageDeflate: false, maxPayload: 0 });
const send = (message) => socket.send(JSON.stringify(message));

function onRequest({ request_id, method, path, query, headers, body }) {
  const request = http.request({
    agent: connections, host: "127.0.0.1", port, method, path: query === undefined ? path : `${path}?${query}`,
    headers: [...headers, ["Host", `localhost:${port}`],
      ...(body === undefined ? [] : [["Content-Length", String(Buffer.byteLength(body))]])].flat(),
  });
  request.on("response", (response) => readBody(response, (bytes) => {
    const isText = isUtf8(bytes);
    const pairs = toPairs(response.rawHeaders);
    if (!isText) pairs.push(["x-orch-encoding", "base64"]);
    send({ type: "http_proxy_response", request_id, status: response.statusCode, headers: pairs,
      body: bytes.toString(isText ? "utf8" : "base64") });
  }));
  request.on("error", (failure) => send({ type: "error", request_id, message: failure.message }));
  request.end(body);
}

socket.on("open", () => {
  send({ type: "register", client_id: id, user_token: "", metadata: { hostname: "bench",
    platform: process.platform, project: id, status: "idle", version: "1" } });
  setInterval(() => send({ type: "ping", client_id: id }), HEARTBEAT_MS);
});
socket.on("message", (data) => {
  const message = JSON.parse(data);
  if (message.type === "http_proxy_request") onRequest(message);
});
socket.on("close", () => process.exit(1));
