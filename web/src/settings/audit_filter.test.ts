import assert from "node:assert/strict";
import { test } from "node:test";
import { fits, valuesOf, wordsOf } from "./audit_filter";

const event = {
  seq: 1, at: "2026-01-31T00:00:00.000Z", actor: "Octocat", action: "sign_in", instanceId: "", address: "", result: "denied", detail: "",
};
const any = { actor: "", action: "", result: "" };

test("an empty filter fits everything, and every part of one must fit", () => {
  assert.ok(fits(event, any));
  assert.ok(fits(event, { actor: " cto ", action: "sign_in", result: "denied" }));
  assert.ok(!fits(event, { ...any, actor: "mona" }));
  assert.ok(!fits(event, { ...any, action: "sign_out" }));
  assert.ok(!fits(event, { ...any, result: "ok" }));
});

test("what can be chosen is what there is, once and in order", () => {
  assert.deepEqual(valuesOf([event, { ...event, action: "open" }, event], "action"), ["open", "sign_in"]);
  assert.equal(wordsOf("api_token_create"), "api token create");
});
