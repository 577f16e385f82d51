// The list of instances as the dashboard socket tells it. Pure: messages in, list out. What agents
// say of themselves is untrusted text; it is kept as strings and shown as text only.

/** One instance on the dashboard. */
export interface Instance {
  readonly id: string;
  readonly project: string;
  readonly hostname: string;
  readonly version: string;
  readonly status: string;
  readonly lastSeen: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly sessions: readonly Session[];
}

/** One chat session of an instance that runs or waits for its user. */
export interface Session {
  readonly id: string;
  readonly title: string;
  readonly project: string;
  readonly needsYou: boolean;
  readonly reason: string;
}

/** Instances by id. */
export type Instances = ReadonlyMap<string, Instance>;

const maxText = 200;
const maxEntries = 64;

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, maxText) : "";
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value.slice(0, maxEntries) : [];
}

function session(value: unknown): Session {
  const one = record(value);
  return {
    id: text(one.id),
    title: text(one.title) || text(one.id),
    project: text(one.project),
    needsYou: one.needs_you === true,
    reason: text(one.reason),
  };
}

function instance(value: unknown): Instance | undefined {
  const client = record(value);
  const metadata = record(client.metadata);
  if (typeof client.id !== "string" || client.id === "") return undefined;
  const status = text(metadata.status) || "idle";
  const waiting = metadata.needs_you === true && status !== "disconnected";
  return {
    id: client.id,
    project: text(metadata.project),
    hostname: text(metadata.hostname),
    version: [text(metadata.adapter), text(metadata.version)].filter(Boolean).join(" "),
    status: waiting ? "waiting" : status,
    lastSeen: text(client.last_seen),
    labels: Object.entries(record(metadata.labels))
      .slice(0, maxEntries)
      .map(([name, label]) => [text(name), text(label)] as const),
    sessions: status === "disconnected" ? [] : list(metadata.sessions).map(session),
  };
}

/** `before`, changed by one message of the hub; `before` itself if the message changes nothing. */
export function apply(before: Instances, message: unknown): Instances {
  const { type, clients, client, client_id: gone } = record(message);
  if (type === "client_list" && Array.isArray(clients)) {
    const all = clients.map(instance).filter((one) => one !== undefined);
    return new Map(all.map((one) => [one.id, one]));
  }
  if (type === "client_update") {
    const one = instance(client);
    return one === undefined ? before : new Map(before).set(one.id, one);
  }
  if (type === "client_disconnected" && typeof gone === "string") {
    const known = before.get(gone);
    return known === undefined
      ? before
      : new Map(before).set(gone, { ...known, status: "disconnected", sessions: [] });
  }
  if (type === "client_removed" && typeof gone === "string" && before.has(gone)) {
    const left = new Map(before);
    left.delete(gone);
    return left;
  }
  return before;
}

/** The words for a status. */
const statuses: ReadonlyMap<string, string> = new Map([
  ["waiting", "Needs you"],
  ["busy", "Busy"],
  ["active", "Active"],
  ["idle", "Idle"],
  ["disconnected", "Offline"],
]);

/** What the user reads for `status`; a status that we do not know is shown as it is. */
export function statusWords(status: string): string {
  return statuses.get(status) ?? status;
}

/** The style class for `status`; agents choose the text, so only known ones have one. */
export function stateClass(status: string): string {
  return statuses.has(status) ? `state-${status}` : "";
}

/** All instances: those that are connected first, then by name. */
export function sorted(instances: Instances): Instance[] {
  const gone = (one: Instance) => (one.status === "disconnected" ? 1 : 0);
  return [...instances.values()].sort((a, b) => gone(a) - gone(b) || a.id.localeCompare(b.id));
}

/** The page's title: how many instances wait for their user comes first. */
export function titleFor(instances: Instances): string {
  const waiting = [...instances.values()].filter(({ status }) => status === "waiting").length;
  return `${waiting > 0 ? `(${waiting}) ` : ""}Instances · berth`;
}

/** "just now", "5 minutes ago": `then` as seen at `now` (both in milliseconds). */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  if (Number.isNaN(seconds)) return "unknown";
  if (seconds < 60) return "just now";
  const units: [number, string][] = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ];
  for (const [size, unit] of units) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}
