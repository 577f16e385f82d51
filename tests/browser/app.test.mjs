// Every page and state of the dashboard: how it looks, whether everybody can use it, and how fast it is.
// The hub is real; what it tells of instances is the test's, so that each state can be had at will.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, describe } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { gzipSync } from "node:zlib";
import { berth } from "./lib/hub.mjs";
import { client, fleet, history, refusal } from "./lib/fake_hub_socket.mjs";
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
    await page.getByText("The hub does not answer").waitFor({ state: "detached", timeout: 6_000 });
    await page.evaluate(() => {
      window.hubSocket.isFull = true;
      window.hubSocket.set(false);
      window.hubSocket.set(true);
    });
    await page.getByText("You have as many pages of this hub open as it takes").waitFor();
    await inspect("crowded");
    await page.evaluate(() => {
      window.hubSocket.isFull = false;
      window.dispatchEvent(new Event("focus"));
    });
    await page.getByText("as many pages").waitFor({ state: "detached" });
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
    await page.getByText("1 of 7 instances").first().waitFor();
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

  check("the keyboard keeps its place after Mark as seen, and where Open fails", async () => {
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    const failed = { id: "s1", title: "Nightly", state: "error", error: "exit 3" };
    const away = refusal(503, "Not connected", "Not this time.");
    let reply = away;
    await page.route(/\/api\/clients\/one\/(seen|open)$/, (route) => route.fulfill(reply));
    const press = async (name) => {
      await page.getByRole("button", { name }).focus();
      await page.keyboard.press("Enter");
    };
    for (const [name, shown] of [["Open one", "Open"], ["Mark as seen: Nightly on one", "Mark as seen"]]) {
      await show("/dashboard", [client("one", "error", { metadata: { sessions: [failed] } })]);
      await press(name);
      await card("one").getByText("Not this time.").waitFor();
      await until(`the focus is on ${shown} again`, async () => (await focused()) === shown);
    }
    reply = { status: 204 };
    await press("Mark as seen: Nightly on one");
    await page.getByRole("status").getByText("Nightly on one: marked as seen.").waitFor({ state: "attached" });
    await until("the focus is on the card", async () => (await focused()) === "one");
    // The same session fails once more.
    await update(client("one", "error", { metadata: { sessions: [{ ...failed, since: "2030-01-01T00:00:00Z" }] } }));
    const button = page.getByRole("button", { name: "Mark as seen: Nightly on one" });
    await button.waitFor();
    // The hub took it; the instance did not hear, or would not.
    await press("Mark as seen: Nightly on one");
    await button.waitFor({ state: "detached" });
    await card("one").getByText("still tells of this failure").waitFor();
    await button.waitFor();
    await page.unroute(/\/api\/clients\/one\/(seen|open)$/);
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

  check("what was told of the last hour stays while the hub is away, and is asked for again after it", async () => {
    let reply = { json: history() };
    await page.route("**/api/clients/*/history", (route) => route.fulfill(reply));
    await show("/instances/ada-laptop", fleet());
    const charts = page.getByRole("heading", { name: "The last hour" });
    await charts.waitFor();
    const again = async () => {
      await page.evaluate(() => window.hubSocket.set(false));
      await page.getByText("Connecting again").waitFor();
      await page.evaluate(() => window.hubSocket.set(true));
      await page.getByText("Connecting again").waitFor({ state: "detached" });
    };
    const problem = page.getByRole("alert").getByText("Not this time.");
    reply = refusal(503, "Not available", "Not this time.");
    await again();
    await problem.waitFor();
    assert.equal(await charts.count(), 1);
    assert.equal(await page.getByRole("heading", { name: "Connections", exact: true }).count(), 1);
    reply = { json: history() };
    await again();
    await problem.waitFor({ state: "detached" });
    assert.equal(await charts.count(), 1);
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
    await show("/instances/ada-laptop", fleet());
    await until("the title", async () => (await page.title()) === "(1) ada-laptop · berth");
    await tell({ type: "client_removed", client_id: "ada-laptop" });
    await page.getByText("No such instance").waitFor();
    await until("the plain title", async () => (await page.title()) === "Instance · berth");
    await page.unroute("**/api/clients/*/history");
  });

  check("after sleep the connection is probed at once", async () => {
    await show("/dashboard", fleet());
    await card("demo").waitFor();
    await page.evaluate(() => {
      window.hubSocket.sent = [];
      window.dispatchEvent(new Event("online"));
    });
    await until("a ping", () => page.evaluate(() => window.hubSocket.sent.some(({ type }) => type === "ping")), 10_000);
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
    const isSmooth = ({ over50, frames }) => over50 <= frames / 50;
    /** The best of a few: other work on the machine may cost frames now and then. */
    async function smoothest() {
      let one = await measure();
      for (let again = 0; again < 8 && !isSmooth(one); again += 1) one = await measure();
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

  check("cards that were drawn wide fit where the window gets narrow, or the phone is turned", async () => {
    await page.setViewportSize({ width: 600, height: 300 });
    await show("/dashboard", Array.from({ length: 12 }, (_, index) => client(`box-${index}`)));
    await card("box-0").waitFor();
    const wide = await page.evaluate(async () => {
      const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      // Each is drawn, and then out of sight again.
      for (const one of [...document.querySelectorAll(".card"), document.body]) {
        one.scrollIntoView();
        for (let frame = 0; frame < 3; frame += 1) await drawn();
      }
      return document.querySelector(".card").offsetWidth;
    });
    assert.ok(wide > 500);
    await page.setViewportSize({ width: 360, height: 780 });
    const widths = await page.evaluate(() => [...document.querySelectorAll(".card")].map((one) => one.offsetWidth));
    assert.ok(Math.max(...widths) <= 360, `${widths}`);
    await page.setViewportSize({ width: 1280, height: 800 });
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
