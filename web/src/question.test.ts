import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, shownOf, visible } from "./question";

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

test("what nests too deep to be laid out shows as it is", () => {
  const nested = (depth: number) => `{"deep":${"[".repeat(depth)}"]{\\"["${"]".repeat(depth)}}`;
  assert.deepEqual(partsOf(nested(8_000)), [{ name: "", value: nested(8_000) }]);
  assert.equal(partsOf(nested(31))[0]?.name, "deep");
});

// Where every quotation mark had the rest looked through once more, this would take minutes.
test("a long text whose last string never ends is looked through once", { timeout: 20_000 }, async () => {
  const text = `"${'\\"'.repeat(100_000)}`;
  assert.equal(shownOf({ kind: "permission", tool: "Bash", text }).parts.length, 1);
  // Only who comes back here is told that the time is over.
  await new Promise((resolve) => setTimeout(resolve, 1));
});

test("what would hide or reorder a command is shown by number", () => {
  assert.equal(visible("ls \u202egnp.exe\u0000"), "ls \\u{202e}gnp.exe\\u{0}");
  assert.equal(visible("a\u115f\u1160\u3164\uffa0\u00ad\ufe0e\u2028b"), "a\\u{115f}\\u{1160}\\u{3164}\\u{ffa0}\\u{ad}\\u{fe0e}\\u{2028}b");
  assert.equal(visible("ls\u{e0001}\u{e0072}\u{e007f}"), "ls\\u{e0001}\\u{e0072}\\u{e007f}");
  assert.equal(visible("tab\tand\nline"), "tab\tand\nline");
  assert.equal(visible("Größe, 名前, 🙂, ⚠\ufe0f"), "Größe, 名前, 🙂, ⚠\ufe0f");
  assert.equal(visible("a\ufe0f"), "a\\u{fe0f}");
});

const question = (input: unknown, more = {}) => ({ kind: "question", tool: "AskUserQuestion", text: JSON.stringify(input), ...more });
const which = { question: "Which?", header: "H", options: [{ label: "A", description: "first" }, { label: "B" }] };

test("a question is shown by its choices, with every other field", () => {
  const input = {
    questions: [{ ...which, hint: "old", options: [...which.options, { label: "C", preview: "c" }] }],
    command: "rm -r x",
  };
  assert.deepEqual(shownOf(question(input)), {
    asked: [
      {
        text: "Which?",
        header: "H",
        isMany: false,
        options: [
          { label: "A", description: "first", more: [] },
          { label: "B", description: "", more: [] },
          { label: "C", description: "", more: [{ name: "C: preview", value: "c" }] },
        ],
        more: [{ name: "hint", value: "old" }],
      },
    ],
    parts: [{ name: "command", value: "rm -r x" }],
  });
});

test("what is approved is shown by its fields, whatever they look like", () => {
  const input = { questions: [which], plan: "delete everything" };
  for (const more of [{ kind: "permission", tool: "mcp__ask__AskUserQuestion" }, { kind: "permission" }, { kind: "" }, { tool: "ExitPlanMode" }]) {
    const { asked, parts } = shownOf(question(input, more));
    assert.deepEqual(asked, []);
    assert.deepEqual(parts.map(({ name }) => name), ["questions", "plan"]);
  }
});

test("choices of another form are not shown in part", () => {
  const broken = [5, [], [null], [which, {}], [which, which], [{ question: "Why?" }], [{ ...which, options: [{ label: "A" }, 3] }]];
  for (const questions of broken) {
    assert.deepEqual(shownOf(question({ questions })), { asked: [], parts: partsOf(JSON.stringify({ questions })) });
  }
  for (const text of ["", "[]", "null", '{"questions":[{"question":"Wh… (9 bytes in all)']) {
    assert.deepEqual(shownOf(question({}, { text })), { asked: [], parts: partsOf(text) });
  }
});
