// Where one is told of events: this browser, a phone, a server.
import { useState } from "preact/hooks";
import { words } from "../api";
import { lostChoices, removeTarget, type Choices } from "../own_target";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { LocalTime } from "../ui/local_time";
import { Empty, Notice } from "../ui/notice";
import { Panel, type Tell } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { Table } from "../ui/table";
import { addBrowser, canPush, failureWords, notifyTargets, testTarget, type NotifyTarget } from "./notify_targets";
import { kindWords, TargetForm } from "./target_form";

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

/** That this browser was to be told, and is not: it has dropped its subscription. */
function Lost({ onAdded }: { onAdded: () => void }) {
  const lost = useRemote(async () => (canPush ? await lostChoices() : undefined));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  async function add(choices: Choices): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      await addBrowser(choices);
      await lost.reload();
      onAdded();
    } catch (error) {
      setProblem(failureWords(error));
    }
    setBusy(false);
  }

  const choices = lost.value;
  if (choices === undefined) return null;
  return (
    <Notice kind="error">
      <div class="actions">
        <span>{problem || "This browser is told nothing any more: it has dropped its subscription."}</span>
        <Button kind="plain" off={busy} onClick={() => void add(choices)}>
          Tell it again
        </Button>
      </div>
    </Notice>
  );
}

export function Notifications() {
  const targets = useRemote(notifyTargets);
  // What the form is about: a target, or a new one.
  const [form, setForm] = useState<NotifyTarget | "new">();
  const [removing, setRemoving] = useState<NotifyTarget>();
  const [problem, setProblem] = useState("");
  const [testing, setTesting] = useState<NotifyTarget["id"]>();

  async function test(target: NotifyTarget, tell: Tell): Promise<void> {
    setTesting(target.id);
    setProblem("");
    try {
      const failure = await testTarget(target.id);
      if (failure === "") tell(`A test was sent to "${target.name}".`);
      else setProblem(`"${target.name}": ${failure}`);
    } catch (error) {
      setProblem(words(error));
    }
    setTesting(undefined);
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
              <div class="actions">
                <Button
                  kind="plain"
                  off={testing !== undefined}
                  aria-label={testing === target.id ? `Testing ${target.name}…` : `Test ${target.name}`}
                  onClick={() => void test(target, tell)}
                >
                  {testing === target.id ? "Testing…" : "Test"}
                </Button>
                <Button kind="plain" aria-label={`Change ${target.name}`} onClick={() => setForm(target)}>
                  Change
                </Button>
                <Button kind="danger" aria-label={`Remove ${target.name}`} onClick={() => setRemoving(target)}>
                  Remove
                </Button>
              </div>
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
          <Lost
            onAdded={() => {
              tell("This browser is told from now on.");
              void targets.reload();
            }}
          />
          <Loaded remote={targets} show={list(tell)} />
          <p class="actions">
            <Button onClick={() => setForm("new")}>Add</Button>
          </p>
          {form !== undefined && (
            <TargetForm
              target={form === "new" ? undefined : form}
              onClose={(name) => {
                setForm(undefined);
                if (name === undefined) return;
                tell(form === "new" ? `"${name}" is told from now on.` : `"${name}" is changed.`);
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
