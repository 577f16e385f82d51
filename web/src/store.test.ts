import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { InstanceStore } from "./store";

const list = { type: "client_list", clients: [] };

/** A window whose frames come when the test says so. */
function fakeFrames(): Map<number, () => void> {
  const frames = new Map<number, () => void>();
  let last = 0;
  Object.assign(globalThis, {
    document: { hidden: false },
    requestAnimationFrame: (frame: () => void) => frames.set(++last, frame) && last,
    cancelAnimationFrame: (id: number) => frames.delete(id),
  });
  return frames;
}

test("messages are applied once, with the frame", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const frames = fakeFrames();
  const store = new InstanceStore();
  const told = mock.fn();
  store.listen(told);
  store.hear(list);
  store.hear({ type: "client_update", client: { id: "one" } });
  for (const frame of [...frames.values()]) frame();
  assert.equal(told.mock.callCount(), 1);
  assert.equal(store.all.size, 1);
  mock.timers.tick(1_000);
  assert.equal(told.mock.callCount(), 1);
});

test("a page that is hidden before its frame comes hears of changes all the same", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const frames = fakeFrames();
  const store = new InstanceStore();
  store.hear(list);
  mock.timers.tick(1_000);
  assert.ok(store.isLoaded);
  assert.equal(frames.size, 0);
});
