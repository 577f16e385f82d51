// What an agent believes: the assertion on each stream, its hub's key, its hub's certificate. Played
// by a hub that is not ours, and for the rotation of keys by ours.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Authority, pinOf, readPair, selfSigned } from "./lib/certificates.mjs";
import { HostileHub, SigningKey } from "./lib/hostile_hub.mjs";
import { ask, patience, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

const base64url = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A scene without a hub of ours, an instance, and a hostile hub with an agent at it. */
async function meet(name, { env } = {}) {
  const scene = await Scene.start(name, { isLate: true });
  const origin = await scene.origin("box");
  /** Connections to the instance so far. */
  origin.connections = 0;
  origin.server.on("connection", () => ++origin.connections);
  const hub = await HostileHub.start();
  const agent = await scene.startAgent(origin, { hub: hub.url, token: `ao_${"0".repeat(16)}_${"0".repeat(64)}`, env });
  await within(patience, "the agent at the hostile hub", hub.registered);
  await agent.ready();
  return {
    scene, origin, hub, agent,
    stop: async () => {
      await scene.stop();
      await hub.stop();
    },
  };
}

describe("an agent", { timeout: 60_000 }, () => {
  let all;
  let hub;
  let origin;

  before(async () => {
    all = await meet("assertion");
    ({ hub, origin } = all);
  });
  after(() => all?.stop());

  const good = () => hub.send({ ":path": "/good", "x-berth-assertion": hub.assertion() });

  /** No connection to the instance, whatever is asked with that field. */
  async function refused(name, assertion) {
    const before = [origin.connections, origin.seen.length];
    const fields = assertion === undefined ? {} : { "x-berth-assertion": assertion };
    const asked = [
      { ":path": "/" }, { ":method": "POST", ":path": "/api/auth/login" }, { ":path": "/assets/x.js" },
      { ":method": "CONNECT", ":protocol": "websocket", ":path": "/ws", ":scheme": "http", ":authority": "x" },
    ];
    for (const request of asked) {
      const { status, error } = await hub.send({ ...request, ...fields });
      assert.equal(error, undefined, name);
      assert.equal(status, 403, `${name}: ${request[":path"]}`);
    }
    assert.deepEqual([origin.connections, origin.seen.length], before, name);
  }

  it("check 8: an assertion with any field changed opens no connection to the instance", async () => {
    assert.equal((await good()).status, 200);
    const now = Math.floor(Date.now() / 1000);
    const payload = hub.payload();
    const signature = hub.assertion().split(".")[1];
    const changes = {
      v: 2, kid: "0".repeat(16), aud: "desktop", tun: "0".repeat(32), uid: 2, provider: "local", sub: "583232", login: "mallory",
      name: "Nona", groups: ["evil"], role: "operator", iat: payload.iat - 1, exp: payload.exp + 1,
    };
    assert.deepEqual(Object.keys(changes), Object.keys(payload));
    const own = hub.key.assert(payload);
    for (const [field, value] of Object.entries(changes)) {
      await refused(`another ${field}`, `${base64url({ ...payload, [field]: value })}.${own.split(".")[1]}`);
      const { [field]: _, ...without } = payload;
      await refused(`no ${field} under the same signature`, `${base64url(without)}.${own.split(".")[1]}`);
    }
    for (const field of ["v", "kid", "aud", "tun", "uid", "provider", "sub", "role", "iat", "exp"]) {
      const { [field]: _, ...without } = payload;
      await refused(`no ${field}, and signed so`, hub.key.assert(without));
    }
    const [text] = own.split(".");
    const stranger = new SigningKey();
    const odd = {
      "no assertion": undefined, "an empty one": "", "a dot": ".", "no signature": text, "an empty signature": `${text}.`,
      "half a signature": `${text}.${signature.slice(0, 43)}`, "another one's signature": `${text}.${stranger.sign(text)}`,
      "a stranger under our key's name": stranger.assert(payload), "a stranger under its own": stranger.assert({ ...payload, kid: stranger.id }),
      "the signature of another assertion": `${text}.${hub.key.assert({ ...payload, uid: 2 }).split(".")[1]}`,
      "JSON as it is": JSON.stringify(payload), "padding": `${own}==`, "two of them": [own, own], "two in one": `${own}, ${own}`,
      "a type mixed up": hub.key.assert({ ...payload, role: "admin" }), "a list": hub.key.assert([payload]),
      "of no algorithm": `${base64url({ alg: "none" })}.${text}.`, "too long a life": hub.key.assert({ ...payload, exp: now + 3600 }),
      "a life of nothing": hub.key.assert({ ...payload, exp: payload.iat }), "too large": hub.key.assert({ ...payload, name: "n".repeat(20_000) }),
    };
    for (const [name, assertion] of Object.entries(odd)) await refused(name, assertion);
    assert.equal((await good()).status, 200);
  });

  it("check 8: an expired one, one of another time or of another instance opens none either", async () => {
    const now = Math.floor(Date.now() / 1000);
    await refused("expired", hub.assertion({ iat: now - 61, exp: now - 1 }));
    await refused("expired long ago", hub.assertion({ iat: 1, exp: 61 }));
    await refused("not valid yet", hub.assertion({ iat: now + 30, exp: now + 90 }));
    await refused("at the end of time", hub.assertion({ iat: Number.MAX_SAFE_INTEGER - 60, exp: Number.MAX_SAFE_INTEGER }));
    await refused("for another instance", hub.assertion({ aud: "desktop" }));
    await refused("for any instance", hub.assertion({ aud: "" }));
    await refused("for several instances", hub.assertion({ aud: ["box", "desktop"] }));
    assert.equal((await good()).status, 200);
  });

  it("check 8: one that was verified once is not good after its time", async () => {
    const now = Math.floor(Date.now() / 1000);
    const short = hub.assertion({ iat: now - 2, exp: now + 5 });
    assert.equal((await hub.send({ ":path": "/", "x-berth-assertion": short })).status, 200);
    await within(patience, "the end of the assertion's time", (async () => {
      while ((await hub.send({ ":path": "/", "x-berth-assertion": short })).status === 200);
    })());
    await refused("after its time", short);
  });

  it("check 8: one of the last tunnel, replayed on the next, opens none", async () => {
    const replayed = hub.assertion();
    const { tunnel } = hub.registration;
    const again = hub.nextRegistration();
    hub.socket.destroy();
    await within(patience, "the agent's next tunnel", again);
    assert.notEqual(hub.registration.tunnel, tunnel);
    assert.equal((await good()).status, 200);
    await refused("replayed", replayed);
    assert.equal(new Set(hub.registrations.map((one) => one.tunnel)).size, hub.registrations.length);
  });

  it("check 20: a good assertion does not widen where the agent connects to", async () => {
    const before = origin.seen.length;
    for (const path of ["//127.0.0.1:1/", "http://127.0.0.1:1/", "@127.0.0.1:1/", "/\\127.0.0.1:1", "*"]) {
      const { status, error } = await hub.request({ ":path": path, ":authority": "127.0.0.1:1" });
      assert.ok(error !== undefined || status === 400, path);
    }
    assert.equal(origin.seen.length, before);
  });

  it("holds a viewer to reading", async () => {
    const viewer = (fields) => hub.send({ "x-berth-assertion": hub.assertion({ role: "viewer" }), ":path": "/", ...fields });
    const before = origin.seen.length;
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "MKCOL"]) {
      assert.equal((await viewer({ ":method": method })).status, 403, method);
    }
    const socket = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/ws", ":scheme": "http", ":authority": "x" };
    assert.equal((await viewer(socket)).status, 403);
    assert.equal(origin.seen.length, before);
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      assert.equal((await viewer({ ":method": method, "x-http-method-override": "DELETE" })).status, 200, method);
    }
    assert.deepEqual(origin.seen.slice(before).map(({ method }) => method), ["GET", "HEAD", "OPTIONS"]);
    for (const { rawHeaders } of origin.seen.slice(before)) assert.ok(!rawHeaders.includes("DELETE"));
  });

  it("tells a generic instance who asks only if it is told to", async () => {
    await hub.request({ ":path": "/who", "x-orchestrator-username": "forged", "x_orchestrator_user_id": "1" });
    const { rawHeaders } = origin.seen.at(-1);
    assert.ok(!rawHeaders.some((text) => /orchestrator|berth|forged/i.test(text)), rawHeaders.join(" "));
  });
});

