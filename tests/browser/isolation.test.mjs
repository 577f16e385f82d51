// What a hostile instance's page can do to the hub and to another instance of the same user: nothing.
// Hub and instances share a site (only the origins differ), as on a real domain, so that no cookie is
// withheld merely for being cross-site.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";

/** Runs in the hostile page: each way, with what it got out of it ("" is nothing). */
async function attack({ hub, victim, secret }) {
  const soon = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const quiet = (promise) => promise.then(String, () => "");
  const read = async (url, init) => {
    const response = await fetch(url, { credentials: "include", ...init });
    return `${response.type} ${response.status} ${(await response.text()).slice(0, 200)}`;
  };
  const event = (target, good, bad) =>
    new Promise((resolve) => {
      target.addEventListener(good, () => resolve(`${good} arrived`));
      target.addEventListener(bad, () => resolve(""));
      setTimeout(() => resolve(""), 3000);
    });
  const add = (tag, fields) => {
    const element = Object.assign(document.createElement(tag), fields);
    document.body.append(element);
    return element;
  };
  const submit = (action) => {
    const frame = add("iframe", { name: `f${Math.random()}` });
    const form = add("form", { action, method: "post", target: frame.name, enctype: "text/plain" });
    form.append(Object.assign(document.createElement("input"), { name: '{"name":"stolen","x":"', value: '"}' }));
    form.submit();
  };
  const results = {};
  for (const [name, base] of [["hub", hub], ["victim", victim]]) {
    results[`fetch ${name}`] = await quiet(read(`${base}/api/clients`));
    results[`fetch ${name} post`] = await quiet(read(`${base}/api/tokens`, { method: "POST", body: '{"name":"stolen"}' }));
    await quiet(fetch(`${base}/api/tokens`, { method: "POST", mode: "no-cors", credentials: "include", body: '{"name":"stolen"}' }));
    await quiet(fetch(`${base}/api/session`, { method: "DELETE", credentials: "include" }));
    submit(`${base}/api/tokens`);
    submit(`${base}/clients/victim/disconnect`);
    navigator.sendBeacon(`${base}/api/tokens`, '{"name":"stolen"}');
    add("img", { src: `${base}/clients/victim/disconnect` });
    results[`script ${name}`] = await event(add("script", { src: `${base}/api/clients` }), "load", "error");
    results[`socket ${name}`] = await event(new WebSocket(`${base.replace("http", "ws")}/ws/connect?type=browser`), "open", "error");
    results[`events ${name}`] = await event(new EventSource(`${base}/events`, { withCredentials: true }), "open", "error");
    const frame = add("iframe", { src: `${base}/dashboard` });
    await event(frame, "load", "error");
    try {
      results[`frame ${name}`] = frame.contentWindow.document.body.innerText;
    } catch {
      results[`frame ${name}`] = "";
    }
    results[`worker ${name}`] = await quiet(navigator.serviceWorker.register(`${base}/sw.js`));
    try {
      new SharedWorker(`${base}/sw.js`);
      results[`shared worker ${name}`] = "made";
    } catch {
      results[`shared worker ${name}`] = "";
    }
    frame.contentWindow?.postMessage({ type: "get_clients" }, "*");
    const opened = window.open(`${base}/`);
    await soon(500);
    try {
      results[`window ${name}`] = opened?.document?.body?.innerText && opened.location.href !== "about:blank" ? "read" : "";
    } catch {
      results[`window ${name}`] = "";
    }
    opened?.close();
  }
  const channel = new BroadcastChannel("probe");
  channel.postMessage("hostile");
  results.storage = localStorage.getItem("secret") === secret ? "read" : "";
  results.cookie = /berth/.test(document.cookie) ? document.cookie : "";
  const domain = location.hostname.split(".").slice(-2).join(".");
  for (const name of ["__Host-berth_session", "__Host-berth_instance", "berth_session"]) {
    for (const value of ["0", "x".repeat(64)]) {
      document.cookie = `${name}=${value}; domain=${domain}; path=/`;
      document.cookie = `${name}=${value}; domain=apps.${domain}; path=/`;
      document.cookie = `${name}=${value}; domain=${domain}; path=/api`;
    }
  }
  return results;
}

describe("isolation in subdomain mode", { concurrency: 1 }, () => {
  let stage, page, mallory, victim, tab, origins;
  const secret = "the victim's own words";
  before(async () => {
    stage = await Stage.start("isolation", { tls: true });
    mallory = await stage.plainInstance("mallory", () => ({
      body: "<h1>mallory</h1>",
      headers: {
        "set-cookie": ["berth_session=evil; Path=/", "evil=1; Domain=berth.localhost; Path=/"],
        "clear-site-data": '"*"', "service-worker-allowed": "/", "strict-transport-security": "max-age=9999",
      },
    }));
    victim = await stage.plainInstance("victim", (request) => ({ body: `<h1>victim</h1><p>${request.url}</p>` }));
    await stage.hub.startAgent(mallory);
    await stage.hub.startAgent(victim);
    page = await stage.signIn();
    origins = {};
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));

  check("a hostile page gets nothing from the hub or from another instance", async () => {
    const other = await stage.context.newPage();
    origins.victim = await stage.open(other, victim);
    await other.evaluate((text) => localStorage.setItem("secret", text), secret);
    await other.evaluate(() => {
      globalThis.heard = [];
      new BroadcastChannel("probe").onmessage = ({ data }) => globalThis.heard.push(data);
      addEventListener("message", ({ data }) => globalThis.heard.push(data));
    });
    stage.victimPage = other;
    tab = await stage.context.newPage();
    origins.mallory = await stage.open(tab, mallory);
    victim.seen.length = 0;
    const results = await tab.evaluate(attack, { hub: stage.hub.url, victim: origins.victim, secret });
    for (const [way, got] of Object.entries(results)) assert.equal(got, "", way);
    assert.deepEqual(await other.evaluate(() => globalThis.heard), []);
  });

  check("nothing that could change anything reached the other instance", () => {
    const reached = victim.seen.filter(({ method }) => method !== "GET" && method !== "HEAD");
    assert.deepEqual(reached, []);
  });

  check("the other instance was not shown in a frame", () => {
    assert.deepEqual(victim.seen.filter(({ headers }) => headers["sec-fetch-dest"] === "iframe"), []);
  });

  check("the user is still signed in, with nothing created, and the other instance still there", async () => {
    await page.goto(`${stage.hub.url}/dashboard`);
    await stage.card(page, "victim").locator("button:enabled").first().waitFor();
    const tokens = await page.evaluate(async () => (await fetch("/api/tokens")).text());
    assert.ok(!tokens.includes("stolen"), tokens);
    await stage.victimPage.reload();
    await stage.victimPage.getByRole("heading", { name: "victim" }).waitFor();
  });

  check("no cookie of the hub reaches an instance, and no dangerous field the browser", async () => {
    for (const { headers } of [...mallory.seen, ...victim.seen]) {
      assert.doesNotMatch(headers.cookie ?? "", /berth/);
    }
    const response = await tab.goto(origins.mallory);
    for (const name of ["clear-site-data", "service-worker-allowed", "strict-transport-security"]) {
      assert.equal(response.headers()[name], undefined, name);
    }
    assert.doesNotMatch(response.headers()["set-cookie"] ?? "", /berth|domain/i);
  });
});
