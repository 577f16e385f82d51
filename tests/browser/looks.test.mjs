// The pages as people see them who read otherwise than the style says: larger text, more space between
// letters, colours of their own, a phone. The hub is real; what it tells of instances is the test's.
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, before, describe } from "node:test";
import { client, fleet, history } from "./lib/fake_hub_socket.mjs";
import { ToldPage } from "./lib/told_page.mjs";
import { until } from "./lib/wait.mjs";

describe("looks", { concurrency: 1 }, () => {
  const told = ToldPage.ofSuite("looks");
  const { check, show } = told;
  let page;
  before(() => {
    ({ page } = told);
  });
  afterEach(() => page.emulateMedia({ forcedColors: "none" }));

  const paths = ["/dashboard", "/instances/ada-laptop", "/settings", "/settings/notifications", "/settings/sessions", "/settings/people", "/settings/audit"];
  const go = async (path) => {
    await page.route("**/history", (route) => route.fulfill({ json: history() }));
    if (path.startsWith("/settings")) await page.goto(told.stage.hub.url + path);
    else await show(path, fleet());
    await page.locator("h1").waitFor();
  };
  const isWide = (width, height = 780) => page.setViewportSize({ width, height });
  const picture = (name) => page.screenshot({ path: join(told.stage.output, `${name}.png`), fullPage: true });
  const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const styled = (locator, name) => locator.evaluate((one, which) => getComputedStyle(one)[which], name);
  const high = async (locator) => (await locator.boundingBox()).height;

  check("all text follows the browser's text size", async () => {
    const larger = async () => {
      await page.evaluate(() => (document.documentElement.style.fontSize = "32px"));
      return styled(page.locator("body"), "fontSize");
    };
    await go("/dashboard");
    assert.equal(await larger(), "32px");
    await page.goto(`${told.stage.hub.url}/clients/nobody/proxy/`);
    await page.getByText("You have no instance of this name").waitFor();
    assert.equal(await larger(), "32px");
  });

  check("where the user chose all colours, what is current or pressed is told from the rest", async () => {
    await page.emulateMedia({ forcedColors: "active" });
    for (const width of [360, 1280]) {
      await isWide(width);
      const differs = async (one, other, property) => {
        const [first, second] = [await styled(page.locator(one).first(), property), await styled(page.locator(other).first(), property)];
        assert.notEqual(first, second, `${one} and ${other}: ${property}`);
      };
      for (const path of ["/settings/people", "/dashboard", "/instances/ada-laptop"]) {
        await go(path);
        await differs(".places [aria-current]", ".places a:not([aria-current], .brand)", "borderBottomColor");
        if (path.startsWith("/settings")) await differs(".tabs [aria-current]", ".tabs a:not([aria-current])", "borderBottomColor");
        if (path === "/dashboard") await differs(".chip[aria-pressed=true]", ".chip[aria-pressed=false]", "backgroundColor");
        if (path.startsWith("/instances")) {
          await page.locator(".key.tone-2").waitFor();
          await differs(".key.tone-1", ".panel", "backgroundColor");
          await differs(".key.tone-1", ".key.tone-2", "backgroundColor");
        }
        await picture(`forced-${path.split("/")[1]}-${width}`);
      }
    }
  });

  check("with more space between letters and words no page scrolls sideways", async () => {
    for (const path of paths) {
      await go(path);
      await page.evaluate(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }");
        document.adoptedStyleSheets.push(sheet);
      });
      for (const width of [320, 360, 640]) {
        await isWide(width);
        assert.ok(await sideways() <= 0, `${path} at ${width}`);
      }
      await isWide(320);
      await picture(`spaced-${path.slice(1).replace("/", "-")}`);
    }
  });

  check("a very long name of a machine breaks, whatever is said of it", async () => {
    const agent = { code: "ABCD-EFGH", machine: "workstationofthemachinelearningresearchgroup", address: "192.0.2.1", instance_id: "laptop", created_at: new Date().toISOString() };
    await page.route("**/api/enrolments/lookup", (route) => route.fulfill({ json: agent }));
    await page.route(/enrolments\/(approve|deny)$/, (route) => route.fulfill({ json: {} }));
    await isWide(320);
    for (const [deed, words] of [["Approve", /is enrolled/], ["Deny", /^Denied/]]) {
      await page.goto("about:blank");
      await page.goto(`${told.stage.hub.url}/enroll#ABCD-EFGH`);
      await page.getByRole("button", { name: deed }).click();
      await page.getByText(words).waitFor();
      assert.ok(await sideways() <= 0, deed);
    }
  });

  check("on a phone the current tab of the settings is in sight", async () => {
    for (const width of [320, 360]) {
      await isWide(width);
      for (const path of paths.filter((one) => one.startsWith("/settings"))) {
        await go(path);
        const { x, width: wide } = await page.locator(".tabs [aria-current]").boundingBox();
        assert.ok(x >= 0 && x + wide <= width, `${path}: ${x} to ${x + wide} of ${width}`);
        await picture(`tabs-${path.split("/").at(-1)}-${width}`);
      }
    }
  });

  check("the name of an instance looks like the way to its page, and on a phone what is pressed is large enough", async () => {
    const rightToLeft = "שרת!";
    for (const width of [360, 1280]) {
      await isWide(width);
      await show("/dashboard", [...fleet(), client("beta", "idle", { label: rightToLeft })]);
      const link = told.card("beta").getByRole("link", { name: rightToLeft, exact: true });
      assert.match(await styled(link, "textDecorationLine"), /underline/);
      assert.ok(await high(link) >= 24);
      assert.equal(await styled(link.getByText(rightToLeft), "direction"), "rtl");
      if (width === 360) for (const pressed of [page.locator(".chip").first(), page.getByRole("button", { name: "Sign out" })]) assert.ok(await high(pressed) >= 44);
    }
    await show("/instances/beta", [client("beta", "idle", { label: rightToLeft })]);
    assert.equal(await styled(page.locator("h1").getByText(rightToLeft), "direction"), "rtl");
  });

  check("at every width, light and dark", async () => {
    await go("/dashboard");
    await told.inspect("dashboard");
    await go("/settings/people");
    await until("the table", () => page.getByRole("table").isVisible());
    await told.inspect("people");
  });
});
