// Form fields: a label, the control, a hint and what is wrong, tied together for screen readers.
import type { InputHTMLAttributes, SelectHTMLAttributes } from "preact";

interface Common {
  /** Unique in the page. */
  readonly id: string;
  readonly label: string;
  readonly hint?: string | undefined;
  /** What is wrong with the value; "" or absent: nothing. */
  readonly problem?: string | undefined;
}

function Below({ id, hint, problem }: Pick<Common, "id" | "hint" | "problem">) {
  return (
    <>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

function describedBy({ id, hint, problem }: Pick<Common, "id" | "hint" | "problem">): string | undefined {
  return [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
}

/** A one-line text field; other attributes go to the input. */
export function Field({
  label,
  hint,
  problem,
  id,
  ...rest
}: Common & Omit<InputHTMLAttributes<HTMLInputElement>, "id" | "label">) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        aria-describedby={describedBy({ id, hint, problem })}
        aria-invalid={problem ? true : undefined}
        {...rest}
      />
      <Below id={id} hint={hint} problem={problem} />
    </div>
  );
}

/** One of several, as [value, words]; other attributes go to the select. */
export function SelectField({
  label,
  hint,
  problem,
  id,
  options,
  ...rest
}: Common & { readonly options: readonly (readonly [string, string])[] } & Omit<
    SelectHTMLAttributes<HTMLSelectElement>,
    "id" | "label"
  >) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} aria-describedby={describedBy({ id, hint, problem })} {...rest}>
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      <Below id={id} hint={hint} problem={problem} />
    </div>
  );
}

/** A box to tick, with its words beside it. */
export function Choice({
  label,
  checked,
  onChange,
  disabled = false,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}

/** Any of several, as [value, words]. */
export function Choices({
  legend,
  options,
  chosen,
  onChange,
}: {
  legend: string;
  options: readonly (readonly [string, string])[];
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
}) {
  function choose(value: string, isOn: boolean): void {
    const next = new Set(chosen);
    if (isOn) next.add(value);
    else next.delete(value);
    onChange(next);
  }

  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {options.map(([value, words]) => (
        <Choice key={value} label={words} checked={chosen.has(value)} onChange={(isOn) => choose(value, isOn)} />
      ))}
    </fieldset>
  );
}
