// An instance whose service worker passes every navigation on, as claudecodeui's own does. The browser then says
// "Sec-Fetch-Dest: empty" of a page: sign-in, the page that waits and links from elsewhere are there all the same.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

const worker = `
  self.addEventListener("install", () => self.skipWaiting());
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener("fetch", (event) => {
    if (event.request.mode === "navigate") event.respondWith(fetch(event.request));
  });`;

/** No doctype, html or head: pages all the same. */
function answer({ url }) {
  if (url === "/sw.js") return { headers: { "content-type": "text/javascript" }, body: worker };
  if (url === "/kept") return { headers: { "cache-control": "max-age=600" }, body: "<h1>box</h1>" };
  if (url === "/alone") return { headers: { "x-frame-options": "DENY" }, body: "<h1>box</h1>" };
  if (url === "/back") return { body: "<script>opener.postMessage('signed in', '*')</script>" };
  return { body: "<h1>box</h1><script>navigator.serviceWorker.register('sw.js')</script>" };
}

/** A link there, pressed in the page. */
const follow = (tab, url) => tab.evaluate((target) => {
  const link = document.createElement("a");
  link.href = target;
  document.body.append(link);
  link.click();
}, url);

const shown = (tab) => tab.getByRole("heading", { name: "box" }).waitFor();

/** Whether the page that the tab is at shows that address in a frame, which its worker asks for. */
async function isFramed(tab, url) {
  const answered = tab.waitForResponse((response) => response.url() === url && response.fromServiceWorker());
  await tab.evaluate((target) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.onload = resolve;  // Also of what the browser shows in its place.
    frame.src = target;
    document.body.append(frame);
  }), url);
  await answered;
  return tab.frames().at(-1).getByRole("heading", { name: "box" }).isVisible();
}

const ways = {
  "at its own address": (box) => box.own,
  "in path mode": (box, hub) => `${hub.url}/clients/box/proxy`,
};

for (const [way, addressOf] of Object.entries(ways)) {
  describe(`an instance ${way} whose worker passes navigations on`, { concurrency: 1 }, () => {
    let stage, page, box, sibling, agent, elsewhere, address;
    before(async () => {
      stage = await Stage.start(`passing-worker-${way.replaceAll(" ", "-")}`, { tls: true, isTrusted: true });
      box = await stage.plainInstance("box", answer);
      elsewhere = await stage.plainInstance("elsewhere", () => ({ body: "<h1>elsewhere</h1>" }));
      sibling = await stage.plainInstance("sibling", () => ({ body: "<h1>sibling</h1>" }));
      agent = await stage.hub.startAgent(box);
      await stage.hub.startAgent(sibling);
      page = await stage.signIn();
      for (const name of ["box", "sibling"]) await stage.card(page, name).getByRole("button", { disabled: false }).first().waitFor();
      // Kept by the browser before there is a worker, and by a link of the site.
      sibling.own = await stage.open(page, sibling);
      for (const kept of [`${await stage.open(page, box)}/kept`, `${stage.hub.url}/clients/box/proxy/kept`]) {
        await page.goto(sibling.own);
        await follow(page, kept);
        await page.waitForURL(/\/kept$/);
        await shown(page);
      }
      box.own = await stage.open(page, box);
      address = addressOf(box, stage.hub);
      await page.goto(`${address}/`);
      await until("the worker controls the page", () => page.evaluate(() => navigator.serviceWorker.controller !== null));
    }, { timeout: 60_000 });
    after(() => stage?.stop(), { timeout: 60_000 });
    const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

    check("its pages have what path mode puts into them", async () => {
      const response = await page.goto(`${address}/again`);
      assert.ok(response.fromServiceWorker());
      assert.equal(await page.locator("script[data-berth]").count() > 0, way === "in path mode");
    });

    check("a page of another origin leads in by a link", async () => {
      const tab = await stage.context.newPage();
      await tab.goto(elsewhere.url);
      await follow(tab, `${address}/session/abc?x=1#/settings`);
      await tab.waitForURL((url) => url.pathname.endsWith("/session/abc") && url.search === "?x=1" && url.hash === "#/settings");
      await shown(tab);
      await tab.reload();
      await shown(tab);
      await tab.close();
    });

    check("a page of the site shows it in no frame, be it that the browser has kept it", async () => {
      const tab = await stage.context.newPage();
      await tab.goto(sibling.own);
      for (const path of ["/", "/kept"]) assert.equal(await isFramed(tab, `${address}${path}`), false, path);
      await tab.goto(`${address}/`);
      assert.equal(await isFramed(tab, `${address}/other`), true);
      assert.equal(await isFramed(tab, `${address}/alone`), false);
      await tab.close();
    });

    check("a window of another origin leads back to the page that opened it, and to its opener", async () => {
      await page.goto(`${box.own}/`);
      await shown(page);
      const told = page.evaluate(() => new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data))));
      const opened = page.waitForEvent("popup");
      await page.evaluate((target) => void window.open(target), elsewhere.url);
      const popup = await opened;
      await popup.waitForURL(`${elsewhere.url}/`);
      await follow(popup, `${box.own}/back`);
      assert.equal(await told, "signed in");
      await popup.close();
    });

    check("while the agent is away a page waits, and continues by itself", async () => {
      await agent.stop();
      await page.goto(`${address}/later`);
      await page.getByText("tries again every 3 seconds").waitFor();
      agent = await stage.hub.startAgent(box);
      await shown(page);
      assert.match(page.url(), /\/later$/);
    });

    check("after signing out it leads to sign-in, and from there back", async () => {
      const dashboard = await stage.context.newPage();
      await dashboard.goto(`${stage.hub.url}/dashboard`);
      await dashboard.getByText("Sign out").first().click();
      await dashboard.waitForURL(/\/login/);
      await page.goto(`${address}/evening#/settings`).catch(() => {});  // The sign-on page leads on at once.
      await page.waitForURL((url) => url.pathname === "/login" && url.origin === new URL(stage.hub.url).origin);
      await page.getByText("berth login-link").waitFor();
      assert.equal(await page.getByRole("alert").count(), 0, "the page's own fragment was taken for a code");
      await page.getByLabel("Sign-in link").fill(await stage.hub.loginLink());
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL((url) => url.pathname.endsWith("/evening") && url.hash === "#/settings");
      await shown(page);
    });
  });
}
