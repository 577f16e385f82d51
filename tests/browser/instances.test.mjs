// Instances in other states than the usual one: never set up, or of an older version.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { violations } from "./lib/axe.mjs";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

describe("other instances", { concurrency: 1 }, () => {
  let stage, page;
  before(async () => {
    stage = await Stage.start("instances");
    page = await stage.signIn();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));

  /** Opens it both ways; neither asks for an account. */
  async function worksBothWays(instance) {
    await stage.hub.startAgent(instance);
    for (const way of ["subdomain", "path"]) {
      const tab = await stage.context.newPage();
      await tab.goto(`${stage.hub.url}/dashboard`);
      const card = stage.card(tab, instance.name);
      if (way === "path") await card.getByRole("link", { name: /path mode/ }).click();
      else await card.getByRole("button", { name: /^Open/ }).click();
      const inside = tab.locator("button", { hasText: /^(Projects|Settings)$/ }).or(tab.getByText(/Choose Your Project|No projects/)).first();
      const outside = tab.locator("input[type=password]").first();
      await inside.or(outside).first().waitFor({ timeout: 30_000 });
      if (await outside.isVisible()) throw new Error(`${way}: the instance asks for an account`);
      await until("the chat socket", () => stage.recorder.socketsTo("/ws").some(({ url }) => new URL(url).host === new URL(tab.url()).host));
      await tab.close();
    }
  }

  check("an instance without any account is set up by its agent", async () => {
    await worksBothWays(await stage.realInstance("fresh"));
  });

  check("an older version works too", async () => {
    const older = await stage.realInstance("older", { older: true });
    await older.register();
    await worksBothWays(older);
  });

  check("the pages of an instance that is away wait, and continue by themselves when it is back", async () => {
    const plain = await stage.plainInstance("plain", ({ url }) => ({ body: `<!doctype html><title>plain</title><h1>plain at ${url}</h1>` }));
    plain.agent = await stage.hub.startAgent(plain);
    const tabs = { subdomain: await stage.context.newPage(), path: await stage.context.newPage(), fresh: await stage.context.newPage(), dashboard: await stage.context.newPage() };
    const origin = await stage.open(tabs.subdomain, plain);
    await tabs.dashboard.goto(`${stage.hub.url}/instances/plain`);
    await tabs.dashboard.locator(".now").getByText("Idle", { exact: true }).waitFor();
    await plain.agent.stop();
    await tabs.dashboard.getByText("Its agent is not connected").waitFor();

    const waiting = { subdomain: `${origin}/deep?x=1`, path: `${stage.hub.url}/clients/plain/proxy/deep?x=1` };
    for (const [way, url] of Object.entries(waiting)) {
      const response = await tabs[way].goto(url);
      assert.equal(response.status(), 503);
      assert.equal(response.headers()["cache-control"], "no-store");
    }
    // A link of the dashboard, or of a notification: the way to the instance's address is open all the same.
    await tabs.fresh.goto(`${stage.hub.url}/open?client=plain&next=${encodeURIComponent("/deep?x=1")}`);
    for (const tab of [tabs.subdomain, tabs.path, tabs.fresh]) {
      await tab.getByRole("heading", { name: "The instance is not connected" }).waitFor();
      await tab.getByText("continues by itself").waitFor();
      await tab.getByRole("link", { name: "All your instances" }).focus();
      // It tried at least once more, in vain; whoever reads it was not disturbed.
      await tab.waitForEvent("response", (response) => response.status() === 503);
      assert.deepEqual(await violations(tab), []);
      assert.equal(await tab.evaluate(() => document.activeElement.textContent), "All your instances");
    }
    plain.seen.length = 0;

    plain.agent = await stage.hub.startAgent(plain);
    for (const tab of [tabs.subdomain, tabs.path, tabs.fresh]) {
      await tab.getByRole("heading", { name: "plain at /deep?x=1" }).waitFor({ timeout: 30_000 });
    }
    // Each address once, by its page: what asked meanwhile was for the hub.
    assert.deepEqual(plain.seen.map(({ url }) => url).filter((url) => /deep|live/.test(url)), Array(3).fill("/deep?x=1"));
    assert.equal(new URL(tabs.fresh.url()).origin, origin);
    await tabs.dashboard.locator(".now").getByText(/^(Idle|Active)$/).waitFor();
    await tabs.dashboard.getByText("Its agent is not connected").waitFor({ state: "detached" });
    await tabs.dashboard.getByRole("button", { name: "Open plain", disabled: false }).waitFor();
    await Promise.all(Object.values(tabs).map((tab) => tab.close()));
  });
});
