// Which instances the list shows, and in which order. Pure.
import { doingOf, doings, type Doing, type Instance, type Instances } from "./instances";

export const sorts = [
  ["attention", "Needs you first"],
  ["name", "Name"],
  ["machine", "Machine"],
  ["since", "Latest change"],
  ["seen", "Last seen"],
] as const;
export type Sort = (typeof sorts)[number][0];

/** What the user chose. */
export interface Choice {
  readonly search: string;
  readonly state: Doing | "";
  /** "name=value"; "": any. */
  readonly label: string;
  readonly sort: Sort;
}

export const everything: Choice = { search: "", state: "", label: "", sort: "attention" };

/** The choice that an address's query holds; whatever it does not know is left out. */
export function choiceOf(query: string): Choice {
  const values = new URLSearchParams(query);
  const sort = sorts.find(([name]) => name === values.get("sort"))?.[0] ?? "attention";
  const state = doings.find((one) => one === values.get("state")) ?? "";
  return { search: values.get("q") ?? "", state, label: values.get("label") ?? "", sort };
}

/** The query that holds the choice; "" for everything. */
export function queryOf({ search, state, label, sort }: Choice): string {
  const values = new URLSearchParams();
  if (search !== "") values.set("q", search);
  if (state !== "") values.set("state", state);
  if (label !== "") values.set("label", label);
  if (sort !== "attention") values.set("sort", sort);
  const query = values.toString();
  return query === "" ? "" : `?${query}`;
}

// What runs and what rests stay together: cards should not jump each time that a run begins or ends.
function rank(one: Instance): number {
  return { needs_you: 0, error: 1, no_answer: 1, busy: 2, active: 2, idle: 2, offline: 3 }[doingOf(one)];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const orders: Readonly<Record<Sort, (a: Instance, b: Instance) => number>> = {
  attention: (a, b) => rank(a) - rank(b),
  name: () => 0,
  machine: (a, b) => compare(a.hostname, b.hostname),
  since: (a, b) => compare(b.since, a.since),
  seen: (a, b) => compare(b.lastSeen, a.lastSeen),
};

/** The ids to show, in order. */
export function chosen(all: Instances, { search, state, label, sort }: Choice): string[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found: Instance[] = [];
  for (const one of all.values()) {
    if (state !== "" && doingOf(one) !== state) continue;
    if (label !== "" && !one.labels.some((pair) => pair.join("=") === label)) continue;
    if (words.every((word) => one.haystack.includes(word))) found.push(one);
  }
  const order = orders[sort];
  return found
    .sort((a, b) => order(a, b) || compare(a.sortKey, b.sortKey) || compare(a.id, b.id))
    .map(({ id }) => id);
}

/** How many instances do what. */
export function counts(all: Instances): Record<Doing, number> {
  const count = { needs_you: 0, error: 0, no_answer: 0, busy: 0, active: 0, idle: 0, offline: 0 };
  for (const one of all.values()) count[doingOf(one)] += 1;
  return count;
}

/** Every label that some instance has, as "name=value", sorted. */
export function labelsOf(all: Instances): string[] {
  const found = new Set<string>();
  for (const { labels } of all.values()) for (const pair of labels) found.add(pair.join("="));
  return [...found].sort(compare);
}
