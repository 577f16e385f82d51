// Registers the dashboard's service worker, by which the app starts while the hub is away.

/** A browser without service workers, or an origin that may have none, does without. */
export function installWorker(): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" }).catch(() => {});
}
