// The dialog that makes a token: its name, its limits, and then the token, once.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { useDeed } from "../ui/deed";
import { Dialog, FormDialog } from "../ui/dialog";
import { Field, SelectField } from "../ui/field";
import { Notice } from "../ui/notice";
import { Secret } from "../ui/secret";
import { lifetimes } from "./lifetimes";

interface NewTokenProps {
  readonly title: string;
  readonly nameHint: string;
  /** More fields. */
  readonly children: ComponentChildren;
  /** What the fields lack, in words; "": nothing. */
  readonly lacking?: string;
  /** Makes it: the token. */
  readonly make: (name: string, seconds: number) => Promise<string>;
  /** What to do with it. */
  readonly next: ComponentChildren;
  /** The dialog is done with; `name` of the token that was made, if one was. */
  readonly onClose: (name: string | undefined) => void;
}

export function NewToken({ title, nameHint, children, lacking = "", make, next, onClose }: NewTokenProps) {
  const [name, setName] = useState("");
  const [seconds, setSeconds] = useState(lifetimes[0]?.[0] ?? "0");
  const [token, setToken] = useState("");
  const { busy, problem, attempt } = useDeed();
  const [isCopied, setCopied] = useState(false);
  const [isKept, setKept] = useState(false);

  async function create(): Promise<void> {
    setToken(await make(name.trim(), Number(seconds)));
  }

  if (token !== "") {
    return (
      <Dialog
        title="Copy it now"
        onClose={() => onClose(name)}
        busy={!isCopied}
        onKept={() => setKept(true)}
      >
        <p>This is the only time that the hub shows it. It keeps a hash.</p>
        <Secret id="new-token" label="Token" value={token} onCopied={() => setCopied(true)} />
        <Notice kind="error">{isKept && !isCopied && "Copy it first, or press Done."}</Notice>
        {next}
        <div class="actions">
          <Button onClick={() => onClose(name)}>Done</Button>
        </div>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={title}
      deed="Create"
      isReady={name.trim() !== ""}
      busy={busy}
      problem={problem}
      onSubmit={() => void attempt(create, lacking)}
      onClose={() => onClose(undefined)}
    >
      <Field
        id="token-name"
        label="Name"
        hint={nameHint}
        required
        maxLength={100}
        autoComplete="off"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      {children}
      <SelectField
        id="token-lifetime"
        label="Holds"
        options={lifetimes}
        value={seconds}
        onChange={(event) => setSeconds(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
