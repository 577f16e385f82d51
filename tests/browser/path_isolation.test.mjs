// What a page of an instance can do to the hub in path mode, where both have one origin: nothing that
// needs the hub's own page.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";

/** Runs in the instance's page: each way to act as the user, with what it got ("" is nothing). */
async function attack() {
  const quiet = (promise) => promise.then(String, () => "");
  const read = async (url, init) => {
    const response = await fetch(url, init);
    return response.ok ? `${response.status} ${await response.text()}` : "";
  };
  const proofIn = (text) => /name="berth-page" content="([^"]+)"/.exec(text)?.[1] ?? "";
  const socket = (protocols) =>
    new Promise((resolve) => {
      const one = new WebSocket(`${location.origin.replace("http", "ws")}/ws/connect?type=browser`, protocols);
      one.onopen = () => resolve("open");
      one.onerror = () => resolve("");
    });
  const results = {};
  // The injected script keeps addresses under the prefix. A frame without a page has functions that
  // it did not reach.
  const blank = document.createElement("iframe");
  document.body.append(blank);
  const { fetch, WebSocket, document: inner } = blank.contentWindow;
  const hub = (path) => location.origin + path;
  for (const referrer of ["/dashboard", "", location.href]) {
    const from = { referrer: referrer === "" ? "" : new URL(referrer, location.origin).href };
    if (referrer === "") from.referrerPolicy = "no-referrer";
    results[`list from ${referrer}`] = await quiet(read(hub("/api/tokens"), from));
    results[`make from ${referrer}`] = await quiet(
      read(hub("/api/tokens"), { method: "POST", body: '{"name":"stolen"}', ...from }));
    results[`guess from ${referrer}`] = await quiet(
      read(hub("/api/tokens"), { headers: { "x-berth-page": "A".repeat(43) }, ...from }));
    results[`page from ${referrer}`] = proofIn(await quiet(read(hub("/dashboard"), from)));
  }
  await fetch(hub("/dashboard"), { cache: "force-cache" }).catch(() => {});
  results["cached page"] = proofIn(await quiet(read(hub("/dashboard"), { cache: "only-if-cached", mode: "same-origin" })));
  results.socket = await socket([]);
  results["socket with a guess"] = await socket([`berth.page.${"A".repeat(43)}`]);

  const frame = inner.createElement("iframe");
  frame.src = hub("/dashboard");
  inner.body.append(frame);
  await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 3000); });
  results.frame = proofIn(frame.contentDocument?.documentElement.outerHTML ?? "");

  const opened = blank.contentWindow.open(hub("/dashboard"));
  for (let tries = 0; tries < 20 && results.window !== ""; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    try {
      results.window = proofIn(opened.document.documentElement.outerHTML);
    } catch {
      results.window = "";
    }
    if (results.window !== "") break;
    delete results.window;
  }
  results.window ??= "";
  return results;
}

describe("path mode: the hub's own origin", { concurrency: 1 }, () => {
  let stage, page, tab;
  before(async () => {
    stage = await Stage.start("path-isolation");
    const mallory = await stage.plainInstance("mallory", () => ({
      body: "<!doctype html><h1>mallory</h1>",
      headers: { "cross-origin-opener-policy": "same-origin", "referrer-policy": "no-referrer" },
    }));
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
    const results = await tab.evaluate(attack);
    assert.ok(Object.keys(results).length > 12, "all ways were tried");
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
