import assert from "node:assert/strict";
import { test } from "node:test";
import { browserOf } from "./browser_name";

test("browsers are named by what they say, the more special name first", () => {
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  assert.equal(browserOf(`Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/130.0 Safari/537.36`), "Chrome on Linux");
  assert.equal(browserOf(`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/130.0 Safari/537.36 Edg/130.0`), "Edge on Windows");
  assert.equal(browserOf("Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0"), "Firefox on Android");
  assert.equal(browserOf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Mobile Safari/604"), "Safari on iOS");
  assert.equal(browserOf("curl/8.1"), "curl");
});

test("what is not known is shown as it is, cut", () => {
  assert.equal(browserOf("<b>robot</b>"), "<b>robot</b>");
  assert.equal(browserOf("x".repeat(500)).length, 60);
  assert.equal(browserOf(""), "an unnamed browser");
});
