// Every page and state of the dashboard: how it looks, whether everybody can use it, and how fast it is.
// The hub is real; what it tells of instances is the test's, so that each state can be had at will.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { before, describe } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { gzipSync } from "node:zlib";
import { violations } from "./lib/axe.mjs";
import { berth } from "./lib/hub.mjs";
import { client, fleet, history } from "./lib/fake_hub_socket.mjs";
import { ToldPage } from "./lib/told_page.mjs";
import { until } from "./lib/wait.mjs";

describe("the app", { concurrency: 1 }, () => {
  const told = ToldPage.ofSuite("app");
  const { check, show, tell, update, card, inspect } = told;
  let stage, page;
  before(() => {
    ({ stage, page } = told);
  });

  check("the list: every state, at every width, light and dark, without a violation", async () => {
    await show("/dashboard", fleet());
    await card("demo").getByText("Idle", { exact: true }).waitFor();
    await inspect("list");
    const order = await page.locator("[data-instance]").evaluateAll((all) => all.map((one) => one.dataset.instance));
    assert.deepEqual(order, ["ada-laptop", "gpu-box", "staging", "build-server", "demo", "workstation", "old-macbook"]);
    assert.match(await page.title(), /^\(2\) Instances/);
    await card("ada-laptop").getByText("rm -rf build/cache && npm run build -- --filter=checkout").waitFor();
    await card("staging").getByText("the model's endpoint answered 529").waitFor();
    await card("build-server").getByText(/for 3 min/).waitFor();
  });

  check("an empty hub, and a hub that does not answer, say what to do", async () => {
    await show("/dashboard", []);
    await page.getByText("No instance yet").waitFor();
    await inspect("empty");
    await show("/dashboard", fleet());
    await card("demo").waitFor();
    await page.evaluate(() => window.hubSocket.set(false));
    await page.getByText("The hub does not answer").waitFor();
    await card("demo").getByText("Idle", { exact: true }).waitFor();
    await inspect("away");
    await page.evaluate(() => window.hubSocket.set(true));
    await page.getByText("The hub does not answer").waitFor({ state: "detached", timeout: 2_500 });
    // How old the list is counts from the hub's last word, also one that changed nothing.
    await page.evaluate(() => {
      const real = Date.now;
      Date.now = () => real() + 5 * 3_600_000;
      window.hubSocket.tell({ type: "pong" });
      window.hubSocket.set(false);
    });
    await page.getByText(/Below is what it said just now/).waitFor();
  });

  check("search, state, label and order choose, and the address keeps the choice", async () => {
    await show("/dashboard", fleet());
    const count = () => page.locator("[data-instance]").count();
    await page.getByRole("searchbox").fill("checkout");
    await page.getByText("1 of 7 instances").waitFor();
    assert.equal(await count(), 1);
    await page.getByRole("searchbox").fill("no such thing");
    await page.getByText("Nothing matches").waitFor();
    await inspect("nothing");
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("button", { name: /^Needs you/ }).click();
    await until("two wait", async () => (await count()) === 2);
    assert.match(page.url(), /state=needs_you/);
    await page.getByRole("button", { name: /^All/ }).click();
    await page.getByRole("combobox", { name: "Label" }).selectOption("team=shop");
    await until("two of the shop", async () => (await count()) === 2);
    await page.getByRole("combobox", { name: "Label" }).selectOption("");
    await page.getByRole("combobox", { name: "Order" }).selectOption("name");
    const names = () => page.locator("[data-instance]").evaluateAll((all) => all.map((one) => one.dataset.instance));
    const byName = ["ada-laptop", "build-server", "demo", "gpu-box", "old-macbook", "staging", "workstation"];
    await until("the order is by name", async () => isDeepStrictEqual(await names(), byName));
    await show(new URL(page.url()).pathname + new URL(page.url()).search, fleet());
    assert.equal(await page.getByRole("combobox", { name: "Order" }).inputValue(), "name");
    await until("the order is still by name", async () => isDeepStrictEqual(await names(), byName));
  });

  check("a failure is marked as seen from the card and from its page; viewers only read it", async () => {
    const seen = [];
    let reply = { status: 503, body: '{"detail":"The instance\'s agent is away; answer again once it is back."}', contentType: "application/problem+json" };
    await page.route("**/api/clients/*/seen", (route) => {
      seen.push({ url: new URL(route.request().url()).pathname, ...route.request().postDataJSON() });
      return route.fulfill(reply);
    });
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() }));
    const failed = (id, more) => client(id, "error", { ...more, metadata: { sessions: [{ id: "s1", title: "Nightly", state: "error", error: "exit 3" }] } });
    await show("/dashboard", [failed("one"), failed("hers", { role: "viewer", path_url: "" })]);
    const button = page.getByRole("button", { name: "Mark as seen: Nightly on one" });
    await button.click();
    await card("one").getByText("agent is away").waitFor();
    reply = { status: 204 };
    await button.click();
    await card("one").getByText("agent is away").waitFor({ state: "detached" });
    assert.equal(await card("hers").getByRole("button", { name: /Mark as seen/ }).count(), 0);
    await inspect("failed");
    await show("/instances/one", [failed("one")]);
    await button.click();
    await until("three times", () => seen.length === 3);
    for (const one of seen) assert.deepEqual(one, { url: "/api/clients/one/seen", session_id: "s1" });
    await inspect("instance-failed");
    await page.unroute("**/api/clients/*/seen");
    await page.unroute("**/api/clients/*/history");
  });

  check("what begins to need the user is said aloud", async () => {
    await show("/dashboard", [client("one"), client("two")]);
    await card("two").waitFor();
    const said = page.getByRole("status").filter({ hasText: "two needs you" });
    await update(client("two", "needs_you"));
    await said.waitFor({ state: "attached" });
    // What is said once more has to change, also while another waits.
    await update(client("one", "needs_you"));
    await update(client("two", "busy"));
    await said.waitFor({ state: "detached" });
    await update(client("two", "needs_you"));
    await said.waitFor({ state: "attached" });
    await update(client("two", "busy"));
    await said.waitFor({ state: "detached" });
  });

  check("what counts the time is not read out again and again", async () => {
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() }));
    await show("/instances/ada-laptop", fleet());
    await page.getByRole("status").getByText("Needs you", { exact: true }).waitFor();
    assert.equal(await page.locator("[role=status] time").count(), 0);
    await show("/dashboard", fleet());
    await card("demo").waitFor();
    await page.evaluate(() => window.hubSocket.set(false));
    await page.getByText("Below is what it said").waitFor();
    assert.equal(await page.locator("[role=status] time").count(), 0);
    await page.unroute("**/api/clients/*/history");
  });

  check("the page of an instance: sessions with links, charts, connections", async () => {
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() }));
    await show("/instances/ada-laptop", fleet());
    await page.getByRole("heading", { name: "ada-laptop", level: 1 }).waitFor();
    const link = page.getByRole("link", { name: "Write release notes" });
    assert.equal(await link.getAttribute("href"), "/open?client=ada-laptop&next=%2Fsession%2Fs2");
    await page.getByRole("img", { name: /Latency/ }).waitFor();
    await page.getByText("the network changed").waitFor();
    await inspect("instance");
    await update(client("ada-laptop", "idle"));
    await page.locator(".changes").getByText("Idle").waitFor();
    await page.unroute("**/api/clients/*/history");
  });

  check("latency and traffic follow while one looks", async () => {
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() }));
    const vitals = (latency_ms, out) => tell({ type: "client_vitals", clients: [{ id: "one", latency_ms, traffic: { in: 0, out } }] });
    await show("/dashboard", [client("one")]);
    await card("one").getByText("12 ms", { exact: true }).waitFor();
    await vitals(87, 5);
    await card("one").getByText("87 ms", { exact: true }).waitFor();
    await show("/instances/one", [client("one")]);
    await page.getByText("12 ms", { exact: true }).waitFor();
    await vitals(87, 7_000_000);
    await page.getByText("87 ms", { exact: true }).waitFor();
    await page.getByText(/^6\.7 MiB from it/).waitFor();
    await page.unroute("**/api/clients/*/history");
  });

  check("an instance that is away, unknown, or on a hub without history says so", async () => {
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ status: 404, json: {} }));
    await show("/instances/old-macbook", fleet());
    await page.getByText("Its agent is not connected").waitFor();
    await inspect("instance-away");
    await show("/instances/nobody", fleet());
    await page.getByText("No such instance").waitFor();
    await inspect("instance-unknown");
    await page.unroute("**/api/clients/*/history");
  });

  check("after sleep the connection is probed at once", async () => {
    await show("/dashboard", fleet());
    await card("demo").waitFor();
    await page.evaluate(() => {
      window.hubSocket.sent = [];
      window.dispatchEvent(new Event("online"));
    });
    await until("a ping", () => page.evaluate(() => window.hubSocket.sent.some(({ type }) => type === "ping")), 2_000);
  });

  check("2,000 instances that change 50 times a second keep frames short", async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => client(`box-${index}`, index % 3 === 0 ? "busy" : "idle", { metadata: { labels: { rack: `r${index % 20}` } } }));
    await show("/dashboard", many);
    await card("box-0").waitFor();
    const measure = () => page.evaluate(async (list) => {
      const frames = [];
      const long = [];
      const observer = new PerformanceObserver((entries) => long.push(...entries.getEntries().map(({ duration }) => duration)));
      observer.observe({ type: "longtask" });
      let at = 0;
      const timer = setInterval(() => {
        const one = list[(at * 7) % list.length];
        const state = at % 2 === 0 ? "busy" : "active";
        at += 1;
        window.hubSocket.tell({ type: "client_update", client: { ...one, latency_ms: at, metadata: { ...one.metadata, state, state_since: new Date().toISOString() } } });
      }, 20);
      // As often and as many as the hub tells at most.
      const vitals = setInterval(() => {
        const some = list.slice(0, 500).map(({ id }) => ({ id, latency_ms: at % 90, traffic: { in: at, out: 2 * at } }));
        window.hubSocket.tell({ type: "client_vitals", clients: some });
      }, 1_500);
      const start = performance.now();
      let last = start;
      await new Promise((resolve) => {
        const frame = (now) => {
          frames.push(now - last);
          last = now;
          if (now - start < 5_000) requestAnimationFrame(frame);
          else resolve();
        };
        requestAnimationFrame(frame);
      });
      clearInterval(timer);
      clearInterval(vitals);
      observer.disconnect();
      frames.sort((a, b) => a - b);
      return { updates: at, frames: frames.length, middle: frames[frames.length >> 1], p99: frames[Math.floor(frames.length * 0.99)], worst: frames.at(-1), over50: frames.filter((ms) => ms > 50).length, longTasks: long.length };
    }, many);
    const isSmooth = ({ over50, frames, middle }) => over50 <= frames / 50 && middle < 50;
    /** The best of a few: other work on the machine may cost frames now and then. */
    async function smoothest() {
      let one = await measure();
      for (let again = 0; again < 3 && !isSmooth(one); again += 1) one = await measure();
      return one;
    }
    const top = await smoothest();
    // And again with hundreds of cards in the page, in the middle of them.
    for (let more = 0; more < 8; more += 1) await page.getByRole("button", { name: "Show more" }).evaluate((button) => button.click());
    await page.mouse.wheel(0, 4_000);
    const scrolled = await smoothest();
    const cards = await page.locator("[data-instance]").count();
    console.log(`2,000 instances, at the top: ${JSON.stringify(top)}; with ${cards} cards: ${JSON.stringify(scrolled)}`);
    for (const one of [top, scrolled]) {
      assert.ok(one.updates > 150, "updates came");
      assert.ok(isSmooth(one), JSON.stringify(one));
    }
  });

  check("a card that did not change is not rendered again", async () => {
    await show("/dashboard", [client("one"), client("two")]);
    await card("two").waitFor();
    await page.evaluate(() => {
      window.touched = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) window.touched.push((target.closest ? target : target.parentElement).closest("[data-instance]")?.dataset.instance);
      }).observe(document.querySelector("ul.cards"), { subtree: true, childList: true, characterData: true, attributes: true });
    });
    await update(client("one", "busy", { metadata: { state_since: new Date().toISOString() } }));
    await card("one").getByText("Busy", { exact: true }).waitFor();
    assert.deepEqual([...new Set(await page.evaluate(() => window.touched))], ["one"]);
  });

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
    const tab = await stage.context.newPage();
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
    assert.doesNotMatch(await tab.title(), /poisoned/);
    await stage.hub.start(`127.0.0.1:${new URL(stage.hub.url).port}`);
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

  check("scripts are small", async () => {
    const folder = join(dirname(berth), "web/files/.berth/assets");
    const size = (pattern) => gzipSync(readFileSync(join(folder, readdirSync(folder).find((name) => pattern.test(name))))).length;
    for (const name of ["dashboard", "instance"]) {
      const bytes = size(new RegExp(`^${name}-.*\\.js$`));
      console.log(`${name}.js: ${bytes} bytes compressed`);
      assert.ok(bytes < 60 * 1024, `${name}: ${bytes}`);
    }
  });

  check("the content policy had nothing to complain of", () => {
    assert.deepEqual(stage.recorder.console.filter(({ text }) => /Content.Security.Policy|Refused to/i.test(text)), []);
  });
});
