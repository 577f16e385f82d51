// How soon the dashboard is painted: with nothing kept by the browser, with its cache, and with its
// service worker. Measured by the browser and printed; what is asserted is what must not stand in the way.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";

const rounds = 5;

describe("the first paint", { concurrency: 1 }, () => {
  let stage;
  before(async () => {
    stage = await Stage.start("paint");
    const page = await stage.signIn();
    const plain = await stage.plainInstance("plain", () => ({ body: "<h1>plain</h1>" }));
    await stage.hub.startAgent(plain);
    await stage.card(page, "plain").getByText("Idle", { exact: true }).waitFor();
    await page.close();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });

  /** Loads the dashboard in a new tab: {paint, list} in ms since the navigation began, and what was asked for. */
  async function load({ isCold = false, hasWorker = false } = {}) {
    const tab = await stage.context.newPage();
    const devtools = await stage.context.newCDPSession(tab);
    if (isCold) await devtools.send("Network.clearBrowserCache");
    if (!hasWorker) await devtools.send("Storage.clearDataForOrigin", { origin: stage.hub.url, storageTypes: "service_workers,cache_storage" });
    await tab.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.querySelector('[data-instance="plain"]') === null) return;
        window.listAt = performance.now();
        observer.disconnect();
      }).observe(document, { subtree: true, childList: true });
    });
    await tab.goto(`${stage.hub.url}/dashboard`);
    await stage.card(tab, "plain").waitFor();
    const times = await tab.evaluate(async () => {
      const paint = await new Promise((resolve) => {
        new PerformanceObserver((entries) => {
          const [first] = entries.getEntriesByName("first-contentful-paint");
          if (first !== undefined) resolve(first.startTime);
        }).observe({ type: "paint", buffered: true });
      });
      const resources = performance.getEntriesByType("resource").map(({ name, transferSize, encodedBodySize, decodedBodySize }) => ({ path: new URL(name).pathname, transferSize, encodedBodySize, decodedBodySize }));
      return { paint, list: window.listAt, resources };
    });
    if (hasWorker) await tab.evaluate(() => navigator.serviceWorker.ready);
    await tab.close();
    return times;
  }

  async function measure(name, options) {
    const all = [];
    for (let round = 0; round < rounds; ++round) all.push(await load(options));
    const sorted = (what) => all.map((one) => Math.round(one[what])).sort((a, b) => a - b);
    for (const [what, times] of Object.entries({ "first contentful paint": sorted("paint"), "the list": sorted("list") })) {
      console.log(`# ${name}: ${what} after ${times[rounds >> 1]} ms (${times[0]} to ${times.at(-1)})`);
    }
    return all;
  }

  it("is soon, cold and warm", { timeout: 120_000 }, async () => {
    const cold = await measure("nothing kept", { isCold: true });
    const warm = await measure("from the cache", {});
    await load({ hasWorker: true });
    await measure("with its worker", { hasWorker: true });
    for (const { path, encodedBodySize, decodedBodySize } of cold[0].resources) {
      if (/\.(js|css)$/.test(path)) assert.ok(encodedBodySize < decodedBodySize / 2, `${path} came compressed`);
    }
    for (const { path, transferSize } of warm.at(-1).resources) {
      if (path.startsWith("/.berth/assets/")) assert.equal(transferSize, 0, `${path} came from the cache`);
    }
  });
});
