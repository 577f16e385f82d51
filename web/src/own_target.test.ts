import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveOwnTarget, noteOwnTarget } from "./own_target";

/** A browser that is told of events, with what is done to it. */
function browser({ isAnswered = true } = {}) {
  const kept = new Map<string, string>();
  const done: string[] = [];
  const subscription = { unsubscribe: () => Promise.resolve(done.push("unsubscribe") > 0) };
  const registration = { pushManager: { getSubscription: () => Promise.resolve(subscription) } };
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    value: { serviceWorker: { getRegistration: () => Promise.resolve(registration) } },
  });
  Object.assign(globalThis, {
    document: { querySelector: () => null },
    localStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    },
    fetch: (path: string, { method }: { method: string }) => {
      done.push(`${method} ${path}`);
      return isAnswered ? Promise.resolve(new Response(null, { status: 204 })) : Promise.reject(new Error("away"));
    },
  });
  return { kept, done };
}

test("who signs out is told of nothing here any more", async () => {
  const { kept, done } = browser();
  noteOwnTarget("0123456789abcdef");
  await leaveOwnTarget();
  assert.deepEqual(done, ["DELETE /api/notifications/targets/0123456789abcdef", "unsubscribe"]);
  assert.equal(kept.size, 0);
});

test("the browser's subscription ends also where the hub does not answer, or was never told", async () => {
  const away = browser({ isAnswered: false });
  noteOwnTarget("0123456789abcdef");
  await leaveOwnTarget();
  assert.equal(away.done.at(-1), "unsubscribe");
  const unknown = browser();
  await leaveOwnTarget();
  assert.deepEqual(unknown.done, ["unsubscribe"]);
});
