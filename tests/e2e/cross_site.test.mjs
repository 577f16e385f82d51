// Requests that another origin's page may cause a browser to send, against every place that changes
// something; and what the hub's own pages say about themselves.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { asFetch, ask, RawConnection } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

describe("requests of another origin", { timeout: 60_000 }, () => {
  let scene;
  let origin;
  let ways;
  let cookie;
  let proof;

  /** The proof in the hub's page, if this request is given one (src/hub/page_proof.h). */
  async function proofFor(owner, headers) {
    const { body } = await scene.api("GET", "/dashboard", { cookie: owner, headers });
    return /name="berth-page" content="([^"]*)"/.exec(body.toString())?.[1];
  }
  const asDocument = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none" };

  before(async () => {
    scene = await Scene.start("cross-site");
    origin = await scene.instance("box");
    cookie = await scene.signIn();
    proof = await proofFor(cookie, asDocument);
    ways = await scene.ways("box", cookie);
    origin.onUpgrade("/cross", (request, socket) => socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"));
  });
  after(() => scene?.stop());

  /** The status of a request whose fields are exactly `fields`, beside Host and Cookie. */
  async function statusOf(way, method, path, fields) {
    const connection = await RawConnection.to(way.port);
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${way.host}`, `Cookie: ${way.cookie}`, ...fields.map((pair) => pair.join(": "))];
    if (method !== "GET") lines.push("Content-Length: 2");
    await connection.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n${method === "GET" ? "" : "{}"}`));
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(await connection.until(/\r\n\r\n/));
    connection.close();
    return Number(status);
  }

  const upgrade = [["Connection", "Upgrade"], ["Upgrade", "websocket"], ["Sec-WebSocket-Version", "13"], ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="]];

  /** What changes something: [what, way, method, path, fields of its own, status if it is let in]. */
  const places = () => [
    ["the hub's API", ways.path, "POST", "/api/clients/box/open", [["X-Berth-Page", proof]], 200],
    ["the hub's API, DELETE", ways.path, "DELETE", "/api/tokens/0123456789abcdef", [["X-Berth-Page", proof]], 404],
    ["the hub's socket", ways.path, "GET", "/ws/connect?type=browser", [...upgrade, ["Sec-WebSocket-Protocol", `berth.page.${proof}`]], 101],
    ...Object.values(ways).flatMap((way) => [
      ...["POST", "PUT", "PATCH", "DELETE", "PURGE"].map((method) => [`an instance in ${way.mode} mode, ${method}`, way, method, `${way.prefix}/cross`, [], 200]),
      [`a socket of an instance in ${way.mode} mode`, way, "GET", `${way.prefix}/cross`, upgrade, 404],
    ]),
  ];

  it("non-safe methods and upgrades need Sec-Fetch-Site: same-origin or the exact Origin, on hub and instances", async () => {
    for (const [what, way, method, path, own, status] of places()) {
      const { origin: mine } = way;
      const sibling = way.mode === "path" ? ways.subdomain.origin : ways.path.origin;
      const good = [
        [["Sec-Fetch-Site", "same-origin"]],
        [["Origin", mine]],
        [["Origin", mine], ["Sec-Fetch-Site", "same-origin"], ["Sec-Fetch-Mode", "cors"]],
      ];
      const bad = [
        [],
        [["Origin", "null"]], [["Origin", ""]], [["Origin", `${mine}/`]], [["Origin", mine.toUpperCase()]], [["Origin", mine.replace(/:\d+$/, "")]],
        [["Origin", mine.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10))]], [["Origin", mine.replace("http:", "https:")]],
        [["Origin", sibling]], [["Origin", "http://evil.localhost"]], [["Origin", `${mine}.evil.test`]], [["Origin", `${mine}, ${mine}`]],
        [["Origin", mine], ["Origin", "http://evil.test"]], [["Origin", "http://evil.test"], ["Origin", mine]],
        [["Sec-Fetch-Site", "same-site"]], [["Sec-Fetch-Site", "cross-site"]], [["Sec-Fetch-Site", "none"]], [["Sec-Fetch-Site", "SAME-ORIGIN"]],
        [["Sec-Fetch-Site", "same-origin"], ["Sec-Fetch-Site", "cross-site"]],
        [["Sec-Fetch-Mode", "navigate"], ["Sec-Fetch-Dest", "document"]], [["Sec-Fetch-Mode", "same-origin"]],
        [["Referer", `${mine}/dashboard`]], [["Authorization", "Bearer nonsense"], ["Origin", "http://evil.test"]],
      ];
      for (const fields of good) {
        assert.equal(await statusOf(way, method, path, [...own, ...fields]), status, `${what}: ${JSON.stringify(fields)}`);
      }
      const before = origin.seen.length;
      for (const fields of bad) {
        assert.equal(await statusOf(way, method, path, [...own, ...fields]), 403, `${what}: ${JSON.stringify(fields)}`);
      }
      assert.equal(origin.seen.length, before, what);
    }
  });

  it("a refusal on the API is in the audit log, once a minute for each address", async () => {
    const refused = (localAddress) => ask({
      host: "127.0.0.1", port: scene.port, localAddress, method: "POST", path: "/api/clients/box/open",
      headers: { host: scene.host, cookie, origin: "http://evil.test", "sec-fetch-site": "cross-site" },
    }, "{}");
    for (const from of ["127.0.0.7", "127.0.0.8", "127.0.0.7", "127.0.0.7"]) assert.equal((await refused(from)).status, 403);
    const written = async () => JSON.parse((await scene.api("GET", "/api/audit?limit=200", { cookie })).body).events
      .filter(({ address }) => ["127.0.0.7", "127.0.0.8"].includes(address));
    await until("both are written", async () => (await written()).length >= 2);
    assert.deepEqual((await written()).map(({ action, result, actor_id: who, address, detail }) => ({ action, result, who, address, detail })).reverse(), ["127.0.0.7", "127.0.0.8"].map((address) => (
      { action: "cross_site", result: "denied", who: null, address, detail: "POST /api/clients/{id}/open: request of another origin" }
    )));
  });

  it("the sign-out link signs out from the hub's own pages, and from nowhere else", async () => {
    const own = new URL(scene.url).origin;
    const signedIn = async (session) => (await scene.api("GET", "/api/session", { cookie: session })).status === 200;
    const follow = (session, headers) => ask({ host: "127.0.0.1", port: scene.port, method: "GET", path: "/auth/logout", headers: { host: scene.host, cookie: session, ...headers } });
    const session = await scene.signIn();
    for (const headers of [
      {}, { accept: "text/html" }, { referer: "http://evil.test/" }, { referer: `${own}.evil.test/` }, { origin: "http://evil.test" }, { origin: "null" },
      { referer: `http://box.localhost:${scene.port}/` }, { origin: `http://box.localhost:${scene.port}` },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }, { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site", referer: `${own}/` }, { "sec-fetch-site": "same-site", origin: own },
      // Of a page of this origin, an instance's in path mode say.
      { "sec-fetch-site": "same-origin", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
      { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", origin: own },
      { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    ]) {
      const answer = await follow(session, headers);
      assert.equal(answer.status, 302, JSON.stringify(headers));
      assert.equal(answer.headers["set-cookie"], undefined);
      assert.ok(await signedIn(session), JSON.stringify(headers));
    }
    const asLink = { ...asDocument, "sec-fetch-site": "same-origin" };
    for (const headers of [asLink, asDocument, { origin: own }, { referer: `${own}/dashboard` }]) {
      const another = await scene.signIn();
      const answer = await follow(another, headers);
      assert.equal(answer.headers.location, "/login");
      assert.match(answer.headers["set-cookie"][0], /Max-Age=0/i);
      assert.equal(await signedIn(another), false, JSON.stringify(headers));
    }
  });

  it("safe requests to an instance may be navigations of another origin to its own address, and nothing embedded", async () => {
    for (const way of Object.values(ways)) {
      const get = (site, mode, destination) => statusOf(way, "GET", `${way.prefix}/safe`, [["Sec-Fetch-Site", site], ["Sec-Fetch-Mode", mode], ["Sec-Fetch-Dest", destination]]);
      for (const site of ["same-site", "cross-site"]) {
        assert.equal(await get(site, "navigate", "document"), way.mode === "path" ? 303 : 200);
      }
      for (const mode of ["navigate", "cors"]) {
        assert.equal(await get("same-origin", mode, mode === "cors" ? "empty" : "document"), 200);
      }
      assert.equal(await get("none", "navigate", "document"), 200);
      const before = origin.seen.length;
      for (const site of ["same-site", "cross-site"]) {
        for (const [mode, destination] of [["navigate", "iframe"], ["navigate", "embed"], ["navigate", "object"], ["no-cors", "image"], ["no-cors", "script"], ["cors", "empty"], ["no-cors", "worker"], ["websocket", "websocket"]]) {
          assert.equal(await get(site, mode, destination), 403, `${site} ${mode} ${destination}`);
        }
      }
      assert.equal(origin.seen.length, before);
    }
  });

  it("whoever leads into path mode from elsewhere is led to the instance's own address, by each way there", async () => {
    const led = (path, headers = {}) => ask({
      host: "127.0.0.1", port: scene.port, path,
      headers: { host: scene.host, cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", ...headers },
    });
    const before = origin.seen.length;
    for (const [path, next] of [
      ["/clients/box/proxy/deep/x?y=1&z", "/deep/x%3Fy%3D1%26z"], ["/clients/box/proxy/", "/"], ["/clients/box/proxy", "/"], ["/clients/box/proxy?x", "/%3Fx"],
      ["/clients/unknown/proxy/", "/"],
    ]) {
      for (const own of [{}, { cookie: "" }, { "sec-fetch-site": "same-site" }]) {
        const { status, headers } = await led(path, own);
        assert.deepEqual([status, headers.location], [303, `/open?client=${path.split("/")[2]}&next=${next}`], path);
        assert.equal(headers["cache-control"], "no-store");
      }
    }
    // What a page of the hub asks for at its root goes back below the prefix, and from there as above.
    const referer = `${ways.path.origin}/clients/box/proxy/`;
    assert.equal((await led("/deep", { referer })).headers.location, "/clients/box/proxy/deep");
    assert.equal(origin.seen.length, before);
    for (const own of [{ "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }]) {
      assert.equal((await led("/clients/box/proxy/", own)).status, 200);
    }
    assert.equal((await led("/clients/Box_1/proxy/")).status, 404);  // Could have no address of its own.
    assert.equal((await scene.api("GET", "/clients/box/proxy/", { cookie })).status, 200);
  });

  it("the hub's API is closed to the pages of an instance in path mode", async () => {
    const from = (path) => [["Sec-Fetch-Site", "same-origin"], ["Origin", ways.path.origin], ["Referer", ways.path.origin + path]];
    const calls = [["POST", "/api/clients/box/open"], ["GET", "/api/session"], ["DELETE", "/api/session"], ["GET", "/clients"]];
    for (const page of ["/clients/box/proxy/", "/clients/box/proxy/deep/page?x", "/clients/other/proxy/", "/dashboard", "/"]) {
      // Refused, or led back into the instance, where it is that page's own request.
      for (const [method, path] of calls) {
        assert.ok([307, 403].includes(await statusOf(ways.path, method, path, from(page))), `${method} ${path} from ${page}`);
      }
    }
    assert.equal(await statusOf(ways.path, "POST", "/api/clients/box/open", [...from("/dashboard"), ["X-Berth-Page", proof]]), 200);
  });

  it("an instance's page in path mode locks no programs out", async () => {
    const from = (method, path, headers, body) => ask({
      host: "127.0.0.1", port: scene.port, localAddress: "127.0.0.11", method, path, headers: { host: scene.host, ...headers },
    }, body && JSON.stringify(body));
    const page = { ...asFetch, origin: new URL(scene.url).origin, cookie };
    const made = await scene.api("POST", "/api/api-tokens", { cookie, body: JSON.stringify({ name: "script", scopes: ["instances:read"] }) });
    const { token } = JSON.parse(made.body);
    for (let i = 0; i < 12; ++i) {
      assert.equal((await from("GET", "/clients", { ...page, authorization: "Bearer x" })).status, 401);
    }
    assert.equal((await from("GET", "/clients", { authorization: `Bearer ${token}` })).status, 200);
  });

  it("only the proof of the very session opens the API and the socket to a browser", async () => {
    const others = await proofFor(await scene.signIn(), asDocument);
    assert.notEqual(others, proof);
    const site = ["Sec-Fetch-Site", "same-origin"];
    for (const wrong of [others, "", "A".repeat(43), `${proof}A`]) {
      assert.equal(await statusOf(ways.path, "GET", "/api/session", [site, ["X-Berth-Page", wrong]]), 403, wrong);
      const socket = [...upgrade, ["Origin", ways.path.origin], ["User-Agent", "Mozilla/5.0"]];
      if (wrong !== "") socket.push(["Sec-WebSocket-Protocol", `chat, berth.page.${wrong}`]);
      assert.equal(await statusOf(ways.path, "GET", "/ws/connect?type=browser", socket), 403, wrong);
    }
  });

  it("the proof is in pages that are shown as documents, never in what a script fetches", async () => {
    assert.match(proof, /^[\w-]{43}$/);
    for (const headers of [
      {}, { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }, { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
      { "sec-fetch-mode": "navigate", "sec-fetch-dest": "embed" }, { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "document" },
    ]) assert.equal(await proofFor(cookie, headers), "", JSON.stringify(headers));
    const { headers } = await scene.api("GET", "/dashboard", { cookie, headers: asDocument });
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  });

  it("an instance's own address has no way to the hub's API, nor the prefix /.berth/ one to the instance", async () => {
    const way = ways.subdomain;
    const before = origin.seen.length;
    const spellings = ["/.berth/", "/.berth/api/session", "/.berth/session", "/.berth", "/.berth/auth", "/%2eberth/session", "/.%62erth/auth", "/.berth%2fsession", "/%2Eb%65rth%5Cx", "/x/../.berth/session"];
    for (const path of spellings) {
      const status = await statusOf(way, "GET", path, [["Sec-Fetch-Site", "same-origin"]]);
      assert.ok([200, 404].includes(status), `${path}: ${status}`);
    }
    for (const path of spellings) {
      const status = await statusOf(ways.path, "GET", ways.path.prefix + path, [["Sec-Fetch-Site", "same-origin"]]);
      assert.equal(status, 404, path);
    }
    assert.equal(origin.seen.length, before);
    // The instance's own /api, not the hub's.
    assert.equal(await statusOf(way, "GET", "/api/session", [["Sec-Fetch-Site", "same-origin"]]), 200);
    assert.equal(origin.seen.at(-1).url, "/api/session");
  });

  it("a service worker's script is the instance's for a session, and without one the hub's, which answers nothing", async () => {
    const way = ways.subdomain;
    const script = (cookie, method = "GET") => ask({
      host: "127.0.0.1", port: scene.port, method, path: "/sw.js",
      headers: { host: way.host, "service-worker": "script", "sec-fetch-site": "same-origin", "sec-fetch-dest": "serviceworker", ...(cookie && { cookie }) },
    });
    await script(way.cookie);
    assert.equal(origin.seen.at(-1).url, "/sw.js");
    const before = origin.seen.length;
    for (const cookie of [undefined, "berth_instance=0123456789abcdef.x"]) {
      const { status, headers, body } = await script(cookie);
      assert.equal(status, 200);
      assert.match(headers["content-type"], /^text\/javascript/);
      assert.equal(headers["cache-control"], "no-store");
      assert.match(body.toString(), /skipWaiting/);
      assert.doesNotMatch(body.toString(), /"fetch"|unregister|import|export/);
    }
    assert.equal((await script(undefined, "POST")).status, 401);
    assert.equal(origin.seen.length, before);
  });

  it("the sign-on page takes a code only where a page of the hub leads with it, else it fetches one of its own there", async () => {
    const way = ways.subdomain;
    const openerFor = async (headers) => {
      const { body, headers: own } = await ask({ host: "127.0.0.1", port: scene.port, path: "/.berth/auth?next=/x", headers: { host: way.host, ...headers } });
      assert.equal(own["cache-control"], "no-store");
      return /name="berth-opener" content="([^"]*)"/.exec(body.toString())[1];
    };
    for (const referer of [`${scene.url}/`, `http://127.0.0.1:${scene.port}/`]) assert.equal(await openerFor({ referer }), "", referer);
    for (const referer of [undefined, "", "http://evil.test/", `${way.origin}/`, `https://${scene.host}/`, `${scene.url}.evil.test/`, "http://localhost/", "about:blank"]) {
      assert.equal(await openerFor(referer === undefined ? {} : { referer }), `${scene.url}/open?client=box`, referer);
    }
  });

  it("the hub's own pages carry the policy as it is written, and nothing inline", async () => {
    const page = (host, path, cookie) => ask({ host: "127.0.0.1", port: scene.port, path, headers: { host, cookie, accept: "text/html" } });
    const policy = /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:( https:\/\/[a-z0-9.:-]+)?; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/;
    // An instance's sign-on page goes by the Referer of the pages that lead there.
    const wide = "strict-origin-when-cross-origin", narrow = "same-origin";
    const pages = [
      ["/login", ways.path, narrow], ["/dashboard", ways.path, wide], ["/instances/box", ways.path, wide],
      ["/open?client=box", ways.path, wide], ["/settings", ways.path, narrow], ["/settings/people", ways.path, narrow],
      ["/enroll", ways.path, narrow], ["/.berth/auth", ways.subdomain, narrow],
    ];
    for (const [path, way, referrer] of pages) {
      const { status, headers, body } = await page(way.host, path, way.cookie);
      assert.equal(status, 200, path);
      assert.match(headers["content-type"], /^text\/html/, path);
      assert.match(headers["content-security-policy"], policy, path);
      assert.equal(headers["x-content-type-options"], "nosniff", path);
      assert.equal(headers["referrer-policy"], referrer, path);
      assert.equal(headers["cross-origin-opener-policy"], "same-origin", path);
      const text = body.toString();
      assert.doesNotMatch(text, /<script(?![^>]* src=)[^>]*>|<style|\son[a-z]+=|\sstyle=/i, path);
      for (const [, address] of text.matchAll(/(?:src|href)="([^"]*)"/g)) assert.doesNotMatch(address, /^(https?:)?\/\//, path);
    }
  });
});

describe("a hub without TLS that is not on this machine", { timeout: 60_000 }, () => {
  let scene;
  before(async () => {
    scene = await Scene.start("cross-site-plain", { options: ({ port }) => ["--public-url", `http://hub.lan:${port}`] });
  });
  after(() => scene?.stop());

  const browser = { "user-agent": "Mozilla/5.0 (X11)" };
  /** The status of an upgrade to the dashboard's socket at that name of the hub. */
  async function statusAt(name, headers) {
    scene.host = `${name}:${scene.port}`;
    scene.url = `http://${scene.host}`;
    const cookie = await scene.signIn();
    const page = await scene.api("GET", "/dashboard", { cookie, headers: browser });
    assert.match(page.body.toString(), /name="berth-page" content=""/);  // Nothing says that it is shown.
    return scene.openDashboard(cookie, { origin: scene.url, cookie, ...browser, ...headers }).then(({ end }) => {
      end.socket.destroy();
      return 101;
    }, ({ status }) => status);
  }

  it("asks no proof of browsers that can be given none, and of all others", async () => {
    assert.equal(await statusAt("hub.lan", {}), 101);
    assert.equal(await statusAt("hub.lan", { "sec-fetch-site": "same-origin" }), 403);
    assert.equal(await statusAt("localhost", {}), 403);
  });

  it("says in its log what that means", async () => {
    await scene.hub.child.line(/without TLS: .*instances in path mode can act as whoever looks at them/);
  });
});
