// A version-1 instance as a process of its own, written from the protocol alone: a small web UI that
// connects itself to a hub. It reads the variables ORCHESTRATOR_*, and writes a line for what happens.
//
// Its pages: / (HTML that for proxy_base is rewritten and signed in), /api/echo, /picture.png, and a chat that
// repeats what it is told, piece by piece, but on "wait" is busy until it is told something else.
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { Messages } from "./v1_messages.mjs";
import { openWebSocket } from "./websocket.mjs";

const env = process.env;
const id = env.ORCHESTRATOR_CLIENT_ID ?? `${hostname()}-${process.pid}`;
const heartbeatMs = Number(env.ORCHESTRATOR_HEARTBEAT_INTERVAL ?? 30_000);
const pongMs = 10_000;
const token = env.ORCHESTRATOR_TOKEN;
const picture = Buffer.from("89504e470d0a1a0a00ff00ff", "hex");
let firstDelayMs = Number(env.ORCHESTRATOR_RECONNECT_INTERVAL ?? 5_000);
let delayMs = firstDelayMs;
let status = "idle";
const chats = new Map();

const say = (line) => console.log(line);

function page(base) {
  const at = (path) => (base ?? "") + path;
  const signIn = base ? `<script>localStorage.setItem("auth-token", "of ${id}")</script>` : "";
  return `<!doctype html><title>Version 1</title>${signIn}<h1>version 1 ${id}</h1><img src="${at("/picture.png")}">` +
    `<button id="ask">Ask</button><output></output><script>
      document.querySelector("#ask").onclick = async () => {
        const answer = await fetch("${at("/api/echo")}", { method: "POST", body: "hello" });
        document.querySelector("output").textContent = await answer.text();
      };</script>`;
}

function serve({ method, path, headers, body, query, proxy_base: base }) {
  const text = (type, content, status_ = 200) => ({ status: status_, headers: [["content-type", type]], body: content });
  if (path === "/") return text("text/html; charset=utf-8", page(base));
  if (path === "/api/echo") return text("application/json", JSON.stringify({ method, query, headers, body }));
  if (path === "/picture.png") {
    return { status: 200, headers: [["content-type", "image/png"], ["x-orch-encoding", "base64"]], body: picture.toString("base64") };
  }
  return text("text/plain", "there is no such page", 404);
}

function session(messages) {
  const send = (message) => messages.send(message);
  const report = (next) => {
    status = next;
    return send({ type: "status_update", client_id: id, status });
  };
  const finish = async (request_id, data) => {
    chats.delete(request_id);
    await send({ type: "response_complete", request_id, ...(data === undefined ? {} : { data }) });
    await report(chats.size > 0 ? "active" : "idle");
  };
  const chat = async (request_id, message) => {
    if (message.type === "close") return finish(request_id, { code: 1000, reason: "closed" });
    if (message.type === "get-active-sessions") {
      await send({ type: "response", request_id, data: { type: "active-sessions", sessions: {} } });
      return finish(request_id);
    }
    await report("busy");
    if (message.command === "wait") return;
    for (const word of String(message.command ?? message.type).split(" ")) {
      await send({ type: "response_chunk", request_id, data: { type: "claude-response", data: word } });
    }
    await send({ type: "response_chunk", request_id, data: { type: "claude-complete" } });
    if (message.once === true) return finish(request_id);
    return report("active");
  };
  return {
    async registered({ success, message }) {
      if (typeof success !== "boolean") return;
      if (!success) {
        say(`refused: ${message}`);
        process.exit(3);
      }
      delayMs = firstDelayMs;
      say("registered");
      const beat = async () => {
        await send({ type: "ping", client_id: id });
        this.late ??= setTimeout(() => {
          say("no pong");
          messages.end.drop();
        }, pongMs);
      };
      clearInterval(this.beats);
      this.beats = setInterval(beat, heartbeatMs);
    },
    pong() {
      clearTimeout(this.late);
      this.late = undefined;
    },
    async command({ command } = {}) {
      if (command === "refresh_status") await report(status);
      if (command === "disconnect") {
        say("told to leave");
        process.exit(0);
      }
    },
    error({ message }) {
      say(`error: ${message}`);
    },
    async http_proxy_request(request) {
      if (typeof request.request_id !== "string" || typeof request.path !== "string") return;
      await send({ type: "http_proxy_response", request_id: request.request_id, ...serve(request) });
    },
    async user_request({ request_id, action, payload }) {
      if (typeof request_id !== "string" || typeof action !== "string") return;
      chats.set(request_id, true);
      await chat(request_id, { ...payload, type: action });
    },
    async user_request_follow_up({ request_id, payload }) {
      if (chats.has(request_id)) await chat(request_id, payload ?? {});
    },
    stop() {
      clearInterval(this.beats);
      clearTimeout(this.late);
      chats.clear();
    },
  };
}

async function connect() {
  const { hostname: host, port, pathname, host: authority } = new URL(env.ORCHESTRATOR_URL.replace(/^ws/, "http"));
  const query = new URLSearchParams({ token, client_id: id });
  const { end } = await openWebSocket({ host, port: port || 80, path: `${pathname}?${query}`, headers: { host: authority } });
  const queue = [];
  let wake = () => {};
  const take = (message) => {
    queue.push(message);
    wake();
  };
  // Handled one after the other, so that the answers of a chat keep their order.
  const messages = new Messages(end, take);
  void messages.closed.then(() => take(null));
  const handlers = session(messages);
  await messages.send({
    type: "register", client_id: id, user_token: token,
    metadata: { hostname: hostname(), platform: process.platform, project: "version-1", status, version: "1.13.6" },
  });
  for (;;) {
    while (queue.length === 0) await new Promise((resolve) => (wake = resolve));
    const message = queue.shift();
    if (message === null) break;
    if (message.malformed !== undefined) await messages.send({ type: "error", message: "not JSON" });
    else await handlers[message.type]?.(message);
  }
  handlers.stop();
  say("disconnected");
}

say(`version-1 instance ${id} (${randomBytes(2).toString("hex")})`);
for (;;) {
  try {
    await connect();
  } catch (error) {
    say(`not connected: ${error.message}`);
  }
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  delayMs = Math.min(60_000, delayMs * 1.5);
}
