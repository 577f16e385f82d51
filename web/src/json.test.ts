import assert from "node:assert/strict";
import { test } from "node:test";
import { record, records, text, texts, whole } from "./json";

test("whatever the hub answers, what is read has the type that is expected", () => {
  for (const odd of [undefined, null, 7, "x", [], {}, [1], true]) {
    assert.equal(typeof text(odd), "string");
    assert.equal(typeof record(odd), "object");
    assert.ok(Array.isArray(records(odd, "list")));
    assert.ok(texts(odd).every((one) => typeof one === "string"));
    assert.ok(Number.isSafeInteger(whole(odd)));
  }
  assert.deepEqual(records({ list: [{ a: 1 }, null, 3] }, "list"), [{ a: 1 }, {}, {}]);
  assert.deepEqual(texts(["a", 1, "b"]), ["a", "b"]);
  assert.equal(whole(1.5), 0);
});

test("text is bounded", () => {
  assert.equal(text("x".repeat(5_000)).length, 1_000);
  assert.equal(text("abcdef", 3), "abc");
});
