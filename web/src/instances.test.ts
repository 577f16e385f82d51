import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceOf, chosen, counts, everything, labelsOf, queryOf } from "./choice";
import { apply, doingOf, titleFor, waitsOf, type Instance } from "./instances";

function client(id: string, metadata: object = {}, more: object = {}) {
  return { id, metadata: { state: "idle", ...metadata }, last_seen: "2026-01-01T00:00:00.000Z", ...more };
}

function listOf(...clients: object[]): Map<string, Instance> {
  const all = new Map<string, Instance>();
  apply(all, { type: "client_list", clients });
  return all;
}

test("the list replaces what was known", () => {
  const all = listOf(client("a"), client("b"));
  assert.deepEqual(apply(all, { type: "client_list", clients: [client("b")] }).sort(), ["a", "b"]);
  assert.deepEqual([...all.keys()], ["b"]);
});

test("an update changes one instance, a disconnect keeps it as offline", () => {
  const all = listOf(client("a"), client("b"));
  const b = all.get("b");
  assert.deepEqual(apply(all, { type: "client_update", client: client("a", { state: "busy" }) }), ["a"]);
  assert.equal(all.get("a")?.state, "busy");
  assert.equal(all.get("b"), b, "the others stay the same objects");
  assert.deepEqual(apply(all, { type: "client_disconnected", client_id: "a" }), ["a"]);
  assert.equal(all.get("a")?.state, "offline");
  assert.deepEqual(chosen(all, everything), ["b", "a"]);
});

test("that the web UI does not answer takes the place of what says only that nothing goes on", () => {
  const doing = (metadata: object) => doingOf(listOf(client("a", { no_answer: true, ...metadata })).get("a") as Instance);
  assert.deepEqual(["idle", "active"].map((state) => doing({ state })), ["no_answer", "no_answer"]);
  assert.deepEqual(["needs_you", "error", "busy", "offline"].map((state) => doing({ state })), ["needs_you", "error", "busy", "offline"]);
  assert.equal(doing({ no_answer: false }), "idle");
  const all = listOf(client("a", { no_answer: true }));
  assert.deepEqual([counts(all).no_answer, counts(all).idle], [1, 0]);
  assert.deepEqual(chosen(all, { ...everything, state: "no_answer" }), ["a"]);
  assert.deepEqual(chosen(all, { ...everything, state: "idle" }), []);
  assert.equal(choiceOf("?state=no_answer").state, "no_answer");
  apply(all, { type: "client_disconnected", client_id: "a" });
  assert.equal(all.get("a")?.noAnswer, false, "nobody knows");
});

test("an update that says what is known changes nothing", () => {
  const all = listOf(client("a"));
  assert.deepEqual(apply(all, { type: "client_update", client: client("a") }), []);
});

test("vitals change latency and traffic of what is known and there", () => {
  const all = listOf(client("a"), client("b"), client("away", { state: "offline" }));
  const b = all.get("b");
  const vitals = (id: string, latency_ms?: number, out = 0) => ({ id, latency_ms, traffic: { in: 0, out } });
  const told = { type: "client_vitals", clients: [vitals("a", 12, 3_000), vitals("b"), vitals("away", 5), vitals("unknown", 5), null, {}] };
  assert.deepEqual(apply(all, told), ["a"]);
  assert.deepEqual([all.get("a")?.latency, all.get("a")?.traffic], [12, { in: 0, out: 3_000 }]);
  assert.equal(all.get("b"), b);
  assert.equal(all.get("away")?.latency, 0);
  assert.deepEqual(apply(all, told), []);
  assert.deepEqual(apply(all, { type: "client_vitals", clients: [{ id: "a" }] }), ["a"]);
  assert.equal(all.get("a")?.latency, 0);
  assert.deepEqual(apply(all, { type: "client_vitals", clients: "no" }), []);
});

test("a list in pieces takes nothing away before its end", () => {
  const all = listOf(client("a"), client("b"), client("c"));
  const unlisted = new Set<string>();
  apply(all, { type: "client_list", clients: [client("a", { state: "busy" })], more: true }, unlisted);
  assert.deepEqual([...all.keys()], ["a", "b", "c"]);
  assert.equal(all.get("a")?.state, "busy");
  apply(all, { type: "client_update", client: client("c") }, unlisted);
  apply(all, { type: "client_update", client: client("d") }, unlisted);
  assert.deepEqual(apply(all, { type: "client_list_end" }, unlisted), ["b"]);
  assert.deepEqual([...all.keys()], ["a", "c", "d"]);
  assert.deepEqual(apply(all, { type: "client_list_end" }, unlisted), []);
  // The connection breaks within one; the next names everything.
  apply(all, { type: "client_list", clients: [client("a")], more: true }, unlisted);
  apply(all, { type: "client_list", clients: [client("a"), client("c")] }, unlisted);
  assert.deepEqual([...all.keys()], ["a", "c"]);
  assert.deepEqual(apply(all, { type: "client_list_end" }, unlisted), []);
});

