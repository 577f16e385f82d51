// The list: as many instances as the user has scrolled to. A card is made once and follows its own
// instance; the list itself changes only when the order does.
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { SessionInfo } from "../api";
import { chosen, counts, labelsOf, type Choice } from "../choice";
import type { InstanceStore } from "../store";
import { Button } from "../ui/button";
import { say } from "../ui/say";
import { Card } from "./card";
import { Filters } from "./filters";

const pageSize = 40;

function isEqual<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

interface View {
  readonly ids: readonly string[];
  readonly count: ReturnType<typeof counts>;
  readonly labels: readonly string[];
}

function look(store: InstanceStore, choice: Choice): View {
  return { ids: chosen(store.all, choice), count: counts(store.all), labels: labelsOf(store.all) };
}

/** The same object where nothing differs, so that nothing is rendered again. */
function renew(before: View, now: View): View {
  const isSame =
    isEqual(before.ids, now.ids) &&
    isEqual(before.labels, now.labels) &&
    isEqual(Object.values(before.count), Object.values(now.count));
  return isSame ? before : now;
}

function countWords(shown: number, total: number): string {
  const all = total === 1 ? "1 instance" : `${total} instances`;
  return shown === total ? all : `${shown} of ${all}`;
}

interface ListProps {
  readonly store: InstanceStore;
  readonly info: SessionInfo;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
}

export function List({ store, info, choice, onChoice }: ListProps) {
  const [view, setView] = useState(() => look(store, choice));
  const [limit, setLimit] = useState(pageSize);
  const cards = useRef(new Map<string, VNode>());
  const end = useRef<HTMLLIElement>(null);

  useEffect(() => {
    const again = () => setView((before) => renew(before, look(store, choice)));
    again();
    return store.listen(again);
  }, [store, choice]);

  useEffect(() => setLimit(pageSize), [choice]);

  /** What a choice comes to is read out; not what the list comes to whenever something happens. */
  function choose(next: Choice): void {
    onChoice(next);
    say(countWords(chosen(store.all, next).length, store.all.size));
  }

  const shown = view.ids.slice(0, limit);

  // Near its end, the list grows by itself.
  useEffect(() => {
    if (end.current === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setLimit((now) => now + pageSize);
      },
      { rootMargin: "800px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [limit, view.ids.length > limit]);

  for (const id of [...cards.current.keys()]) if (!store.all.has(id)) cards.current.delete(id);
  function card(id: string): VNode {
    const known = cards.current.get(id);
    if (known !== undefined) return known;
    const made = <Card key={id} id={id} store={store} info={info} />;
    cards.current.set(id, made);
    return made;
  }

  const total = store.all.size;
  return (
    <>
      <Filters choice={choice} onChoice={choose} count={view.count} labels={view.labels} />
      <p class={view.ids.length === total ? "only-read" : "quiet"}>{countWords(view.ids.length, total)}</p>
      {view.ids.length === 0 && (
        <section class="empty">
          <h2>Nothing matches</h2>
          <p>No instance has all of what you search for.</p>
          <Button kind="plain" onClick={() => choose({ ...choice, search: "", state: "", label: "" })}>
            Show all
          </Button>
        </section>
      )}
      {view.ids.length > 0 && (
        <>
          <div class="list-head" aria-hidden="true">
            <span>Instance</span>
            <span>State</span>
            <span>Where</span>
            <span>Sessions</span>
            <span>Versions and link</span>
            <span />
          </div>
          <ul class="cards">
            {shown.map(card)}
            {view.ids.length > limit && (
              <li key="more" ref={end} class="more-cards">
                <Button kind="plain" onClick={() => setLimit((now) => now + pageSize)}>
                  Show more
                </Button>
              </li>
            )}
          </ul>
        </>
      )}
    </>
  );
}