describe("an agent with a list of its own", { timeout: 60_000 }, () => {
  const env = {
    ORCHESTRATOR_GITHUB_ORG: "acme", ORCHESTRATOR_GITHUB_TEAM: "other/core", ORCHESTRATOR_GITHUB_USERS: "hubot,99",
    BERTH_IDENTITY_HEADERS: "on",
  };
  let all;
  before(async () => {
    all = await meet("allow-list", { env });
  });
  after(() => all?.stop());

  it("admits whom the list names as the hub signed them, on every path, and tells the instance", async () => {
    const { hub, origin } = all;
    const nobody = { login: "nobody", sub: "1", groups: [] };
    const cases = [
      [{ groups: ["acme"] }, true], [{ groups: ["Acme", "x"] }, true], [{ groups: ["other/core"] }, true],
      [{ login: "HUBOT" }, true], [{ sub: "99" }, true], [{}, false], [{ groups: ["acme2", "other", "other/core2"] }, false],
      [{ login: "99" }, false], [{ login: "hubot", provider: "oidc" }, false], [{ groups: ["acme"], provider: "local" }, false],
    ];
    for (const [user, isAdmitted] of cases) {
      const assertion = hub.assertion({ ...nobody, ...user });
      for (const path of ["/", "/api/x", "/assets/a.js", "/.well-known/x"]) {
        const before = origin.seen.length;
        const { status } = await hub.send({ ":path": path, "x-berth-assertion": assertion, "x-orchestrator-username": "hubot" });
        assert.equal(status, isAdmitted ? 200 : 403, `${JSON.stringify(user)} ${path}`);
        assert.equal(origin.seen.length - before, isAdmitted ? 1 : 0);
      }
    }
    await hub.request({ ":path": "/who", "x-orchestrator-username": "forged", "x_orchestrator_user_id": "1" });
    const { rawHeaders } = origin.seen.at(-1);
    const told = Object.fromEntries(rawHeaders.flatMap((name, at) => (/orchestrator/i.test(name) ? [[name.toLowerCase(), rawHeaders[at + 1]]] : [])));
    assert.deepEqual(told, { "x-orchestrator-user-id": "583231", "x-orchestrator-username": "octocat" });
  });
});

