// Times as people say them, with the exact time at hand.
import { ago } from "../instances";

/** "5 minutes ago" as seen at `now`; `since` is ISO 8601, "" or broken shows "never". */
export function Ago({ since, now }: { since: string; now: number }) {
  const then = Date.parse(since);
  if (Number.isNaN(then)) return <>never</>;
  return (
    <time dateTime={since} title={new Date(then).toLocaleString()}>
      {ago(then, now)}
    </time>
  );
}
