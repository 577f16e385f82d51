// How a page looks where it has little room and where it has much.
import assert from "node:assert/strict";
import { join } from "node:path";
import { violations } from "./axe.mjs";

const looks = [
  { name: "phone", width: 360, height: 780 },
  { name: "tablet", width: 820, height: 1000 },
  { name: "desktop", width: 1280, height: 800 },
  { name: "wide", width: 1600, height: 900 },
];

/**
 * At every width, light and dark, axe-core finds nothing, and the page does not scroll sideways; pictures of it are
 * kept as `name`.
 */
export async function lookAt(stage, page, name) {
  for (const { name: look, ...viewport } of looks) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // What lies outside of the window is not drawn: the window is made as high as the page.
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ ...viewport, height: Math.max(viewport.height, height) });
      await page.screenshot({ path: join(stage.output, `${name}-${look}-${colorScheme}.png`), fullPage: true });
      assert.deepEqual(await violations(page), [], `${name}, ${look}, ${colorScheme}`);
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} scrolls ${wide} px sideways at ${viewport.width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
}
