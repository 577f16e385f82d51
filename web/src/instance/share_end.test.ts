import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, localMinute } from "./share_end";

test("a share ends after a while, at a time, or not", () => {
  const now = Date.UTC(2026, 0, 31, 12);
  assert.equal(endOf("0", "", now), undefined);
  assert.equal(endOf("3600", "", now)?.toISOString(), "2026-01-31T13:00:00.000Z");
  const chosen = new Date(2026, 1, 3, 4, 5);
  assert.equal(endOf("at", "2026-02-03T04:05", now)?.getTime(), chosen.getTime());
  assert.equal(localMinute(chosen), "2026-02-03T04:05");
});
