// Runs all checks in one world as tests, with a screenshot of every open page when one fails.
import { after, before, describe, it } from "node:test";
import { join } from "node:path";
import { checks } from "./checks.mjs";
import { makeWorld } from "./worlds.mjs";

const checkTimeoutMs = 150_000;

async function shoot(world, name) {
  for (const [index, page] of world.context.pages().entries()) {
    const file = `${name.replace(/\W+/g, "-").slice(0, 60)}-${index}.png`;
    await page.screenshot({ path: join(world.output, file), timeout: 5000 }).catch(() => {});
  }
}

/** Registers the tests of `mode`. */
export function runMode(mode) {
  describe(`claudecodeui, ${mode}`, { concurrency: 1 }, () => {
    let world;
    before(async () => {
      world = await makeWorld(mode);
    }, { timeout: 120_000 });
    after(() => world?.stop(), { timeout: 60_000 });
    for (const [name, check] of Object.entries(checks)) {
      it(name, { timeout: checkTimeoutMs }, async () => {
        try {
          await check(world);
        } catch (error) {
          await shoot(world, name);
          throw error;
        }
      });
    }
  });
}
