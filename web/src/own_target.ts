// This browser as a place where its user is told of events, until they sign out here or end its session elsewhere.
import { call, type SessionInfo } from "./api";
import { maxUrl, record, records, text, texts, whole } from "./json";
import { workerScope } from "./worker";

const storageKey = "berth-own-target";

/** What the user chose for a target. */
export interface Choices {
  readonly name: string;
  readonly events: readonly string[];
  readonly quiet_hours?: string | null;
  readonly utc_offset?: string;
}

/** What the hub takes of a browser's subscription. */
export interface Place {
  readonly url: string;
  readonly p256dh: string;
  readonly auth: string;
}

/** What this browser keeps of its target, which ends at the hub when somebody ends the session that set it up. */
interface Own {
  readonly id: string;
  readonly choices: Choices;
  /** Of the subscription that it was made with, which the browser may replace; "" where that is not known. */
  readonly url: string;
  readonly user: number;
  /** When that session ends at the latest, which tells it from the next. */
  readonly session: number;
}

let present = { user: 0, session: 0 };

/** Where the API has all targets, and one of them. */
export const targetsPath = "/api/notifications/targets";
export const targetPath = (id: string): string => `${targetsPath}/${encodeURIComponent(id)}`;

export async function removeTarget(id: string): Promise<void> {
  await call("DELETE", targetPath(id));
  if (readOwn()?.id === id) keepOwn(undefined);
}

export function placeOf(subscription: PushSubscription): Place {
  const { endpoint, keys } = subscription.toJSON();
  return { url: endpoint ?? "", p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" };
}

async function subscriptionHere(): Promise<PushSubscription | undefined> {
  const worker = await navigator.serviceWorker?.getRegistration(workerScope);
  return (await worker?.pushManager?.getSubscription()) ?? undefined;
}

/** Has the hub tell this browser, and no more where it was told before its subscription was replaced. */
export async function addOwnTarget(choices: Choices, place: Place): Promise<void> {
  const body = { kind: "webpush", ...choices, ...place };
  const made = record(await call("POST", targetsPath, body));
  const old = readOwn();
  keepOwn({ id: text(made.id), choices, url: place.url, ...present });
  if (old === undefined || old.user !== present.user || old.url === "" || old.url === place.url) return;
  // What nobody receives any more the hub finds out by itself, too.
  await removeTarget(old.id).catch(() => {});
}

/** The choices for that target are others now: if it is this browser's, it will renew itself with them. */
export function noteChoices(id: string, changes: Partial<Choices>): void {
  const own = readOwn();
  if (own?.id === id) keepOwn({ ...own, choices: { ...own.choices, ...changes } });
}

/**
 * On every page of the hub: a browser that its user had told of events is told again once they signed in again, or
 * the browser replaced its subscription. What they changed from elsewhere stays so, and what they removed, too,
 * unless both happened: that the hub removed it cannot be told from that they did.
 */
export async function renewOwnTarget(info: SessionInfo): Promise<void> {
  present = { user: info.user, session: info.expiresAt };
  const own = readOwn();
  if (own === undefined || own.user !== present.user) return;
  try {
    const there = records(await call("GET", targetsPath), "targets").find((one) => one.id === own.id);
    const choices = there === undefined ? own.choices : choicesOf(there);
    const subscription = await subscriptionHere();
    const place = subscription && placeOf(subscription);
    const isReplaced = place !== undefined && own.url !== "" && place.url !== own.url;
    if (place !== undefined && (own.session !== present.session || isReplaced)) await addOwnTarget(choices, place);
    // Without a subscription it is the browser that ended it: see lostChoices().
    else if (place !== undefined && there === undefined) keepOwn(undefined);
    else keepOwn({ ...own, choices, url: own.url || (place?.url ?? "") });
  } catch {
    // The next page tries again.
  }
}

/** What its user chose for this browser, if it may show notifications and has dropped its subscription. */
export async function lostChoices(): Promise<Choices | undefined> {
  const own = readOwn();
  if (own === undefined || own.user !== present.user || Notification.permission !== "granted") return undefined;
  return (await subscriptionHere()) === undefined ? own.choices : undefined;
}

/** After signing out, which ends the target at the hub: nothing more is shown here, whoever uses this browser next. */
export async function leaveOwnTarget(): Promise<void> {
  keepOwn(undefined);
  try {
    const subscription = await subscriptionHere();
    await subscription?.unsubscribe();
  } catch {
    // A browser that has none, or no say in it.
  }
}

function choicesOf({ name, events, quiet_hours: quiet, utc_offset: offset }: Record<string, unknown>): Choices {
  const hours = { ...(quiet !== undefined && { quiet_hours: text(quiet) || null }), ...(text(offset) !== "" && { utc_offset: text(offset) }) };
  return { name: text(name), events: texts(events), ...hours };
}

function readOwn(): Own | undefined {
  try {
    const kept = localStorage.getItem(storageKey);
    if (kept === null) return undefined;
    // Before there was more to keep, it was the id alone.
    if (!kept.startsWith("{")) return { id: kept, choices: { name: "", events: [] }, url: "", user: 0, session: 0 };
    const own = record(JSON.parse(kept));
    const choices = choicesOf(record(own.choices));
    return { id: text(own.id), choices, url: text(own.url, maxUrl), user: whole(own.user), session: whole(own.session) };
  } catch {
    // A browser that keeps nothing, or that somebody else wrote to.
    return undefined;
  }
}

function keepOwn(own: Own | undefined): void {
  try {
    if (own === undefined) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, JSON.stringify(own));
  } catch {
    // A browser that keeps nothing: signing out ends the target all the same.
  }
}
