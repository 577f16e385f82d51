// Something that is shown once, to be copied.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./button";

interface SecretProps {
  /** Unique in the page. */
  readonly id: string;
  readonly label: string;
  readonly value: string;
  /** It is in the clipboard, by the button or by hand. */
  readonly onCopied: () => void;
}

/** Takes the focus, selected, as soon as it is there. */
export function Secret({ id, label, value, onCopied }: SecretProps) {
  const input = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");
  useLayoutEffect(() => input.current?.focus(), []);

  async function copy(): Promise<void> {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setSaid("Copied.");
      onCopied();
    } catch {
      setSaid("This browser does not let the page copy. It is selected: copy it by hand.");
    }
  }

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="secret">
        <input
          id={id}
          ref={input}
          readOnly
          value={value}
          autoComplete="off"
          spellcheck={false}
          onCopy={onCopied}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button onClick={() => void copy()}>Copy</Button>
      </div>
      <p class="hint" role="status">
        {said}
      </p>
    </div>
  );
}
