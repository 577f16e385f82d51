// Behind a reverse proxy: whose word about the browser's address the hub takes, and what follows from
// it. Local addresses play the parts: 127.0.0.9 is the proxy, everybody else is not.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ask, pairs, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

const proxy = "127.0.0.9";
const stranger = "127.0.0.1";
const browser = "203.0.113.7";

describe("behind a proxy", { timeout: 60_000 }, () => {
  let scene, origin, cookie, ways;
  before(async () => {
    scene = await Scene.start("trusted-proxies", { options: () => ["--trusted-proxy", "127.0.0.8/31", "--trusted-proxy", "2001:db8::/32"] });
    origin = await scene.instance("box");
    cookie = await scene.signIn();
    ways = Object.values(await scene.ways("box", cookie));
  });
  after(() => scene?.stop());

  const wrongCode = (from, headers) => ask({
    host: "127.0.0.1", port: scene.port, localAddress: from, method: "POST", path: "/api/session",
    headers: { host: scene.host, origin: scene.url, ...headers },
  }, JSON.stringify({ code: "wrong" }));

  /** What the instance is told of a request with these fields over a connection from `from`. */
  async function told(way, from, headers) {
    origin.seen.length = 0;
    const answer = await ask({ ...way.options("/x", { headers }), localAddress: from });
    assert.equal(answer.status, 200, answer.body.toString());
    const got = pairs(origin.seen[0].rawHeaders).map(([name, value]) => [name.toLowerCase(), value]);
    const { "x-forwarded-for": address, "x-forwarded-proto": scheme, "x-forwarded-host": host, forwarded } = Object.fromEntries(got);
    assert.equal(got.filter(([name]) => name.startsWith("x-forwarded-for")).length, 1);
    assert.deepEqual([host, forwarded], [way.host, undefined]);
    return `${address} ${scheme}`;
  }

  it("check 12: the proxy's word counts, and nobody else's", async () => {
    for (const way of ways) {
      const headers = { "x-forwarded-for": `198.51.100.66, ${browser}`, "x-forwarded-proto": "https", "x-forwarded-host": "evil.test", forwarded: "for=evil" };
      assert.equal(await told(way, proxy, headers), `${browser} https`);
      assert.equal(await told(way, proxy, { "x-forwarded-for": `${browser}, 127.0.0.8, 2001:db8::9` }), `${browser} http`);
      assert.equal(await told(way, stranger, headers), `${stranger} http`);
      assert.equal(await told(way, "127.0.0.10", headers), "127.0.0.10 http");
      assert.equal(await told(way, proxy, {}), `${proxy} http`);
      for (const text of ["unknown", `${browser}:80`, `${browser},`, `[${browser}]`]) {
        assert.equal(await told(way, proxy, { "x-forwarded-for": text, "x-forwarded-proto": "ftp" }), `${proxy} http`, text);
      }
    }
  });

  it("on WebSockets too", async () => {
    for (const way of ways) {
      const accepted = nextWebSocket(origin, "/ws");
      const { end } = await openWebSocket({ ...way.options("/ws", { headers: { "x-forwarded-for": browser } }), localAddress: proxy });
      const { request } = await accepted;
      assert.equal(request.headers["x-forwarded-for"], browser);
      end.drop();
    }
  });

  it("attempts are counted for the browser's address, not the proxy's", async () => {
    const guess = (address) => wrongCode(proxy, { "x-forwarded-for": address });
    for (let i = 0; i < 10; ++i) assert.equal((await guess("203.0.113.50")).status, 401);
    assert.equal((await guess("203.0.113.50")).status, 429);
    // What it makes up before its own address changes nothing.
    assert.equal((await guess("203.0.113.51, 203.0.113.50")).status, 429);
    assert.equal((await guess("203.0.113.51")).status, 401);
    // A stranger cannot lend itself another's name.
    for (let i = 0; i < 10; ++i) assert.equal((await wrongCode("127.0.0.20", { "x-forwarded-for": `203.0.113.${60 + i}` })).status, 401);
    assert.equal((await wrongCode("127.0.0.20", { "x-forwarded-for": "203.0.113.80" })).status, 429);
    assert.equal((await guess("203.0.113.60")).status, 401);
  });

  it("sessions and the audit log tell the browser's address", async () => {
    const code = (await scene.hub.loginLink()).split("#")[1];
    const signedIn = await ask({
      host: "127.0.0.1", port: scene.port, localAddress: proxy, method: "POST", path: "/api/session",
      headers: { host: scene.host, origin: scene.url, "x-forwarded-for": browser },
    }, JSON.stringify({ code }));
    assert.equal(signedIn.status, 204);
    const own = signedIn.headers["set-cookie"][0].split(";")[0];
    const { sessions } = JSON.parse((await scene.api("GET", "/api/sessions", { cookie: own })).body);
    assert.equal(sessions.find((one) => one.current).address, browser);
    const find = async () => JSON.parse((await scene.api("GET", "/api/audit", { cookie: own })).body).events
      .some((event) => event.action === "sign_in" && event.result === "ok" && event.address === browser);
    await within(5_000, "the event", (async () => {
      while (!(await find()));
    })());
  });
});

it("a hub that browsers reach without TLS says so at its start, behind a proxy too", { timeout: 60_000 }, async () => {
  const warns = async (url) => {
    const scene = await Scene.start("without-tls", { options: (at) => ["--public-url", url(at)] });
    try {
      await scene.api("GET", "/health");  // By now it listens to signals.
      scene.hub.child.signal("SIGTERM");
      await scene.hub.child.line(/stopping:/);
      return scene.hub.child.lines.some((line) => /warn.* without TLS: sessions can be read/.test(line));
    } finally {
      await scene.stop();
    }
  };
  assert.equal(await warns(() => "http://hub.example.org"), true);
  assert.equal(await warns(() => "https://hub.example.org"), false);
  assert.equal(await warns((at) => at.url), false);
});
