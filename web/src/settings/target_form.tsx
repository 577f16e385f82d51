// The dialog about one place where somebody is told of events.
import { useState } from "preact/hooks";
import { useDeed } from "../ui/deed";
import { FormDialog } from "../ui/dialog";
import { Choices, Field, SelectField } from "../ui/field";
import { addBrowser, addTarget, canPush, changeTarget, events, failureWords, utcOffset, type NotifyTarget } from "./notify_targets";
import { labels, problemOf } from "./target_problem";

const kinds: readonly (readonly [string, string])[] = [
  ...(canPush ? [["webpush", "this browser"] as const] : []),
  ["ntfy", "ntfy topic"],
  ["webhook", "webhook"],
  ["slack", "Slack (or what takes its webhooks)"],
];

export const kindWords = (kind: string): string => (kind === "webpush" ? "browser" : kind);
const addressHints: Record<string, string> = {
  ntfy: "https://ntfy.sh/TOPIC; choose a topic that nobody guesses.",
  webhook: "Gets JSON by POST.",
  slack: "Of an incoming webhook.",
};
const secretHints: Record<string, string> = {
  ntfy: "An access token, if the server needs one.",
  webhook: "Signs each message; at least 16 characters.",
};
/** 00:00 to 23:59, for the pattern of a field. */
const time = "([01][0-9]|2[0-3]):[0-5][0-9]";

interface TargetFormProps {
  /** What is changed; nothing: a new one. */
  readonly target: NotifyTarget | undefined;
  /** With the name, once it is done. */
  readonly onClose: (name?: string) => void;
}

/** Asks for a new target, or for what can be changed of one: its kind and address cannot. */
export function TargetForm({ target, onClose }: TargetFormProps) {
  const isNew = target === undefined;
  const [kind, setKind] = useState(target?.kind ?? kinds[0]?.[0] ?? "ntfy");
  const secretHint = isNew ? secretHints[kind] : undefined;
  const has = { name: true, url: isNew && kind !== "webpush", secret: secretHint !== undefined, quiet_hours: true };
  const [name, setName] = useState(target?.name ?? "");
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState("");
  const [quiet, setQuiet] = useState(target?.quietHours ?? "");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(target?.events ?? ["needs_you", "failed"]));
  const { busy, problem: refusal, clear, attempt } = useDeed(failureWords);
  const problem = problemOf(refusal);

  async function save(): Promise<void> {
    // Left as they are, they stay hours of the place where they were set.
    const isSame = quiet === (target?.quietHours ?? "");
    const hours = quiet === "" ? { quiet_hours: null } : { quiet_hours: quiet, utc_offset: utcOffset() };
    const wanted = { name, events: [...chosen], ...(!isSame && hours) };
    if (isNew) {
      if (kind === "webpush") await addBrowser(wanted);
      else await addTarget({ kind, ...wanted, url, ...(has.secret && secret !== "" && { secret }) });
    } else {
      await changeTarget(target.id, wanted);
    }
    onClose(name);
  }

  const at = (field: keyof typeof labels) => ({ label: labels[field], problem: problem.of === field ? problem.words : "" });

  return (
    <FormDialog
      title={isNew ? "Where to tell you" : `Change "${target.name}"`}
      deed={isNew ? "Add" : "Save"}
      busy={busy}
      problem={problem.of && has[problem.of] ? "" : problem.words}
      onSubmit={() => void attempt(save, chosen.size === 0 ? "Choose at least one event." : "")}
      onClose={() => onClose()}
    >
      {isNew && (
        <SelectField
          id="target-kind"
          label="Where"
          options={kinds}
          value={kind}
          onChange={(event) => {
            setKind(event.currentTarget.value);
            clear();
          }}
        />
      )}
      <Field
        id="target-name"
        {...at("name")}
        hint="So that you know it again."
        required
        maxLength={100}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      {has.url && (
        <Field
          id="target-url"
          {...at("url")}
          type="url"
          required
          hint={addressHints[kind]}
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
      )}
      {has.secret && (
        <Field
          id="target-secret"
          {...at("secret")}
          autoComplete="off"
          required={kind === "webhook"}
          hint={secretHint}
          value={secret}
          onInput={(event) => setSecret(event.currentTarget.value)}
        />
      )}
      <Choices legend="When" options={events} chosen={chosen} onChange={setChosen} />
      <Field
        id="target-quiet"
        {...at("quiet_hours")}
        hint="22:00-07:00, say: what happens then is told afterwards. Empty: none."
        pattern={`${time}-${time}`}
        title="Like 22:00-07:00"
        value={quiet}
        onInput={(event) => setQuiet(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
