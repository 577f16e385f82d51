import assert from "node:assert/strict";
import { test } from "node:test";
import { askedIn, partsOf, visible } from "./question";

test("a tool's input shows field by field, whole", () => {
  assert.deepEqual(partsOf('{"command":"rm -r x\\nls","timeout":5,"deep":{"a":[1]}}'), [
    { name: "command", value: "rm -r x\nls" },
    { name: "timeout", value: "5" },
    { name: "deep", value: '{\n  "a": [\n    1\n  ]\n}' },
  ]);
  assert.deepEqual(partsOf("plain words"), [{ name: "", value: "plain words" }]);
  assert.deepEqual(partsOf('{"cut'), [{ name: "", value: '{"cut' }]);
  assert.deepEqual(partsOf(""), []);
});

test("what would hide or reorder a command is shown by number", () => {
  assert.equal(visible("ls \u202egnp.exe\u0000"), "ls \\u{202e}gnp.exe\\u{0}");
  assert.equal(visible("tab\tand\nline"), "tab\tand\nline");
});

test("questions with choices are found, and nothing else is taken for one", () => {
  const input = { questions: [{ question: "Which?", header: "H", options: [{ label: "A", description: "first" }, { label: "B" }, 3] }, {}] };
  assert.deepEqual(askedIn(JSON.stringify(input)), [
    { text: "Which?", header: "H", isMany: false, options: [{ label: "A", description: "first" }, { label: "B", description: "" }] },
  ]);
  for (const text of ["", "[]", "null", '{"questions":5}', '{"questions":[null]}']) assert.deepEqual(askedIn(text), []);
});
