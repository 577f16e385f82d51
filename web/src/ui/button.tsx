// Buttons: one look for everything that does something.
import type { ButtonHTMLAttributes } from "preact";

/**
 * `primary` is the one thing to do here; `plain` anything else; `small` the same within a line of text;
 * `danger` cannot be taken back.
 */
export type ButtonKind = "primary" | "plain" | "small" | "danger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: ButtonKind;
  /**
   * For now a press does nothing, and submits nothing: while a call is under way, say. Unlike one that is disabled the
   * button keeps the focus.
   */
  readonly off?: boolean;
}

const swallow = (event: Event): void => event.preventDefault();

/** A button; type="button" unless said otherwise. */
export function Button({ kind = "primary", type = "button", off = false, ...rest }: ButtonProps) {
  return (
    <button
      class={kind === "primary" ? "button" : `button ${kind === "small" ? "plain small" : kind}`}
      type={type}
      {...rest}
      {...(off && { "aria-disabled": true, onClick: swallow, onAuxClick: swallow })}
    />
  );
}
