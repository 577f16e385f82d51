// What a session asks, made readable: the input of a tool by its fields, a question by its choices.
// Pure. Nothing is left out, and what would not show (or would disguise the rest) is made visible.

/** One field of a tool's input. */
export interface Part {
  readonly name: string;
  readonly value: string;
}

export interface Option {
  readonly label: string;
  readonly description: string;
}

/** One question with choices. */
export interface Asked {
  readonly text: string;
  readonly header: string;
  readonly isMany: boolean;
  readonly options: readonly Option[];
}

// Control characters, and those that reorder or hide text.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The text, with every character that does not show written as its number. */
export function visible(text: string): string {
  return text.replace(unseen, (one) => `\\u{${one.charCodeAt(0).toString(16)}}`);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The whole input: field by field if it is a JSON object, else as one part without a name. */
export function partsOf(text: string): Part[] {
  const fields = parsed(text);
  if (fields === undefined) return text === "" ? [] : [{ name: "", value: visible(text) }];
  return Object.entries(fields).map(([name, value]) => ({
    name: visible(name),
    value: visible(typeof value === "string" ? value : JSON.stringify(value, null, 2)),
  }));
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The questions with choices that the input holds; nothing if it is something else. */
export function askedIn(text: string): Asked[] {
  const questions = parsed(text)?.questions;
  if (!Array.isArray(questions)) return [];
  return questions.flatMap((value: unknown) => {
    const one = (value ?? {}) as Record<string, unknown>;
    const options: unknown[] = Array.isArray(one.options) ? one.options : [];
    if (word(one.question) === "") return [];
    return {
      text: word(one.question),
      header: word(one.header),
      isMany: one.multiSelect === true,
      options: options.flatMap((option: unknown) => {
        const { label, description } = (option ?? {}) as Record<string, unknown>;
        return word(label) === "" ? [] : { label: word(label), description: word(description) };
      }),
    };
  });
}
