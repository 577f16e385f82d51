// The hub's database in trouble: no space, locked by somebody, and killed in the middle of writing.
// What runs goes on, what cannot be kept is refused, what was acknowledged is there afterwards.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { ask, asPage, open, patience, within } from "./lib/http.mjs";
import { lock } from "./lib/locked_database.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

const diskMiB = 12;
const rounds = 200;

/** A small disk at `folder`, or the reason why there can be none here. */
function mountDisk(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${diskMiB}m,mode=0700`, "berth-test", folder], { stdio: "pipe" });
  } catch (error) {
    return `no disk of its own can be mounted here: ${/^mount: .*/m.exec(error.message)?.[0] ?? error.message}`;
  }
  return undefined;
}

/** Writes `file` until the disk has no byte left. */
function fillDisk(file) {
  const descriptor = openSync(file, "a");
  try {
    for (let size = 1 << 20; size >= 1; size >>= 1) {
      try {
        for (;;) if (writeSync(descriptor, Buffer.alloc(size)) < size) break;
      } catch (error) {
        assert.equal(error.code, "ENOSPC");
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

const rows = (database, sql) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", database, sql], { encoding: "utf8" }).trim();

describe("a database that cannot be written", { concurrency: 1, timeout: 120_000 }, () => {
  let scene, origin, cookie, way, data, disk;

  before(async () => {
    scene = await Scene.start("store", { isLate: true });
    data = scene.hub.data;
    disk = mountDisk(data);
    await scene.startHub();
    origin = await scene.instance("box");
    cookie = await scene.signIn();
    way = await scene.subdomainWay("box", cookie);
  });
  after(async () => {
    if (disk === undefined && data !== undefined) execFileSync("umount", ["-l", data]);
    await scene?.stop();
  });

  const create = async (name) => {
    const answer = await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name }) });
    return { ...JSON.parse(answer.body), status: answer.status, contentType: answer.headers["content-type"] };
  };

  /** A WebSocket and an event stream that run: `goOn()` shows that they still do. */
  async function runningStreams(context) {
    let say;
    origin.on("/events", (request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      say = (text) => response.write(`data: ${text}\n\n`);
      say("begun");
    });
    const { request, response } = await open(way.options("/events"));
    const pieces = response[Symbol.asyncIterator]();
    const heard = async () => (await within(patience, "an event", pieces.next())).value.toString();
    assert.match(await heard(), /begun/);
    const accepted = nextWebSocket(origin, "/ws");
    const { end: browser } = await openWebSocket(way.options("/ws"));
    const { end: instance } = await accepted;
    context.after(() => {
      request.destroy();
      browser.drop();
      instance.drop();
    });
    return {
      async goOn() {
        say("still here");
        assert.match(await heard(), /still here/);
        await browser.send("text", "and here");
        assert.equal((await within(patience, "a message", instance.next())).data.toString(), "and here");
        assert.equal((await ask(way.options("/ok"))).status, 200);
      },
    };
  }

  /** Every token that was promised is there, and none that was refused. */
  async function expectTokens(promised) {
    const { tokens } = JSON.parse((await scene.api("GET", "/api/tokens", { cookie })).body);
    assert.deepEqual(tokens.map(({ name }) => name).filter((name) => name.startsWith("t-")).sort(), [...promised].sort());
    assert.equal(rows(join(data, "berth.db"), "PRAGMA integrity_check"), "ok");
    assert.equal(Number(rows(join(data, "berth.db"), "SELECT count(*) FROM tokens WHERE name LIKE 't-%'")), promised.length);
  }

  it("check 26: a full disk: what runs goes on, what cannot be kept gets 503, and space alone mends it", async (context) => {
    if (disk !== undefined) return context.skip(disk);
    const streams = await runningStreams(context);
    const promised = [];
    const ballast = join(data, "ballast");
    fillDisk(ballast);
    // What the database's files already had of the disk is used up first.
    let refused;
    for (let count = 0; refused === undefined && count < 5_000; ++count) {
      const answer = await create(`t-full-${count}`);
      if (answer.status === 201) promised.push(`t-full-${count}`);
      else refused = answer;
    }
    assert.equal(refused?.status, 503);
    assert.match(refused.contentType, /^application\/problem\+json/);
    assert.ok(refused.detail.length > 0);
    for (let time = 0; time < 3; ++time) {
      await streams.goOn();
      assert.equal((await create(`t-again-${time}`)).status, 503);
    }
    assert.equal((await ask(way.options("/ok"))).status, 200);
    rmSync(ballast);
    await until("tokens can be made again", async () => {
      const { status } = await create("t-after");
      if (status === 201) promised.push("t-after");
      return status === 201;
    });
    await streams.goOn();
    await expectTokens(promised);
    assert.ok(scene.hub.child.process.exitCode === null);
  });

  it("check 26: a database that somebody has locked: what runs goes on, clear 503, and all is well afterwards", async (context) => {
    const { tokens } = JSON.parse((await scene.api("GET", "/api/tokens", { cookie })).body);
    const promised = tokens.map(({ name }) => name).filter((name) => name.startsWith("t-"));
    const streams = await runningStreams(context);
    const opened = JSON.parse((await scene.api("POST", "/api/clients/box/open", { cookie })).body);
    const leaving = await scene.signIn();
    const held = await lock(join(data, "berth.db"));
    context.after(() => held.release());
    const asked = create("t-locked");
    await streams.goOn();
    const refused = await within(30_000, "the refusal", asked);
    assert.equal(refused.status, 503);
    assert.match(refused.contentType, /^application\/problem\+json/);
    // Nor is anybody told that the instance is at fault.
    const place = new URL(opened.url);
    const ticket = { host: "127.0.0.1", port: scene.port, method: "POST", path: "/.berth/session", headers: { host: place.host, origin: place.origin } };
    for (const answer of [await ask(ticket, JSON.stringify({ code: place.hash.slice(1) })), await scene.api("GET", "/auth/logout", { cookie: leaving, headers: asPage })]) {
      assert.equal(answer.status, 503);
      assert.match(JSON.parse(answer.body).detail, /the hub cannot use its database/i);
    }
    await streams.goOn();
    await held.release();
    const made = await create("t-unlocked");
    assert.equal(made.status, 201);
    promised.push("t-unlocked");
    await streams.goOn();
    await expectTokens(promised);
  });
});

describe("a data folder on a full disk", { timeout: 60_000 }, () => {
  it("is named as such", async (context) => {
    const scene = await Scene.start("store-full", { isLate: true });
    const disk = mountDisk(scene.hub.data);
    try {
      if (disk !== undefined) return context.skip(disk);
      await scene.token("before");
      fillDisk(join(scene.hub.data, "ballast"));
      await assert.rejects(scene.token("after"), /no space left on the device: free some \(\d+\)/);
    } finally {
      if (disk === undefined) execFileSync("umount", ["-l", scene.hub.data]);
      await scene.stop();
    }
  });
});

describe("a hub whose seal.key is lost", { timeout: 60_000 }, () => {
  it("says what to do, and starts again once that is done", async () => {
    const scene = await Scene.start("seal-key");
    const pushKey = async () => {
      const answer = await scene.api("GET", "/api/notifications/key", { cookie: await scene.signIn() });
      return JSON.parse(answer.body).key;
    };
    try {
      const lost = await pushKey();
      assert.match(lost, /^[\w-]{87}$/);
      await scene.hub.child.stop();
      rmSync(join(scene.hub.data, "seal.key"));
      await assert.rejects(scene.startHub());
      assert.ok(scene.hub.child.lines.some((line) => /berth key rotate --force/.test(line)), scene.hub.child.lines.join("\n"));
      await scene.berth("key", "rotate", "--force");
      await scene.startHub();
      const made = await pushKey();
      assert.notEqual(made, lost);
      await scene.hub.child.stop();
      await scene.startHub();
      assert.equal(await pushKey(), made, "the new one stays");
    } finally {
      await scene.stop();
    }
  });
});

describe("a hub that is killed while it writes", { timeout: 240_000 }, () => {
  let scene;

  before(async () => {
    scene = await Scene.start("store-killed");
  });
  after(() => scene?.stop());

  /** What a token gets that is offered for a tunnel: 101, or the refusal's status. */
  async function offer(token) {
    try {
      const { end } = await openWebSocket({
        host: "127.0.0.1", port: scene.port, path: "/ws/connect",
        headers: { host: scene.host, authorization: `Bearer ${token}` },
      });
      end.drop();
      return 101;
    } catch (error) {
      if (error.status === undefined) throw error;
      return error.status;
    }
  }

  it(`check 27: ${rounds} rounds of random writes and kill -9: nothing acknowledged is lost, nothing revoked works again`, async () => {
    let cookie = await scene.signIn();
    const live = new Map();     // Acknowledged tokens, by id.
    const revoked = new Map();  // Acknowledged as revoked.
    let writes = 0;
    const write = async (round) => {
      const pick = Math.random();
      const victim = live.size > 3 && pick < 0.45 ? [...live.keys()][Math.floor(Math.random() * live.size)] : undefined;
      if (victim === undefined) {
        const { status, body } = await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name: `round ${round}` }) });
        assert.equal(status, 201, body.toString());
        const { id, token } = JSON.parse(body);
        live.set(id, token);
      } else {
        // Until it is acknowledged it may be either.
        const token = live.get(victim);
        live.delete(victim);
        const { status } = await scene.api("DELETE", `/api/tokens/${victim}`, { cookie });
        assert.ok(status === 204 || status === 404, `${status}`);
        revoked.set(victim, token);
      }
      writes += 1;
    };
    for (let round = 0; round < rounds; ++round) {
      // Four who write, until the hub is gone under their hands.
      const before = writes;
      const wanted = before + Math.floor(Math.random() * 12);
      let isOver = false;
      const writers = Array.from({ length: 4 }, async () => {
        while (!isOver) {
          try {
            await write(round);
          } catch (error) {
            if (error.name === "AssertionError") throw error;
            return;
          }
        }
      });
      await until("some writes", () => writes >= wanted);
      await scene.hub.child.stop("SIGKILL");
      isOver = true;
      await Promise.all(writers);
      await scene.startHub();
      const { status, body } = await scene.api("GET", "/api/tokens", { cookie });
      assert.equal(status, 200, `the session of round ${round} is known`);
      const listed = new Map(JSON.parse(body).tokens.map((one) => [one.id, one]));
      for (const id of live.keys()) assert.ok(listed.has(id) && listed.get(id).revoked_at == null, `token ${id} of round ${round} or before`);
      for (const id of revoked.keys()) assert.ok(!listed.has(id) || listed.get(id).revoked_at != null, `token ${id} is revoked`);
      if (round % 20 === 19) {
        // One of each is enough here: a wrong token too often, and the address is held off.
        if (live.size > 0) assert.equal(await offer([...live.values()].at(-1)), 101);
        if (revoked.size > 0) assert.equal(await offer([...revoked.values()].at(-1)), 401);
      }
    }
    assert.equal(rows(join(scene.hub.data, "berth.db"), "PRAGMA integrity_check"), "ok");
    await scene.berth("audit", "--verify");
    assert.ok(live.size > 0 && revoked.size > 0, `${live.size} and ${revoked.size} of ${writes} writes`);
  });
});
