// The last list that the hub told, for when it does not answer: names and states, and nothing of what
// sessions say or ask. Kept in this browser until its user signs out, or their session is over at the latest.
import { chosen, everything } from "./choice";
import type { Instance, Instances, State } from "./instances";
import { apply } from "./instances";
import { whole } from "./json";

const cacheName = "last-known";
const place = "/.berth/last-known";
const mostInstances = 500;

export interface LastKnown {
  /** When the hub told it; milliseconds. */
  readonly at: number;
  /** Those that came first in the list. */
  readonly all: Map<string, Instance>;
  /** How many there were. */
  readonly count: number;
}

interface Kept {
  at: number;
  /** When the session of its user ends; milliseconds. */
  until: number;
  /** How many there are, of which the list has the first. */
  count: number;
  list: { id: string; label: string; state: State; hostname: string; project: string; last_seen: string; role: string }[];
}

let isForgotten = false;

/** How long a list that stays the same is kept with the time that it was first told. */
const renewEachMs = 60_000;
/** What was kept last, without its time; and when. */
let last = { told: "", at: 0 };

/** Keeps what can be shown later, until forget(), and never after `until`. Nothing is written without need. */
export function keep(all: Instances, now: number, until: number): void {
  if (isForgotten) return;
  const first = chosen(all, everything).slice(0, mostInstances).flatMap((id) => all.get(id) ?? []);
  const list = first.map((one) => ({
    id: one.id,
    label: one.name,
    state: one.state,
    hostname: one.hostname,
    project: one.project,
    last_seen: one.lastSeen,
    role: one.role,
  }));
  const kept: Kept = { at: now, until, count: all.size, list };
  const told = JSON.stringify({ ...kept, at: 0 });
  if (told === last.told && now - last.at < renewEachMs) return;
  last = { told, at: now };
  // The cache of an origin, unlike its localStorage, tells no other page of a change.
  void quietly((cache) => cache.put(place, new Response(JSON.stringify(kept))));
}

/** What was kept, if anything was, and its time is not over `now`: then it goes. */
export async function lastKnown(now: number): Promise<LastKnown | undefined> {
  const answer = await quietly((cache) => cache.match(place));
  if (answer === undefined) return undefined;
  try {
    const kept = (await answer.json()) as Kept;
    if (!(now < kept.until)) {
      await quietly((cache) => cache.delete(place));
      return undefined;
    }
    const all = new Map<string, Instance>();
    const clients = kept.list.map(({ id, label, last_seen, role, ...metadata }) => ({ id, label, last_seen, role, metadata }));
    apply(all, { type: "client_list", clients });
    return typeof kept.at === "number" ? { at: kept.at, all, count: Math.max(whole(kept.count), all.size) } : undefined;
  } catch {
    return undefined;
  }
}

/** After sign-out nothing is left, and nothing new comes. */
export async function forget(): Promise<void> {
  isForgotten = true;
  await quietly((cache) => cache.delete(place));
}

/** A browser that keeps nothing is no trouble. */
async function quietly<T>(use: (cache: Cache) => Promise<T>): Promise<T | undefined> {
  try {
    return await use(await caches.open(cacheName));
  } catch {
    return undefined;
  }
}
