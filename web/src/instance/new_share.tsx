// The dialog that shares an instance: with whom, as what, how long.
import { useState } from "preact/hooks";
import { hubNow } from "../clock";
import type { Person } from "../settings/hub";
import { useDeed } from "../ui/deed";
import { FormDialog } from "../ui/dialog";
import { Field, SelectField } from "../ui/field";
import { endOf, localMinute } from "./share_end";
import { share } from "./shares";

const day = 24 * 3600;
const kinds = [
  ["user", "a person"],
  ["group", "an organisation or team"],
  ["everyone", "everybody on this hub"],
] as const;
const roles = [
  ["viewer", "viewer: looks on, changes nothing"],
  ["operator", "operator: uses it in full"],
] as const;
const ends = [
  ["0", "until you take it back"],
  ["3600", "for an hour"],
  [String(day), "for a day"],
  [String(7 * day), "for a week"],
  [String(30 * day), "for 30 days"],
  ["at", "until a time that you choose"],
] as const;

interface NewShareProps {
  readonly instance: string;
  /** Whom it can be shared with. */
  readonly people: readonly Person[];
  readonly onClose: (isDone: boolean) => void;
}

export function NewShare({ instance, people, onClose }: NewShareProps) {
  const [kind, setKind] = useState<string>(people.length > 0 ? "user" : "everyone");
  const [person, setPerson] = useState(String(people[0]?.id ?? ""));
  const [group, setGroup] = useState("");
  const [role, setRole] = useState("viewer");
  const [holds, setHolds] = useState("0");
  const [until, setUntil] = useState("");
  const { busy, problem, attempt } = useDeed();

  async function create(): Promise<void> {
    const subject = kind === "user" ? person : kind === "group" ? group.trim() : "";
    await share(instance, kind, subject, role, endOf(holds, until, hubNow()));
    onClose(true);
  }

  return (
    <FormDialog
      title="Share this instance"
      deed="Share"
      busy={busy}
      problem={problem}
      onSubmit={() => void attempt(create)}
      onClose={() => onClose(false)}
    >
      <SelectField
        id="share-kind"
        label="With"
        options={kinds.filter(([value]) => value !== "user" || people.length > 0)}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value)}
      />
      {kind === "user" && (
        <SelectField
          id="share-person"
          label="Person"
          hint="Whoever has signed in here at least once."
          options={people.map(({ id, name, login }) => [
            String(id),
            login !== "" && login !== name ? `${name} (${login})` : name,
          ])}
          value={person}
          onChange={(event) => setPerson(event.currentTarget.value)}
        />
      )}
      {kind === "group" && (
        <Field
          id="share-group"
          label="Group"
          hint="Of GitHub: acme, or acme/platform. Of OpenID Connect: oidc:NAME, as oidc:engineering."
          required
          maxLength={200}
          autoComplete="off"
          spellcheck={false}
          value={group}
          onInput={(event) => setGroup(event.currentTarget.value)}
        />
      )}
      <SelectField
        id="share-role"
        label="As"
        options={roles}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value)}
      />
      <SelectField
        id="share-until"
        label="Holds"
        options={ends}
        value={holds}
        onChange={(event) => setHolds(event.currentTarget.value)}
      />
      {holds === "at" && (
        <Field
          id="share-end"
          label="Until"
          type="datetime-local"
          hint="By the clock of this browser."
          required
          min={localMinute(new Date())}
          value={until}
          onInput={(event) => setUntil(event.currentTarget.value)}
        />
      )}
    </FormDialog>
  );
}
