// A moment in the reader's own time zone, with the exact one at hand.

/** `at` is ISO 8601; `none` is shown for "". */
export function LocalTime({ at, none = "never" }: { at: string; none?: string }) {
  const moment = Date.parse(at);
  if (Number.isNaN(moment)) return <>{none}</>;
  return (
    <time dateTime={at} title={at}>
      {new Date(moment).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}
    </time>
  );
}
