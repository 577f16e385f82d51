// This browser as a place where its user is told of events: only as long as they are signed in here.
import { call } from "./api";
import { workerScope } from "./worker";

const storageKey = "berth-own-target";

export const targetPath = (id: string): string => `/api/notifications/targets/${encodeURIComponent(id)}`;

export async function removeTarget(id: string): Promise<void> {
  await call("DELETE", targetPath(id));
}

/** The hub tells this browser under that id. */
export function noteOwnTarget(id: string): void {
  try {
    localStorage.setItem(storageKey, id);
  } catch {
    // A browser that keeps nothing: see leaveOwnTarget().
  }
}

/** Before signing out, which it never keeps from: nothing more is shown here, whoever uses this browser next. */
export async function leaveOwnTarget(): Promise<void> {
  try {
    const id = localStorage.getItem(storageKey);
    localStorage.removeItem(storageKey);
    if (id !== null) await removeTarget(id);
  } catch {
    // The hub finds out when it next sends something.
  }
  try {
    const worker = await navigator.serviceWorker?.getRegistration(workerScope);
    const subscription = await worker?.pushManager?.getSubscription();
    await subscription?.unsubscribe();
  } catch {
    // A browser that has none, or no say in it.
  }
}
