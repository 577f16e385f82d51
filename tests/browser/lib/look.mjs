// How a page looks where it has little room and where it has much.
import assert from "node:assert/strict";
import { join } from "node:path";
import { violations } from "./axe.mjs";

/** At every width, light and dark, the page fits and axe-core finds nothing; pictures of it are kept as `name`. */
export async function lookAt(stage, page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of [360, 768, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(stage.output, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${name}: ${wide} pixels wide at ${width}`);
      assert.deepEqual(await violations(page), [], `${name} at ${width}, ${colorScheme}`);
    }
  }
}
