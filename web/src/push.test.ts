import assert from "node:assert/strict";
import { test } from "node:test";

test("a notification leads to this hub and nowhere else", async () => {
  Object.assign(globalThis, { self: globalThis });
  const { placeOf } = await import("./push");
  const hub = "https://hub.example.org";
  assert.equal(placeOf(`${hub}/open?client=a&next=/session/s`, hub), `${hub}/open?client=a&next=/session/s`);
  assert.equal(placeOf("/settings", hub), `${hub}/settings`);
  for (const bad of ["https://evil.test/", "//evil.test", "javascript:alert(1)", undefined, 5, "http://["]) {
    assert.match(placeOf(bad, hub), /^https:\/\/hub\.example\.org\//);
  }
});
