import assert from "node:assert/strict";
import { test } from "node:test";
import { codeFrom, nextPath } from "./next";

const origin = "https://hub.example.org";

test("a path of the same origin is followed, with its query and fragment", () => {
  assert.equal(nextPath("?next=/clients/a/proxy/?x=1%23y", origin, "/d"), "/clients/a/proxy/?x=1#y");
});

test("nothing else is followed", () => {
  for (const next of ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:1", "x"]) {
    assert.equal(nextPath(`?next=${encodeURIComponent(next)}`, origin, "/d"), "/d", next);
  }
  for (const next of ["/.//e", "/..//e", "/%2e//e", "/x/..//e", "/.//evil.example/x", "/./\\e"]) {
    assert.equal(nextPath(`?next=${encodeURIComponent(next)}`, origin, "/d"), "/d", next);
  }
  assert.equal(nextPath("", origin, "/d"), "/d");
});

test("a code is found in a link and in itself", () => {
  assert.equal(codeFrom(" https://hub.example.org/login#abc \n"), "abc");
  assert.equal(codeFrom("abc"), "abc");
  assert.equal(codeFrom(""), "");
});
