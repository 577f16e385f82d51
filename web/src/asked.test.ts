import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, codeAndMark, wasAsked, withMark } from "./asked";

/** What a tab keeps. */
function tab(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as Storage;
}

test("a mark counts once, and in its own tab", () => {
  const mine = tab();
  const mark = ask(mine);
  assert.match(mark, /^[0-9a-f]{32}$/);
  assert.equal(wasAsked(mark, tab()), false);
  assert.equal(wasAsked(mark, mine), true);
  assert.equal(wasAsked(mark, mine), false);
});

test("neither another mark counts nor none, and the tab asks anew then", () => {
  for (const wrong of ["", "null", ask(tab())]) {
    const mine = tab();
    assert.equal(wasAsked(wrong, mine), false);
    const mark = ask(mine);
    assert.equal(wasAsked(wrong, mine), false);
    assert.equal(wasAsked(mark, mine), false);
  }
});

test("the mark travels beside the code, and only beside one", () => {
  const mark = ask(tab());
  const url = withMark("https://a.apps.example/.berth/auth?next=/#0a.co-d_e", mark);
  assert.deepEqual(codeAndMark(new URL(url).hash), { code: "0a.co-d_e", mark });
  assert.deepEqual(codeAndMark("#0a.co-d_e"), { code: "0a.co-d_e", mark: "" });
  assert.deepEqual(codeAndMark(""), { code: "", mark: "" });
  for (const other of [null, "", "x", `${mark}0`, `${mark}~y`]) assert.equal(withMark("https://a/#c", other), "https://a/#c");
  assert.equal(withMark("https://hub/clients/a/proxy/", mark), "https://hub/clients/a/proxy/");
});
