// Instances as the dashboard socket tells them. Pure: messages in, instances out. What agents say of
// themselves is untrusted text; it is kept as strings of bounded length and shown as text only.
import { maxUrl, record, text } from "./json";

/** What an instance does; what waits for a person comes first. */
export const states = ["needs_you", "error", "busy", "active", "idle", "offline"] as const;
export type State = (typeof states)[number];
/** What is shown of it, and filtered by, in the same order. */
export const doings = ["needs_you", "error", "no_answer", "busy", "active", "idle", "offline"] as const;
export type Doing = (typeof doings)[number];

/** A question that a session waits with. */
export interface Question {
  readonly id: string;
  /** "permission" to use a tool, or a "question" with choices. */
  readonly kind: string;
  readonly tool: string;
  /** The tool's input: JSON, or text. */
  readonly text: string;
  /** The text is not whole: it can only be denied. */
  readonly isCut: boolean;
  readonly askedAt: string;
}

/** One chat session of an instance that runs, waits for its user, or failed. */
export interface Session {
  readonly id: string;
  readonly title: string;
  readonly project: string;
  readonly provider: string;
  readonly state: State;
  readonly since: string;
  /** What it waits for, or what went wrong, in a few words. */
  readonly reason: string;
  readonly question: Question | undefined;
}

export interface Instance {
  readonly id: string;
  /** What its owner calls it, else its id. */
  readonly name: string;
  readonly state: State;
  readonly since: string;
  readonly project: string;
  readonly hostname: string;
  readonly platform: string;
  /** The kind of instance and its version. */
  readonly version: string;
  readonly agentVersion: string;
  readonly lastSeen: string;
  readonly connectedAt: string;
  /** Milliseconds; 0: not measured. */
  readonly latency: number;
  readonly traffic: { readonly in: number; readonly out: number };
  /** What the user is to it: owner, operator or viewer. */
  readonly role: string;
  readonly owner: string;
  /** Where it opens on the hub's own address; "": not there. */
  readonly pathUrl: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly sessions: readonly Session[];
  /** Its agent has connected and not reported yet: what it does, and asks, is not known. */
  readonly awaitsStatus: boolean;
  /** Its agent is there and gets no answer from the web UI. */
  readonly noAnswer: boolean;
  /** By which names sort: lower case, numbers by their value. */
  readonly sortKey: string;
  /** Everything that a search looks into, in lower case. */
  readonly haystack: string;
}

/** Instances by id. */
export type Instances = ReadonlyMap<string, Instance>;

const maxLine = 200;
const maxQuestion = 20_000;
const maxEntries = 64;

/** What is shown in one line. */
function line(value: unknown): string {
  return text(value, maxLine);
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function trafficOf(value: unknown): Instance["traffic"] {
  const one = record(value);
  return { in: number(one.in), out: number(one.out) };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value.slice(0, maxEntries) : [];
}

function isState(value: unknown): value is State {
  return (states as readonly unknown[]).includes(value);
}

function question(value: unknown): Question | undefined {
  const one = record(value);
  if (typeof one.id !== "string" || one.id === "") return undefined;
  return {
    id: one.id,
    kind: line(one.kind),
    tool: line(one.tool),
    text: text(one.text, maxQuestion),
    isCut: one.is_cut === true || (typeof one.text === "string" && one.text.length > maxQuestion),
    askedAt: line(one.asked_at),
  };
}

function session(value: unknown): Session {
  const one = record(value);
  const state = isState(one.state) ? one.state : "busy";
  return {
    id: text(one.id, 300),
    title: line(one.title) || line(one.id),
    project: line(one.project),
    provider: line(one.provider),
    state: one.needs_you === true ? "needs_you" : state,
    since: line(one.since),
    reason: line(one.error) || line(one.reason),
    question: question(one.question),
  };
}

function stateOf(metadata: Record<string, unknown>): State {
  if (isState(metadata.state)) return metadata.state;
  // A hub that does not tell states tells the statuses of version 1.
  if (metadata.status === "disconnected") return "offline";
  if (metadata.needs_you === true) return "needs_you";
  return isState(metadata.status) ? metadata.status : "idle";
}

function parse(value: unknown): Instance | undefined {
  const client = record(value);
  const metadata = record(client.metadata);
  if (typeof client.id !== "string" || client.id === "") return undefined;
  const state = stateOf(metadata);
  const name = line(client.label) || client.id;
  const labels = Object.entries(record(metadata.labels))
    .slice(0, maxEntries)
    .map(([key, label]) => [line(key), line(label)] as const);
  const sessions = state === "offline" ? [] : list(metadata.sessions).map(session);
  const one = {
    id: client.id,
    name,
    state,
    since: line(metadata.state_since),
    project: line(metadata.project),
    hostname: line(metadata.hostname),
    platform: line(metadata.platform),
    version: [line(metadata.adapter), line(metadata.version)].filter(Boolean).join(" "),
    agentVersion: line(metadata.agent_version),
    lastSeen: line(client.last_seen),
    connectedAt: line(client.connected_at),
    latency: number(client.latency_ms),
    traffic: trafficOf(metadata.traffic),
    role: line(client.role) || "owner",
    owner: line(client.owner),
    pathUrl: text(client.path_url, maxUrl),
    labels,
    sessions,
    awaitsStatus: metadata.awaits_status === true,
    noAnswer: state !== "offline" && metadata.no_answer === true,
  };
  return {
    ...one,
    sortKey: name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(8, "0")),
    haystack: [
      name, one.id, one.project, one.hostname, one.version, one.owner,
      ...labels.map((label) => label.join("=")), ...sessions.map(({ title }) => title),
    ].join("\n").toLowerCase(),
  };
}

