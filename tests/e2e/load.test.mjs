// Many peers at once, slow peers, and a hub at its limits; those who behave must not notice.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { start } from "../browser/lib/processes.mjs";
import { MiB, digest, makeBody } from "./lib/bytes.mjs";
import { Carrier } from "./lib/carrier.mjs";
import { ask, open, patience, within } from "./lib/http.mjs";
import { MemoryWatch, residentBytes } from "./lib/memory.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

const othersMs = 2_000;  // What others ask is answered by then, on a busy machine.

const dribblerProgram = fileURLToPath(new URL("lib/dribbler.mjs", import.meta.url));

/** Seconds of processor time that a process has used. */
function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Runs `play` beside somebody who asks for small things of `way` and talks on a WebSocket. */
async function beside(origin, way, play) {
  const accepted = nextWebSocket(origin, "/beside");
  const { end: browser } = await openWebSocket(way.options("/beside"));
  const { end: instance } = await accepted;
  let isOver = false;
  let slowest = 0;
  const asking = (async () => {
    while (!isOver) {
      const started = performance.now();
      assert.equal((await within(othersMs, "an answer to others", ask(way.options("/ok")))).status, 200);
      await browser.send("text", "still here");
      assert.equal((await within(othersMs, "a message of others", instance.next())).data.toString(), "still here");
      slowest = Math.max(slowest, performance.now() - started);
      await pause(100);
    }
  })();
  asking.catch(() => {});
  try {
    await play();
  } finally {
    isOver = true;
    await asking;
    browser.drop();
    instance.drop();
  }
  return slowest;
}

describe("slow and stuck peers", { timeout: 120_000 }, () => {
  const scenes = [];

  after(async () => {
    for (const scene of scenes) await scene.stop();
  });

  it("check 21: 2,000 connections that dribble their heads are all closed by 30 s, and others are unaffected", async () => {
    const scene = await Scene.start("loris");
    scenes.push(scene);
    const origin = await scene.instance("box");
    const way = await scene.subdomainWay("box", await scene.signIn());
    const secure = await Scene.start("loris-tls", { tls: true });
    scenes.push(secure);
    const plain = { port: scene.port, host: scene.host };
    const covered = { port: secure.port, host: secure.host, ca: secure.ca.toString() };
    const orders = [
      { kind: "a head", count: 2_000, ...plain }, { kind: "a TLS handshake", count: 300, ...covered }, { kind: "a head in TLS", count: 100, ...covered },
      { kind: "an HTTP/2 preface", count: 100, ...covered }, { kind: "an HTTP/2 head", count: 100, ...covered },
    ];
    await beside(origin, way, async () => {
      const dribbler = start("dribbler", process.execPath, [dribblerProgram], { env: { ...process.env, DRIBBLER: JSON.stringify(orders) }, logs: scene.output });
      await dribbler.line(/^open$/);
      await dribbler.line(/^closed$/, 30_000);
    });
    assert.ok(!origin.seen.some(({ url }) => url === "/dribbled"));
  });

  it("check 23: a browser that reads 10 kB/s of 1 GiB has less than 1 MiB sent after it; hub and agent grow by under 2 MiB, and others of its tunnel notice nothing", async () => {
    const scene = await Scene.start("slow-reader");
    scenes.push(scene);
    const origin = await scene.instance("box");
    const way = await scene.subdomainWay("box", await scene.signIn());
    let given = 0;
    origin.on("/endless", (request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": String(1024 * MiB) });
      const body = makeBody(1024 * MiB);
      body.stream.on("data", (piece) => (given += piece.length));
      body.stream.pipe(response);
    });
    origin.on("/ten", (request, response) => makeBody(10 * MiB).stream.pipe(response));
    const ten = async () => digest((await open(way.options("/ten"))).response);
    const slow = async () => {
      const { request, response } = await open(way.options("/endless"));
      response.pause();
      return { request, response };
    };
    // Once, so that libraries, threads' stacks and pools are there.
    const warm = await slow();
    await ten();
    warm.request.destroy();
    await ten();
    const watches = [scene.hub.child, origin.agent].map((child) => new MemoryWatch(child.process.pid));
    const { request, response } = await slow();
    // What fits into the kernel's buffers on the way leaves at once.
    for (let last = -1, still = 0; still < 5; await pause(300)) {
      still = last === given ? still + 1 : 0;
      last = given;
    }
    given = 0;
    let taken = 0;
    const reading = setInterval(() => (taken += response.read(1_000)?.length ?? 0), 100);
    try {
      await beside(origin, way, async () => {
        const started = performance.now();
        for (let i = 0; i < 3; ++i) {
          assert.equal((await within(10_000, "10 MiB beside it", ten())).size, 10 * MiB);
          await pause(300);
        }
        assert.ok(performance.now() - started < 20_000);
      });
      assert.ok(taken >= 10_000, `${taken} bytes were read`);
      assert.ok(given < 1 * MiB, `${given} more bytes came, of which ${taken} were read`);
      // What the others need for a moment is in here too.
      for (const [i, watch] of watches.entries()) assert.ok(watch.growth < 2 * MiB, `process ${i} grew by ${watch.growth} bytes`);
    } finally {
      clearInterval(reading);
      request.destroy();
    }
  });
});

