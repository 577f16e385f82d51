// What a page of an instance can do to the hub in path mode, where both have one origin: nothing that
// needs the hub's own page. And how it gets there from its own address: not at all.
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
  await fetch(at(page), { cache: "force-cache", mode: "same-origin" }).then((response) => response.text(), () => {});
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
    await stage.card(page, "mallory").getByRole("button", { disabled: false }).first().waitFor();
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

/** A page that gets hold of the other instance if it comes to run on the hub's origin. */
const grasping = `<!doctype html><h1>mallory</h1><script type="module">
  await fetch("/clients/vera/proxy/words", { method: "POST" }).catch(() => {});
  document.title = "done";
</script>`;

describe("path mode beside an instance's own address", { concurrency: 1 }, () => {
  let stage, page, vera;
  before(async () => {
    stage = await Stage.start("path-escape", { tls: true });
    const mallory = await stage.plainInstance("mallory", () => ({ body: grasping }));
    vera = await stage.plainInstance("vera", () => ({ body: "vera" }));
    for (const one of [mallory, vera]) await stage.hub.startAgent(one);
    page = await stage.signIn();
    for (const name of ["mallory", "vera"]) await stage.card(page, name).getByRole("button", { disabled: false }).first().waitFor();
    await stage.open(page, mallory);
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });

  /** Where the tab ends once `lead` has led it to `target`. */
  async function endOf(target, lead) {
    const arrived = page.waitForURL((url) => url.hostname.startsWith("mallory.") && url.pathname === "/deep/x");
    await lead(target);
    await arrived;
    await page.waitForFunction(() => document.title === "done");
    return page.url().replace(/^.*?(\/deep)/, "$1");
  }
  const byScript = (target) => page.evaluate((url) => { location.href = url; }, target);

  for (const [way, path] of [
    ["itself", "/clients/mallory/proxy/deep/x?y=1"],
    ["the page that opens instances", "/open?client=mallory&next=/deep/x%3Fy=1"],
  ]) {
    it(`its page that leads to the hub's origin by ${way} ends at its own address`, { timeout: 90_000 }, () => stage.check(way, async () => {
      await page.goto(page.url().replace(/\/deep.*/, "/"));
      assert.equal(await endOf(stage.hub.url + path, byScript), "/deep/x?y=1");
    }));
  }

  it("and so does a sign-in that it asks for", { timeout: 90_000 }, () => stage.check("sign-in", async () => {
    const link = new URL(await stage.hub.loginLink());
    link.searchParams.set("next", "/clients/mallory/proxy/deep/x?y=1");
    assert.equal(await endOf(link.href, byScript), "/deep/x?y=1");
  }));

  it("the other instance saw nothing of it; from the dashboard path mode opens as ever", { timeout: 90_000 }, () => stage.check("dashboard", async () => {
    assert.deepEqual(vera.seen.filter(({ headers }) => !headers["user-agent"].startsWith("berth-agent/")), []);
    await page.goto(`${stage.hub.url}/dashboard`);
    await page.evaluate(() => { location.href = "/clients/vera/proxy/"; });
    await page.waitForURL(`${stage.hub.url}/clients/vera/proxy/`);
    await page.getByText("vera", { exact: true }).waitFor();
  }));
});