/** Whether nothing that is shown differs. */
function isSame(a: Instance | undefined, b: Instance): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Changes `all` by one message of the hub; the ids of what is different now. `unlisted` is kept between messages:
 * what was known before a list that comes in pieces, and is not named by it so far.
 */
export function apply(all: Map<string, Instance>, message: unknown, unlisted = new Set<string>()): string[] {
  const { type, clients, client, client_id: gone, more } = record(message);
  if (type === "client_list" && Array.isArray(clients)) {
    const before = [...all.keys()];
    if (more !== true) all.clear();
    for (const one of clients.map(parse)) if (one !== undefined) all.set(one.id, one);
    unlisted.clear();
    if (more === true) for (const id of before) unlisted.add(id);
    for (const one of clients) unlisted.delete(text(record(one).id));
    return [...new Set([...before, ...all.keys()])];
  }
  if (type === "client_list_end") {
    const left = [...unlisted].filter((id) => all.delete(id));
    unlisted.clear();
    return left;
  }
  if (type === "client_update") {
    const one = parse(client);
    if (one !== undefined) unlisted.delete(one.id);
    if (one === undefined || isSame(all.get(one.id), one)) return [];
    all.set(one.id, one);
    return [one.id];
  }
  if (type === "client_vitals") {
    const changed: string[] = [];
    for (const value of Array.isArray(clients) ? clients : []) {
      const { id, latency_ms: latency, traffic } = record(value);
      const known = typeof id === "string" ? all.get(id) : undefined;
      if (known === undefined || known.state === "offline") continue;
      const one = { ...known, latency: number(latency), traffic: trafficOf(traffic) };
      const { in: bytesIn, out: bytesOut } = known.traffic;
      if (one.latency === known.latency && one.traffic.in === bytesIn && one.traffic.out === bytesOut) continue;
      all.set(known.id, one);
      changed.push(known.id);
    }
    return changed;
  }
  if (typeof gone !== "string") return [];
  const known = all.get(gone);
  if (type === "client_disconnected" && known !== undefined && known.state !== "offline") {
    all.set(gone, { ...known, state: "offline", since: "", sessions: [], noAnswer: false });
    return [gone];
  }
  if (type === "client_removed" && all.delete(gone)) return [gone];
  return [];
}

/** Whether, by this message, all has been told. */
export function isWhole(message: unknown): boolean {
  const { type, more } = record(message);
  return type === "client_list_end" || (type === "client_list" && more !== true);
}

/** What it does: that nothing answers takes the place of what says only that nothing goes on. */
export function doingOf({ state, noAnswer }: Instance): Doing {
  return noAnswer && (state === "idle" || state === "active") ? "no_answer" : state;
}

/** What it waits for its user with: the ids of its open questions, or one word where it tells of none. */
export function waitsOf({ state, sessions }: Instance): readonly string[] {
  const ids = sessions.flatMap(({ question }) => (question === undefined ? [] : [question.id]));
  return ids.length > 0 || state !== "needs_you" ? ids : ["its user"];
}

/** The words for it. */
export const stateWords: Readonly<Record<Doing, string>> = {
  needs_you: "Needs you",
  error: "Failed",
  busy: "Busy",
  active: "Active",
  idle: "Idle",
  no_answer: "The web UI does not answer",
  offline: "Offline",
};

/** The page's title: how many instances wait for their user comes first. */
export function titleFor(instances: Instances): string {
  let waiting = 0;
  for (const { state } of instances.values()) if (state === "needs_you") waiting += 1;
  return `${waiting > 0 ? `(${waiting}) ` : ""}Instances · berth`;
}
