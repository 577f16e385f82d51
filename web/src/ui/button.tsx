// Buttons: one look for everything that does something.
import type { ButtonHTMLAttributes } from "preact";

/**
 * `primary` is the one thing to do here; `plain` anything else; `small` the same within a line of text;
 * `danger` cannot be taken back.
 */
export type ButtonKind = "primary" | "plain" | "small" | "danger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: ButtonKind;
}

/** A button; type="button" unless said otherwise. */
export function Button({ kind = "primary", type = "button", ...rest }: ButtonProps) {
  return <button class={kind === "primary" ? "button" : `button ${kind === "small" ? "plain small" : kind}`} type={type} {...rest} />;
}
