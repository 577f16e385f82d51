// Fields that must not get through: forged ones on the way to the instance, dangerous ones on the
// way to the browser. Over HTTP/1.1 and, with TLS, over HTTP/2; in path mode and in subdomain mode.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { ask, open, pairs, patience, RawConnection, readAll, within } from "./lib/http.mjs";
import { flag, frame, frameType, headerBlock, Http2Browser, RawHttp2, requestFields } from "./lib/http2.mjs";
import { Scene } from "./lib/scene.mjs";
import { acceptKey, openWebSocket } from "./lib/websocket.mjs";

const forged = [
  "X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR", "X_Forwarded_For", "X-Forwarded_For", "X_FORWARDED-FOR",
  "X-Forwarded-Proto", "X-Forwarded-Host", "x_forwarded_host", "X-Forwarded-Port", "X-Forwarded-Prefix",
  "X_Forwarded_Prefix", "X-Forwarded-Server", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username",
  "X-Forwarded-Groups", "X-Forwarded-Access-Token", "X-Forwarded-Ssl", "X-Forwarded", "Forwarded", "FORWARDED", "Via", "VIA",
  "X-Real-IP", "x-real-ip", "X_Real_IP", "X-Real_IP",
  "X-Orchestrator-User-Id", "X-Orchestrator-Username", "x-orchestrator-user-id", "X_Orchestrator_User_Id",
  "X-ORCHESTRATOR_USERNAME", "X-Orchestrator-Groups", "X-Orchestrator", "X_Orchestrator",
  "X-Berth-User", "X_Berth_User", "x-berth-assertion", "X_Berth_Assertion", "X-BERTH-ERROR", "x_berth-error", "X-Berth",
  "Proxy-Authorization", "Proxy_Authorization", "Proxy-Connection", "PROXY_CONNECTION", "Proxy-Authenticate",
  "TE", "Keep-Alive", "Keep_Alive", "Trailer",
];

/** What a field value says when it was forged, and by that alone. */
const mark = "forged-value";

/** What asks for a WebSocket over HTTP/1.1. */
const upgrade = [
  ["Connection", "Upgrade"], ["Upgrade", "websocket"], ["Sec-WebSocket-Version", "13"], ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
];

/** Sends `fields` byte for byte on a connection of its own, as HTTP/1.1 or HTTP/2 have it. */
const senders = {
  async "HTTP/1.1"(way, path, fields) {
    const lines = [`GET ${way.prefix}${path} HTTP/1.1`, `Host: ${way.host}`, `Origin: ${way.origin}`, `Cookie: ${way.cookie}`];
    const connection = await RawConnection.to(way.port);
    await connection.write(Buffer.from([...lines, ...fields.map((pair) => pair.join(": ")), "", ""].join("\r\n"), "latin1"));
    assert.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 (200|404) /);
    connection.close();
    return true;
  },
  async "HTTP/2"(way, path, fields) {
    const connection = await RawHttp2.to(way);
    connection.write(frame(frameType.headers, flag.endHeaders | flag.endStream, 1, headerBlock(requestFields(way, path, "GET", fields))));
    const end = await connection.end(1);
    connection.close();
    return end === "answered";
  },
};

