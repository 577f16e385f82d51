// Stands in for the service worker of an instance, at the instance's own address, while the browser has no
// session there. A worker that answers navigations from its cache would show the old page in the place of the
// sign-on page too, and the browser would never get a session again. This one answers nothing, so that
// everything goes to the hub. It stays registered until the instance's own script can be had again, and the
// push subscription with it.
import { worker, type LifeEvent } from "./in_worker";
import { nextPath } from "./next";

/** Windows in which the old page came instead of the sign-on page go on where that would have led: without
 * a session the hub sends them back here with a fresh code, for theirs may be too old by now. */
async function activate(): Promise<void> {
  await worker.clients.claim();
  for (const window of await worker.clients.matchAll({ type: "window" })) {
    const { pathname, search, origin } = new URL(window.url);
    // One that was closed meanwhile, or leads to another origin, is none of ours any more.
    if (pathname === "/.berth/auth") window.navigate(nextPath(search, origin, "/")).catch(() => {});
  }
}

worker.addEventListener("install", (event) => (event as LifeEvent).waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => (event as LifeEvent).waitUntil(activate()));
