// Hooks by which a component follows what changes outside of it.
import { useEffect, useLayoutEffect, useReducer, useState } from "preact/hooks";
import { hubNow, onTick } from "../clock";
import type { Instance } from "../instances";
import type { InstanceStore } from "../store";

/** That instance as it is now; rendered again when it changes, and only then. */
export function useInstance(store: InstanceStore, id: string): Instance | undefined {
  const [one, setOne] = useState(() => store.get(id));
  useLayoutEffect(() => {
    const take = () => setOne(store.get(id));
    take();
    return store.watch(id, take);
  }, [store, id]);
  return one;
}

/** Renders the component again, which the function does each time it is called; it stays the same. */
export function useAgain(): () => void {
  const [, again] = useReducer((count: number, _: void) => count + 1, 0);
  return again;
}

/** The hub's time, renewed every few seconds. */
export function useNow(): number {
  const again = useAgain();
  useEffect(() => onTick(again), []);
  return hubNow();
}
