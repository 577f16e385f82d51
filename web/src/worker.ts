// Registers the dashboard's service worker, by which the app starts while the hub is away.

/** The pages that it may control. In path mode instances are below the same root: with navigation
 * preload a worker of the whole origin would have each of their pages asked for twice. */
export const workerScope = "/dashboard";

/** A browser without service workers, or an origin that may have none, does without. */
export function installWorker(): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/sw.js", { scope: workerScope, updateViaCache: "none" }).catch(() => {});
}

/** The worker once it runs; undefined if it does not within `withinMs`. */
export async function runningWorker(withinMs: number): Promise<ServiceWorkerRegistration | undefined> {
  const registration = await navigator.serviceWorker.getRegistration(workerScope);
  if (registration === undefined || registration.active !== null) return registration;
  const starting = registration.installing ?? registration.waiting;
  return new Promise((resolve) => {
    starting?.addEventListener("statechange", () => {
      if (starting.state === "activated") resolve(registration);
    });
    setTimeout(() => resolve(undefined), withinMs);
  });
}
