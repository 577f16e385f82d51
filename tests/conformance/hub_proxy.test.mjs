// Conformance of a hub of version 1, every row of the protocol's tables that it takes part in: here the proxy
// and chats. The hub is started by BERTH_CONFORMANCE_HUB, a shell command; see lib/hub.mjs.
import assert from "node:assert/strict";
import { before } from "node:test";
import { ask, open } from "../e2e/lib/http.mjs";
import { InstanceEnd } from "../e2e/lib/v1_instance_end.mjs";
import { openWebSocket } from "../e2e/lib/websocket.mjs";
import { better, boxId, describeHub, row } from "./lib/hub.mjs";

const picture = Buffer.from("89504e470d0a1a0a00ff00ff", "hex");

describeHub("proxy", ({ place, proxied, dashboard }) => {
  let one;
  before(async () => {
    one = await InstanceEnd.connect(place(boxId));
  });
  const post = (path, body) => ask(proxied(path, { method: "POST", headers: { "content-type": "text/plain", "content-length": String(Buffer.byteLength(body)) } }), body);

  // The proxy.

  row("http_proxy_request: method, path, query, headers and body", async () => {
    const asked = one.asked("/api/echo");
    const answered = ask(proxied("/api/echo?a=1&b=%20", { method: "POST", headers: { "x-one": "1", "content-type": "text/plain", "content-length": "6", connection: "x-hop", "x-hop": "1" } }), "h\u00e9llo");
    const message = await asked;
    assert.equal(message.method, "POST");
    assert.equal(message.query, "a=1&b=%20");
    assert.equal(message.body, "h\u00e9llo");
    const names = message.headers.map(([name]) => name.toLowerCase());
    assert.ok(message.headers.some(([name, value]) => name.toLowerCase() === "x-one" && value === "1"));
    for (const name of ["host", "connection", "x-hop", "transfer-encoding"]) assert.ok(!names.includes(name), name);
    assert.equal(message.proxy_base, `/clients/${one.id}/proxy`);
    const user = message.headers.find(([name]) => name.toLowerCase() === "x-orchestrator-user-id");
    assert.match(user[1], /^[0-9]+$/);
    assert.ok(names.includes("x-orchestrator-username"));
    await one.answer(message, { status: 201, body: "made" });
    const answer = await answered;
    assert.equal(answer.status, 201);
    assert.equal(answer.body.toString(), "made");
  });

  row("statuses and repeated headers are the instance's", async () => {
    for (const status of [200, 204, 206, 301, 304, 400, 401, 404, 418, 500, 503, 599]) {
      const asked = one.asked("/status");
      const answered = ask(proxied("/status"));
      await one.answer(await asked, { status, headers: [["location", "/x"], ["x-twice", "1"], ["x-twice", "2"], ["content-type", "text/plain"]], body: status === 204 || status === 304 ? "" : "text" });
      const answer = await answered;
      assert.equal(answer.status, status);
      assert.equal(answer.headers["x-twice"], "1, 2");
    }
  });

  row("x-orch-encoding: base64 is decoded and removed", async () => {
    const asked = one.asked("/picture.png");
    const answered = ask(proxied("/picture.png"));
    await one.answer(await asked, { headers: [["content-type", "image/png"]], body: picture });
    const answer = await answered;
    assert.deepEqual(answer.body, picture);
    assert.equal(answer.headers["x-orch-encoding"], undefined);
  });

  row("answers reach their own requests, in whatever order they come", async () => {
    const messages = [];
    const waiting = [];
    for (let i = 0; i < 20; ++i) {
      const asked = one.asked(`/order/${i}`);
      waiting.push(ask(proxied(`/order/${i}`)));
      messages.push(await asked);
    }
    assert.equal(new Set(messages.map(({ request_id }) => request_id)).size, 20);
    for (const message of messages.toReversed()) await one.answer(message, { body: message.path });
    const answers = await Promise.all(waiting);
    answers.forEach((answer, i) => assert.equal(answer.body.toString(), `/order/${i}`));
  });

  row("repeated, late and invented answers reach nobody", async () => {
    const asked = one.asked("/once");
    const answered = ask(proxied("/once"));
    const message = await asked;
    await one.answer(message, { body: "first" });
    await one.answer(message, { body: "second" });
    await one.answer({ request_id: "invented" }, { body: "nobody" });
    assert.equal((await answered).body.toString(), "first");
    await one.settle();
    const again = one.asked("/once");
    const waits = ask(proxied("/once"));
    const next = await again;
    await one.answer(message, { body: "late" });
    await one.answer(next, { body: "third" });
    assert.equal((await waits).body.toString(), "third");
  });

  row("a browser that leaves is forgotten", async () => {
    const asked = one.asked("/gone");
    const opened = open(proxied("/gone"), undefined, (made) => void asked.then(() => made.destroy())).catch(() => {});
    const message = await asked;
    await opened;
    await one.answer(message, { body: "too late" });
    await one.settle();
    const after_ = one.asked("/after");
    const answered = ask(proxied("/after"));
    await one.answer(await after_, { body: "fine" });
    assert.equal((await answered).body.toString(), "fine");
  });

  row("an error for one request fails that request", async () => {
    const asked = one.asked("/fails");
    const answered = ask(proxied("/fails"));
    await one.send({ type: "error", request_id: (await asked).request_id, message: "it broke" });
    assert.ok((await answered).status >= 500);
    await one.settle();
  });

  row("an instance that goes away fails its requests at once", async () => {
    const other = await InstanceEnd.connect(place("away-1"));
    const asked = other.asked("/hang");
    const answered = ask(proxied("/hang", {}, "away-1"));
    await asked;
    other.end.drop();
    // Sooner than any time limit of a hub ends it: ask() has less patience.
    assert.ok([502, 503, 504].includes((await answered).status));
  });

  row("without a session: pages are led to sign-in, the rest gets 401", async () => {
    const fetched = await ask(proxied("/", { headers: { cookie: "", "sec-fetch-mode": "cors" } }));
    assert.equal(fetched.status, 401);
    const page = await ask(proxied("/", { headers: { cookie: "", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } }));
    assert.ok([302, 303, 307].includes(page.status), String(page.status));
  });

  better("what text cannot carry is refused", async () => {
    assert.equal((await post("/upload", picture)).status, 415);
    assert.equal((await post("/upload", "x".repeat(40 * 1024 * 1024))).status, 413);
  });

  // Chat.

  row("forward_to_client becomes user_request, its answers forwarded_response", async () => {
    const page = await dashboard();
    const begun = one.next("user_request");
    await page.send({ type: "forward_to_client", client_id: one.id, request_id: "r-1", action: "claude-command", payload: { command: "hi", options: { a: [1] } } });
    const { request_id, action, payload } = await begun;
    assert.equal(action, "claude-command");
    assert.deepEqual(payload, { command: "hi", options: { a: [1] } });
    const parts = [{ a: 1 }, "text", null];
    for (const [i, data] of parts.entries()) {
      const heard = page.next("forwarded_response");
      await one.send({ type: i === 0 ? "response" : "response_chunk", request_id, data });
      const part = await heard;
      assert.deepEqual([part.client_id, part.request_id, part.data, part.complete], [one.id, "r-1", data, false]);
    }
    const last = page.next("forwarded_response");
    await one.send({ type: "response_complete", request_id, data: { code: 1000, reason: "done" } });
    assert.equal((await last).complete, true);
    // The request is over: nothing more of it arrives.
    const count = page.of("forwarded_response").length;
    await one.send({ type: "response_chunk", request_id, data: "late" });
    await one.settle();
    const pong = page.next("pong");
    await page.send({ type: "ping" });
    await pong;
    assert.equal(page.of("forwarded_response").length, count);
    page.end.drop();
  });

  row("forward_to_client that fails is answered by error, with its request_id", async () => {
    const page = await dashboard();
    const fails = async (message) => {
      const told = page.next("error");
      await page.send({ type: "forward_to_client", action: "close", payload: {}, ...message });
      return told;
    };
    assert.equal((await fails({ client_id: "nobody", request_id: "r-2" })).request_id, "r-2");
    const begun = one.next("user_request");
    const told = fails({ client_id: one.id, request_id: "r-3", action: "cursor-command" });
    await one.send({ type: "error", request_id: (await begun).request_id, message: "no cursor here" });
    const error = await told;
    assert.equal(error.request_id, "r-3");
    assert.match(error.message, /no cursor here/);
    page.end.drop();
  });

  better("the page's chat socket leads to user_request", async () => {
    const { end } = await openWebSocket(proxied("/ws?token=placeholder"));
    let begun = one.next("user_request");
    await end.send("text", JSON.stringify({ type: "claude-command", command: "hi" }));
    const first = await begun;
    assert.deepEqual([first.action, first.payload], ["claude-command", { command: "hi" }]);
    const followed = one.next("user_request_follow_up");
    await end.send("text", JSON.stringify({ type: "abort-session", sessionId: "s" }));
    const follow = await followed;
    assert.equal(follow.request_id, first.request_id);
    assert.deepEqual(follow.payload, { type: "abort-session", sessionId: "s" });
    await one.send({ type: "response_chunk", request_id: first.request_id, data: { type: "claude-response", data: "h\u00e9" } });
    assert.deepEqual(JSON.parse((await end.next()).data), { type: "claude-response", data: "h\u00e9" });
    // An answer that ends without a code leaves the socket open for the next.
    await one.send({ type: "response_complete", request_id: first.request_id });
    await one.settle();
    begun = one.next("user_request");
    await end.send("text", JSON.stringify({ type: "check-session-status", sessionId: "s" }));
    const second = await begun;
    assert.notEqual(second.request_id, first.request_id);
    await one.send({ type: "error", request_id: second.request_id, message: "unknown session" });
    assert.deepEqual(JSON.parse((await end.next()).data), { error: "unknown session", type: "error" });
    begun = one.next("user_request");
    await end.send("text", JSON.stringify({ type: "codex-command" }));
    await one.send({ type: "response_complete", request_id: (await begun).request_id, data: { code: 4123, reason: "over" } });
    const closed = await end.next();
    assert.deepEqual([closed.kind, closed.code, closed.reason], ["close", 4123, "over"]);
    end.drop();
  });

  better("chat sockets run side by side, and one that leaves is told of", async () => {
    const sockets = [];
    for (const name of ["a", "b", "c"]) {
      const { end } = await openWebSocket(proxied("/ws"));
      const begun = one.next("user_request");
      await end.send("text", JSON.stringify({ type: "claude-command", command: name }));
      sockets.push({ end, name, id: (await begun).request_id });
    }
    for (const { id, name } of sockets.toReversed()) await one.send({ type: "response_chunk", request_id: id, data: name });
    for (const { end, name } of sockets) assert.equal(String((await end.next()).data), name);
    const [{ end, id }, ...others] = sockets;
    const told = one.next(({ type, request_id }) => type === "user_request_follow_up" && request_id === id);
    await end.close(1000);
    assert.equal((await told).payload.type, "close");
    end.drop();
    for (const other of others) other.end.drop();
  });

  better("a chat message that is none is answered, and one in binary closes", async () => {
    const { end } = await openWebSocket(proxied("/ws"));
    await end.send("text", "no JSON");
    assert.equal(JSON.parse((await end.next()).data).type, "error");
    await end.send("binary", Buffer.from("{}"));
    assert.equal((await end.next()).code, 1003);
    end.drop();
  });

  better("what cannot be carried closes with a code and a sentence", async () => {
    const { end } = await openWebSocket(proxied("/shell"));
    const event = await end.next();
    assert.equal(event.kind, "close");
    assert.ok(event.code >= 4000);
    assert.match(event.reason, /terminal/);
    end.drop();
  });
});