test("an instance that is taken away is gone", () => {
  const all = listOf(client("a"), client("b"));
  assert.deepEqual(apply(all, { type: "client_removed", client_id: "a" }), ["a"]);
  assert.deepEqual([...all.keys()], ["b"]);
  assert.deepEqual(apply(all, { type: "client_removed", client_id: "a" }), []);
});

test("a hub that tells no states tells statuses", () => {
  const all = listOf(
    client("a", { state: undefined, status: "busy", needs_you: true }),
    client("b", { state: undefined, status: "disconnected", needs_you: true, sessions: [{ id: "s" }] }),
  );
  assert.equal(all.get("a")?.state, "needs_you");
  assert.equal(all.get("b")?.state, "offline");
  assert.deepEqual(all.get("b")?.sessions, []);
  assert.equal(titleFor(all), "(1) Instances · berth");
});

test("what waits for its user comes first, what is away last", () => {
  const all = listOf(
    client("away", { state: "offline" }), client("box-10"), client("box-9", { state: "busy" }),
    client("failed", { state: "error" }), client("asks", { state: "needs_you" }),
  );
  assert.deepEqual(chosen(all, everything), ["asks", "failed", "box-9", "box-10", "away"]);
  assert.equal(counts(all).needs_you, 1);
});

test("search looks into names, machines, projects, labels and titles; every word must be found", () => {
  const all = listOf(
    client("a", { hostname: "Laptop", labels: { team: "blue" }, sessions: [{ id: "s", title: "Fix the build" }] }),
    client("b", { hostname: "laptop", project: "/srv/shop" }),
  );
  const found = (search: string) => chosen(all, { ...everything, search });
  assert.deepEqual(found("LAPTOP"), ["a", "b"]);
  assert.deepEqual(found("laptop shop"), ["b"]);
  assert.deepEqual(found("team=blue"), ["a"]);
  assert.deepEqual(found("fix build"), ["a"]);
  assert.deepEqual(found("nothing"), []);
  assert.deepEqual(labelsOf(all), ["team=blue"]);
  assert.deepEqual(chosen(all, { ...everything, label: "team=blue" }), ["a"]);
  assert.deepEqual(chosen(all, { ...everything, state: "busy" }), []);
});

test("a choice survives in the address, and what an address says wrongly is left out", () => {
  const choice = { search: "a b", state: "busy", label: "team=blue", sort: "name" } as const;
  assert.deepEqual(choiceOf(queryOf(choice)), choice);
  assert.equal(queryOf(everything), "");
  assert.deepEqual(choiceOf("?state=constructor&sort=__proto__"), everything);
});

test("messages of any shape are survived and change nothing", () => {
  const all = listOf(client("a"));
  for (const message of [null, 1, "x", [], {}, { type: "client_update" }, { type: "client_update", client: { id: 1 } },
    { type: "client_disconnected", client_id: "z" }, { type: "client_list", clients: "no" }, { type: "new" }]) {
    assert.deepEqual(apply(all, message), []);
  }
});

test("text is bounded and of the expected type; a state that we do not know is none", () => {
  const all = listOf(client("a", { state: "x card", hostname: "h".repeat(9999), project: { x: 1 }, labels: [1], sessions: [null] }));
  assert.equal(all.get("a")?.hostname.length, 200);
  assert.equal(all.get("a")?.project, "");
  assert.equal(all.get("a")?.state, "idle");
});

test("what an instance waits for its user with is told apart by its questions", () => {
  const question = (id: string) => ({ id: `s-${id}`, state: "needs_you", question: { id } });
  const waits = (metadata: object) => [...listOf(client("a", metadata)).values()].map(waitsOf)[0];
  assert.deepEqual(waits({}), []);
  assert.deepEqual(waits({ state: "needs_you", sessions: [question("q1"), { id: "s" }, question("q2")] }), ["q1", "q2"]);
  assert.equal(waits({ state: "needs_you" })?.length, 1);
});
