// The hub's asset cache over real processes: bodies that the hub holds do not cross the tunnel
// again, and nobody gets anything that their instance has not just answered.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { makeBody } from "./lib/bytes.mjs";
import { Carrier } from "./lib/carrier.mjs";
import { ask, readAll } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { openWebSocket } from "./lib/websocket.mjs";

const immutable = "public, max-age=31536000, immutable";
const size = 200_000;

let scene;
let cookie;
let bytes;  // Noise, so that its size on the way is its own.
let one;
let two;  // Another instance of the same owner.
let other;  // An instance of somebody else.
let ways;

/** What the tunnel of an instance carried towards its hub so far. */
async function carried(instance, hub) {
  const { body } = await hub.api("GET", "/clients", { cookie: instance.cookie });
  return JSON.parse(body).clients.find(({ id }) => id === instance.name).metadata.traffic?.out ?? 0;
}

/** The answer, and how many bytes crossed the tunnel for it. */
async function get(instance, path, { headers = {}, way = ways[instance.name], hub = scene } = {}) {
  const before = await carried(instance, hub);
  const answer = await ask(way.options(path, { headers }));
  answer.carried = (await carried(instance, hub)) - before;
  return answer;
}

function play(instance, path, content, fields = {}) {
  instance.on(path, (request, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream", "cache-control": immutable, etag: `"${instance.name}"`, ...fields });
    response.end(content);
  });
}

const isWhole = ({ carried: count }) => count >= size;
const isSpared = ({ carried: count }) => count < size / 10;

before(async () => {
  bytes = await readAll(makeBody(size).stream);
  // The agents are on this machine, where the cache would not be used by itself.
  scene = await Scene.start("asset-cache", { options: () => ["--compress", "on"] });
  await scene.berth("login-link", "--user", "mallory");
  cookie = await scene.signIn();
  [one, two] = [await scene.instance("one"), await scene.instance("two")];
  other = await scene.instance("other", { user: "mallory" });
  one.cookie = two.cookie = cookie;
  other.cookie = await scene.signIn("mallory");
  ways = {
    one: await scene.subdomainWay("one", cookie), two: await scene.subdomainWay("two", cookie),
    other: await scene.subdomainWay("other", other.cookie),
  };
});
after(() => scene?.stop());

it("a second request, also in path mode and of another instance of the owner, carries no body", async () => {
  play(one, "/assets/a-1.bin", bytes);
  play(two, "/assets/a-1.bin", bytes);
  const asked = one.seen.length;
  const first = await get(one, "/assets/a-1.bin");
  assert.ok(isWhole(first), `${first.carried} bytes`);
  for (const [instance, way] of [[one, ways.one], [one, scene.pathWay("one", cookie)], [two, ways.two]]) {
    const again = await get(instance, "/assets/a-1.bin", { way });
    assert.ok(isSpared(again), `${again.carried} bytes`);
    assert.equal(again.status, 200);
    assert.equal(again.headers["content-length"], String(size));
    assert.equal(again.headers.etag, `"${instance.name}"`);  // The head is the instance's own.
    assert.equal(again.headers["cache-control"], immutable.replace("public", "private"));
    assert.ok(!Object.keys(again.headers).some((name) => name.startsWith("x-berth")));
    assert.ok(bytes.equals(again.body));
  }
  // The instance is asked each time, and sees nothing of all this.
  const requests = one.seen.slice(asked);
  assert.equal(requests.length, 3);
  assert.ok(!requests.some(({ rawHeaders }) => rawHeaders.some((name) => /x-berth/i.test(name))));
});

it("nothing is shared between owners", async () => {
  play(one, "/assets/b-1.bin", bytes);
  play(other, "/assets/b-1.bin", bytes);
  await get(one, "/assets/b-1.bin");
  const theirs = await get(other, "/assets/b-1.bin");
  assert.ok(isWhole(theirs));
  assert.ok(isSpared(await get(other, "/assets/b-1.bin")));
});

it("what the instance answers now is what arrives, whatever is held", async () => {
  play(one, "/assets/c-1.bin", bytes);
  await get(one, "/assets/c-1.bin");
  const changed = Buffer.from(bytes);
  changed[0] ^= 1;
  play(one, "/assets/c-1.bin", changed);
  const answer = await get(one, "/assets/c-1.bin");
  assert.ok(isWhole(answer));
  assert.ok(changed.equals(answer.body));
  one.on("/assets/c-1.bin", (request, response) => {
    response.writeHead(403, { "content-type": "text/plain" });
    response.end("not for you");
  });
  const refused = await get(one, "/assets/c-1.bin");
  assert.equal(refused.status, 403);
  assert.equal(refused.body.toString(), "not for you");
});

