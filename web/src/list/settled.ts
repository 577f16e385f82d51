// Whether a press is meant for what is shown: not if that took its place under the user's finger just now.
import { useLayoutEffect, useRef, useState, type MutableRef } from "preact/hooks";

const settleMs = 600;
const stillPx = 1;

type Place = readonly [left: number, top: number];

function isNear(a: Place, b: Place): boolean {
  return Math.abs(a[0] - b[0]) <= stillPx && Math.abs(a[1] - b[1]) <= stillPx;
}

interface Settled<E> {
  /** To be given to the element. */
  readonly ref: MutableRef<E | null>;
  /** Whether the element has shown the same, where it is, for a moment. Asked at the press. */
  readonly isSettled: () => boolean;
  /** The same, to be seen: not before that moment is over. */
  readonly looksSettled: boolean;
}

/** `shown` tells what the element shows: the same text, the same contents. */
export function useSettled<E extends HTMLElement>(shown: string): Settled<E> {
  const ref = useRef<E>(null);
  const changed = useRef(0);
  const timer = useRef<number>();
  const [looksSettled, setLooksSettled] = useState(false);
  const last = useRef<{ inPage: Place; inWindow: Place }>();

  function noteChange(): void {
    changed.current = performance.now();
    setLooksSettled(false);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setLooksSettled(true), settleMs + 1);
  }

  /** Notes where the element is. It moved unless it kept its place in the page (the user scrolls) or in the window. */
  function look(): void {
    const { left, top } = ref.current?.getBoundingClientRect() ?? { left: NaN, top: NaN };
    const [inWindow, inPage] = [[left, top], [left + scrollX, top + scrollY]] as const;
    const isStill = last.current !== undefined && (isNear(inPage, last.current.inPage) || isNear(inWindow, last.current.inWindow));
    if (!isStill) noteChange();
    last.current = { inPage, inWindow };
  }

  useLayoutEffect(noteChange, [shown]);
  useLayoutEffect(() => () => clearTimeout(timer.current), []);

  // Before anything of another size is seen.
  useLayoutEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  function isSettled(): boolean {
    look();
    return performance.now() - changed.current >= settleMs;
  }

  return { ref, isSettled, looksSettled };
}
