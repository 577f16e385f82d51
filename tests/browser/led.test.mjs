// Where a link leads somebody who is signed in: a page of anybody's can open an instance at whatever address it
// likes, and can do no more with that. It makes the instance do nothing, signs nobody in as somebody else, and
// keeps no hold on a page of the instance, not even on one that the browser has kept.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";

const arrived = (name) => (url) => url.hostname.startsWith(`${name}.`) && !url.pathname.startsWith("/.berth/");

/** Goes there by a link of the page that the tab shows. */
async function follow(page, url) {
  await page.evaluate((target) => {
    const link = document.createElement("a");
    link.href = target;
    document.body.append(link);
    link.click();
  }, url);
}

describe("a link to what changes something at a real claudecodeui", { concurrency: 1 }, () => {
  let stage, page, origin, alpha, agent;
  before(async () => {
    stage = await Stage.start("led-act");
    alpha = await stage.realInstance("alpha");
    await alpha.register();
    agent = await stage.hub.startAgent(alpha);
    await agent.line(/signed in to the instance/);
    page = await stage.signIn();
    origin = await stage.open(page, alpha);
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  const act = "/api/projects/clone-progress?path=/nowhere&githubUrl=https://github.com/x/y";

  check("does nothing, by whatever way it leads there", async () => {
    const next = encodeURIComponent(act);
    for (const url of [`${origin}${act}`, `${stage.hub.url}/open?client=alpha&next=${next}`, `${stage.hub.url}/clients/alpha/proxy${act}`]) {
      const tab = await stage.context.newPage();
      await tab.goto(url);
      await tab.getByRole("heading", { name: "Not by a link" }).waitFor();
      await tab.close();
    }
  });

  check("nor while the instance is away, once it is back", async () => {
    await agent.stop();
    const answers = [];
    const tabs = [];
    for (const url of [`${origin}${act}`, `${stage.hub.url}/clients/alpha/proxy${act}`]) {
      const tab = await stage.context.newPage();
      tab.on("response", (response) => response.url() === url && answers.push(response.status()));
      await tab.goto(url);
      await tab.getByRole("heading", { name: "The instance is not connected" }).waitFor();
      tabs.push(tab);
    }
    agent = await stage.hub.startAgent(alpha);
    for (const tab of tabs) {
      await tab.getByRole("heading", { name: "Not by a link" }).waitFor({ timeout: 30_000 });
      await tab.close();
    }
    assert.deepEqual(answers.toSorted(), [403, 403, 503, 503]);
  });

  check("while the page itself may ask for it", async () => {
    const told = await page.evaluate((target) => new Promise((resolve) => {
      const events = new EventSource(target);
      events.onmessage = ({ data }) => { events.close(); resolve(data); };
      events.onerror = () => resolve("refused");
    }), act);
    assert.match(told, /"type"/);
  });
});

describe("a link to an instance that is shared", { concurrency: 1 }, () => {
  let stage, vera, his, foreign, box, other;
  before(async () => {
    stage = await Stage.start("led", { tls: true, isTrusted: true });
    box = await stage.plainInstance("box", ({ url }) => (
      { headers: url === "/kept" ? { "cache-control": "max-age=3600", etag: '"1"' } : {}, body: "<h1>box</h1>" }
    ), { owner: "mallory" });
    other = await stage.plainInstance("other", () => ({ body: "<h1>other</h1>" }), { owner: "vera" });
    foreign = await stage.plainInstance("foreign", () => ({ body: "<h1>foreign</h1>" }));
    for (const one of [box, other]) await (await stage.hub.startAgent(one)).line(/connected to .* as /);
    vera = await stage.signIn("vera");
    his = await stage.otherBrowser("mallory");
    assert.equal(await his.evaluate(async () => {
      const headers = { "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
      const body = JSON.stringify({ kind: "user", login: "vera", role: "operator" });
      return (await fetch("/api/clients/box/shares", { method: "POST", body, headers })).status;
    }), 201);
    for (const name of ["box", "other"]) await stage.card(vera, name).getByRole("button", { disabled: false }).first().waitFor();
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  /** The sign-on page with a code of mallory's. */
  const hisCode = () => his.evaluate(async () => {
    const headers = { "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
    return (await (await fetch("/api/clients/box/open?next=/deep", { method: "POST", headers })).json()).url;
  });
  const sessionAt = async (origin) => (await stage.context.cookies(origin)).find(({ name }) => name.endsWith("berth_instance"))?.value;
  /** Leads vera from a page of nobody's to there, and waits until she is at the instance. */
  const lead = async (tab, url) => {
    await tab.goto(foreign.url);
    await follow(tab, url);
    await tab.waitForURL(arrived("box"));
    await tab.getByRole("heading", { name: "box" }).waitFor();
    assert.equal(new URL(tab.url()).pathname, "/deep");
  };

  check("with somebody else's code leaves her own session there, and gives her none of theirs", async () => {
    const tab = await stage.context.newPage();
    const origin = await stage.open(tab, box);
    const own = await sessionAt(origin);
    assert.match(own, /./);
    await lead(tab, await hisCode());
    assert.equal(await sessionAt(origin), own);
    await stage.context.clearCookies({ name: /berth_instance/ });
    await lead(tab, await hisCode());
    assert.match(await sessionAt(origin), /./);
    // It would end with his.
    await his.evaluate(() => {
      const headers = { "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
      void fetch("/api/session", { method: "DELETE", headers });
    });
    await his.waitForURL(`${stage.hub.url}/login*`);
    assert.equal(await tab.evaluate(async () => (await fetch("/words")).status), 200);
    await tab.close();
  });

  check("opens in a browser that never says where a link stands, too", async () => {
    const quiet = await stage.context.newPage();
    await quiet.addInitScript(() => {
      document.addEventListener("readystatechange", () => {
        const policy = document.createElement("meta");
        Object.assign(policy, { name: "referrer", content: "no-referrer" });
        document.head.append(policy);
      }, { once: true });
    });
    await stage.context.clearCookies({ name: /berth_instance/ });
    const marks = [];
    quiet.on("framenavigated", (frame) => marks.push(new URL(frame.url()).searchParams.get("mark")));
    await stage.open(quiet, box);
    await quiet.getByRole("heading", { name: "box" }).waitFor();
    assert.equal(marks.filter((mark) => mark !== null).length, 1);
    await quiet.close();
  });

  check("leaves the page that led there no hold on it if another instance did, though the browser had kept it", async () => {
    const tab = await stage.context.newPage();
    const origin = await stage.open(tab, box);
    const opened = async (from) => {
      await tab.goto(from);
      const popup = stage.context.waitForEvent("page");
      await tab.evaluate((url) => { globalThis.popup = window.open(url); }, `${origin}/kept`);
      const page = await popup;
      await page.getByRole("heading", { name: "box" }).waitFor();
      const isCut = await page.evaluate(() => window.opener === null);
      await page.close();
      return isCut;
    };
    const asked = () => box.seen.filter(({ url }) => url === "/kept").length;
    await tab.goto(`${origin}/kept`);
    const before = asked();
    await tab.goto(`${origin}/kept?x`);
    await tab.goto(`${origin}/kept`);
    assert.equal(asked(), before, "the browser keeps it");
    const sibling = await stage.context.newPage();
    const there = await stage.open(sibling, other);
    assert.equal(await opened(there), true);
    assert.equal(await opened(foreign.url), false);
    for (const one of [tab, sibling]) await one.close();
  });
});
