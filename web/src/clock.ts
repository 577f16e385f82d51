// The hub's time: what it says is judged by its own clock, however wrong this machine's is.

let offsetMs = 0;
const ticks = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
const tickMs = 5_000;

/** Takes the hub's time from the Date field of one of its answers. */
export function noteDate(date: string | null): void {
  const offset = Date.parse(date ?? "") - Date.now();
  // The field counts whole seconds and travels; small differences are none.
  if (!Number.isNaN(offset)) offsetMs = Math.abs(offset) < 3_000 ? 0 : offset;
}

/** Now, by the hub's clock, in milliseconds. */
export function hubNow(): number {
  return Date.now() + offsetMs;
}

/** Calls `tick` every few seconds, all at the same moment; returns what ends it. */
export function onTick(tick: () => void): () => void {
  ticks.add(tick);
  timer ??= setInterval(() => {
    if (!document.hidden) for (const one of [...ticks]) one();
  }, tickMs);
  return () => {
    ticks.delete(tick);
    if (ticks.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
