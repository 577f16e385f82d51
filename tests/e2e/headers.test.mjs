// Fields that must not get through: forged ones on the way to the instance, dangerous ones on the
// way to the browser.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { ask, pairs, RawConnection } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

let scene;
let origin;
let ways;

before(async () => {
  scene = await Scene.start("headers");
  origin = await scene.instance("box");
  ways = await scene.ways("box", await scene.signIn());
});
after(() => scene?.stop());

const forged = [
  "X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR", "X_Forwarded_For", "X-Forwarded_For", "X_FORWARDED-FOR",
  "X-Forwarded-Proto", "X-Forwarded-Host", "x_forwarded_host", "X-Forwarded-Port", "X-Forwarded-Prefix",
  "X_Forwarded_Prefix", "X-Forwarded-Server", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username",
  "X-Forwarded-Groups", "X-Forwarded-Access-Token", "X-Forwarded-Ssl", "X-Forwarded", "Forwarded", "FORWARDED", "Via", "VIA",
  "X-Real-IP", "x-real-ip", "X_Real_IP", "X-Real_IP",
  "X-Orchestrator-User-Id", "X-Orchestrator-Username", "x-orchestrator-user-id", "X_Orchestrator_User_Id",
  "X-ORCHESTRATOR_USERNAME", "X-Orchestrator-Groups", "X-Orchestrator",
  "X-Berth-User", "X_Berth_User", "x-berth-assertion", "X-BERTH-ERROR", "X-Berth",
  "Proxy-Authorization", "Proxy_Authorization", "Proxy-Connection", "Proxy-Authenticate",
  "TE", "Keep-Alive", "Keep_Alive", "Trailer",
];

/** The head of a request with these lines among its fields. */
function headOf(way, path, lines) {
  return Buffer.from([
    `GET ${way.prefix}${path} HTTP/1.1`, `Host: ${way.host}`, `Origin: ${way.origin}`, ...lines, "", "",
  ].join("\r\n"), "latin1");
}

/** What the instance got of a request that a browser sent byte for byte as `lines` say. */
async function received(way, lines) {
  const path = `/${randomBytes(6).toString("hex")}`;
  const connection = await RawConnection.to(way.port);
  await connection.write(headOf(way, path, lines));
  assert.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 (200|404) /);
  connection.close();
  const seen = origin.seen.filter(({ url }) => url === path);
  assert.equal(seen.length, 1);
  return pairs(seen[0].rawHeaders);
}

