// What is read aloud when an instance needs its user: at its first question, and at each that joins or replaces one.
import { useEffect, useRef, useState } from "preact/hooks";
import { waitsOf } from "../instances";
import type { InstanceStore } from "../store";

interface AnnouncerProps {
  readonly store: InstanceStore;
  /** The one instance that the page is about; without it, all. */
  readonly only?: string;
}

export function Announcer({ store, only }: AnnouncerProps) {
  // What waits, as [instance, what].
  const [begun, setBegun] = useState<readonly (readonly [string, string])[]>([]);
  const before = useRef(new Map<string, readonly string[]>());
  useEffect(() => {
    const look = () => {
      const now = new Map<string, readonly string[]>();
      const fresh: (readonly [string, string])[] = [];
      for (const one of store.all.values()) {
        if (only !== undefined && one.id !== only) continue;
        const waits = waitsOf(one);
        now.set(one.id, waits);
        const known = before.current.get(one.id);
        if (known === undefined) continue;
        for (const what of waits) if (!known.includes(what)) fresh.push([one.id, what]);
      }
      before.current = now;
      // Only what changes is read: words that do not hold any more make room for the same ones.
      setBegun((said) => {
        if (fresh.length > 0) return fresh;
        return said.every(([id, what]) => now.get(id)?.includes(what)) ? said : [];
      });
    };
    look();
    return store.listen(look);
  }, [store, only]);
  const names = [...new Set(begun.map(([id]) => store.get(id)?.name ?? id))];
  return (
    <p class="only-read" role="status">
      {/* New, though the same words, for what is new. */}
      {names.length > 0 && <span key={begun.join("\n")}>{`${names.join(", ")} needs you`}</span>}
    </p>
  );
}
