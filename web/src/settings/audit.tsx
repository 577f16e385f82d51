// What happened on the hub, the newest first, page by page.
import { useEffect, useState } from "preact/hooks";
import { ApiError, toLogin, words } from "../api";
import { Button } from "../ui/button";
import { Field, SelectField } from "../ui/field";
import { LocalTime } from "../ui/local_time";
import { Empty, Notice } from "../ui/notice";
import { Panel } from "../ui/panel";
import { Table } from "../ui/table";
import { fits, valuesOf, wordsOf, type AuditFilter } from "./audit_filter";
import { audit, type AuditEvent } from "./hub";

const columns = [
  { name: "When", show: ({ at }: AuditEvent) => <LocalTime at={at} /> },
  { name: "Who", show: ({ actor }: AuditEvent) => <bdi>{actor || "somebody not signed in"}</bdi> },
  { name: "What", show: ({ action }: AuditEvent) => wordsOf(action) },
  { name: "Result", show: ({ result }: AuditEvent) => result },
  { name: "Instance", show: ({ instanceId }: AuditEvent) => instanceId },
  { name: "From", show: ({ address }: AuditEvent) => address },
  { name: "Detail", show: ({ detail }: AuditEvent) => detail && <bdi>{detail}</bdi> },
];

export function AuditLog({ isHubOwner }: { isHubOwner: boolean }) {
  const [events, setEvents] = useState<readonly AuditEvent[]>([]);
  const [next, setNext] = useState<number>();
  const [busy, setBusy] = useState(true);
  const [problem, setProblem] = useState("");
  const [filter, setFilter] = useState<AuditFilter>({ actor: "", action: "", result: "" });

  async function load(before: number): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      const page = await audit(before);
      setEvents((known) => (before === 0 ? page.events : [...known, ...page.events]));
      setNext(page.next);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) toLogin();
      else setProblem(words(error));
    }
    setBusy(false);
  }

  useEffect(() => void load(0), []);
  const shown = events.filter((event) => fits(event, filter));
  const options = (key: "action" | "result"): (readonly [string, string])[] => [
    ["", "all"],
    ...valuesOf(events, key).map((value) => [value, wordsOf(value)] as const),
  ];

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
              id="audit-actor"
              label="Who"
              type="search"
              value={filter.actor}
              onInput={(event) => setFilter({ ...filter, actor: event.currentTarget.value })}
            />
            <SelectField
              id="audit-action"
              label="What"
              options={options("action")}
              value={filter.action}
              onChange={(event) => setFilter({ ...filter, action: event.currentTarget.value })}
            />
            <SelectField
              id="audit-result"
              label="Result"
              options={options("result")}
              value={filter.result}
              onChange={(event) => setFilter({ ...filter, result: event.currentTarget.value })}
            />
          </div>
          <p class="quiet" role="status">
            {busy
              ? "Loading…"
              : `${shown.length} of the ${events.length} ${next ? "newest events" : "events there are"}.`}
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
          {shown.length > 0 && <Table caption="Audit log" columns={columns} rows={shown} keyOf={({ seq }) => seq} />}
          {shown.length === 0 && !busy && problem === "" && (
            <Empty title={events.length === 0 ? "Nothing happened yet" : "None of these events fits"}>
              <p>
                {events.length === 0
                  ? "Sign-ins, tokens, shares and the like will stand here."
                  : "Choose something else above, or look further back."}
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
