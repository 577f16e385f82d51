// What happened on the hub, the newest first, page by page.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, toLogin, words } from "../api";
import { Button } from "../ui/button";
import { Field, SelectField } from "../ui/field";
import { LocalTime } from "../ui/local_time";
import { Empty, Notice } from "../ui/notice";
import { Panel } from "../ui/panel";
import { Table } from "../ui/table";
import { wordsOf } from "./audit_words";
import { audit, type AuditEvent, type AuditFilter } from "./hub";

const columns = [
  { name: "When", show: ({ at }: AuditEvent) => <LocalTime at={at} /> },
  { name: "Who", show: ({ actor }: AuditEvent) => <bdi>{actor || "somebody not signed in"}</bdi> },
  { name: "What", show: ({ action }: AuditEvent) => wordsOf(action) },
  { name: "Result", show: ({ result }: AuditEvent) => result },
  { name: "Instance", show: ({ instanceId }: AuditEvent) => instanceId },
  { name: "From", show: ({ address }: AuditEvent) => address },
  { name: "Detail", show: ({ detail }: AuditEvent) => detail && <bdi>{detail}</bdi> },
];

const everything: AuditFilter = { user: "", action: "", instance: "", result: "" };
const results: readonly (readonly [string, string])[] = [
  ["", "all"],
  ["ok", "ok"],
  ["denied", "denied"],
  ["failed", "failed"],
];

// While somebody types, before the hub is asked.
const pauseMs = 250;

export function AuditLog({ isHubOwner }: { isHubOwner: boolean }) {
  const [events, setEvents] = useState<readonly AuditEvent[]>([]);
  const [actions, setActions] = useState<readonly string[]>([]);
  const [next, setNext] = useState<number>();
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState("");
  const [filter, setFilter] = useState(everything);
  // An answer to a question that was changed since is of no use.
  const question = useRef(0);
  // The hub takes one at a time.
  const underWay = useRef<Promise<unknown>>(Promise.resolve());

  async function load(before: number): Promise<void> {
    const own = ++question.current;
    setBusy(true);
    setProblem("");
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
  const isFiltered = Object.values(filter).some((value) => value !== "");

  return (
    <Panel
      id="audit"
      title="Audit log"
      about={
        isHubOwner
          ? "What happened on this hub, the newest first. Events are only ever added."
          : "What you did on this hub, the newest first. Its owners see everything."
      }
    >
      {() => (
        <>
          <div class="fields" role="search" aria-label="Filter the log">
            <Field
              id="audit-user"
              label="Who"
              type="search"
              maxLength={200}
              value={filter.user}
              onInput={(event) => setFilter({ ...filter, user: event.currentTarget.value })}
            />
            <SelectField
              id="audit-action"
              label="What"
              options={[["", "all"], ...actions.map((action) => [action, wordsOf(action)] as const)]}
              value={filter.action}
              onChange={(event) => setFilter({ ...filter, action: event.currentTarget.value })}
            />
            <SelectField
              id="audit-result"
              label="Result"
              options={results}
              value={filter.result}
              onChange={(event) => setFilter({ ...filter, result: event.currentTarget.value })}
            />
            <Field
              id="audit-instance"
              label="Instance"
              type="search"
              maxLength={200}
              value={filter.instance}
              onInput={(event) => setFilter({ ...filter, instance: event.currentTarget.value })}
            />
          </div>
          <p class="quiet" role="status">
            {busy ? "Loading…" : problem ? "" : `${next ? "The newest " : ""}${events.length} ${events.length === 1 ? "event" : "events"}${isFiltered ? " that fit" : ""}.`}
          </p>
          <Notice kind="error">
            {problem && (
              <div class="actions">
                <span>{problem}</span>
                <Button kind="plain" onClick={() => void load(next ?? 0)}>
                  Try again
                </Button>
              </div>
            )}
          </Notice>
          {events.length > 0 && <Table caption="Audit log" columns={columns} rows={events} keyOf={({ seq }) => seq} />}
          {events.length === 0 && !busy && problem === "" && (
            <Empty title={isFiltered ? "No event fits" : "Nothing happened yet"}>
              <p>
                {isFiltered
                  ? "Names are whole names. Choose something else above."
                  : "Sign-ins, tokens, shares and the like will stand here."}
              </p>
            </Empty>
          )}
          {!!next && (
            <p class="actions">
              <Button kind="plain" disabled={busy} onClick={() => void load(next)}>
                Further back
              </Button>
            </p>
          )}
        </>
      )}
    </Panel>
  );
}