describe("a hub at its limits", { timeout: 120_000 }, () => {
  const scenes = [];

  after(async () => {
    for (const scene of scenes) await scene.stop();
  });

  it("check 22: at the limit of open files new connections are refused, nothing spins, and all is well afterwards", async () => {
    // Those that say nothing are let wait here, so that there is one shortage and not one after another.
    const options = ({ folder }) => {
      writeFileSync(join(folder, "hub.toml"), '[limits]\nhead_timeout = "2m"\n');
      return ["--config", join(folder, "hub.toml")];
    };
    const scene = await Scene.start("descriptors", { prefix: ["prlimit", "--nofile=150:150"], options });
    scenes.push(scene);
    const origin = await scene.instance("box");
    const way = await scene.subdomainWay("box", await scene.signIn());
    const accepted = nextWebSocket(origin, "/kept");
    const { end: browser } = await openWebSocket(way.options("/kept"));
    const { end: instance } = await accepted;
    const { pid } = scene.hub.child.process;
    // Those for whom there is no room learn it at once.
    let refused = 0;
    const sockets = [];
    await within(10_000, "200 refusals", new Promise((resolve) => {
      for (let i = 0; i < 400; ++i) {
        const socket = connect(scene.port, "127.0.0.1").on("error", () => {}).resume();
        socket.once("close", () => (refused += 1) === 200 && resolve());
        sockets.push(socket);
      }
    }));
    await scene.hub.child.line(/new connections are refused \(raise the limit of open files\)/);
    const before = processorSeconds(pid);
    const started = performance.now();
    while (performance.now() - started < 2_000) {
      // Who was there goes on.
      await browser.send("text", "still here");
      assert.equal((await within(othersMs, "a message", instance.next())).data.toString(), "still here");
      await pause(100);
    }
    const used = processorSeconds(pid) - before;
    assert.ok(used < 0.5, `${used} s of processor time in 2 s`);
    assert.equal(scene.hub.child.lines.filter((line) => line.includes("new connections are refused")).length, 1);
    for (const socket of sockets) socket.destroy();
    assert.equal((await within(5_000, "an answer after it", ask(way.options("/ok")))).status, 200);
    browser.drop();
    instance.drop();
  });

  it("check 22: 1,000 tunnels and 5,000 idle WebSockets leave the hub below 300 MiB", async () => {
    const tunnels = 1_000;
    const each = 5;
    const scene = await Scene.start("crowd");
    scenes.push(scene);
    const token = await scene.token("crowd");
    const cookie = await scene.signIn();
    // Agents of ours would share this machine with the hub: these are as small as they can be.
    const agents = createHttp2Server({ settings: { enableConnectProtocol: true } });
    agents.on("stream", (stream) => stream.respond({ ":status": 200 }));
    agents.on("sessionError", () => {});
    const sockets = [];
    const join = async (number) => {
      const id = `a${number}`;
      const { end } = await openWebSocket(
        { host: "127.0.0.1", port: scene.port, path: "/ws/connect", headers: { host: scene.host, authorization: `Bearer ${token}` } },
        { "sec-websocket-protocol": "berth.h2" },
      );
      sockets.push(end.socket);
      const carrier = new Carrier(end);
      const registered = carrier.serve();
      // A tunnel's HTTP/2 is the hub's to begin.
      carrier.once("begun", () => agents.emit("connection", carrier));
      await end.send("text", JSON.stringify({ type: "register", client_id: id, metadata: {} }));
      assert.equal((await within(patience, "the registration", registered)).success, true);
      const way = scene.pathWay(id, cookie);
      for (let i = 0; i < each; ++i) {
        const opened = await openWebSocket(way.options("/ws"));
        sockets.push(opened.end.socket);
      }
    };
    const started = performance.now();
    for (let at = 0; at < tunnels; at += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => join(at + i)));
    const bytes = residentBytes(scene.hub.child.process.pid);
    assert.equal(JSON.parse((await scene.api("GET", "/clients", { cookie })).body).clients.length, tunnels);
    for (const socket of sockets) socket.destroy();
    assert.ok(bytes < 300 * MiB, `${bytes} bytes, after ${performance.now() - started} ms`);
  });
});
