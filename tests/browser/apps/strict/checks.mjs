import assert from "node:assert/strict";
import { until } from "../../lib/wait.mjs";

export const checks = {
  "modules are found by the page's own import map and from the root": async (visit) => {
    visit.page = await visit.open();
    await visit.page.getByRole("heading", { name: "hello!" }).waitFor();
  },

  "styles and pictures are allowed": async ({ page }) => {
    await until("the style", () => page.evaluate(() => getComputedStyle(document.querySelector("h1")).color === "rgb(14, 15, 16)"));
    await until("the picture", () => page.evaluate(() => document.images[0].naturalWidth === 5));
  },

  "events come, and go on where they broke off": async ({ page }) => {
    await page.getByText("1:a 2:b 3:a").waitFor();
  },

  "a worker loads and asks from the root": async ({ page }) => {
    await page.getByText("worker 42").waitFor();
  },

  "what the policy forbids stays forbidden": async ({ page }) => {
    const ran = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = true";
      document.head.append(script);
      return globalThis.ran === true;
    });
    assert.equal(ran, false);
  },
};
