import assert from "node:assert/strict";
import { test } from "node:test";

/** A browser that holds a subscription for the key `held`. */
function fakeManager(held: string) {
  const unsubscribe = async () => (held = "");
  return {
    getSubscription: async () => (held === "" ? null : { unsubscribe }),
    subscribe: async ({ applicationServerKey: key }: { applicationServerKey: string }) => {
      if (key === "broken") throw new DOMException("", "InvalidAccessError");
      if (key === "unserved") throw new DOMException("Registration failed - push service error", "AbortError");
      if (held !== "" && held !== key) throw new DOMException("", "InvalidStateError");
      held = key;
      return { key };
    },
  };
}

test("a subscription for another key gives way, one for this key stays", async () => {
  Object.assign(globalThis, { navigator: {} });
  const { subscribeFor } = await import("./notify_targets");
  const ask = (held: string, key: string) => subscribeFor(fakeManager(held) as unknown as PushManager, key);
  for (const held of ["", "ours", "theirs"]) assert.deepEqual(await ask(held, "ours"), { key: "ours" });
  await assert.rejects(ask("theirs", "broken"), { name: "InvalidAccessError" });
  await assert.rejects(ask("", "unserved"), { name: "Error", message: /no push service, or it is switched off/ });
});
