// The audit log as the hub tells it: page by page, for what is filtered by now.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, toLogin, words } from "../api";
import { audit, type AuditEvent, type AuditFilter } from "./hub";

/** Fits every event. */
export const everything: AuditFilter = { user: "", action: "", instance: "", result: "" };

// While somebody types, before the hub is asked.
const pauseMs = 250;

interface AuditPages {
  readonly events: readonly AuditEvent[];
  /** What there is to filter by. */
  readonly actions: readonly string[];
  /** There is more, further back. */
  readonly hasMore: boolean;
  readonly busy: boolean;
  /** Of the last answer; "" for none. */
  readonly problem: string;
  /** The page that follows, or that could not be had. */
  readonly load: () => void;
}

/** The newest events that fit, and what asks for more. A change of `filter` begins again. */
export function useAuditPages(filter: AuditFilter): AuditPages {
  const [events, setEvents] = useState<readonly AuditEvent[]>([]);
  const [actions, setActions] = useState<readonly string[]>([]);
  const [next, setNext] = useState<number>();
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState("");
  // An answer to a question that was changed since is of no use.
  const question = useRef(0);
  // The hub takes one at a time.
  const underWay = useRef<Promise<unknown>>(Promise.resolve());

  async function load(before: number): Promise<void> {
    const own = ++question.current;
    setBusy(true);
    await underWay.current;
    if (own !== question.current) return;
    const asked = audit(before, filter);
    underWay.current = asked.catch(() => undefined);
    try {
      const page = await asked;
      if (own !== question.current) return;
      setEvents((known) => (before === 0 ? page.events : [...known, ...page.events]));
      setActions(page.actions);
      setNext(page.next);
      setProblem("");
    } catch (error) {
      if (own !== question.current) return;
      // What stands there, and where it goes on, is of another filter.
      if (before === 0) {
        setEvents([]);
        setNext(undefined);
      }
      if (error instanceof ApiError && error.status === 401) toLogin();
      else setProblem(words(error));
    }
    setBusy(false);
  }

  useEffect(() => {
    const timer = setTimeout(() => void load(0), filter === everything ? 0 : pauseMs);
    return () => clearTimeout(timer);
  }, [filter]);

  return { events, actions, hasMore: !!next, busy, problem, load: () => void load(next ?? 0) };
}
