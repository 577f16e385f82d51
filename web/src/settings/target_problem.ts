// The hub's refusals of a notification target, which speak of the API's names, as the form's user reads them. Pure.

/** The form's fields of which the hub may speak, and their labels. */
export const labels = { url: "Address", secret: "Secret", quiet_hours: "Quiet hours", name: "Name" } as const;

export interface TargetProblem {
  /** The field that it is about, as the API names it; undefined: none of them. */
  readonly of?: keyof typeof labels;
  readonly words: string;
}

/** `words` at the field that they begin with the name of, under its label. */
export function problemOf(words: string): TargetProblem {
  const [name = ""] = /^\w+/.exec(words) ?? [];
  const of = (Object.keys(labels) as (keyof typeof labels)[]).find((one) => one === name.toLowerCase());
  return of === undefined ? { words } : { of, words: labels[of] + words.slice(name.length) };
}