describe("an agent and the key of its hub", { timeout: 120_000 }, () => {
  it("refuses a hub with another key, and says what to do", async () => {
    const { scene, origin, hub, agent, stop } = await meet("other-key");
    try {
      const known = join(origin.home, ".local/state/berth/box/known-hubs");
      await agent.line(/pinned the key [0-9a-f]{16} of http:\/\/127\.0\.0\.1:\d+, which this agent meets for the first time/);
      const pinned = () => readFileSync(known, "utf8").split("\n").filter((line) => line.startsWith(hub.url));
      await agent.stop();
      assert.deepEqual(pinned(), [`${hub.url} ${hub.key.text}`]);
      assert.equal(statSync(known).mode & 0o777, 0o600);

      const first = hub.key;
      hub.rekey(new SigningKey());
      const before = origin.connections;
      const options = { hub: hub.url, token: `ao_${"0".repeat(16)}_${"0".repeat(64)}` };
      const again = await scene.startAgent(origin, { ...options, name: "again" });
      await again.line(new RegExp(`not connected to ${hub.url}: the hub's key ${hub.key.id} is not the pinned one, ${first.id}\\..*enrol again.*berth key ls.*--hub-key.*known-hubs.*next attempt in 300 s`));
      await again.stop();
      assert.ok(!again.lines.some((line) => /info connected to /.test(line)));
      assert.deepEqual(pinned(), [`${hub.url} ${first.text}`]);

      // A key that the pinned one did not vouch for, whatever it says; then one that it did.
      hub.keys = [hub.key.announce(new SigningKey(), hub.key)];
      const still = await scene.startAgent(origin, { ...options, name: "still" });
      await still.line(/is not the pinned one/);
      await still.stop();
      assert.equal(origin.connections, before);
      hub.keys = [hub.key.announce(first)];
      const led = await scene.startAgent(origin, { ...options, name: "led" });
      await led.line(/info connected to .* as box/);
      await led.line(/the keys of .* are now/);
      await led.stop();
      assert.deepEqual(pinned(), [`${hub.url} ${hub.key.text}`]);

      // What is taken out of the file while the agent runs is forgotten.
      hub.rekey(new SigningKey());
      const heard = await scene.startAgent(origin, { ...options, name: "heard" });
      await heard.line(/is not the pinned one/);
      writeFileSync(known, "");
      await heard.line(/info connected to .* as box/);
      await heard.line(/pinned the key/);  // Which is said once it is written.
      await heard.stop();
      assert.deepEqual(pinned(), [`${hub.url} ${hub.key.text}`]);

      hub.rekey(new SigningKey());
      const told = await scene.startAgent(origin, { ...options, name: "told", env: { BERTH_HUB_KEY: hub.key.text } });
      await told.line(/info connected to .* as box/);
      await told.stop();
      const wrong = await scene.startAgent(origin, { ...options, name: "wrong", env: { BERTH_HUB_KEY: first.text } });
      await wrong.line(/is not the pinned one/);
      await wrong.stop();
      const unreadable = await scene.startAgent(origin, { ...options, name: "unreadable", env: { BERTH_HUB_KEY: "nonsense" } });
      assert.equal(await unreadable.exited, 2);
    } finally {
      await stop();
    }
  });

  it("refuses a hub without a key, and pins that others can read", async () => {
    const { scene, origin, hub, agent, stop } = await meet("no-key");
    try {
      await agent.line(/pinned the key/);
      await agent.stop();
      const options = { hub: hub.url, token: `ao_${"0".repeat(16)}_${"0".repeat(64)}` };
      hub.keys = [];
      const keyless = await scene.startAgent(origin, { ...options, name: "keyless" });
      await keyless.line(/not connected to .*: the hub announces no key/);
      await keyless.stop();
      const known = join(origin.home, ".local/state/berth/box/known-hubs");
      chmodSync(known, 0o640);
      const exposed = await scene.startAgent(origin, { ...options, name: "exposed" });
      const [status] = await within(patience, "its end", once(exposed.process, "close"));
      assert.equal(status, 1);
      assert.ok(exposed.lines.some((line) => /known-hubs can be read by others: chmod 600 it/.test(line)), exposed.lines.join("\n"));
    } finally {
      await stop();
    }
  });

  it("follows the rotation of a running hub without losing a request", async () => {
    const scene = await Scene.start("rotation");
    try {
      const origin = await scene.instance("box");
      const away = await scene.instance("away");
      await away.agent.line(/pinned the key/);
      await away.agent.stop();
      const way = await scene.subdomainWay("box", await scene.signIn());
      const ids = async () => [...(await scene.berth("key", "ls")).matchAll(/^([0-9a-f]{16}) /gm)].map((match) => match[1]);
      const [first] = await ids();

      let isOver = false;
      let count = 0;
      const asking = (async () => {
        while (!isOver) {
          const { status, body } = await ask(way.options(`/steady/${count++}`));
          assert.equal(status, 200, body.toString());
        }
      })();
      const rotated = /the hub signs with ([0-9a-f]{16}) from now on/;
      const [, second] = rotated.exec(await scene.berth("key", "rotate"));
      await origin.agent.line(new RegExp(`the keys of .* are now ${second}, ${first}`));
      assert.deepEqual(await ids(), [second, first]);
      await assert.rejects(scene.berth("key", "rotate"), /less than 24 hours old/);

      // One that was away comes back, and knows the new key before the one that it knew is gone.
      const back = await scene.startAgent(away, { name: "back", id: "away" });
      await back.line(new RegExp(`the keys of .* are now ${second}, ${first}`));
      await back.ready();

      const [, third] = rotated.exec(await scene.berth("key", "rotate", "--force"));
      await origin.agent.line(new RegExp(`the keys of .* are now ${third}, ${second}`));
      await back.line(new RegExp(`the keys of .* are now ${third}, ${second}`));
      await back.stop();
      const enough = count + 20;
      await within(patience, "20 more requests", (async () => {
        while (count < enough) await ask(way.options("/more"));
      })());
      isOver = true;
      await asking;
      assert.ok(!origin.agent.lines.some((line) => /refused/.test(line)));
      assert.match(readFileSync(join(origin.home, ".local/state/berth/box/known-hubs"), "utf8"), /http:\/\/localhost:\d+ [\w-]{43}\n.* [\w-]{43}\n$/);

      // After a restart of both, what was pinned still holds.
      await origin.agent.stop();
      await scene.hub.restart();
      const restarted = await scene.startAgent(origin, { name: "restarted", id: "box" });
      await restarted.ready();
      assert.equal((await ask(way.options("/after"))).status, 200);
      assert.ok(!restarted.lines.some((line) => /pinned the key|are now/.test(line)));
    } finally {
      await scene.stop();
    }
  });
});

