// Buttons: one look for everything that does something.
import type { ButtonHTMLAttributes } from "preact";

/** `primary` is the one thing to do here; `plain` anything else; `danger` cannot be taken back. */
export type ButtonKind = "primary" | "plain" | "danger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: ButtonKind;
}

/** A button; type="button" unless said otherwise. */
export function Button({ kind = "primary", type = "button", ...rest }: ButtonProps) {
  return <button class={kind === "primary" ? "button" : `button ${kind}`} type={type} {...rest} />;
}
