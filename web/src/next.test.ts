import assert from "node:assert/strict";
import { test } from "node:test";
import { afterSignIn, codeFrom, isCode, nextPath, throughOpen, withPlace } from "./next";

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

test("what leads into path mode leads to the page that opens the instance, and nothing else does", () => {
  for (const [path, led] of [
    ["/clients/a/proxy/deep/?x=1&y#z", "/open?client=a&next=%2Fdeep%2F%3Fx%3D1%26y%23z"],
    ["/clients/a/proxy/", "/open?client=a&next=%2F"],
    ["/clients/a/proxy", "/open?client=a&next=%2F"],
    ["/clients/a/proxy?x", "/open?client=a&next=%2F%3Fx"],
    ["/clients/a/proxy//b", "/open?client=a&next=%2F%2Fb"],
    ["/clients/a/proxyx", "/clients/a/proxyx"],
    ["/clients/a", "/clients/a"],
    ["/open?client=a&next=/clients/b/proxy/", "/open?client=a&next=/clients/b/proxy/"],
    ["/dashboard?x=/clients/a/proxy/", "/dashboard?x=/clients/a/proxy/"],
  ] as const) {
    assert.equal(throughOpen(path), led, path);
  }
  assert.equal(nextPath("?next=/../../b/proxy/%2E%2e/x", origin, "/"), "/b/x");
});

test("a place in an application goes along, and no other fragment", () => {
  for (const [path, hash, led] of [
    ["/deep?x=1", "#/settings/a", "/deep?x=1#/settings/a"],
    ["/deep#here", "#/settings/a", "/deep#here"],
    ["/deep", "#access_token=secret", "/deep"],
    ["/deep", "", "/deep"],
  ] as const) {
    assert.equal(withPlace(path, hash), led);
  }
});

test("signing in leads neither out again nor back to the sign-in page", () => {
  for (const next of ["/auth/logout", "/auth/github?next=/x", "/./auth/logout", "/x/../auth/logout", "/%2e/auth/logout", "/login", "/login?next=/login", "/\tauth/logout"]) {
    assert.equal(afterSignIn(`?next=${encodeURIComponent(next)}`, origin, "#/a"), "/dashboard#/a", next);
  }
  assert.equal(afterSignIn("?next=/instances/auth/", origin, ""), "/instances/auth/");
  assert.equal(afterSignIn("?next=/clients/a/proxy/login", origin, "#/b"), "/open?client=a&next=%2Flogin%23%2Fb");
  assert.equal(afterSignIn("", origin, ""), "/dashboard");
});

test("a code is told from a fragment", () => {
  const code = `0a1b2c3d.${"aZ0_-".repeat(8)}xyz`;
  assert.ok(isCode(code));
  for (const text of ["", "main", "/settings/a", code.slice(1 + code.indexOf(".")), `${code}x`, `access_token=${code}`]) {
    assert.ok(!isCode(text), text);
  }
});

test("a code is found in a link and in itself", () => {
  assert.equal(codeFrom(" https://hub.example.org/login#abc \n"), "abc");
  assert.equal(codeFrom("abc"), "abc");
  assert.equal(codeFrom(""), "");
});
