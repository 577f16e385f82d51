// What a hostile instance's page can do to somebody who opens it, and to the hub and her own instance:
// nothing. Two people, two browsers: mallory shares his instance with vera, who opens it beside her
// own. Hub and instances share a site (only the origins differ), as on a real domain, so that no cookie
// is withheld merely for being cross-site. Each way is first tried at mallory's own origin, where it
// works: it is the isolation that stops it, not the attempt.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { attacks } from "./lib/attacks.mjs";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

const secret = "vera's own words";

/** What both instances serve: something for each way to get hold of. */
function serve(name) {
  const pixel = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
  const types = { "/sw.js": "text/javascript", "/shared.js": "text/javascript", "/events": "text/event-stream", "/pixel.gif": "image/gif", "/words": "text/plain" };
  const bodies = { "/sw.js": "self.onfetch = () => {};", "/shared.js": `onconnect = ({ ports }) => ports[0].postMessage("${name}");`, "/events": `data: ${name}\n\n`, "/pixel.gif": pixel, "/words": `${name}'s words` };
  return ({ url }) => {
    const path = new URL(url, "http://x").pathname;
    return { headers: { "content-type": types[path] ?? "text/html" }, body: bodies[path] ?? `<h1>${name}</h1><p>${name}'s words</p>` };
  };
}

describe("isolation in subdomain mode", { concurrency: 1 }, () => {
  let stage, dashboard, his, hers, tab, vera, mallory, origins;
  before(async () => {
    stage = await Stage.start("isolation", { tls: true });
    const evil = serve("mallory");
    mallory = await stage.plainInstance("mallory", (request) => {
      const answer = evil(request);
      return {
        ...answer,
        headers: {
          ...answer.headers, "set-cookie": ["berth_session=evil; Path=/", "evil=1; Domain=berth.localhost; Path=/"],
          "clear-site-data": '"*"', "service-worker-allowed": "/", "strict-transport-security": "max-age=9999",
        },
      };
    }, { owner: "mallory", sockets: true });
    vera = await stage.plainInstance("vera", serve("vera"), { owner: "vera", sockets: true });
    const agents = [await stage.hub.startAgent(mallory), await stage.hub.startAgent(vera)];
    await Promise.all(agents.map((agent) => agent.line(/connected to .* as /)));
    dashboard = await stage.signIn("vera");
    his = await stage.otherBrowser("mallory");
    const shared = await his.evaluate(async () => {
      const body = JSON.stringify({ kind: "user", login: "vera", role: "operator" });
      const proof = document.querySelector('meta[name="berth-page"]').content;
      const headers = { "x-berth-page": proof };
      return (await fetch("/api/clients/mallory/shares", { method: "POST", body, headers })).status;
    });
    assert.equal(shared, 201);
    await stage.card(dashboard, "mallory").waitFor();
    hers = await stage.context.newPage();
    tab = await stage.context.newPage();
    origins = { vera: await stage.open(hers, vera), mallory: await stage.open(tab, mallory) };
    for (const page of [hers, dashboard]) await page.evaluate(prepareVictim, secret);
    vera.seen.length = 0;
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));

  /** Runs one way of attacks.mjs in mallory's page: what it got, "" for nothing. */
  const attack = (way, target) => tab.evaluate(attacks[way], { ...target, secret });

  for (const [number, way] of Object.keys(attacks).entries()) {
    check(`check 9: way ${number + 1} of 12, ${way}: works at home, gets nothing from the hub or another's instance`, async () => {
      const home = { base: origins.mallory, name: "mallory" };
      assert.match(await attack(way, home), /\S/, "at home");
      assert.equal(await attack(way, { base: origins.vera, name: "vera" }), "", "at vera's instance");
      assert.equal(await attack(way, { base: stage.hub.url, name: "hub" }), "", "at the hub");
      for (const page of [hers, dashboard]) assert.deepEqual(await page.evaluate(() => globalThis.heard), [], page.url());
    });
  }

  check("check 9: nothing that could change anything, no frame, image or socket reached her instance", () => {
    assert.equal(Object.keys(attacks).length, 12);
    // Her pages may be opened, and ask for their own icon.
    const mayReach = ({ method, headers }) => method === "GET" && (headers["sec-fetch-site"] === "same-origin" || headers["sec-fetch-dest"] === "document");
    assert.ok(vera.seen.some(mayReach));
    assert.deepEqual(vera.seen.filter((one) => !mayReach(one)), []);
  });

  check("check 9: she is still signed in, nothing was created or changed, and her page has her words", async () => {
    const state = await dashboard.evaluate(async () => {
      const headers = { "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
      const get = async (path) => (await fetch(path, { headers })).text();
      return { tokens: await get("/api/tokens"), shares: await get("/api/clients/vera/shares"), clients: JSON.parse(await get("/clients")).clients };
    });
    assert.doesNotMatch(state.tokens, /stolen/);
    assert.deepEqual(JSON.parse(state.shares), { shares: [] });
    assert.deepEqual(state.clients.map(({ id }) => id), ["mallory", "vera"]);
    assert.ok(state.clients.every(({ metadata }) => metadata.status !== "disconnected"));
    await hers.reload();
    await hers.getByRole("heading", { name: "vera" }).waitFor();
    assert.equal(await hers.evaluate(() => localStorage.getItem("secret")), secret);
    await dashboard.goto(`${stage.hub.url}/dashboard`);
    await stage.card(dashboard, "vera").getByRole("button", { disabled: false }).first().waitFor();
  });

  check("no cookie of the hub reaches an instance, and no dangerous field the browser", async () => {
    for (const { headers } of [...mallory.seen, ...vera.seen]) assert.doesNotMatch(headers.cookie ?? "", /berth/);
    const response = await tab.goto(origins.mallory);
    for (const name of ["clear-site-data", "service-worker-allowed", "strict-transport-security"]) {
      assert.equal(response.headers()[name], undefined, name);
    }
    assert.doesNotMatch(response.headers()["set-cookie"] ?? "", /berth|domain/i);
  });

  check("what is no longer shared is gone from her dashboard, and its page gets nothing more", async () => {
    const status = await his.evaluate(async () => {
      const path = "/api/clients/mallory/shares";
      const headers = { "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
      const { shares } = await (await fetch(path, { headers })).json();
      return (await fetch(`${path}/${shares[0].id}`, { method: "DELETE", headers })).status;
    });
    assert.equal(status, 204);
    await stage.card(dashboard, "mallory").waitFor({ state: "detached" });
    await until("401 at the instance", async () => (await tab.evaluate(async () => (await fetch("/words")).status)) === 401, 2_000);
    await tab.goto(origins.mallory);
    await tab.getByText("none of this name is shared with you").waitFor();
  });
});

/** In vera's pages: things to be stolen, and an ear for whatever arrives. */
function prepareVictim(words) {
  globalThis.heard = [];
  const hear = ({ data }) => globalThis.heard.push(data);
  localStorage.setItem("secret", words);
  sessionStorage.setItem("secret", words);
  document.cookie = `secret=${encodeURIComponent(words)}; path=/`;
  globalThis.channel = new BroadcastChannel("probe");
  globalThis.channel.onmessage = hear;
  addEventListener("message", hear);
  addEventListener("storage", hear);
  return caches.open("secret").then((cache) => cache.put("/secret", new Response(words)));
}