for (const mode of ["path", "subdomain"]) {
  describe(`${mode} mode`, { timeout: 60_000 }, () => {
    let way;
    before(() => {
      way = ways[mode];
    });

    it("forged identity and forwarding fields do not arrive, in any spelling", async () => {
      assert.ok(forged.length >= 40);
      const lines = forged.map((name) => `${name}: forged-value`);
      for (const sent of [lines, ...lines.map((line) => [line])]) {
        const got = await received(way, [`Cookie: ${way.cookie}`, ...sent]);
        assert.deepEqual(got.filter(([, value]) => value.includes("forged-value")), []);
      }
    });

    it("nor on a WebSocket", async () => {
      const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
      const got = await received(way, [`Cookie: ${way.cookie}`, ...upgrade, ...forged.map((name) => `${name}: forged-value`)]);
      assert.deepEqual(got.filter(([, value]) => value.includes("forged-value")), []);
      assert.equal(Object.fromEntries(got).upgrade, "websocket");
    });

    it("fields that Connection names do not arrive, and ours cannot be named away", async () => {
      const got = Object.fromEntries(await received(way, [
        `Cookie: ${way.cookie}`, "Connection: x-hop, X-Forwarded-For, x-forwarded-host, Cookie2", "X-Hop: forged-value", "X-Kept: kept",
      ]));
      assert.equal(got["x-hop"], undefined);
      assert.equal(got["x-kept"], "kept");
      assert.equal(got["x-forwarded-for"], "127.0.0.1");
      assert.equal(got["x-forwarded-proto"], "http");
      assert.equal(got["x-forwarded-host"], way.host);
      assert.equal(got["x-forwarded-prefix"], mode === "path" ? "/clients/box/proxy" : undefined);
    });

    it("the hub's cookies do not arrive, and others stay as they were", async () => {
      const reserved = ["berth_session", "berth_instance", "__Host-berth_session", "__Host-berth_instance"];
      const secret = "0123456789abcdef.forged-value";
      const others = ["a=\"b c\"", "theme=dark", "x_berth_session=1", "berth_sessionx=2", "e=="];
      const cookie = [others[0], way.cookie, ...others.slice(1), ...reserved.filter((name) => !way.cookie.startsWith(`${name}=`)).map((name) => `${name}=${secret}`)];
      const one = await received(way, [`Cookie: ${cookie.join("; ")}`]);
      assert.equal(Object.fromEntries(one).cookie, others.join("; "));
      // As two fields, which HTTP/2 browsers send and some proxies make.
      const two = await received(way, [`Cookie: ${way.cookie}`, "Cookie: theme=dark", `Cookie: ${reserved[3]}=${secret}`]);
      assert.equal(JSON.stringify(two).includes("forged-value"), false);
      assert.equal(JSON.stringify(two).includes(way.cookie.split("=")[1]), false);
      assert.match(JSON.stringify(two), /theme=dark/);
    });

    it("dangerous response fields do not reach the browser", async () => {
      const dangerous = {
        "Clear-Site-Data": "\"*\"", "Strict-Transport-Security": "max-age=1", "Public-Key-Pins": "pin", "Public-Key-Pins-Report-Only": "pin",
        "Alt-Svc": "h3=\":443\"", "Report-To": "{}", "Reporting-Endpoints": "a=\"https://evil.test\"", NEL: "{}",
        "X-Refreshed-Token": "secret", "X-Berth-Error": "forged", X_Berth_Error: "forged", "Service-Worker-Allowed": "/",
        "Proxy-Authenticate": "Basic", "Keep-Alive": "timeout=5", Clear_Site_Data: "\"*\"", ALT_SVC: "h3=\":443\"",
      };
      origin.on("/dangerous", (request, response) => {
        response.writeHead(200, { "content-type": "text/plain", "x-kept": "kept", ...dangerous });
        response.end();
      });
      const { headers } = await ask(way.options("/dangerous"));
      assert.equal(headers["x-kept"], "kept");
      for (const name of Object.keys(dangerous)) {
        // A service worker may have the instance's own path, which is all of its origin or a part of ours.
        const allowed = name === "Service-Worker-Allowed" && mode === "path" ? "/clients/box/proxy/" : undefined;
        assert.equal(headers[name.toLowerCase()], allowed, name);
      }
    });

    it("cookies of the instance are confined to it", async () => {
      origin.on("/set", (request, response) => {
        response.writeHead(200, { "set-cookie": [
          "berth_session=x", "berth_instance=x", "__Host-berth_session=x; Secure; Path=/", "__Host-berth_instance=x; Secure; Path=/",
          "a=1; Domain=localhost; Path=/", "b=2; domain=.localhost; HttpOnly", "c=3; Path=/deep",
        ] });
        response.end();
      });
      const cookies = (await ask(way.options("/set"))).headers["set-cookie"];
      assert.deepEqual(cookies.map((cookie) => cookie.split(";")[0]), ["a=1", "b=2", "c=3"]);
      for (const cookie of cookies) {
        assert.doesNotMatch(cookie, /domain/i);
        if (mode === "path") assert.match(cookie, /path=\/clients\/box\/proxy(\/|$)/i);
      }
    });

    it("cross-site requests and sockets do not arrive", async () => {
      const before = origin.seen.length;
      const evil = { origin: "http://evil.localhost" };
      for (const headers of [evil, { origin: "null" }, { "sec-fetch-site": "same-site", origin: undefined }, { origin: undefined }]) {
        const own = Object.fromEntries(Object.entries({ ...way.options("/").headers, ...headers }).filter(([, value]) => value !== undefined));
        const answer = await ask({ ...way.options("/cross", { method: "POST" }), headers: own }, "x");
        assert.equal(answer.status, 403);
        const upgrade = { ...own, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
        assert.equal((await ask({ ...way.options("/cross"), headers: upgrade })).status, 403);
      }
      const { host, cookie } = way.options("/").headers;
      const embedded = { host, cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" };
      assert.equal((await ask({ ...way.options("/cross"), headers: embedded })).status, 403);
      assert.equal(origin.seen.length, before);
    });
  });
}

it("an unknown host is refused before anything else", async () => {
  const before = origin.seen.length;
  for (const host of ["evil.test", `evil.test:${scene.port}`, `box.evil.test:${scene.port}`, "localhost:1", `a.box.localhost:${scene.port}`]) {
    const answer = await ask({ ...ways.path.options("/"), headers: { ...ways.path.options("/").headers, host } });
    assert.equal(answer.status, 421, host);
  }
  assert.equal(origin.seen.length, before);
});
