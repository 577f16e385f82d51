// Runs all checks in one world as tests, with a screenshot of every open page when one fails.
import { after, before, describe, it } from "node:test";
import { checks } from "./checks.mjs";
import { pictured } from "./chromium.mjs";
import { makeWorld } from "./worlds.mjs";

const checkTimeoutMs = 150_000;

/** Registers the tests of `mode`. */
export function runMode(mode) {
  describe(`claudecodeui, ${mode}`, { concurrency: 1 }, () => {
    let world;
    before(async () => {
      world = await makeWorld(mode);
    }, { timeout: 120_000 });
    after(() => world?.stop(), { timeout: 60_000 });
    for (const [name, check] of Object.entries(checks)) {
      it(name, { timeout: checkTimeoutMs }, () => pictured(world.context, world.output, name, () => check(world)));
    }
  });
}