describe("an agent and the certificate of its hub", { timeout: 60_000 }, () => {
  let scene;
  let origin;
  let ours;
  let others;

  before(async () => {
    scene = await Scene.start("certificates", { isLate: true });
    origin = await scene.origin("box");
    ours = new Authority(scene.folder, "ours");
    others = new Authority(scene.folder, "others");
  });
  after(() => scene?.stop());

  const here = "IP:127.0.0.1";
  const token = `ao_${"1".repeat(16)}_${"2".repeat(64)}`;

  /** An agent that trusts our authority, at a hub with that certificate. */
  async function visit(name, tls, play, env = {}) {
    const hub = await HostileHub.start({ tls });
    try {
      const agent = await scene.startAgent(origin, { hub: hub.url, name, token, env: { SSL_CERT_FILE: ours.file, ...env } });
      await play(agent, hub);
      await agent.stop();
    } finally {
      await hub.stop();
    }
  }

  it("connects to a hub whose certificate is good", async () => {
    await visit("good", ours.issue("good", here), async (agent, hub) => {
      await within(patience, "the agent at the hub", hub.registered);
      assert.equal(hub.requests[0].headers.authorization, `Bearer ${token}`);
    });
  });

  it("connects to a hub whose self-signed certificate it was given, or whose key it was told", async () => {
    const known = async (agent, hub) => {
      await within(patience, "the agent at the hub", hub.registered);
      assert.equal(hub.requests[0].headers.authorization, `Bearer ${token}`);
    };
    const alone = selfSigned(scene.folder, "given", here);
    await visit("given", alone, known, { BERTH_HUB_CA: join(scene.folder, "given.crt") });
    const elsewhere = selfSigned(scene.folder, "told", "DNS:hub.example.org");
    await visit("told", elsewhere, known, { BERTH_HUB_PIN: pinOf(readPair(elsewhere).cert) });
  });

  const wrongPin = `sha256/${Buffer.alloc(32, 7).toString("base64")}`;
  const bad = {
    expired: [() => ours.issue("expired", here, -1), /the certificate has expired/],
    "of another name": [() => ours.issue("named", "DNS:hub.example.org,IP:127.0.0.2"), /the certificate is for another host/],
    "of an unknown authority": [() => others.issue("foreign", here), /the certificate is from an unknown authority/],
    "self-signed": [() => selfSigned(scene.folder, "alone", here), /the certificate is self-signed/],
    "good, but not of the pinned key": [() => ours.issue("other", here), /the public key is not the pinned one/, { BERTH_HUB_PIN: wrongPin }],
  };
  for (const [what, [make, complaint, env]] of Object.entries(bad)) {
    it(`check 29: a certificate that is ${what}: the agent refuses, says so, and sends no credential`, async () => {
      await visit(what.replaceAll(" ", "-"), make(), async (agent, hub) => {
        const before = hub.failed;
        await agent.line(complaint);
        // It tries again, with the same result.
        await within(patience, "another attempt", hub.nextFailure(before));
        assert.deepEqual(hub.requests, []);
        assert.equal(hub.plaintext, 0);
        assert.ok(!agent.lines.some((line) => /info connected to /.test(line)));
        assert.ok(!agent.lines.some((line) => line.includes("2".repeat(64))));
      }, env);
    });
  }
});
