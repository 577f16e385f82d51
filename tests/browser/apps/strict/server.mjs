// A page with a strict policy and events from the server, without any framework: what is not allowed
// by name is forbidden, inline scripts and referrers too.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const importMap = '{"imports":{"greeting":"./lib/greeting.js"}}';
const hash = createHash("sha256").update(importMap).digest("base64");
const policy = [
  "default-src 'none'", `script-src 'self' 'sha256-${hash}'`, "style-src 'self'", "img-src 'self'", "connect-src 'self'",
  "worker-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
].join("; ");

const files = {
  "/": ["text/html", `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>strict</title><link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css"><script type="importmap">${importMap}</script>
<script type="module" src="/main.js"></script></head>
<body><h1></h1><p id="events"></p><p id="worker"></p><img src="/icon.svg" alt="icon"></body></html>`],
  "/main.js": ["text/javascript", `import { greeting } from "greeting";
import { mark } from "/lib/mark.js";
document.querySelector("h1").textContent = greeting + mark;
const source = new EventSource("/events");
const seen = [];
source.onmessage = ({ data, lastEventId }) => {
  seen.push(lastEventId + ":" + data);
  document.querySelector("#events").textContent = seen.join(" ");
};
const worker = new Worker("/worker.js");
worker.onmessage = ({ data }) => { document.querySelector("#worker").textContent = data; };
`],
  "/lib/greeting.js": ["text/javascript", 'export const greeting = "hello";'],
  "/lib/mark.js": ["text/javascript", 'export const mark = "!";'],
  "/worker.js": ["text/javascript", `importScripts("/lib/shared.js");
fetch("/data.json").then((response) => response.json()).then(({ n }) => postMessage(word + " " + n));
`],
  "/lib/shared.js": ["text/javascript", 'const word = "worker";'],
  "/data.json": ["application/json", '{"n":42}'],
  "/style.css": ["text/css", "h1 { color: rgb(14, 15, 16); background-image: url(/icon.svg); }"],
  "/icon.svg": ["image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>'],
};

// Two events for each connection, which then ends; the browser comes back and says what it saw last.
function sendEvents(request, response) {
  const last = Number(request.headers["last-event-id"] ?? 0);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.write("retry: 20\n\n");
  response.write(`id: ${last + 1}\ndata: a\n\n`);
  if (last < 2) return response.end(`id: ${last + 2}\ndata: b\n\n`);
  return undefined;  // The second connection stays.
}

const server = createServer((request, response) => {
  if (request.url === "/events") return sendEvents(request, response);
  const file = files[request.url];
  if (file === undefined) return response.writeHead(404).end();
  const [type, body] = file;
  response.writeHead(200, {
    "content-type": type, "content-security-policy": policy, "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff", "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
  });
  return response.end(body);
});
server.listen(0, "127.0.0.1", () => console.log(`ready http://127.0.0.1:${server.address().port}/`));
