// A hub with several event loops: connections live on some, and are answered by another one. What
// matters most of the other files, again. BERTH_THREADS runs any of them as a whole like this, as
// script/test does with accounts, faults and sharing.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { connect } from "node:tls";
import { until } from "../browser/lib/wait.mjs";
import { ask, open, patience, readAll, within } from "./lib/http.mjs";
import { Scene, tlsOptions } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket, untilGone } from "./lib/websocket.mjs";

const revokeMs = 2_000; // What was revoked or signed out is closed by then.
const connections = 12; // The kernel spreads them over the loops: hardly ever all to one.

/** The fingerprint of the certificate that a new connection gets. */
function certificateOf(scene) {
  return within(patience, "a handshake", new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: scene.port, servername: "berth.localhost", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  }));
}

describe("a hub with three threads", { timeout: 120_000 }, () => {
  let scene;
  let origin;
  let cookie;
  let ways;

  before(async () => {
    scene = await Scene.start("threads", { tls: true, options: () => ["--threads", "3"] });
    origin = await scene.instance("box");
    cookie = await scene.signIn();
    ways = await scene.ways("box", cookie);
    origin.on("/echo", (request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      request.pipe(response);
    });
  });
  after(() => scene?.stop());

  it("answers on every connection, in both modes", async () => {
    const answers = Object.values(ways).flatMap((way) =>
      Array.from({ length: connections }, (_, i) => ask(way.options(`/page/${i}`, { headers: { connection: "close" } }))));
    for (const answer of await within(patience, "the answers", Promise.all(answers))) {
      assert.equal(answer.status, 200);
      assert.match(answer.body.toString(), /^box GET \/page\/\d+$/);
    }
  });

  it("carries large bodies both ways at once, byte for byte", async () => {
    const body = randomBytes(3_000_000);
    const echoes = Object.values(ways).flatMap((way) =>
      Array.from({ length: 3 }, () => ask(way.options("/echo", { method: "POST" }), body)));
    for (const answer of await within(patience, "the echoes", Promise.all(echoes))) {
      assert.equal(answer.status, 200);
      assert.ok(answer.body.equals(body));
    }
  });

  it("a browser that goes away ends its request at the instance", async () => {
    const arrived = origin.nextRequest("/left");
    const { response } = await (async () => {
      const opening = open(ways.subdomain.options("/left"));
      const { request, response: answer } = await arrived;
      origin.left = new Promise((resolve) => request.once("close", resolve));
      answer.writeHead(200);
      answer.write("first");
      return opening;
    })();
    response.destroy();
    await within(patience, "the request's end", origin.left);
  });

  it("sign-out closes live sockets within two seconds", async () => {
    const own = await scene.signIn();
    const ends = [];
    for (const way of Object.values(await scene.ways("box", own))) {
      const accepted = nextWebSocket(origin, "/ws");
      const { end } = await openWebSocket(way.options("/ws"));
      const { end: instance } = await accepted;
      await end.send("text", "ping");
      assert.equal((await within(patience, "a message", instance.next())).data.toString(), "ping");
      await instance.send("text", "pong");
      assert.equal((await within(patience, "a message", end.next())).data.toString(), "pong");
      ends.push(end);
    }
    assert.equal((await scene.api("DELETE", "/api/session", { cookie: own })).status, 204);
    for (const end of ends) await within(revokeMs, "the WebSocket's end", untilGone(end));
  });

  it("kill -9 of the agent: clear errors, and all is back with the agent", async () => {
    const arrived = origin.nextRequest("/hang");
    const waiting = ask(ways.path.options("/hang")).then(({ status }) => status, () => "broken off");
    await arrived;
    await origin.agent.stop("SIGKILL");
    assert.ok([502, 503, "broken off"].includes(await within(patience, "the request's end", waiting)));
    assert.equal((await ask(ways.path.options("/ok"))).status, 503);
    origin.agent = await scene.startAgent(origin, { name: "again" });
    await origin.agent.ready();
    await until("an answer", async () => (await ask(ways.path.options("/ok"))).status === 200);
  });

  it("SIGHUP: every loop takes the new certificate", async () => {
    const old = await certificateOf(scene);
    tlsOptions(scene, "berth.localhost", "DNS:berth.localhost,DNS:*.apps.berth.localhost");
    const taken = scene.hub.child.line(/certificate read again/);
    scene.hub.child.signal("SIGHUP");
    await taken;
    const found = new Set(await Promise.all(Array.from({ length: connections }, () => certificateOf(scene))));
    assert.equal(found.size, 1);
    assert.ok(!found.has(old));
    assert.deepEqual(scene.hub.child.lines.filter((line) => line.includes("is not for")), []);
    const warned = scene.hub.child.line(/the certificate \S+ is not for \*\.apps\.berth\.localhost: browsers refuse it there/);
    tlsOptions(scene, "berth.localhost", "DNS:berth.localhost");
    scene.hub.child.signal("SIGHUP");
    await warned;
  });

  it("SIGTERM: what runs may finish, on whatever loop, and the hub ends by itself", async () => {
    const plain = await Scene.start("threads-drain", { options: () => ["--threads", "3"] });
    try {
      const box = await plain.instance("box");
      const way = plain.pathWay("box", await plain.signIn());
      const running = await Promise.all([1, 2, 3, 4].map(async (i) => {
        const arrived = box.nextRequest(`/slow/${i}`);
        const answer = open(way.options(`/slow/${i}`));
        const { response } = await arrived;
        response.writeHead(200);
        response.write("begun ");
        return { response, answer: await answer };
      }));
      const stopping = plain.hub.child.line(/stopping: /);
      plain.hub.child.signal("SIGTERM");
      await stopping;
      for (const { response } of running) response.end("and done");
      for (const { answer } of running) {
        assert.equal((await within(patience, "the rest", readAll(answer.response))).toString(), "begun and done");
      }
      assert.equal(await within(patience, "the hub's end", plain.hub.child.exited), 0);
    } finally {
      await plain.stop();
    }
  });
});
