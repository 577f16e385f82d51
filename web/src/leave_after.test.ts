import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveAfter, startAnew } from "./api";

test("what was to lead away while it failed leads away then: the session may have ended all the same", async () => {
  const done: string[] = [];
  Object.assign(globalThis, {
    location: { replace: (address: string) => done.push(address), reload: () => done.push("reload") },
  });
  const failure = new Error("busy");
  const failing = () => leaveAfter("/login", () => Promise.reject(failure));
  await assert.rejects(failing(), failure);
  assert.deepEqual(done, []);
  const working = leaveAfter("/login", async () => {
    startAnew();
    assert.deepEqual(done, []);
    await Promise.reject(failure);
  });
  await assert.rejects(working, failure);
  assert.deepEqual(done, ["reload"]);
});
