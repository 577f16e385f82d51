// Times as people say them, with the exact time at hand.
import { ago, lasting } from "../words";
import { useNow } from "./watch";

/** "5 minutes ago"; `since` is ISO 8601, "" or broken shows "never". `now` defaults to the hub's. */
export function Ago({ since, now }: { since: string; now?: number }) {
  const live = useNow();
  const then = Date.parse(since);
  if (Number.isNaN(then)) return <>never</>;
  return (
    <time dateTime={since} title={new Date(then).toLocaleString()}>
      {ago(then, now ?? live)}
    </time>
  );
}

/** "for 3 min", or nothing where it is not known. */
export function Since({ since }: { since: string }) {
  const now = useNow();
  const then = Date.parse(since);
  if (Number.isNaN(then) || then <= 0) return null;
  return (
    <time class="for" dateTime={since} title={`Since ${new Date(then).toLocaleString()}`}>
      for {lasting(now - then)}
    </time>
  );
}
