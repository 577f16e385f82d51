// Conformance of a hub of version 1, every row of the protocol's tables that it takes part in: here connections, the
// dashboard socket and the routes. The hub is started by BERTH_CONFORMANCE_HUB, a shell command; see lib/hub.mjs.
import assert from "node:assert/strict";
import { ask } from "../e2e/lib/http.mjs";
import { InstanceEnd } from "../e2e/lib/v1_instance_end.mjs";
import { openWebSocket } from "../e2e/lib/websocket.mjs";
import { boxId, describeHub, row } from "./lib/hub.mjs";

describeHub("connections", ({ place, request, proxied, dashboard }) => {
  let one;
  async function clients(page) {
    const listed = page.next("client_list");
    await page.send({ type: "get_clients" });
    return (await listed).clients;
  }

  // Connecting.

  row("401 before the upgrade for a bad token, or none", async () => {
    const wrong = place("bad-1").token.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    for (const token of [wrong, "ao_1", "", undefined]) {
      await assert.rejects(InstanceEnd.open({ ...place("bad-1"), token }), { status: 401 });
    }
  });

  row("ping before register is never answered by pong, but told to register", async () => {
    one = await InstanceEnd.open(place(boxId));
    const told = one.next("error");
    await one.send({ type: "ping", client_id: one.id });
    assert.match((await told).message, /regist/i);
    await one.status("idle");
    assert.equal((await one.register()).success, true);
    await one.settle();
    assert.equal(one.of("pong").length, 1);
  });

  row("pong answers ping, with the client_id", async () => {
    const pong = one.next("pong");
    await one.send({ type: "ping", client_id: one.id });
    assert.equal((await pong).client_id, one.id);
  });

  row("register takes any metadata", async () => {
    const other = await InstanceEnd.connect(place("meta-1"), { status: "starting", callback_url: null, future: { deep: [1, { a: null }] }, pid: 4711, hostname: "h".repeat(100) });
    await other.settle();
    await other.leave();
  });

  row("a second register on a connection is answered again", async () => {
    assert.equal((await one.register({ project: "again" })).success, true);
    const page = await dashboard();
    assert.equal((await clients(page)).find(({ id }) => id === one.id).metadata.project, "again");
    page.end.drop();
  });

  row("malformed messages get an error, and the connection stays up", async () => {
    const cases = ["{", "x", "[]", "1", "{}", '{"type":7}', '{"type":"register"}', `{"type":"status_update","client_id":"${one.id}"}`,
      `{"type":"status_update","client_id":"${one.id}","status":"asleep"}`, '{"type":"http_proxy_response"}', '{"type":"response","data":1}', '{"type":"error"}'];
    for (const text of cases) {
      const told = one.next("error");
      await one.send(text);
      assert.equal(typeof (await told).message, "string", text);
    }
    await one.settle();
  });

  row("unknown types are ignored", async () => {
    const errors = one.of("error").length;
    await one.send({ type: "of_the_future", a: [1] });
    await one.settle();
    assert.equal(one.of("error").length, errors);
  });

  row("binary frames are refused", async () => {
    const other = await InstanceEnd.connect(place("binary-1"));
    await other.end.send("binary", Buffer.from("{}"));
    assert.equal((await other.whenClosed()).code, 1003);
  });

  row("what only a hub may say is refused from an instance", async () => {
    const told = one.next("error");
    await one.send({ type: "command", command: "disconnect" });
    await told;
    await one.settle();
  });

  // The dashboard socket.

  row("the dashboard socket wants a session", async () => {
    await assert.rejects(openWebSocket(request("/ws/connect?type=browser", { headers: { cookie: "" } })), { status: 401 });
  });

  row("get_clients: the list, in the documented shape", async () => {
    const page = await dashboard();
    const client = (await clients(page)).find(({ id }) => id === one.id);
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
    assert.ok(["number", "string"].includes(typeof client.user_id));
    assert.match(client.connected_at, time);
    assert.match(client.last_seen, time);
    assert.match(client.metadata.last_activity, time);
    assert.equal(client.metadata.hostname, "box");
    assert.equal(client.metadata.status, "idle");
    page.end.drop();
  });

  row("status_update reaches the dashboard as client_update", async () => {
    const page = await dashboard();
    await clients(page);
    for (const status of ["active", "busy", "idle"]) {
      const updated = page.next(({ type, client }) => type === "client_update" && client.id === one.id && client.metadata.status === status);
      await one.status(status);
      await updated;
    }
    page.end.drop();
  });

  row("an instance that leaves is told of as client_disconnected", async () => {
    const page = await dashboard();
    await clients(page);
    const other = await InstanceEnd.connect(place("leaves-1"));
    const told = page.next(({ type, client_id }) => type === "client_disconnected" && client_id === "leaves-1");
    await other.leave();
    await told;
    page.end.drop();
  });

  row("connect_client: where it opens, or why not", async () => {
    const page = await dashboard();
    let answered = page.next("connect_response");
    await page.send({ type: "connect_client", client_id: one.id });
    let answer = await answered;
    assert.equal(answer.success, true);
    assert.equal(answer.client_id, one.id);
    assert.equal(typeof answer.url, "string");
    answered = page.next("connect_response");
    await page.send({ type: "connect_client", client_id: "nobody" });
    answer = await answered;
    assert.equal(answer.success, false);
    assert.equal(typeof answer.message, "string");
    page.end.drop();
  });

  row("ping and malformed messages of a page", async () => {
    const page = await dashboard();
    const pong = page.next("pong");
    await page.send({ type: "ping" });
    await pong;
    const told = page.next("error");
    await page.send("{");
    await told;
    page.end.drop();
  });

  row("an instance's socket is no dashboard, and a page's no instance", async () => {
    const told = one.next("error");
    await one.send({ type: "get_clients" });
    await told;
    assert.equal(one.of("client_list").length, 0);
    const page = await dashboard();
    const refused = page.next("error");
    await page.send({ type: "status_update", client_id: one.id, status: "busy" });
    await refused;
    page.end.drop();
  });

  // Routes, commands, and the end.

  row("ws-info names a base that leads to the instance's sockets", async () => {
    const answer = await ask(request(`/api/clients/${one.id}/ws-info`));
    const info = JSON.parse(answer.body);
    assert.match(info.ws_base, /^wss?:\/\//);
    assert.equal(typeof info.is_local, "boolean");
  });

  row("the list of routes that pages use", async () => {
    assert.equal((await ask(request("/health"))).status, 200);
    assert.equal((await ask(request("/clients"))).status, 200);
    assert.equal((await ask(request(`/clients/${one.id}`))).status, 200);
    assert.equal((await ask(request("/api/tokens"))).status, 200);
    const made = await ask(request("/api/tokens", { method: "POST", headers: { "content-type": "application/json" } }), JSON.stringify({ name: "made by a test" }));
    assert.ok([200, 201].includes(made.status), made.body.toString());
    const { id, name, token } = JSON.parse(made.body);
    assert.equal(name, "made by a test");
    assert.match(token, /^ao_[0-9a-f]{16}_[0-9a-f]{64}$/);
    assert.ok((await ask(request(`/api/tokens/${id}/revoke`, { method: "POST" }))).status < 300);
    await assert.rejects(InstanceEnd.open({ ...place("revoked-1"), token }), { status: 401 });
  });

  row("a second instance of one id takes it over, and the first is told", async () => {
    const first = await InstanceEnd.connect(place("twice-1"));
    const told = first.first("error");
    const second = await InstanceEnd.connect(place("twice-1"));
    await told;
    await first.whenClosed();
    const asked = second.asked("/who");
    const answered = ask(proxied("/who", {}, "twice-1"));
    await second.answer(await asked, { body: "second" });
    assert.equal((await answered).body.toString(), "second");
    await second.leave();
  });

  row("disconnect: the instance is told to leave", async () => {
    const told = one.next("command");
    const answer = await ask(request(`/clients/${one.id}/disconnect`, { method: "POST" }));
    assert.ok(answer.status < 400, String(answer.status));
    assert.equal((await told).command, "disconnect");
    await one.leave();
  });
});
