// A hub of version 1 as a process of its own, written from the protocol alone: one user, tokens in
// memory, a proxy of whole bodies. It prints one line of JSON that says where it is and how to get in
// (script/conformance), and takes a token from VERSION_1_TOKEN if there is one.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { readAll } from "./http.mjs";
import { Messages } from "./v1_messages.mjs";
import { acceptWebSocket } from "./websocket.mjs";

const hex = (bytes) => randomBytes(bytes).toString("hex");
const session = hex(32);
const user = { id: 583231, login: "octocat" };
const tokens = new Map();
const instances = new Map();
const pages = new Set();
const deadlineMs = 30_000;
const hopByHop = new Set(["connection", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "host", "content-length"]);

function makeToken(name, text = `ao_${hex(8)}_${hex(32)}`) {
  const id = text.split("_")[1];
  tokens.set(id, { id, name, text, created_at: new Date().toISOString() });
  return { id, name, token: text };
}

const isKnown = (text) => [...tokens.values()].some((token) => token.text === text);
const isSignedIn = (request) => (request.headers.cookie ?? "").split("; ").includes(`session=${session}`);

function view({ id, metadata, connectedAt, seenAt }) {
  const { hostname = "", project = "", status = "idle", callback_url } = metadata;
  return { id, user_id: user.id, metadata: { hostname, project, status, last_activity: seenAt, callback_url }, connected_at: connectedAt, last_seen: seenAt };
}

const tellPages = (message) => {
  for (const page of pages) if (page.wantsUpdates) void page.send(message);
};

/** One instance's connection: its messages, and whoever waits for an answer. */
function serveInstance(end, token) {
  let own;
  const waiting = new Map();
  const fail = (message, request_id) => connection.send({ type: "error", message, ...(request_id ? { request_id } : {}) });
  const handlers = {
    register(message) {
      const { client_id: id, user_token, metadata } = message;
      if (typeof id !== "string" || typeof metadata !== "object") return fail("register needs client_id and metadata");
      if (user_token !== token) return connection.send({ type: "registered", success: false, message: "bad token" });
      const older = instances.get(id);
      const now = new Date().toISOString();
      own = { id, metadata: { status: "idle", ...metadata }, connectedAt: now, seenAt: now, connection, waiting };
      instances.set(id, own);
      if (older !== undefined && older.connection !== connection) {
        void older.connection.send({ type: "error", message: "another instance registered this id" });
        void older.connection.end.close(1008, "replaced");
      }
      tellPages({ type: "client_update", client: view(own) });
      return connection.send({ type: "registered", success: true });
    },
    ping: ({ client_id }) => (own === undefined ? fail("not registered") : connection.send({ type: "pong", client_id })),
    status_update(message) {
      if (own === undefined) return fail("not registered");
      if (!["idle", "active", "busy"].includes(message.status)) return fail("status_update needs a status");
      own.metadata.status = message.status;
      own.seenAt = new Date().toISOString();
      tellPages({ type: "client_update", client: view(own) });
    },
    http_proxy_response(message) {
      if (typeof message.request_id !== "string" || !Array.isArray(message.headers) || typeof message.body !== "string") return fail("http_proxy_response needs request_id, status, headers and body");
      waiting.get(message.request_id)?.(message);
    },
    error(message) {
      if (typeof message.message !== "string") return fail("error needs a message");
      if (typeof message.request_id === "string") waiting.get(message.request_id)?.(message);
    },
  };
  for (const type of ["response", "response_chunk", "response_complete"]) {
    handlers[type] = (message) => {
      if (typeof message.request_id !== "string") return fail(`${type} needs a request_id`);
      waiting.get(message.request_id)?.(message);
    };
  }
  const known = new Set(["registered", "command", "pong", "http_proxy_request", "user_request", "user_request_follow_up", "get_clients", "connect_client", "forward_to_client"]);
  const take = (message) => {
    if (message.malformed !== undefined || typeof message.type !== "string" || Array.isArray(message)) return fail("not a message");
    if (known.has(message.type)) return fail(`${message.type} is not for an instance to say`);
    return handlers[message.type]?.(message);
  };
  const connection = new Messages(end, (message) => void take(message));
  void connection.closed.then(() => {
    for (const answer of waiting.values()) answer({ type: "gone" });
    if (own === undefined || instances.get(own.id) !== own) return;
    instances.delete(own.id);
    tellPages({ type: "client_disconnected", client_id: own.id });
  });
}

function servePage(end) {
  const handlers = {
    get_clients() {
      page.wantsUpdates = true;
      return page.send({ type: "client_list", clients: [...instances.values()].map(view) });
    },
    connect_client({ client_id }) {
      const success = instances.has(client_id);
      return page.send({ type: "connect_response", success, client_id, ...(success ? { url: `/clients/${client_id}/proxy/` } : { message: "not connected" }) });
    },
    ping: () => page.send({ type: "pong" }),
    forward_to_client({ client_id, request_id: theirs, action, payload }) {
      const instance = instances.get(client_id);
      if (instance === undefined) return page.send({ type: "error", request_id: theirs, message: "not connected" });
      const request_id = hex(8);
      const pass = (data, complete) => page.send({ type: "forwarded_response", client_id, request_id: theirs, data: data ?? null, complete });
      instance.waiting.set(request_id, ({ type, data, message }) => {
        if (type === "response" || type === "response_chunk") return pass(data, false);
        instance.waiting.delete(request_id);
        if (type === "response_complete") return pass(data, true);
        return page.send({ type: "error", request_id: theirs, message: message ?? "the instance went away" });
      });
      return instance.connection.send({ type: "user_request", request_id, action, payload });
    },
  };
  const page = new Messages(end, (message) => {
    const handler = handlers[message.type];
    if (handler !== undefined) void handler(message);
    else if (message.malformed !== undefined || message.type === "status_update") void page.send({ type: "error", message: "not a page's message" });
  });
  pages.add(page);
  void page.closed.then(() => pages.delete(page));
}

