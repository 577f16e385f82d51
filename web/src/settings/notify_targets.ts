// What the notifications page asks the hub, and what it asks the browser: whether this one can be told.
import { ApiError, call, words } from "../api";
import { record, records, text, texts, whole } from "../json";
import { addOwnTarget, noteChoices, placeOf, targetPath, targetsPath, type Choices, type Place } from "../own_target";
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

/** What a new target other than this browser is made of; see docs/notifications.md. */
export interface NewTarget extends Choices {
  readonly kind: string;
  readonly url: string;
  readonly secret?: string;
}

export async function notifyTargets(): Promise<NotifyTarget[]> {
  return records(await call("GET", targetsPath), "targets").map((one) => ({
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
  await call("POST", targetsPath, target);
}

/** Adds this browser; failureWords() says why not. */
export async function addBrowser(choices: Choices): Promise<void> {
  await addOwnTarget(choices, await subscribe());
}

/** What is left out stays as it is. */
export async function changeTarget(id: string, changes: Partial<Choices>): Promise<void> {
  await call("PATCH", targetPath(id), changes);
  noteChoices(id, changes);
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

/** What the user reads where addBrowser() fails. */
export function failureWords(error: unknown): string {
  const isOurs = error instanceof Error && !(error instanceof ApiError) && !(error instanceof DOMException);
  return isOurs ? error.message : words(error);
}

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

/** Asks the user, then the browser, for a subscription. */
async function subscribe(): Promise<Place> {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new Error("This browser does not let berth show notifications: allow it in the site's settings.");
  }
  const worker = await runningWorker(workerMs);
  if (worker === undefined) throw new Error("Open the dashboard once, then try again.");
  const key = text(record(await call("GET", "/api/notifications/key")).key);
  return placeOf(await subscribeFor(worker.pushManager, key));
}
