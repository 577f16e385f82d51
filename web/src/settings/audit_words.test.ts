import assert from "node:assert/strict";
import { test } from "node:test";
import { wordsOf } from "./audit_words";

test("names become words", () => {
  assert.equal(wordsOf("api_token_create"), "api token create");
});
