// What the hub pushes, in the service worker: shown as a notification that opens the right session.
import { worker, type LifeEvent } from "./in_worker";
import { maxUrl, record, text } from "./json";

interface PushEvent extends LifeEvent {
  readonly data: { json(): unknown } | null;
}

interface ClickEvent extends LifeEvent {
  readonly notification: Notification;
  /** "" for the notification itself. */
  readonly action: string;
}

const home = "/dashboard";

/** An address of this hub; the dashboard where it is anything else. */
export function ownAddress(value: unknown, origin: string): string {
  try {
    const url = new URL(text(value, maxUrl), origin);
    return url.origin === origin ? url.href : origin + home;
  } catch {
    return origin + home;
  }
}

const answerAction = "answer";

/** Where the question is shown in full, with its buttons; "" for news that ask nothing. */
export function answerPlace(told: Record<string, unknown>): string {
  const id = text(told.client_id);
  return text(told.event) === "needs_you" && id !== "" ? `/instances/${encodeURIComponent(id)}` : "";
}

/** Browsers want something shown for every push, also for one that cannot be read. */
export function showPush(event: Event): void {
  const { data } = event as PushEvent;
  let told: Record<string, unknown> = {};
  try {
    told = record(data?.json());
  } catch {
    // It is shown as news without words.
  }
  const title = text(told.title) || "berth has news";
  const answer = answerPlace(told);
  const tag = text(told.tag);
  // The library's type knows neither the buttons nor that what replaces another alerts again; nor do all browsers.
  const options: NotificationOptions & { renotify: boolean; actions: { action: string; title: string }[] } = {
    body: text(told.body),
    tag,
    renotify: tag !== "",
    icon: "{{asset:icon-192.png}}",
    data: { url: told.url, answer },
    actions: answer === "" ? [] : [{ action: answerAction, title: "Read and answer" }],
  };
  const shown = worker.registration.showNotification(title, options);
  (event as PushEvent).waitUntil(shown);
}

/** A click leads into the instance's session, the button to the question on the dashboard. */
export function openPushed(event: Event): void {
  const { notification, action } = event as ClickEvent;
  notification.close();
  const { url, answer } = record(notification.data);
  const address = ownAddress(action === answerAction ? answer : url, location.origin);
  (event as ClickEvent).waitUntil(worker.clients.openWindow(address));
}