for (const protocol of Object.keys(senders)) {
  describe(`over ${protocol}`, { timeout: 120_000 }, () => {
    const isHttp2 = protocol === "HTTP/2";
    const scheme = isHttp2 ? "https" : "http";
    let scene;
    let origin;
    let ways;

    before(async () => {
      scene = await Scene.start(`headers-${scheme}`, { tls: isHttp2 });
      origin = await scene.instance("box");
      ways = await scene.ways("box", await scene.signIn());
    });
    after(() => scene?.stop());

    /**
     * What the instance got of a request with these fields; nothing of one that HTTP/2 itself refuses.
     * Names of HTTP/2 are in lower case, and others are refused.
     */
    async function received(way, fields) {
      const path = `/${randomBytes(6).toString("hex")}`;
      const isServed = await senders[protocol](way, path, fields);
      const seen = origin.seen.filter(({ url }) => url === path);
      assert.equal(seen.length, isServed ? 1 : 0);
      return isServed ? pairs(seen[0].rawHeaders) : undefined;
    }

    const isForged = ([name, value]) => name.includes(mark) || value.includes(mark);

    for (const mode of ["path", "subdomain"]) {
      describe(`${mode} mode`, () => {
        let way;
        before(() => {
          way = ways[mode];
        });

        it(`check 12: forged identity and forwarding fields do not arrive in ${forged.length} spellings`, async () => {
          assert.ok(forged.length >= 40);
          const taken = [];
          for (const spelled of forged) {
            const name = isHttp2 ? spelled.toLowerCase() : spelled;
            const got = await received(way, [[name, mark]]);
            assert.deepEqual(got?.filter(isForged) ?? [], [], name);
            if (got !== undefined) taken.push(name);
          }
          // All at once, and each twice.
          const twice = taken.flatMap((name) => [[name, mark], [name, `${mark} 2`]]).slice(0, 80);
          const got = await received(way, twice);
          assert.deepEqual(got.filter(isForged), []);
          for (const name of ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]) {
            assert.equal(got.filter((pair) => pair[0] === name).length, 1, name);
          }
        });

        if (isHttp2) it("check 12: nor do they in a spelling that HTTP/2 does not have", async () => {
          for (const name of ["X-Forwarded-For", "X-Berth-Assertion", "X-Orchestrator-User-Id"]) {
            assert.equal(await received(way, [[name, mark]]), undefined, name);
          }
        });

        it("check 12: nor do they on a WebSocket", async () => {
          const fields = forged.map((name) => [isHttp2 ? name.toLowerCase() : name, mark]);
          if (isHttp2) {
            const connection = await RawHttp2.to(way);
            const path = `/${randomBytes(6).toString("hex")}`;
            const own = requestFields(way, path, "CONNECT", fields.filter(([name]) => !/^(te|keep-alive|proxy-connection)$/.test(name)));
            connection.write(frame(frameType.headers, flag.endHeaders, 1, headerBlock([own[0], [":protocol", "websocket"], ...own.slice(1), ["sec-websocket-version", "13"]])));
            await connection.frame(({ type, stream }) => type === frameType.headers && stream === 1, "the answer to an upgrade");
            connection.close();
            const [seen] = origin.seen.filter(({ url }) => url === path);
            assert.deepEqual(pairs(seen.rawHeaders).filter(isForged), []);
            assert.equal(Object.fromEntries(pairs(seen.rawHeaders)).upgrade, "websocket");
            return;
          }
          const got = await received(way, [...upgrade, ...fields]);
          assert.deepEqual(got.filter(isForged), []);
          assert.equal(Object.fromEntries(got).upgrade, "websocket");
        });

        if (!isHttp2) it("check 12: fields that Connection names do not arrive, and ours cannot be named away, on a WebSocket neither", async () => {
          for (const more of [[], upgrade]) {
            const got = Object.fromEntries(await received(way, [
              ...more, ["Connection", "x-hop, X-Forwarded-For, x-forwarded-host,X_Odd"], ["connection", "x-second, x-berth-assertion"],
              ["X-Hop", mark], ["X-HOP", mark], ["X_Hop", mark], ["X-Odd", mark], ["x-second", mark], ["X-Kept", "kept"],
            ]));
            assert.deepEqual(Object.entries(got).filter(isForged), []);
            assert.equal(got["x-kept"], "kept");
            assert.equal(got["x-forwarded-for"], "127.0.0.1");
            assert.equal(got["x-forwarded-host"], way.host);
          }
        });

        it("check 12: ours say who asks, and nobody else", async () => {
          const got = Object.fromEntries(await received(way, []));
          assert.equal(got["x-forwarded-for"], "127.0.0.1");
          assert.equal(got["x-forwarded-proto"], scheme);
          assert.equal(got["x-forwarded-host"], way.host);
          assert.equal(got["x-forwarded-prefix"], mode === "path" ? "/clients/box/proxy" : undefined);
          assert.deepEqual(Object.keys(got).filter((name) => name.startsWith("x-berth")), []);
        });

        it("check 12: the hub's cookies do not arrive, and others stay as they were", async () => {
          const reserved = ["berth_session", "berth_instance", "berth_owner", "__Host-berth_session", "__Host-berth_instance", "__Host-berth_owner"];
          const others = ["a=\"b c\"", "theme=dark", "x_berth_session=1", "berth_sessionx=2", "e=="];
          const own = way.cookie.split("=");
          const planted = reserved.filter((name) => name !== own[0]).map((name) => `${name}=0123456789abcdef.${mark}`);
          const asked = new Promise((resolve) => origin.on("/jar", (request, response) => {
            response.end();
            resolve(request.headers.cookie);
          }));
          const sent = [others[0], way.cookie, ...others.slice(1), ...planted].join("; ");
          if (isHttp2) {
            const browser = await Http2Browser.to(way);
            assert.equal((await browser.ask(way, "/jar", { headers: { cookie: sent } })).status, 200);
            browser.close();
          } else {
            assert.equal((await ask(way.options("/jar", { headers: { cookie: sent } }))).status, 200);
          }
          assert.equal(await asked, others.join("; "));
          // As several fields, which HTTP/2 browsers send and some proxies make.
          const got = JSON.stringify(await received(way, [["cookie", "theme=dark"], ["cookie", planted[0]], ["cookie", "last=1"]]));
          assert.ok(!got.includes(mark) && !got.includes(own[1]));
          assert.match(got, /theme=dark/);
          assert.match(got, /last=1/);
        });

        /** The answer to GET `path`, over this protocol: {status, headers, interim, trailers}. */
        async function answerTo(path) {
          if (isHttp2) {
            const browser = await Http2Browser.to(way);
            const answer = await browser.ask(way, path);
            browser.close();
            return answer;
          }
          const interim = [];
          const { response } = await open(way.options(path), undefined, (request) => request.on("information", ({ headers }) => interim.push(headers)));
          await readAll(response);
          return { headers: response.headers, interim, trailers: response.trailers };
        }

        const dangerous = {
          "Clear-Site-Data": "\"*\"", "Strict-Transport-Security": "max-age=1", "Public-Key-Pins": "pin", "Public-Key-Pins-Report-Only": "pin",
          "Alt-Svc": "h3=\":443\"", "Report-To": "{}", "Reporting-Endpoints": "a=\"https://evil.test\"", NEL: "{}",
          "Secure-Session-Registration": "(ES256);path=\"/x\"", "Sec-Session-Registration": "(ES256);path=\"/x\"",
          ...(mode === "path" ? { "Use-As-Dictionary": "match=\"/*\"" } : {}),
          "X-Refreshed-Token": "secret", "X-Berth-Error": "forged", X_Berth_Error: "forged", "X-Berth-Assertion": "forged",
          "X-Orchestrator-User-Id": "forged", X_Orchestrator_Username: "forged",
          "Service-Worker-Allowed": "/", "Proxy-Authenticate": "Basic", "Keep-Alive": "timeout=5", Clear_Site_Data: "\"*\"", ALT_SVC: "h3=\":443\"",
          "Surrogate-Control": "max-age=9", "CDN-Cache-Control": "max-age=9", "X-Accel-Expires": "9", "X-Accel-Redirect": "/etc/passwd",
        };
        const planting = [
          "berth_session=x", "berth_instance=x", "berth_owner=x; Path=/", "__Host-berth_session=x; Secure; Path=/", "__Host-berth_instance=x; Secure; Path=/",
          " berth_session = x", "=berth_session=x", "= berth_instance=x; Path=/", "a=1; Domain=localhost; Path=/",
          "b=2; domain=.localhost; HttpOnly", "c=3; Path=/deep", "d=4; DOMAIN = berth.localhost ; path=/",
        ];

        function expectHarmless(headers) {
          for (const name of Object.keys(dangerous)) {
            // A service worker may have the instance's own path, which is all of its origin or a part of ours.
            const allowed = name === "Service-Worker-Allowed" && mode === "path" ? "/clients/box/proxy/" : undefined;
            assert.equal(headers[name.toLowerCase()], allowed, name);
          }
          const cookies = headers["set-cookie"];
          assert.deepEqual(cookies.map((cookie) => cookie.split(";")[0]), ["a=1", "b=2", "c=3", "d=4"]);
          for (const cookie of cookies) {
            assert.doesNotMatch(cookie, /domain/i);
            if (mode === "path") assert.match(cookie, /path=\/clients\/box\/proxy(\/|$)/i);
          }
          assert.match(cookies[1], /HttpOnly/);
        }

        it("check 13: dangerous response fields do not reach the browser, and cookies are confined", async () => {
          origin.on("/dangerous", (request, response) => {
            response.writeHead(200, { "content-type": "text/plain", "x-kept": "kept", ...dangerous, "set-cookie": planting });
            response.end("x");
          });
          const { headers } = await answerTo("/dangerous");
          assert.equal(headers["x-kept"], "kept");
          expectHarmless(headers);
        });

        it("check 13: nor in interim responses, nor as trailers", async () => {
          origin.on("/early", (request, response) => {
            const lines = Object.entries(dangerous).map((pair) => pair.join(": "));
            const cookies = planting.map((cookie) => `Set-Cookie: ${cookie}`);
            response.socket.write(`HTTP/1.1 100 Continue\r\nX-Said: ${mark}\r\n\r\n`);
            response.socket.write(["HTTP/1.1 103 Early Hints", "Link: </x.css>; rel=preload", ...lines, ...cookies, "", ""].join("\r\n"));
            response.writeHead(200, { "content-type": "text/plain", trailer: "Clear-Site-Data, Set-Cookie, X-Trailer" });
            response.write("x");
            response.addTrailers([["Clear-Site-Data", "\"*\""], ["Set-Cookie", "berth_session=x"], ["X-Trailer", "kept"]]);
            response.end();
          });
          const { headers, interim, trailers } = await answerTo("/early");
          assert.equal(interim.length, 1);
          assert.match(interim[0].link, /x\.css>; rel=preload/);
          expectHarmless(interim[0]);
          assert.equal(headers["set-cookie"], undefined);
          assert.deepEqual(Object.keys(trailers), []);
        });

        it("check 13: nor with a WebSocket, nor do fields that its Connection names", async () => {
          origin.onUpgrade("/ws", (request, socket) => {
            const lines = [
              "Upgrade: websocket", "Connection: Upgrade, X-Gone", `Sec-WebSocket-Accept: ${acceptKey(request.headers["sec-websocket-key"])}`,
              "X-Gone: x", "X_Gone: x", "X-Kept: kept", ...Object.entries(dangerous).map((pair) => pair.join(": ")),
              ...planting.map((cookie) => `Set-Cookie: ${cookie}`),
            ];
            socket.write(["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n"));
          });
          let headers;
          if (isHttp2) {
            const browser = await Http2Browser.to(way);
            await until("the hub's settings", () => browser.session.remoteSettings.enableConnectProtocol);
            const stream = browser.open(way, "/ws", { method: "CONNECT", headers: { ":protocol": "websocket", ":scheme": "https", "sec-websocket-version": "13" } });
            stream.on("error", () => {});
            [headers] = await within(patience, "the upgrade", once(stream, "response"));
            browser.close();
          } else {
            const socket = await openWebSocket(way.options("/ws"));
            headers = socket.headers;
            socket.end.drop();
          }
          assert.equal(headers["x-kept"], "kept");
          assert.equal(headers["x-gone"] ?? headers.x_gone, undefined);
          expectHarmless(headers);
        });

        it("no cache of several people keeps what is behind a session, and the browser's own does as before", async () => {
          for (const [said, kept] of [
            [undefined, "private"], ["public, max-age=31536000, immutable", "private, max-age=31536000, immutable"],
            ["s-maxage=60, max-age=5", "private, max-age=5"], ["no-cache", "private, no-cache"], ["public, no-store", "no-store"],
          ]) {
            origin.on("/kept", (request, response) => {
              response.writeHead(200, { "content-type": "text/plain", ...(said && { "cache-control": said }) });
              response.end("x");
            });
            assert.equal((await answerTo("/kept")).headers["cache-control"], kept);
          }
        });

        if (!isHttp2) it("cross-site requests and sockets do not arrive", async () => {
          const before = origin.seen.length;
          const evil = { origin: "http://evil.localhost" };
          for (const headers of [evil, { origin: "null" }, { "sec-fetch-site": "same-site", origin: undefined }, { origin: undefined }]) {
            const own = Object.fromEntries(Object.entries({ ...way.options("/").headers, ...headers }).filter(([, value]) => value !== undefined));
            const answer = await ask({ ...way.options("/cross", { method: "POST" }), headers: own }, "x");
            assert.equal(answer.status, 403);
            assert.equal((await ask({ ...way.options("/cross"), headers: { ...own, ...Object.fromEntries(upgrade) } })).status, 403);
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
      const { port } = scene;
      const odd = ["evil.test", `evil.test:${port}`, `box.evil.test:${port}`, `${scene.host.split(":")[0]}:1`, `a.b.${ways.subdomain.host}`, `a.${ways.subdomain.host}`, `127.0.0.1.nip.test:${port}`];
      if (isHttp2) {
        const browser = await Http2Browser.to(ways.path);
        for (const host of odd) assert.equal((await browser.ask({ ...ways.path, host }, "/")).status, 421, host);
        browser.close();
      } else {
        for (const host of odd) assert.equal((await ask(ways.path.options("/", { headers: { host } }))).status, 421, host);
      }
      assert.equal(origin.seen.length, before);
    });

    if (!isHttp2) it("an unknown host is refused, but may ask whether the hub runs", async () => {
      const unknown = (path, method = "GET") => scene.api(method, path, { cookie: ways.path.cookie, headers: { host: "10.0.0.1:8080" } });
      const health = await unknown("/health");
      assert.equal(health.status, 200);
      assert.equal(health.body.toString(), '{"status":"ok"}\n');
      assert.equal(health.headers["set-cookie"], undefined);
      assert.ok(!JSON.stringify(health.headers).includes("localhost"), "nothing of the hub's names");
      const head = await unknown("/health", "HEAD");
      assert.deepEqual([head.status, head.body.length], [200, 0]);
      for (const [path, method] of [["/health", "POST"], ["/health?x", "GET"], ["/health/", "GET"], ["//health", "GET"], ["/api/session", "GET"], ["/", "GET"]]) {
        const refused = await unknown(path, method);
        assert.ok(refused.status === 421 || refused.status === 400, `${method} ${path}: ${refused.status}`);
      }
    });
  });
}
