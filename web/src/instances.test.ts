import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, apply, sorted, stateClass, titleFor, type Instances } from "./instances";

function client(id: string, metadata: object = {}) {
  return { id, metadata: { status: "idle", ...metadata }, last_seen: "2026-01-01T00:00:00.000Z" };
}

const none: Instances = new Map();

test("the list replaces what was known", () => {
  const first = apply(none, { type: "client_list", clients: [client("a"), client("b")] });
  const second = apply(first, { type: "client_list", clients: [client("b")] });
  assert.deepEqual([...second.keys()], ["b"]);
});

test("an update changes one instance, a disconnect keeps it as offline", () => {
  let all = apply(none, { type: "client_list", clients: [client("a"), client("b")] });
  all = apply(all, { type: "client_update", client: client("a", { status: "busy" }) });
  assert.equal(all.get("a")?.status, "busy");
  all = apply(all, { type: "client_disconnected", client_id: "a" });
  assert.equal(all.get("a")?.status, "disconnected");
  assert.deepEqual(sorted(all).map(({ id }) => id), ["b", "a"]);
});

test("an instance that is taken away is gone", () => {
  const before = apply(none, { type: "client_list", clients: [client("a"), client("b")] });
  const after = apply(before, { type: "client_removed", client_id: "a" });
  assert.deepEqual([...after.keys()], ["b"]);
  assert.equal(apply(after, { type: "client_removed", client_id: "a" }), after);
});

test("an instance that needs its user says so, also in the title", () => {
  const all = apply(none, { type: "client_update", client: client("a", { status: "busy", needs_you: true }) });
  assert.equal(all.get("a")?.status, "waiting");
  assert.equal(titleFor(all), "(1) Instances · berth");
});

test("an offline instance waits for nobody", () => {
  const metadata = { status: "disconnected", needs_you: true, sessions: [{ id: "s" }] };
  const all = apply(none, { type: "client_update", client: client("a", metadata) });
  assert.equal(all.get("a")?.status, "disconnected");
  assert.deepEqual(all.get("a")?.sessions, []);
});

test("messages of any shape are survived and change nothing", () => {
  const before = apply(none, { type: "client_list", clients: [client("a")] });
  for (const message of [null, 1, "x", [], {}, { type: "client_update" }, { type: "client_update", client: { id: 1 } },
    { type: "client_disconnected", client_id: "z" }, { type: "client_list", clients: "no" }, { type: "new" }]) {
    assert.equal(apply(before, message), before);
  }
});

test("text is bounded and of the expected type", () => {
  const all = apply(none, { type: "client_update", client: client("a", { hostname: "h".repeat(9999), project: { x: 1 }, labels: [1], sessions: [null] }) });
  assert.equal(all.get("a")?.hostname.length, 200);
  assert.equal(all.get("a")?.project, "");
});

test("only known statuses have a style", () => {
  assert.equal(stateClass("busy"), "state-busy");
  assert.equal(stateClass("x card"), "");
});

test("times read as people say them", () => {
  assert.equal(ago(0, 30_000), "just now");
  assert.equal(ago(0, 60_000), "1 minute ago");
  assert.equal(ago(0, 7_200_000), "2 hours ago");
  assert.equal(ago(Number.NaN, 0), "unknown");
  assert.equal(ago(10_000, 0), "just now");
});
