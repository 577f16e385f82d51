// Something that is shown once, to be copied.
import { useRef, useState } from "preact/hooks";
import { Button } from "./button";

/** `id` is unique in the page. */
export function Secret({ id, label, value }: { id: string; label: string; value: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");

  async function copy(): Promise<void> {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setSaid("Copied.");
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
