// Signing in and out, and the live list, as a user sees them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lookAt } from "./lib/look.mjs";
import { Stage } from "./lib/stage.mjs";
import * as ui from "./lib/ui.mjs";

const withinASecond = { timeout: 1_500 };

describe("dashboard", { concurrency: 1 }, () => {
  let stage, page, link, instance, session;
  before(async () => {
    stage = await Stage.start("dashboard");
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));

  check("without a session the dashboard leads to sign-in, which says how", async () => {
    page = await stage.context.newPage();
    await page.goto(`${stage.hub.url}/dashboard`);
    await page.waitForURL(/\/login/);
    await page.getByText("berth login-link --data").waitFor();
  });

  check("a sign-in link signs in and leaves no code in the address", async () => {
    link = await stage.hub.loginLink();
    await page.goto(link);
    await page.waitForURL(`${stage.hub.url}/dashboard`);
    const code = new URL(link).hash.slice(1);
    assert.ok(stage.recorder.requests.every(({ url }) => !url.split("#")[0].includes(code)));
  });

  check("without an instance it tells what to run", async () => {
    await page.getByText("No instance yet").waitFor();
    await page.getByText(`berth agent --hub ${stage.hub.url}`).waitFor();
  });

  check("it comes also where its worker lost the browser's help with navigations", async () => {
    const tab = await stage.context.newPage();
    await tab.goto(`${stage.hub.url}/dashboard`);
    await ui.controlledPage(tab);
    await tab.evaluate(async () => (await navigator.serviceWorker.ready).navigationPreload.disable());
    await tab.reload();
    await tab.waitForFunction(() => document.querySelector('meta[name="berth-page"]')?.content !== "");
    await tab.getByText("No instance yet").waitFor();
    await tab.close();
  });

  check("the link works once", async () => {
    const second = await stage.context.newPage();
    await second.goto(link);
    await second.getByText("This link was used already or is too old").waitFor();
    // A new one is pasted into the same tab, where only the fragment changes.
    await second.goto(await stage.hub.loginLink());
    await second.waitForURL(`${stage.hub.url}/dashboard`);
    await second.close();
  });

  check("signing in as somebody else in another tab makes this one theirs", async () => {
    const other = await stage.signIn("ben");
    await page.locator(".bar-side").getByText("ben", { exact: true }).waitFor();
    await other.close();
    const own = await stage.signIn();
    await page.locator(".bar-side").getByText("ben", { exact: true }).waitFor({ state: "detached" });
    await page.getByText("No instance yet").waitFor();
    await own.close();
  });

  check("a link that the hub has not judged stays in the field", async () => {
    const other = await stage.context.newPage();
    await other.goto(`${stage.hub.url}/login`);
    const field = other.getByLabel("Sign-in link");
    const pasted = await stage.hub.loginLink();
    await field.fill(pasted);
    await other.route("**/api/session", (route) => route.abort());
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByText("The hub does not answer.").waitFor();
    assert.equal(await field.inputValue(), pasted);
    await other.unroute("**/api/session");
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.waitForURL(`${stage.hub.url}/dashboard`);
    await other.goto(`${stage.hub.url}/login`);
    await field.fill(pasted);
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByText("This link was used already").waitFor();
    assert.equal(await field.inputValue(), "");
    await other.close();
  });

  check("the sign-in page says that it could not ask for other ways to sign in, and asks again", async () => {
    const other = await stage.context.newPage();
    let reply = { status: 503, body: "" };
    await other.route("**/api/auth", (route) => route.fulfill(reply));
    await other.goto(`${stage.hub.url}/login`);
    await other.getByRole("alert").getByText("There may be other ways to sign in. The hub is not available.").waitFor();
    await other.getByLabel("Sign-in link").waitFor();
    reply = { json: { ways: [{ label: "Example", url: "/auth/example" }] } };
    await other.getByRole("button", { name: "Try again" }).click();
    await other.getByRole("link", { name: "Sign in with Example" }).waitFor();
    assert.equal(await other.getByRole("alert").count(), 0);
    await other.close();
  });

  check("an instance appears by itself, and its text is only text", async () => {
    const plain = await stage.plainInstance("plain", () => ({ body: "<h1>plain</h1>" }));
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    plain.agent = await stage.hub.startAgent(plain, ["--label", `note=${markup}`]);
    await stage.card(page, "plain").getByText(markup).waitFor();
    assert.match(await page.title(), /Instances/);
    assert.equal(await page.locator("main img, main script").count(), 0);
    await stage.card(page, "plain").getByText("Idle", { exact: true }).waitFor();
    stage.plain = plain;
  });

  check("it opens at an address of its own, and a deep link returns there", async () => {
    const tab = await stage.signIn();
    const origin = await stage.open(tab, stage.plain);
    await tab.getByRole("heading", { name: "plain" }).waitFor();
    await stage.context.clearCookies({ domain: new URL(origin).hostname });
    await tab.goto(`${origin}/deep?x=1`);
    await tab.waitForURL(`${origin}/deep?x=1`);
    await tab.getByRole("heading", { name: "plain" }).waitFor();
    await tab.close();
  });

  check("an address that keeps no cookie is told from a person who opens it again and again", async () => {
    const opener = (next) => `${stage.hub.url}/open?client=plain&next=${encodeURIComponent(next)}`;
    const tab = await stage.context.newPage();
    const opens = async (next, options) => {
      await tab.goto(opener(next), options);
      await tab.getByRole("heading", { name: "plain" }).waitFor();
    };
    for (let time = 0; time < 5; ++time) await opens("/same", { referer: `${stage.hub.url}/dashboard` });
    for (let time = 0; time < 5; ++time) await opens(`/other/${time}`);
    await tab.close();

    const refused = await stage.context.newPage();
    await refused.goto(`${stage.hub.url}/dashboard`);
    await stage.context.clearCookies({ name: "berth_instance" });
    await refused.route("**/.berth/session", (route) => route.fulfill({ status: 204 }));
    await refused.goto(opener("/deep?x=1"), { referer: `${stage.hub.url}/dashboard` });
    await refused.getByText("The browser keeps no cookie for this instance's address.").waitFor();
    await refused.getByRole("heading", { name: "Not opened", level: 1 }).waitFor();
    assert.equal(await refused.title(), "Not opened · berth");
    await refused.close();
  });

  check("what does not open at its own address says so, with a way back to the hub", async () => {
    const tab = await stage.context.newPage();
    const { origin } = new URL(await stage.open(tab, stage.plain));
    const fails = async (code, referer) => {
      await tab.goto("about:blank");
      await tab.goto(`${origin}/.berth/auth${code}`, { referer });
      await tab.getByRole("heading", { name: "Not opened", level: 1 }).waitFor();
      assert.equal(await tab.title(), "Not opened · berth");
      assert.equal(await tab.getByRole("link", { name: "All instances" }).getAttribute("href"), `${stage.hub.url}/dashboard`);
    };
    await fails("");
    await fails("#no.code", `${stage.hub.url}/`);
    await lookAt(stage, tab, "not-opened");
    await tab.goto(`${stage.hub.url}/.berth/auth`, { referer: "http://elsewhere.localhost/" });
    assert.equal(await tab.getByRole("link", { name: "All instances" }).getAttribute("href"), `${stage.hub.url}/dashboard`);
    await tab.close();
  });

  check("when the agent goes, the card and the instance's page say so", async () => {
    const tab = await stage.context.newPage();
    const origin = await stage.open(tab, stage.plain);
    await stage.plain.agent.stop();
    await stage.card(page, "plain").getByText("Offline", { exact: true }).waitFor();
    const response = await tab.goto(origin);
    assert.ok(response.status() >= 500, String(response.status()));
    assert.equal(response.headers()["cache-control"], "no-store");
    stage.plain.agent = await stage.hub.startAgent(stage.plain);
    await stage.card(page, "plain").getByText("Idle", { exact: true }).waitFor();
    await tab.goto(origin);
    await tab.getByRole("heading", { name: "plain" }).waitFor();
    await tab.close();
  });

  check("a run shows as busy and ends within a second", async () => {
    instance = await stage.realInstance("gamma");
    await instance.register();
    session = await instance.createSession("cursor", "first words of gamma");
    await stage.hub.startAgent(instance);
    await stage.card(page, "gamma").getByText("Idle", { exact: true }).waitFor();
    const tab = await stage.context.newPage();
    const origin = await stage.open(tab, instance);
    await tab.goto(`${origin}/session/${session}`);
    await stage.card(page, "gamma").getByText("Active", { exact: true }).waitFor();
    await ui.say(tab, "hello gated steps=1");
    await tab.getByText("stub chunk 1/1").first().waitFor();
    await stage.card(page, "gamma").locator(".card-head").getByText("Busy", { exact: true }).waitFor(withinASecond);
    instance.openGate(1);
    await tab.getByRole("button", { name: "Send", exact: true }).waitFor();
    await stage.card(page, "gamma").locator(".card-head").getByText("Active", { exact: true }).waitFor(withinASecond);
    await tab.close();
  });

  check("a command that waits for the user shows as such within a second", async () => {
    const claude = await instance.createSession("claude", "claude words");
    const tab = await stage.context.newPage();
    const origin = await stage.open(tab, instance);
    await tab.goto(`${origin}/session/${claude}`);
    await ui.say(tab, `please USETOOL ${instance.home}/touched now`);
    const allow = tab.getByRole("button", { name: /Allow once/ }).first();
    await allow.waitFor({ timeout: 30_000 });
    const head = stage.card(page, "gamma").locator(".card-head");
    await head.getByText("Needs you", { exact: true }).waitFor(withinASecond);
    assert.match(await page.title(), /^\(1\)/);
    await allow.click();
    await tab.getByText("tool finished").first().waitFor();
    await head.getByText("Needs you", { exact: true }).waitFor({ state: "detached", ...withinASecond });
    await tab.close();
  });

  check("after the hub's restart the list comes back by itself", async () => {
    await stage.hub.restart();
    // The page tries at least every 1.5 s while it is seen; the agent takes its own time.
    await page.getByText("Connecting again").waitFor({ state: "detached", timeout: 6_000 });
    await stage.card(page, "gamma").getByRole("button", { name: "Open gamma", disabled: false }).waitFor({ timeout: 45_000 });
  });

  check("signing out ends every tab", async () => {
    const tab = await stage.context.newPage();
    await stage.open(tab, stage.plain);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/\/login/);
    const status = await tab.evaluate(async () => (await fetch("/", { cache: "no-store" })).status);
    assert.equal(status, 401);
    await page.goto(`${stage.hub.url}/dashboard`);
    await page.waitForURL(/\/login/);
  });

  check("the content policy had nothing to complain of", () => {
    const complaints = stage.recorder.console.filter(({ text }) => /Content.Security.Policy/i.test(text));
    assert.deepEqual(complaints, []);
  });
});
