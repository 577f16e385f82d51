import assert from "node:assert/strict";
import { test } from "node:test";

test("what asks can be answered on the instance's page", async () => {
  Object.assign(globalThis, { self: globalThis });
  const { answerPlace } = await import("./push");
  assert.equal(answerPlace({ event: "needs_you", client_id: "my box" }), "/instances/my%20box");
  for (const other of [{ event: "finished", client_id: "a" }, { event: "needs_you" }, {}]) assert.equal(answerPlace(other), "");
});

test("what takes the place of an earlier notification alerts again", async () => {
  const shown: [string, NotificationOptions & { renotify?: boolean }][] = [];
  const registration = { showNotification: (...all: (typeof shown)[0]) => Promise.resolve(void shown.push(all)) };
  Object.assign(globalThis, { self: Object.assign(globalThis, { registration }) });
  const { showPush } = await import("./push");
  for (const told of [{ title: "a needs you", tag: "a/s" }, { title: "a needs you" }]) {
    showPush(Object.assign(new Event("push"), { data: { json: () => told }, waitUntil() {} }));
  }
  // Without a tag there is nothing to replace, and browsers refuse to alert again.
  assert.deepEqual(shown.map(([, { tag, renotify }]) => [tag, renotify]), [["a/s", true], ["", false]]);
});

test("a notification leads to this hub and nowhere else", async () => {
  Object.assign(globalThis, { self: globalThis });
  const { ownAddress } = await import("./push");
  const hub = "https://hub.example.org";
  assert.equal(ownAddress(`${hub}/open?client=a&next=/session/s`, hub), `${hub}/open?client=a&next=/session/s`);
  assert.equal(ownAddress("/settings", hub), `${hub}/settings`);
  for (const bad of ["https://evil.test/", "//evil.test", "javascript:alert(1)", undefined, 5, "http://["]) {
    assert.match(ownAddress(bad, hub), /^https:\/\/hub\.example\.org\//);
  }
});
