// An instance whose service worker answers every navigation from its cache, as app shells do: the sign-on
// page at its address is reached all the same.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

const worker = `
  self.addEventListener("install", (event) => event.waitUntil(caches.open("shell").then((cache) => cache.add("/")).then(() => self.skipWaiting())));
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener("fetch", (event) => {
    if (event.request.mode === "navigate") event.respondWith(caches.match("/"));
    else if (event.request.url.endsWith("/who")) event.respondWith(new Response("the worker"));
  });`;

function serve({ url }) {
  if (url === "/sw.js") return { headers: { "content-type": "text/javascript" }, body: worker };
  if (url === "/who") return { headers: { "content-type": "text/plain" }, body: "the instance" };
  return { body: "<!doctype html><title>shell</title><h1>shell</h1>" };
}

const who = (page) => page.evaluate(async () => (await fetch("/who")).text());

describe("an instance with an app shell", { concurrency: 1 }, () => {
  let stage, page, window, box;
  before(async () => {
    stage = await Stage.start("app-shell");
    box = await stage.plainInstance("box", serve);
    await stage.hub.startAgent(box);
    page = await stage.signIn();
    await stage.card(page, "box").getByRole("button", { disabled: false }).first().waitFor();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  check("opens again after signing out and in", async () => {
    const address = await stage.open(page, box);
    await page.evaluate(async () => {
      await navigator.serviceWorker.register("/sw.js");
      const registration = await navigator.serviceWorker.ready;
      await registration.navigationPreload.setHeaderValue("the first registration");
    });
    await until("the worker answers", async () => await who(page) === "the worker");
    window = await stage.context.newPage();
    await window.goto(`${address}/somewhere`);
    await window.evaluate(() => { document.title = "with work in it"; });
    await page.goto(`${stage.hub.url}/dashboard`);
    await page.getByText("Sign out").first().click();
    await page.waitForURL(/\/login/);
    await page.close();
    page = await stage.signIn();
    await stage.card(page, "box").getByRole("button", { disabled: false }).first().waitFor();
    await stage.open(page, box);
    assert.equal(await page.evaluate(async () => (await fetch("/data", { method: "POST" })).status), 200);
  });

  check("has its own worker again, in the same registration, which a push subscription hangs on", async () => {
    await until("the worker answers", async () => await who(page) === "the worker");
    assert.equal(await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.navigationPreload.getState()).headerValue;
    }), "the first registration");
  });

  check("other windows of it are left as they are", async () => {
    assert.equal(await window.title(), "with work in it");
  });
});
