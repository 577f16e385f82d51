// What a page of an instance can do to the hub in path mode, where both have one origin: nothing that
// needs the hub's own page.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";

/**
 * Runs in the instance's page: each way to act as the user on the pages below `base`, with what it got
 * ("" is nothing).
 */
async function attack({ base, page, socket }) {
  const quiet = (promise) => promise.then(String, () => "");
  const read = async (path, init) => {
    const response = await fetch(at(path), init);
    return response.ok ? `${response.status} ${await response.text()}` : "";
  };
  const proofIn = (text) => /name="berth-page" content="([^"]+)"/.exec(text)?.[1] ?? "";
  const connect = (protocols) =>
    new Promise((resolve) => {
      const one = new WebSocket(at(socket).replace("http", "ws"), protocols);
      one.onopen = () => resolve("open");
      one.onerror = () => resolve("");
    });
  const results = {};
  // The injected script keeps addresses under the prefix. A frame without a page has functions that
  // it did not reach.
  const blank = document.createElement("iframe");
  document.body.append(blank);
  const { fetch, WebSocket, document: inner } = blank.contentWindow;
  const at = (path) => location.origin + base + path;
  for (const referrer of ["/dashboard", "", location.href]) {
    const from = { referrer: referrer === "" ? "" : new URL(referrer, location.origin).href };
    if (referrer === "") from.referrerPolicy = "no-referrer";
    results[`list from ${referrer}`] = await quiet(read("/api/tokens", from));
    results[`make from ${referrer}`] = await quiet(
      read("/api/tokens", { method: "POST", body: '{"name":"stolen"}', ...from }));
    results[`guess from ${referrer}`] = await quiet(
      read("/api/tokens", { headers: { "x-berth-page": "A".repeat(43) }, ...from }));
    results[`page from ${referrer}`] = proofIn(await quiet(read(page, from)));
  }
  await fetch(at(page), { cache: "force-cache" }).then((response) => response.text(), () => {});
  results["cached page"] = proofIn(await quiet(read(page, { cache: "only-if-cached", mode: "same-origin" })));
  results.socket = await connect([]);
  results["socket with a guess"] = await connect([`berth.page.${"A".repeat(43)}`]);

  const frame = inner.createElement("iframe");
  frame.src = at(page);
  const loaded = new Promise((resolve) => { frame.onload = resolve; });
  inner.body.append(frame);
  await loaded;
  results.frame = proofIn(frame.contentDocument?.documentElement.outerHTML ?? "");

  // A window that is cut off says that it is closed, or lets nothing be read.
  const opened = blank.contentWindow.open(at(page));
  const whole = async () => {
    while (opened.location.href === "about:blank" || opened.document.readyState !== "complete") {
      if (opened.closed) return "";
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return opened.document.documentElement.outerHTML;
  };
  results.window = proofIn(await quiet(whole()));
  opened.close();
  return results;
}

describe("path mode: the hub's own origin", { concurrency: 1 }, () => {
  let stage, page, tab;
  before(async () => {
    stage = await Stage.start("path-isolation");
    const mallory = await stage.plainInstance("mallory", () => ({
      body: '<!doctype html><meta name="berth-page" content="of mallory"><h1>mallory</h1>',
      headers: { "cross-origin-opener-policy": "same-origin", "referrer-policy": "no-referrer", "cache-control": "max-age=60" },
    }), { sockets: true });
    await stage.hub.startAgent(mallory);
    page = await stage.signIn();
    await stage.card(page, "mallory").locator("button:enabled").first().waitFor();
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));

  check("an instance's page cannot use the hub's API, its socket, or read the proof of its pages", async () => {
    tab = await stage.context.newPage();
    await tab.goto(`${stage.hub.url}/clients/mallory/proxy/`);
    await tab.getByRole("heading", { name: "mallory" }).waitFor();
    // Each way works on the page's own instance: it is the hub that stops it, not the attempt.
    const home = await tab.evaluate(attack, { base: "/clients/mallory/proxy", page: "/", socket: "/ws" });
    for (const [way, got] of Object.entries(home)) assert.notEqual(got, "", `${way}, at home`);
    const results = await tab.evaluate(attack, { base: "", page: "/dashboard", socket: "/ws/connect?type=browser" });
    assert.deepEqual(Object.keys(results), Object.keys(home));
    for (const [way, got] of Object.entries(results)) assert.equal(got, "", way);
  });

  check("the hub's own page can, and nothing was made meanwhile", async () => {
    await page.goto(`${stage.hub.url}/dashboard`);
    const tokens = await page.evaluate(async () => {
      const proof = document.querySelector('meta[name="berth-page"]').content;
      const response = await fetch("/api/tokens", { headers: { "x-berth-page": proof } });
      return `${response.status} ${await response.text()}`;
    });
    assert.match(tokens, /^200 /);
    assert.ok(!tokens.includes("stolen"), tokens);
  });
});
