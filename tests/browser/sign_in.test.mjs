// The sign-in page as its user sees it: what it says of a link, and what it does while the hub is slow.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lookAt } from "./lib/look.mjs";
import { saidAgain } from "./lib/said_again.mjs";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

describe("the sign-in page", { concurrency: 1 }, () => {
  let stage, page;
  before(async () => {
    stage = await Stage.start("sign_in");
    page = await stage.context.newPage();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  const link = () => page.getByLabel("Sign-in link");
  const signIn = () => page.getByRole("button", { name: "Sign in", exact: true });
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  /** What a screen reader has to say of the field, but for its name. */
  const wrong = async () => {
    const [isInvalid, id] = await link().evaluate((input) => [input.ariaInvalid, input.getAttribute("aria-describedby")]);
    return isInvalid === "true" ? await page.locator(`#${id}`).innerText() : "";
  };
  /** Answers that question of the page's only when the test says so. */
  const hold = async (url) => {
    const held = {};
    const isLetGo = new Promise((resolve) => { held.letGo = resolve; });
    await page.route(url, async (route) => {
      const answer = await isLetGo;
      await (answer === undefined ? route.fallback() : route.fulfill(answer));
    });
    return held;
  };

  check("what is no whole link is told at its field, and the hub is not asked", async () => {
    const calls = [];
    page.on("request", (request) => {
      if (request.method() === "POST") calls.push(request.url());
    });
    await page.goto(`${stage.hub.url}/login`);
    await signIn().click();
    await page.getByRole("alert").waitFor();
    assert.equal(await wrong(), "Paste the whole link that the terminal printed.");
    await saidAgain(page, () => signIn().click());
    await link().focus();
    await saidAgain(page, () => page.keyboard.press("Enter"));
    for (const text of ["hello", (await stage.hub.loginLink()).slice(0, -1)]) {
      await page.goto(`${stage.hub.url}/login`);
      await link().fill(text);
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
      assert.equal(await wrong(), "Paste the whole link that the terminal printed.");
      assert.equal(await link().inputValue(), text);
    }
    await lookAt(stage, page, "not-whole");
    await page.goto("about:blank");
    await page.goto(`${stage.hub.url}/login#half.a-link`);
    await page.getByRole("alert").waitFor();
    assert.equal(await wrong(), "Paste the whole link that the terminal printed.");
    assert.deepEqual(calls, []);
  });

  check("a link is sent once however often Enter is pressed, and the keyboard stays in its field", async () => {
    const spent = await stage.hub.loginLink();
    await stage.signIn();
    const other = await stage.context.newPage();
    await other.goto(spent);
    await other.waitForURL(`${stage.hub.url}/dashboard`);
    await other.close();
    await page.goto(`${stage.hub.url}/login`);
    let asked = 0;
    const held = await hold("**/api/session");
    page.on("request", (request) => {
      if (request.method() === "POST") asked += 1;
    });
    await link().fill(spent);
    await page.keyboard.press("Enter");
    await page.getByText("Signing in…").waitFor();
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "link");
    held.letGo();
    await page.getByRole("alert").getByText("used already").waitFor();
    assert.equal(asked, 1);
    assert.equal(await focused(), "link");
    assert.match(await wrong(), /used already/);
    await page.unroute("**/api/session");
  });

  check("the link can be used before the other ways are known, and stays as it is under whoever fills it in", async () => {
    const ways = { json: { ways: [{ label: "Example", url: "/auth/example" }] } };
    const folded = page.getByText("Sign in with a link from the hub's machine");
    for (const isBegun of [true, false]) {
      const held = await hold("**/api/auth");
      await page.goto(`${stage.hub.url}/login`);
      await link().waitFor();
      if (isBegun) await link().fill("http");
      held.letGo(ways);
      await page.getByRole("link", { name: "Sign in with Example" }).waitFor();
      assert.equal(await folded.count(), isBegun ? 0 : 1);
      if (isBegun) {
        await page.keyboard.type("s://");
        assert.equal(await link().inputValue(), "https://");
      }
      await page.unroute("**/api/auth");
    }
  });

  check("pages say that they load before their script is there, and that is gone afterwards", async () => {
    const owner = await stage.signIn();
    // Its worker brings the dashboard's script from a cache, before a test could look.
    assert.equal(await owner.locator("#app > p").count(), 0);
    assert.match(await (await owner.request.get(`${stage.hub.url}/dashboard`)).text(), /Loading…/);
    for (const [path, heading] of [["/settings", "Settings"], ["/instances/none", "No such instance"], ["/enroll", "Enrol an agent"]]) {
      let letGo;
      const isLetGo = new Promise((resolve) => { letGo = resolve; });
      await owner.route("**/*.js", async (route) => {
        await isLetGo;
        await route.fallback();
      });
      await owner.goto(stage.hub.url + path, { waitUntil: "commit" });
      await owner.locator("#app > [role=status]").getByText("Loading…").waitFor();
      letGo();
      await owner.getByRole("heading", { name: heading, level: 1 }).waitFor();
      await until(`${path} says no more that it loads`, async () => (await owner.getByText("Loading…").count()) === 0);
      assert.equal(await owner.locator("#app > p").count(), 0);
      await owner.unroute("**/*.js");
    }
    await owner.close();
  });

  check("tabs that ask to sign in go on once it is done in another", async () => {
    await stage.context.clearCookies();
    const asking = ["/settings", "/enroll"];
    const tabs = [];
    for (const path of asking) {
      const tab = await stage.context.newPage();
      await tab.goto(stage.hub.url + path);
      await tab.waitForURL(`${stage.hub.url}/login?next=${path}`);
      await tab.getByLabel("Sign-in link").waitFor();
      tabs.push(tab);
    }
    const owner = await stage.signIn();
    for (const [index, tab] of tabs.entries()) {
      await tab.waitForURL(stage.hub.url + asking[index]);
      await tab.close();
    }
    await owner.close();
  });
});
