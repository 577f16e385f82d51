import assert from "node:assert/strict";
import { until } from "../../lib/wait.mjs";

export const checks = {
  "the start page shows its data": async (visit) => {
    visit.page = await visit.open();
    await visit.page.getByRole("heading", { name: "one, two" }).waitFor();
  },

  "the app can be installed": async ({ page, base }) => {
    const devtools = await page.context().newCDPSession(page);
    const { url, errors, data } = await devtools.send("Page.getAppManifest");
    assert.equal(url, `${base}app.webmanifest`);
    assert.deepEqual(errors, []);
    assert.equal(new URL(JSON.parse(data).start_url, url).href, base);
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors, []);
    await devtools.detach();
  },

  "a link changes the address without a new page": async ({ page, base }) => {
    await page.evaluate(() => (globalThis.marked = true));
    await page.getByRole("link", { name: "Item" }).click();
    await page.getByRole("heading", { name: "item 7" }).waitFor();
    assert.equal(page.url(), `${base}items/7`);
  },

  "a part that is loaded later brings its style and its picture": async ({ page, base }) => {
    await page.getByRole("link", { name: "About" }).click();
    const heading = page.getByRole("heading", { name: "about" });
    await heading.waitFor();
    assert.equal(page.url(), `${base}about`);
    assert.equal(await heading.evaluate((element) => getComputedStyle(element).color), "rgb(7, 8, 9)");
    await until("the picture", () => page.evaluate(() => document.images[0].naturalWidth === 8));
    assert.ok(await page.evaluate(() => globalThis.marked));
  },

  "back and forward": async ({ page, base }) => {
    await page.goBack();
    await page.getByRole("heading", { name: "item 7" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "one, two" }).waitFor();
    assert.equal(page.url(), base);
    await page.goForward();
    await page.getByRole("heading", { name: "item 7" }).waitFor();
    assert.ok(await page.evaluate(() => globalThis.marked));
  },

  "a copied address opens there, and stays there after a reload": async (visit) => {
    const page = await visit.open("about");
    await page.getByRole("heading", { name: "about" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "about" }).waitFor();
    assert.equal(page.url(), `${visit.base}about`);
    await page.close();
  },

  "an unknown address is the router's to answer": async ({ page, base }) => {
    await page.goto(`${base}nowhere/at/all`);
    await page.getByRole("heading", { name: "no such page" }).waitFor();
  },
};
