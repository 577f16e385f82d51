import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { until } from "../../lib/wait.mjs";

const text = (page, id) => page.locator(`#${id}`).innerText();

export const checks = {
  "a form's answer is a redirect, and its message shows once": async (visit) => {
    visit.page = await visit.open();
    const { page, base } = visit;
    await page.locator("[name=item]").fill("milk & <eggs>");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("added milk & <eggs>").waitFor();
    assert.equal(page.url(), base);
    assert.equal(await page.locator("li").innerText(), "milk & <eggs>");
    await page.reload();
    assert.equal(await text(page, "flash"), "");
    assert.equal(await page.locator("li").count(), 1);
  },

  "a relative redirect stays inside": async ({ page, base }) => {
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("cleared").waitFor();
    assert.equal(page.url(), base);
  },

  "a page for members asks to sign in, and leads back": async ({ page, base }) => {
    await page.getByRole("link", { name: "Private" }).click();
    await page.waitForURL(`${base}login?next=/private`);
    await page.locator("[name=user]").fill("ada");
    // This redirect is absolute, at the host that the application was asked for.
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByRole("heading", { name: "private to ada" }).waitFor();
    assert.equal(page.url(), `${base}private`);
  },

  "scripts ask with the session, and their cookies reach the server": async ({ page }) => {
    await until("the answer", () => page.evaluate(() => document.body.dataset.me === "ada"));
    await page.reload();
    assert.equal(await text(page, "theme"), "dark");
  },

  "an upload arrives byte for byte": async ({ page, base }) => {
    await page.goto(base);
    const buffer = randomBytes(300_007);
    await page.locator("[name=file]").setInputFiles({ name: "up.bin", mimeType: "application/octet-stream", buffer });
    await page.getByRole("button", { name: "Upload" }).click();
    const digest = createHash("sha256").update(buffer).digest("hex");
    await page.getByText(`up.bin ${buffer.length} ${digest} a note`).waitFor();
    assert.equal(page.url(), base);
  },

  "styles and pictures come, and are asked for again by their tag": async ({ page, base }) => {
    await until("the style", () => page.evaluate(() => getComputedStyle(document.querySelector("#flash")).color === "rgb(4, 5, 6)"));
    await until("the picture", () => page.evaluate(() => document.querySelector("#set").naturalWidth === 4));
    for (const file of ["", "static/style.css", "static/pixel.svg"]) {
      const statuses = await page.evaluate(async (url) => {
        const first = await fetch(url);
        const headers = { "if-none-match": first.headers.get("etag"), "cache-control": "max-age=0" };
        const again = await fetch(url, { headers });
        return [first.status, again.status];
      }, base + file);
      assert.deepEqual(statuses, [200, 304], file);
    }
  },

  "a downloaded page is not touched": async ({ page, base }) => {
    const started = page.waitForEvent("download");
    await page.evaluate((url) => {
      Object.assign(document.createElement("a"), { href: url }).click();
    }, `${base}report`);
    const download = await started;
    assert.equal(download.suggestedFilename(), "report.html");
    assert.equal(readFileSync(await download.path(), "utf8"), '<a href="/">not to be touched</a>');
  },

  "signing out forgets the cookies": async ({ page, base, stage }) => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(base);
    assert.equal(await text(page, "user"), "nobody");
    const kept = (await stage.context.cookies(base)).map(({ name }) => name);
    assert.ok(!kept.includes("connect.sid"), kept.join());
    await page.goto(`${base}private`);
    await page.waitForURL(`${base}login?next=/private`);
  },
};
