// The dashboard as an app: it installs, its service worker keeps what is everybody's and nothing else, and with
// the hub away it starts all the same.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { violations } from "./lib/axe.mjs";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

describe("the installed app", { concurrency: 1 }, () => {
  let stage, page;
  before(async () => {
    stage = await Stage.start("installed");
    page = await stage.signIn();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 120_000 }, () => stage.check(name, body));

  check("the app installs: manifest, icons, worker", async () => {
    await page.goto(`${stage.hub.url}/dashboard`);
    await page.evaluate(() => navigator.serviceWorker.ready);
    const devtools = await stage.context.newCDPSession(page);
    const { url, errors, data } = await devtools.send("Page.getAppManifest");
    assert.equal(url, `${stage.hub.url}/manifest.webmanifest`);
    assert.deepEqual(errors, []);
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors, []);
    for (const { src, type } of JSON.parse(data).icons) {
      const response = await page.request.get(stage.hub.url + src);
      assert.equal(response.status(), 200);
      assert.ok(response.headers()["content-type"].startsWith(type));
    }
    await devtools.detach();
  });

  check("the worker keeps no page and no answer, and leaves path mode alone", async () => {
    await page.reload();
    await page.getByRole("heading", { name: "Instances" }).waitFor();
    const kept = await page.evaluate(async () => {
      const found = [];
      for (const name of await caches.keys()) {
        for (const { url } of await (await caches.open(name)).keys()) {
          found.push([new URL(url).pathname, await (await caches.match(url)).text()]);
        }
      }
      return found;
    });
    assert.ok(kept.length >= 3);
    for (const [path, text] of kept) {
      assert.match(path, /^\/\.berth\/(offline$|last-known$|assets\/)/);
      if (path === "/.berth/last-known") assert.doesNotMatch(text, /session|question|title/);
      if (path === "/.berth/offline") assert.doesNotMatch(text, /berth-page/);
    }
    const plain = await stage.plainInstance("plain", () => ({ body: "<!doctype html><title>plain</title><h1>plain</h1>" }));
    await stage.hub.startAgent(plain);
    const tab = await stage.context.newPage();
    const fromWorker = [];
    tab.on("response", (response) => { if (response.fromServiceWorker()) fromWorker.push(response.url()); });
    await until("the instance", async () => (await tab.goto(`${stage.hub.url}/clients/plain/proxy/`)).status() === 200);
    await tab.getByRole("heading", { name: "plain" }).waitFor();
    assert.deepEqual(fromWorker, []);
    plain.seen.length = 0;
    await tab.reload();
    await tab.goto(`${stage.hub.url}/clients/plain/proxy/after`);
    // Each page was asked for once: nothing asks ahead for the worker.
    assert.deepEqual(plain.seen.map(({ url }) => url).filter((url) => url !== "/favicon.ico"), ["/", "/after"]);
    await tab.close();
  });

  check("with the hub away the app starts all the same, marks what it shows, and goes on by itself", async () => {
    let tab = await stage.context.newPage();
    await tab.goto(`${stage.hub.url}/dashboard`);
    await stage.card(tab, "plain").getByText("Idle", { exact: true }).waitFor();
    await tab.evaluate(() => navigator.serviceWorker.ready);
    // What somebody else of this origin put into the caches, also in the place of what is kept, does not run.
    const poison = () => tab.evaluate(async () => {
      const own = (await caches.keys()).find((name) => name.startsWith("berth-"));
      for (const name of ["a", own]) {
        const cache = await caches.open(name);
        for (const path of ["/.berth/offline", document.querySelector("script[src]").getAttribute("src")]) {
          const isPage = path === "/.berth/offline";
          const body = isPage ? "<!doctype html><script>document.title = 'poisoned'</script>" : "document.title = 'poisoned'";
          await cache.put(path, new Response(body, { headers: { "content-type": isPage ? "text/html" : "text/javascript" } }));
        }
      }
      return own;
    });
    const own = await poison();
    await tab.reload();
    await stage.card(tab, "plain").waitFor();
    assert.match(await tab.title(), /Instances/);
    await stage.hub.child.stop("SIGKILL");
    await assert.rejects(tab.goto(`${stage.hub.url}/dashboard`));
    await until("the browser's own page says so", () => tab.url().startsWith("chrome-error:"));
    assert.doesNotMatch(await tab.title(), /poisoned/);
    // The page that says so comes later, and the browser's own second try of what failed too: either would cut
    // off the next page in this tab.
    await tab.close();
    await stage.hub.start(`127.0.0.1:${new URL(stage.hub.url).port}`);
    tab = await stage.context.newPage();
    await tab.goto(`${stage.hub.url}/dashboard`);
    await tab.evaluate(async (name) => {
      await caches.delete("a");
      const cache = await caches.open(name);
      await cache.addAll((await cache.keys()).map(({ url }) => url));
    }, own);
    await until("the list is kept", () => tab.evaluate(async () => (await (await caches.match("/.berth/last-known"))?.text())?.includes("plain")));
    await stage.hub.child.stop("SIGKILL");
    await tab.goto(`${stage.hub.url}/dashboard`);
    await tab.getByText("The hub does not answer").waitFor();
    await tab.getByText(/Below is what it said/).waitFor();
    await stage.card(tab, "plain").waitFor();
    await tab.screenshot({ path: join(stage.output, "offline.png") });
    assert.deepEqual(await violations(tab), []);
    // The same where a proxy answers in its place, or nothing does.
    for (const answer of [(request, response) => response.writeHead(502).end("away"), () => {}]) {
      const proxy = createServer(answer).listen(new URL(stage.hub.url).port, "127.0.0.1");
      await once(proxy, "listening");
      await tab.goto(`${stage.hub.url}/dashboard`);
      await tab.getByText(/Below is what it said/).waitFor();
      await stage.card(tab, "plain").waitFor();
      proxy.close();
      proxy.closeAllConnections();
    }
    await stage.hub.start(`127.0.0.1:${new URL(stage.hub.url).port}`);
    await tab.getByText("The hub does not answer").waitFor({ state: "detached", timeout: 20_000 });
    await stage.card(tab, "plain").getByText("Idle", { exact: true }).waitFor();
    await tab.getByRole("button", { name: "Sign out" }).click();
    await tab.waitForURL(/\/login/);
    const isForgotten = () => tab.evaluate(async () => (await caches.match("/.berth/last-known")) === undefined);
    await until("nothing is left", isForgotten);
    // Nor is it where the session ended somewhere else.
    await tab.evaluate(async () => (await caches.open("last-known")).put("/.berth/last-known", new Response("{}")));
    await tab.goto(`${stage.hub.url}/dashboard`);
    await tab.waitForURL(/\/login/);
    await until("nothing is left", isForgotten);
    await tab.close();
  });

  check("the content policy had nothing to complain of", () => {
    assert.deepEqual(stage.recorder.console.filter(({ text }) => /Content.Security.Policy|Refused to/i.test(text)), []);
  });
});
