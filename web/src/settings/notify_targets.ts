// What the notifications page asks the hub, and what it asks the browser: whether this one can be told.
import { call } from "../api";
import { record, records, text, texts, whole } from "../json";
import { noteOwnTarget, targetPath } from "../own_target";
import { runningWorker } from "../worker";

export const events: readonly (readonly [string, string])[] = [
  ["needs_you", "a session needs you"],
  ["finished", "a run finished"],
  ["failed", "a run failed"],
  ["offline", "an instance is offline"],
];

export interface NotifyTarget {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly host: string;
  readonly events: readonly string[];
  /** "" for none. */
  readonly quietHours: string;
  readonly lastOkAt: string;
  readonly lastError: string;
  readonly waiting: number;
}

/** What a new target is made of; see docs/notifications.md. */
export interface NewTarget {
  readonly kind: string;
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly secret?: string;
  readonly p256dh?: string;
  readonly auth?: string;
  readonly quiet_hours?: string | null;
  readonly utc_offset?: string;
}

export async function notifyTargets(): Promise<NotifyTarget[]> {
  return records(await call("GET", "/api/notifications/targets"), "targets").map((one) => ({
    id: text(one.id),
    kind: text(one.kind),
    name: text(one.name),
    host: text(one.host),
    events: texts(one.events),
    quietHours: text(one.quiet_hours),
    lastOkAt: text(one.last_ok_at, 40),
    lastError: text(one.last_error),
    waiting: whole(one.waiting),
  }));
}

export async function addTarget(target: NewTarget): Promise<void> {
  const made = record(await call("POST", "/api/notifications/targets", target));
  if (target.kind === "webpush") noteOwnTarget(text(made.id));
}

/** What is left out stays as it is. */
export async function changeTarget(
  id: string,
  changes: Partial<Pick<NewTarget, "name" | "events" | "quiet_hours" | "utc_offset">>,
): Promise<void> {
  await call("PATCH", targetPath(id), changes);
}

/** "" if the message was delivered, else why not. */
export async function testTarget(id: string): Promise<string> {
  const answer = record(await call("POST", `${targetPath(id)}/test`));
  return text(answer.outcome) === "delivered" ? "" : text(answer.message) || "It could not be delivered.";
}

/** How far this browser's clock is from UTC, as the API writes it. */
export function utcOffset(): string {
  const minutes = -new Date().getTimezoneOffset();
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

export const canPush = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const workerMs = 10_000;

/** `error`, of subscribing; in words of ours where the browser has nothing that pushes. */
function explained(error: unknown): unknown {
  const isRefused = error instanceof DOMException && ["AbortError", "NotSupportedError"].includes(error.name);
  return isRefused
    ? new Error(
        "This browser has no push service, or it is switched off: allow it in the browser's settings, or choose ntfy or a webhook.",
      )
    : error;
}

/** The browser's subscription for that key; one for another key, of an earlier hub say, gives way to it. */
export async function subscribeFor(manager: PushManager, key: string): Promise<PushSubscription> {
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await manager.subscribe(options);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "InvalidStateError")) throw explained(error);
    const old = await manager.getSubscription();
    await old?.unsubscribe();
    return await manager.subscribe(options);
  }
}

/** Asks the user, then the browser, for a subscription. An Error's message may be shown. */
export async function subscribe(): Promise<Pick<NewTarget, "url" | "p256dh" | "auth">> {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new Error("This browser does not let berth show notifications: allow it in the site's settings.");
  }
  const worker = await runningWorker(workerMs);
  if (worker === undefined) throw new Error("Open the dashboard once, then try again.");
  const key = text(record(await call("GET", "/api/notifications/key")).key);
  const subscription = await subscribeFor(worker.pushManager, key);
  const { endpoint, keys } = subscription.toJSON();
  return { url: endpoint ?? "", p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" };
}
