import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, type Instance } from "./instances";
import { keep, lastKnown } from "./last_known";

/** A browser's cache: what it holds, by address. */
function fakeCache(): Map<string, Response> {
  const held = new Map<string, Response>();
  const cache = {
    put: (place: string, answer: Response) => Promise.resolve(void held.set(place, answer)),
    match: (place: string) => Promise.resolve(held.get(place)?.clone()),
    delete: (place: string) => Promise.resolve(held.delete(place)),
  };
  Object.assign(globalThis, { caches: { open: () => Promise.resolve(cache) } });
  return held;
}

test("the last list is there as long as the session of its user may last, and then no more", async () => {
  const held = fakeCache();
  const all = new Map<string, Instance>();
  apply(all, { type: "client_list", clients: [{ id: "attic", metadata: { state: "busy" } }] });
  keep(all, 1_000, 5_000);
  const known = await lastKnown(4_999);
  assert.equal(known?.at, 1_000);
  assert.equal(known?.all.get("attic")?.state, "busy");
  assert.equal(held.size, 1);
  assert.equal(await lastKnown(5_000), undefined);
  assert.equal(held.size, 0);
});

test("a list that stays the same is written once a minute, one that changes at once", async () => {
  const held = fakeCache();
  const all = new Map<string, Instance>();
  const told = (state: string) => apply(all, { type: "client_list", clients: [{ id: "attic", metadata: { state } }] });
  const keptAt = async (now: number): Promise<number | undefined> => {
    keep(all, now, 900_000);
    return (await lastKnown(now))?.at;
  };
  told("idle");
  assert.equal(await keptAt(100_000), 100_000);
  assert.equal(await keptAt(102_500), 100_000);
  told("busy");
  assert.equal(await keptAt(105_000), 105_000);
  assert.equal(await keptAt(164_999), 105_000);
  assert.equal(await keptAt(165_000), 165_000);
  assert.equal(held.size, 1);
});

test("of a long list the first are kept, as it shows them, and how many there were", async () => {
  fakeCache();
  const all = new Map<string, Instance>();
  const clients = Array.from({ length: 600 }, (_, index) => ({ id: `i${index}`, metadata: { state: "offline" } }));
  apply(all, { type: "client_list", clients: [...clients, { id: "zeta", metadata: { state: "needs_you" } }] });
  keep(all, 1_000, 5_000);
  const known = await lastKnown(2_000);
  assert.equal(known?.all.size, 500);
  assert.equal(known?.all.get("zeta")?.state, "needs_you");
  assert.equal(known?.count, 601);
});

test("a list that does not say how long it may be kept is not shown", async () => {
  const held = fakeCache();
  for (const kept of ["{}", '{"at":1,"list":[]}', '{"at":1,"until":null,"list":[]}', "no JSON"]) {
    held.set("/.berth/last-known", new Response(kept));
    assert.equal(await lastKnown(0), undefined, kept);
  }
});
