// What the hub pushes, in the service worker: shown as a notification that opens the right session.

interface PushEvent extends Event {
  readonly data: { json(): unknown } | null;
  waitUntil(done: Promise<unknown>): void;
}

interface ClickEvent extends Event {
  readonly notification: Notification;
  waitUntil(done: Promise<unknown>): void;
}

interface Worker {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { openWindow(url: string): Promise<unknown> };
}

const worker = self as unknown as Worker;
const home = "/dashboard";

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** An address of this hub; the dashboard where it is anything else. */
export function placeOf(value: unknown, origin: string): string {
  try {
    const url = new URL(text(value), origin);
    return url.origin === origin ? url.href : origin + home;
  } catch {
    return origin + home;
  }
}

/** Browsers want something shown for every push, also for one that cannot be read. */
export function showPush(event: Event): void {
  const { data } = event as PushEvent;
  let told: Record<string, unknown> = {};
  try {
    told = (data?.json() ?? {}) as Record<string, unknown>;
  } catch {
    // It is shown as news without words.
  }
  const title = text(told.title) || "berth has news";
  const shown = worker.registration.showNotification(title, {
    body: text(told.body),
    tag: text(told.tag),
    icon: "{{asset:icon-192.png}}",
    data: placeOf(told.url, location.origin),
  });
  (event as PushEvent).waitUntil(shown);
}

/** A click leads where the notification belongs. */
export function openPushed(event: Event): void {
  const { notification } = event as ClickEvent;
  notification.close();
  (event as ClickEvent).waitUntil(worker.clients.openWindow(placeOf(notification.data, location.origin)));
}