it("nothing is held that is private, may change, sets cookies, or is asked for with credentials", async () => {
  const rows = {
    "/private": { "cache-control": "private, max-age=31536000, immutable" },
    "/no-store": { "cache-control": "no-store, immutable" },
    "/mutable": { "cache-control": "public, max-age=31536000" },
    "/cookie": { "set-cookie": "a=b" },
    "/vary": { vary: "cookie" },
  };
  for (const [path, fields] of Object.entries(rows)) {
    play(one, path, bytes, fields);
    for (let i = 0; i < 2; ++i) assert.ok(isWhole(await get(one, path)), path);
  }
  play(one, "/secret", bytes);
  for (let i = 0; i < 2; ++i) assert.ok(isWhole(await get(one, "/secret", { headers: { authorization: "Basic eA==" } })));
});

it("an agent that names what it was not offered gets an error and no bytes, even if they are held", async () => {
  play(one, "/assets/e-1.bin", bytes);
  await get(one, "/assets/e-1.bin");
  const liars = createHttp2Server();
  const offered = [];
  liars.on("stream", (stream, fields) => {
    offered.push(fields["x-berth-have"]);
    stream.respond({ ":status": 200, "cache-control": immutable, "x-berth-digest": createHash("sha256").update(bytes).digest("hex") });
    stream.end();
  });
  const { end } = await openWebSocket(
    { host: "127.0.0.1", port: scene.port, path: "/ws/connect", headers: { host: scene.host, authorization: `Bearer ${await scene.token("liar")}` } },
    { "sec-websocket-protocol": "berth.h2" },
  );
  const carrier = new Carrier(end);
  carrier.once("begun", () => liars.emit("connection", carrier));
  const registered = carrier.serve();
  await end.send("text", JSON.stringify({ type: "register", client_id: "liar", tunnel: randomBytes(16).toString("base64url"), metadata: {} }));
  await registered;
  const way = await scene.subdomainWay("liar", cookie);
  const refused = await ask(way.options("/assets/e-2.bin"));
  assert.equal(refused.status, 502);
  assert.match(refused.body.toString(), /unusable/);
  assert.equal(offered[0], undefined);
  // What was offered is given; so it was the offer that was missing.
  const given = await ask(way.options("/assets/e-1.bin"));
  assert.equal(given.status, 200, `${given.body} ${offered}`);
  assert.ok(bytes.equals(given.body));
  assert.match(offered[1], /^[0-9a-f]{32}$/);
  end.drop();
});

it("text is held as it was compressed", async () => {
  const text = Array.from({ length: 20_000 }, (_, line) => `const line${line} = ${line * line};\n`).join("");
  play(one, "/assets/d-1.js", text, { "content-type": "text/javascript" });
  const headers = { "accept-encoding": "br" };
  const first = await get(one, "/assets/d-1.js", { headers });
  const again = await get(one, "/assets/d-1.js", { headers });
  assert.equal(again.headers["content-encoding"], "br");
  assert.ok(again.body.equals(first.body));
  assert.equal(brotliDecompressSync(again.body).toString(), text);
  assert.ok(again.carried < first.carried / 4, `${again.carried} of ${first.carried} bytes`);
  const plain = await get(one, "/assets/d-1.js", { headers: { "accept-encoding": "identity" } });
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(plain.body.toString(), text);
});

it("with asset_cache = 0 every body crosses the tunnel", async () => {
  const without = await Scene.start("asset-cache-off", { options: ({ folder }) => {
    const file = join(folder, "hub.toml");
    writeFileSync(file, "[limits]\nasset_cache = 0\n");
    return ["--compress", "on", "--config", file];
  } });
  try {
    const box = await without.instance("box");
    play(box, "/assets/f-1.bin", bytes);
    box.cookie = await without.signIn();
    const way = await without.subdomainWay("box", box.cookie);
    for (let time = 0; time < 2; ++time) {
      const answer = await get(box, "/assets/f-1.bin", { way, hub: without });
      assert.ok(isWhole(answer), `${answer.carried} bytes`);
      assert.ok(bytes.equals(answer.body));
    }
  } finally {
    await without.stop();
  }
});
