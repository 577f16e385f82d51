import assert from "node:assert/strict";
import { test } from "node:test";
import { problemOf } from "./target_problem";

test("a refusal stands at the field that it is about, by the name that its user knows", () => {
  assert.deepEqual(problemOf('Quiet_hours "29:00-07:00": write 22:00-07:00.'), {
    of: "quiet_hours", words: 'Quiet hours "29:00-07:00": write 22:00-07:00.',
  });
  assert.deepEqual(problemOf("Url is too long."), { of: "url", words: "Address is too long." });
  for (const words of ["The hub does not answer.", "Urls: no.", "You have 20 already.", "", "Constructor: no."]) {
    assert.deepEqual(problemOf(words), { words });
  }
});
