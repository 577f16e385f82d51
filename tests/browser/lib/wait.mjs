// Waiting for what gives no event of its own: asks again until it holds, and says what it waited for.
import { setTimeout as pause } from "node:timers/promises";

/**
 * The first truthy value of `probe`; throws with `what` when `deadlineMs` have passed: a text, or a
 * function that makes it then.
 */
export async function until(what, probe, deadlineMs = 10_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for: ${typeof what === "function" ? what() : what}`);
    await pause(50);
  }
}
