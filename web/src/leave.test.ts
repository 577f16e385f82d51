import assert from "node:assert/strict";
import { test } from "node:test";
import { leave } from "./leave";

/** A browser that is told of events, at a hub that answers signing out so; what was done, in order. */
function browser(status: number): string[] {
  const done: string[] = [];
  const subscription = { unsubscribe: () => Promise.resolve(done.push("unsubscribe") > 0) };
  const pushManager = { getSubscription: () => Promise.resolve(subscription) };
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    value: { serviceWorker: { getRegistration: () => Promise.resolve({ pushManager }) } },
  });
  Object.assign(globalThis, {
    document: { querySelector: () => null },
    location: { replace: (address: string) => done.push(address) },
    localStorage: { removeItem: (key: string) => done.push(`forget ${key}`) },
    fetch: (path: string, { method }: { method: string }) => {
      done.push(`${method} ${path}`);
      return status === 0 ? Promise.reject(new Error("away")) : Promise.resolve(new Response(null, { status }));
    },
  });
  return done;
}

test("signing out that fails changes nothing here; once it works, nothing stays", async () => {
  for (const status of [0, 503]) {
    const done = browser(status);
    await assert.rejects(leave());
    assert.deepEqual(done, ["DELETE /api/session"]);
  }
  const done = browser(204);
  await leave();
  assert.deepEqual(done, ["DELETE /api/session", "forget berth-own-target", "unsubscribe", "/login"]);
});