/** The proxy: one request as one message, one message as one response. */
async function proxy(request, response, { id, path, query }) {
  const instance = instances.get(id);
  if (instance === undefined) return response.writeHead(503).end();
  const named = (request.headers.connection ?? "").toLowerCase().split(/, */);
  const headers = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i].toLowerCase();
    if (!hopByHop.has(name) && !named.includes(name) && !name.startsWith("x-orchestrator")) headers.push([name, request.rawHeaders[i + 1]]);
  }
  headers.push(["x-orchestrator-user-id", String(user.id)], ["x-orchestrator-username", user.login]);
  const body = (await readAll(request)).toString();
  const request_id = hex(8);
  const answered = new Promise((resolve) => {
    instance.waiting.set(request_id, resolve);
    setTimeout(resolve, deadlineMs, { type: "late" }).unref();
    response.once("close", () => resolve({ type: "left" }));
  });
  await instance.connection.send({
    type: "http_proxy_request", request_id, method: request.method, path, headers, proxy_base: `/clients/${id}/proxy`,
    ...(query === "" ? {} : { query }), ...(body === "" ? {} : { body }),
  });
  const answer = await answered;
  instance.waiting.delete(request_id);
  if (answer.type !== "http_proxy_response") return response.writeHead(answer.type === "late" ? 504 : 502).end();
  const isBinary = answer.headers.some(([name, value]) => name.toLowerCase() === "x-orch-encoding" && value === "base64");
  for (const [name, value] of answer.headers) {
    if (!hopByHop.has(name.toLowerCase()) && name.toLowerCase() !== "x-orch-encoding") response.appendHeader(name, value);
  }
  return response.writeHead(answer.status).end(Buffer.from(answer.body, isBinary ? "base64" : "utf8"));
}

async function answer(request, response) {
  const { pathname, search } = new URL(request.url, "http://hub");
  const json = (value, status = 200) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (pathname === "/health") return json({ status: "ok" });
  if (!isSignedIn(request)) {
    if (request.headers["sec-fetch-mode"] === "navigate") return response.writeHead(302, { location: "/auth/github" }).end();
    return json({ error: "not signed in" }, 401);
  }
  const proxied = /^\/clients\/([^/]+)\/proxy(\/.*)?$/.exec(pathname);
  if (proxied !== null) return proxy(request, response, { id: proxied[1], path: proxied[2] ?? "/", query: search.slice(1) });
  if (pathname === "/clients") return json({ clients: [...instances.values()].map(view) });
  if (pathname === "/api/tokens" && request.method === "POST") return json(makeToken(JSON.parse(await readAll(request)).name), 201);
  if (pathname === "/api/tokens") return json({ tokens: [...tokens.values()].map(({ id, name, created_at }) => ({ id, name, created_at })) });
  const revoked = /^\/api\/tokens\/([^/]+)\/revoke$/.exec(pathname);
  if (revoked !== null) return json({ success: tokens.delete(revoked[1]) });
  const [, id, rest] = /^(?:\/api)?\/clients\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
  const instance = instances.get(id);
  if (instance === undefined) return json({ error: "no such client" }, 404);
  if (rest === undefined) return json(view(instance));
  if (rest === "/ws-info") return json({ ws_base: instance.metadata.callback_url ?? `ws://${request.headers.host}`, is_local: false });
  if (rest === "/disconnect" && request.method === "POST") {
    await instance.connection.send({ type: "command", command: "disconnect" });
    return json({ success: true });
  }
  return json({ error: "not found" }, 404);
}

const server = createServer((request, response) => {
  response.on("error", () => {});
  void answer(request, response).catch(() => response.destroy());
});
server.on("upgrade", (request, socket, head) => {
  socket.on("error", () => {});
  const { pathname, searchParams } = new URL(request.url, "http://hub");
  const refuse = (status) => socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  if (pathname !== "/ws/connect") return refuse("404 Not Found");
  const isPage = searchParams.get("type") === "browser";
  if (isPage ? !isSignedIn(request) : !isKnown(searchParams.get("token"))) return refuse("401 Unauthorized");
  const end = acceptWebSocket(request, socket, head);
  if (isPage) return servePage(end);
  return serveInstance(end, searchParams.get("token"));
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const { token } = makeToken("first", process.env.VERSION_1_TOKEN);
  console.log(JSON.stringify({ url: `ws://localhost:${port}/ws/connect`, token, cookie: `session=${session}`, origin: `http://localhost:${port}` }));
});
