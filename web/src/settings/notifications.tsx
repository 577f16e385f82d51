// Where one is told of events: this browser, a phone, a server.
import { useState } from "preact/hooks";
import { ApiError, words } from "../api";
import { Button } from "../ui/button";
import { Confirm, Dialog } from "../ui/dialog";
import { Choice, Field, SelectField } from "../ui/field";
import { LocalTime } from "../ui/local_time";
import { Empty, Notice } from "../ui/notice";
import { Panel, type Tell } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { Table } from "../ui/table";
import {
  addTarget,
  canPush,
  events,
  notifyTargets,
  removeTarget,
  subscribe,
  testTarget,
  utcOffset,
  type NotifyTarget,
} from "./notify_targets";

const kinds: readonly (readonly [string, string])[] = [
  ...(canPush ? [["webpush", "this browser"] as const] : []),
  ["ntfy", "ntfy topic"],
  ["webhook", "webhook"],
  ["slack", "Slack (or what takes its webhooks)"],
];

const kindWords = (kind: string): string => (kind === "webpush" ? "browser" : kind);
const addressHints: Record<string, string> = {
  ntfy: "https://ntfy.sh/TOPIC; choose a topic that nobody guesses.",
  webhook: "Gets JSON by POST.",
  slack: "Of an incoming webhook.",
};
const secretHints: Record<string, string> = {
  ntfy: "An access token, if the server needs one.",
  webhook: "Signs each message; at least 16 characters.",
};

function NewTargetForm({ onClose }: { onClose: (name?: string) => void }) {
  const [kind, setKind] = useState(kinds[0]?.[0] ?? "ntfy");
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState("");
  const [quiet, setQuiet] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(["needs_you", "failed"]));
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);

  async function add(): Promise<void> {
    setProblem("");
    if (chosen.size === 0) return setProblem("Choose at least one event.");
    setIsBusy(true);
    try {
      const place = kind === "webpush" ? await subscribe() : { url, ...(secret !== "" && { secret }) };
      const hours = quiet === "" ? {} : { quiet_hours: quiet, utc_offset: utcOffset() };
      await addTarget({ kind, name, events: [...chosen], ...place, ...hours });
      onClose(name);
    } catch (error) {
      const isOurs = error instanceof Error && !(error instanceof ApiError) && !(error instanceof DOMException);
      setProblem(isOurs ? error.message : words(error));
      setIsBusy(false);
    }
  }

  function choose(event: string, isOn: boolean): void {
    const next = new Set(chosen);
    if (isOn) next.add(event);
    else next.delete(event);
    setChosen(next);
  }

  return (
    <Dialog title="Where to tell you" onClose={() => onClose()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <SelectField
          id="target-kind"
          label="Where"
          options={kinds}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value)}
        />
        <Field
          id="target-name"
          label="Name"
          hint="So that you know it again."
          required
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        {kind !== "webpush" && (
          <Field
            id="target-url"
            label="Address"
            type="url"
            required
            hint={addressHints[kind]}
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        )}
        {secretHints[kind] && (
          <Field
            id="target-secret"
            label="Secret"
            autoComplete="off"
            required={kind === "webhook"}
            hint={secretHints[kind]}
            value={secret}
            onInput={(event) => setSecret(event.currentTarget.value)}
          />
        )}
        <fieldset class="choices">
          <legend>When</legend>
          {events.map(([event, what]) => (
            <Choice key={event} label={what} checked={chosen.has(event)} onChange={(isOn) => choose(event, isOn)} />
          ))}
        </fieldset>
        <Field
          id="target-quiet"
          label="Quiet hours"
          hint="22:00-07:00, say: what happens then is told afterwards. Empty: none."
          pattern="[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"
          value={quiet}
          onInput={(event) => setQuiet(event.currentTarget.value)}
        />
        <Notice kind="error">{problem}</Notice>
        <p class="actions">
          <Button type="submit" disabled={isBusy}>
            Add
          </Button>
          <Button kind="plain" onClick={() => onClose()}>
            Cancel
          </Button>
        </p>
      </form>
    </Dialog>
  );
}

function StateOf({ target }: { target: NotifyTarget }) {
  if (target.lastError !== "") return <>fails: {target.lastError}</>;
  const waits = target.waiting > 0 ? `, ${target.waiting} wait` : "";
  return (
    <>
      <LocalTime at={target.lastOkAt} none="nothing sent yet" />
      {waits}
    </>
  );
}

export function Notifications() {
  const targets = useRemote(notifyTargets);
  const [isAdding, setIsAdding] = useState(false);
  const [removing, setRemoving] = useState<NotifyTarget>();
  const [problem, setProblem] = useState("");

  async function test(target: NotifyTarget, tell: Tell): Promise<void> {
    setProblem("");
    try {
      const failure = await testTarget(target.id);
      if (failure === "") tell(`A test was sent to "${target.name}".`);
      else setProblem(`"${target.name}": ${failure}`);
    } catch (error) {
      setProblem(words(error));
    }
  }

  const list = (tell: Tell) => (rows: NotifyTarget[]) =>
    rows.length === 0 ? (
      <Empty title="Nobody is told yet">
        <p>Add this browser, your phone or a server: it is told when a session needs you.</p>
      </Empty>
    ) : (
      <Table
        caption="Notification targets"
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { name: "Name", show: ({ name }) => <bdi>{name}</bdi> },
          { name: "Where", show: ({ kind, host }) => `${kindWords(kind)}, ${host}` },
          { name: "Events", show: (target) => target.events.join(", ") },
          { name: "Quiet hours", show: ({ quietHours }) => quietHours || "none" },
          { name: "Last told", show: (target) => <StateOf target={target} /> },
          {
            name: "Actions",
            isActions: true,
            show: (target) => (
              <>
                <Button kind="plain" aria-label={`Test ${target.name}`} onClick={() => void test(target, tell)}>
                  Test
                </Button>
                <Button kind="danger" aria-label={`Remove ${target.name}`} onClick={() => setRemoving(target)}>
                  Remove
                </Button>
              </>
            ),
          },
        ]}
      />
    );

  return (
    <Panel
      id="notifications"
      title="Notifications"
      about="Who is told when a session needs you, a run ends, or an instance stays away."
    >
      {(tell) => (
        <>
          <Notice kind="error">{problem}</Notice>
          <Loaded remote={targets} show={list(tell)} />
          <p class="actions">
            <Button onClick={() => setIsAdding(true)}>Add</Button>
          </p>
          {isAdding && (
            <NewTargetForm
              onClose={(name) => {
                setIsAdding(false);
                if (name === undefined) return;
                tell(`"${name}" is told from now on.`);
                void targets.reload();
              }}
            />
          )}
          {removing && (
            <Confirm
              title={`Remove "${removing.name}"?`}
              deed="Remove"
              onClose={() => setRemoving(undefined)}
              onConfirm={async () => {
                await removeTarget(removing.id);
                await targets.reload();
                tell(`"${removing.name}" is removed.`);
              }}
            >
              <p>It is told nothing more, nor what waits for it.</p>
            </Confirm>
          )}
        </>
      )}
    </Panel>
  );
}
