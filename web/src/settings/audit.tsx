// What happened on the hub, the newest first, page by page.
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { Field, SelectField } from "../ui/field";
import { LocalTime } from "../ui/local_time";
import { Empty } from "../ui/notice";
import { Panel } from "../ui/panel";
import { Table } from "../ui/table";
import { TryAgain } from "../ui/try_again";
import { everything, useAuditPages } from "./audit_pages";
import { wordsOf } from "./audit_words";
import type { AuditEvent } from "./hub";

// What stays in whole words while Detail has room to give (tables.css).
const whole = (text: string) => text && <span class="whole">{text}</span>;
const wholeName = (name: string) => name && <bdi class="whole name">{name}</bdi>;

const columns = [
  { name: "When", show: ({ at }: AuditEvent) => <span class="whole"><LocalTime at={at} /></span> },
  { name: "Who", show: ({ actor }: AuditEvent) => wholeName(actor || "somebody not signed in") },
  { name: "What", show: ({ action }: AuditEvent) => whole(wordsOf(action)) },
  { name: "Result", show: ({ result }: AuditEvent) => whole(result) },
  { name: "Instance", show: ({ instanceId }: AuditEvent) => wholeName(instanceId) },
  { name: "From", show: ({ address }: AuditEvent) => whole(address) },
  { name: "Detail", show: ({ detail }: AuditEvent) => detail && <bdi>{detail}</bdi> },
];

const results: readonly (readonly [string, string])[] = [
  ["", "all"],
  ["ok", "ok"],
  ["denied", "denied"],
  ["failed", "failed"],
];

export function AuditLog({ isHubOwner }: { isHubOwner: boolean }) {
  const [filter, setFilter] = useState(everything);
  const { events, actions, hasMore, busy, problem, load } = useAuditPages(filter);
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
            {problem ? "" : busy ? "Loading…" : `${hasMore ? "The newest " : ""}${events.length} ${events.length === 1 ? "event" : "events"}${isFiltered ? " that fit" : ""}.`}
          </p>
          <TryAgain problem={problem} busy={busy} again={load} />
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
          {hasMore && (
            <p class="actions">
              <Button kind="plain" off={busy} onClick={load}>
                Further back
              </Button>
            </p>
          )}
        </>
      )}
    </Panel>
  );
}
