// Applications that berth knows nothing of, made with common frameworks: the same checks pass when
// the browser opens them directly, in path mode and in subdomain mode, and no way brings a failed
// request or a complaint on the console that direct use does not have.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { checks as express } from "./apps/express/checks.mjs";
import { checks as react } from "./apps/react/checks.mjs";
import { checks as socketio } from "./apps/socketio/checks.mjs";
import { checks as strict } from "./apps/strict/checks.mjs";
import { ledBack, checks as vite } from "./apps/vite/checks.mjs";
import { startApp } from "./lib/apps.mjs";
import { Stage } from "./lib/stage.mjs";
import { Visit } from "./lib/visit.mjs";

const kinds = { vite, express, socketio, react, strict };

describe("other frameworks", { concurrency: 1 }, () => {
  let stage, apps, dashboard;
  before(async () => {
    stage = await Stage.start("frameworks");
    apps = Object.fromEntries(await Promise.all(Object.keys(kinds).map(async (kind) => [kind, await startApp(kind, stage)])));
    for (const app of Object.values(apps)) await stage.hub.startAgent(app, ["--adapter", "generic"]);
    dashboard = await stage.signIn();
    for (const { name } of Object.values(apps)) await stage.card(dashboard, name).getByRole("button", { disabled: false }).first().waitFor();
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });

  const addresses = {
    directly: (app) => `${app.url}/`,
    "in path mode": (app) => `${stage.hub.url}/clients/${app.name}/proxy/`,
    "in subdomain mode": async (app) => `${await stage.open(dashboard, app)}/`,
  };

  for (const [kind, checks] of Object.entries(kinds)) {
    // What goes wrong directly may go wrong behind the hub.
    let known;
    for (const [way, address] of Object.entries(addresses)) {
      describe(`${kind}, ${way}`, { concurrency: 1 }, () => {
        let visit;
        const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(`${kind} ${way} ${name}`, body));
        before(async () => {
          const app = apps[kind];
          const base = await address(app);
          // The dashboard would ask for things of its own meanwhile.
          await dashboard.goto("about:blank");
          visit = new Visit(stage, app, way, base);
        }, { timeout: 30_000 });
        after(() => visit?.close());

        for (const [name, body] of Object.entries(checks)) check(name, () => body(visit));

        check("no request leaves its address", () => {
          const known = (url) => kind === "vite" && way === "in path mode" && ledBack.some((one) => one.test(url));
          assert.deepEqual(visit.escaped().filter((url) => !known(url)), []);
        });

        check("nothing fails that does not fail directly", () => {
          const troubles = visit.troubles();
          known ??= troubles;
          assert.deepEqual(troubles.filter((one) => !known.includes(one)), []);
        });
      });
    }
  }

  // They share the hub's origin, and with it the browser's cookies and storage.
  it("two applications in path mode do not see each other", { timeout: 60_000 }, async () => {
    const other = await startApp("express", stage, "second");
    await stage.hub.startAgent(other, ["--adapter", "generic"]);
    await dashboard.goto(`${stage.hub.url}/dashboard`);
    await stage.card(dashboard, "second").getByRole("button", { disabled: false }).first().waitFor();
    const tabs = [];
    for (const [app, user] of [[apps.express, "ada"], [other, "grace"]]) {
      const visit = new Visit(stage, app, "in path mode", addresses["in path mode"](app));
      const page = await visit.open("login");
      await page.locator("[name=user]").fill(user);
      await page.getByRole("button", { name: "Enter" }).click();
      await page.waitForURL(visit.base);
      await page.evaluate((name) => {
        localStorage.setItem("owner", name);
        document.cookie = `owner=${name}; path=/`;
      }, user);
      tabs.push({ page, user, visit });
    }
    for (const { page, user } of tabs) {
      await page.reload();
      assert.equal(await page.locator("#user").innerText(), user);
      assert.equal(await page.evaluate(() => localStorage.getItem("owner")), user);
      const cookies = await page.evaluate(() => document.cookie);
      assert.deepEqual(cookies.match(/owner=\w+/g), [`owner=${user}`]);
    }
    // One signs out; the other stays.
    await tabs[0].page.getByRole("button", { name: "Sign out" }).click();
    await tabs[0].page.locator("#user", { hasText: "nobody" }).waitFor();
    await tabs[1].page.reload();
    assert.equal(await tabs[1].page.locator("#user").innerText(), "grace");
    for (const { visit } of tabs) await visit.close();
  });
});
