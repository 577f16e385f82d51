import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "./api";
import { formatCode, parseEnrolment } from "./enrolment";

test("a code takes its form while it is typed or pasted", () => {
  assert.equal(formatCode(""), "");
  assert.equal(formatCode("bcd"), "BCD");
  assert.equal(formatCode("bcdfg"), "BCDF-G");
  assert.equal(formatCode(" bcdf-ghjk "), "BCDF-GHJK");
  assert.equal(formatCode("BCDFGHJKLMN"), "BCDF-GHJK");
});

test("an agent's description is read, and a broken answer is an error", () => {
  const answer = {
    code: "BCDF-GHJK", machine: "laptop", address: "192.0.2.1", instance_id: "laptop", platform: "linux x86_64",
    agent_version: "1.0", created_at: "2025-02-03T04:05:06.789Z", expires_at: "2025-02-03T04:15:06.789Z",
  };
  const enrolment = parseEnrolment(answer);
  assert.equal(enrolment.instanceId, "laptop");
  assert.equal(enrolment.createdAt, Date.UTC(2025, 1, 3, 4, 5, 6, 789));
  for (const broken of [undefined, null, "x", {}, { ...answer, code: 5 }, { ...answer, created_at: "soon" }]) {
    assert.throws(() => parseEnrolment(broken), ApiError);
  }
});
