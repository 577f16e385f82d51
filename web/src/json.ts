// Reading the hub's answers, in which agents and people have put their own text: bounded, and never
// more than text. Pure.

const maxText = 1_000;

/** So long an address may be. */
export const maxUrl = 4_000;

/** `value` if it is text, cut to `most` characters; else "". */
export function text(value: unknown, most = maxText): string {
  return typeof value === "string" ? value.slice(0, most) : "";
}

/** `value` if it is an object; else an empty one. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** The objects of the list that the object `value` has under `key`. */
export function records(value: unknown, key: string): Record<string, unknown>[] {
  const list = record(value)[key];
  return Array.isArray(list) ? list.map(record) : [];
}

/** The texts of a list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string").map((one) => text(one)) : [];
}

/** A whole number; 0 for anything else. */
export function whole(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : 0;
}
