// What a session asks, made readable: the input of a tool by its fields, a question by its choices.
// Pure. Nothing is left out, and what would not show (or would disguise the rest) is made visible.
import type { Question } from "./instances";

/** One field of a tool's input. */
export interface Part {
  readonly name: string;
  readonly value: string;
}

export interface Option {
  readonly label: string;
  readonly description: string;
  /** What it holds besides. */
  readonly more: readonly Part[];
}

/** One question with choices. */
export interface Asked {
  readonly text: string;
  readonly header: string;
  readonly isMany: boolean;
  readonly options: readonly Option[];
  /** What it holds besides. */
  readonly more: readonly Part[];
}

// Whatever has no glyph of its own, or reorders text; fillers and tags among them, which are no control characters.
// Not what makes a coloured sign of the one before.
const unseen = /(?![\t\n]|(?<=\p{Extended_Pictographic})\ufe0f)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The text, with every character that does not show written as its number. */
export function visible(text: string): string {
  return text.replace(unseen, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const deepest = 32;

/**
 * Whether the JSON nests deeper than it can be laid out: every level adds to the indentation of all within. One walk
 * over its characters, whatever they are: the text is anybody's who shares an instance.
 */
function isDeep(json: string): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < json.length; at += 1) {
    const sign = json[at];
    if (sign === '"') isQuoted = !isQuoted;
    else if (isQuoted && sign === "\\") at += 1;
    else if (isQuoted) continue;
    else if (sign === "[" || sign === "{") depth += 1;
    else if (sign === "]" || sign === "}") depth -= 1;
    if (depth > deepest) return true;
  }
  return false;
}

function parsed(text: string): Fields | undefined {
  if (isDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function partsIn(fields: Fields): Part[] {
  return Object.entries(fields).map(([name, value]) => ({
    name: visible(name),
    value: visible(typeof value === "string" ? value : JSON.stringify(value, null, 2)),
  }));
}

/** The whole input: field by field if it is a JSON object that can be laid out, else as one part without a name. */
export function partsOf(text: string): Part[] {
  const fields = parsed(text);
  if (fields === undefined) return text === "" ? [] : [{ name: "", value: visible(text) }];
  return partsIn(fields);
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** What `make` makes of each; undefined unless there are some, and it knows every one. */
function allOf<T>(values: unknown, make: (fields: Fields) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(values)) return undefined;
  const made = values.filter(isFields).flatMap((fields) => make(fields) ?? []);
  return made.length > 0 && made.length === values.length ? made : undefined;
}

function optionOf({ label, description, ...rest }: Fields): Option | undefined {
  const name = word(label);
  if (name === "") return undefined;
  const more = partsIn(rest).map((part) => ({ ...part, name: `${visible(name)}: ${part.name}` }));
  return { label: name, description: word(description), more };
}

function askedOf({ question, header, multiSelect, options, ...rest }: Fields): Asked | undefined {
  const known = allOf(options, optionOf);
  if (word(question) === "" || known === undefined) return undefined;
  return {
    text: word(question),
    header: word(header),
    isMany: multiSelect === true,
    options: known,
    more: partsIn(rest),
  };
}

/** What is asked: the questions with choices, if it is that, and every other part of the input. */
export interface Shown {
  readonly asked: readonly Asked[];
  readonly parts: readonly Part[];
}

/**
 * How a question is shown. Only what the model asks itself is answered by choices: any other tool may
 * have a field of that name, and so may a plan, and these are approved. Choices of a form that is not
 * known would be shown in part: then everything is shown by its fields. So are questions of one text,
 * by which their answers are told apart.
 */
export function shownOf({ kind, tool, text }: Pick<Question, "kind" | "tool" | "text">): Shown {
  const { questions, ...rest } = parsed(text) ?? {};
  const isAnswered = kind === "question" && tool !== "ExitPlanMode";
  const asked = isAnswered ? allOf(questions, askedOf) : undefined;
  const isOnce = new Set(asked?.map(({ text: each }) => each)).size === asked?.length;
  return asked === undefined || !isOnce ? { asked: [], parts: partsOf(text) } : { asked, parts: partsIn(rest) };
}
