import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, lasting } from "./words";

test("times read as people say them", () => {
  assert.equal(ago(0, 30_000), "just now");
  assert.equal(ago(0, 60_000), "1 minute ago");
  assert.equal(ago(0, 7_200_000), "2 hours ago");
  assert.equal(ago(Number.NaN, 1), "unknown");
  assert.equal(ago(10_000, 0), "just now");
});

test("durations and sizes have one unit, or two where it helps", () => {
  assert.equal(lasting(-5), "0 s");
  assert.equal(lasting(59_999), "59 s");
  assert.equal(lasting(180_000), "3 min");
  assert.equal(lasting(7_500_000), "2 h 5 min");
  assert.equal(lasting(4 * 86_400_000), "4 days");
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(1536), "1.5 KiB");
  assert.equal(bytes(123 * 1024 * 1024), "123 MiB");
});
