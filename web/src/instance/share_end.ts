// When a share ends, from what was chosen in the dialog. Pure.

/** The end: `holds` is seconds from `now` ("0": none), or "at" for the local time `until`. */
export function endOf(holds: string, until: string, now: number): Date | undefined {
  if (holds === "at") return new Date(until);
  const seconds = Number(holds);
  return seconds > 0 ? new Date(now + seconds * 1000) : undefined;
}

/** A time as a field of type datetime-local holds it: local, to the minute. */
export function localMinute(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
