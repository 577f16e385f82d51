// The dashboard's service worker. When the hub does not answer a navigation to the dashboard, it shows a
// page from its cache, which tells the last known state; and it shows what the hub pushes. Whatever else the origin
// asks for goes its own way, above all the pages of instances in path mode; and nothing is ever stored
// but the files below, which are the same for everybody: no answer of the API, no page of a navigation.
// web/build.mjs fills in the names.
import { showPush, openPushed } from "./push";

interface FetchEvent extends Event {
  readonly request: Request;
  readonly preloadResponse: Promise<Response | undefined>;
  respondWith(response: Promise<Response>): void;
}

interface LifeEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface Worker extends EventTarget {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}

const worker = self as unknown as Worker;
const cacheName = "berth-{{build}}";
const offlinePage = "/.berth/offline";
const files = ["{{asset:style.css}}", "{{asset:dashboard.js}}", "{{asset:icon.svg}}"];

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  // Without the user's cookies: the page is nobody's.
  const wanted = [offlinePage, ...files].map((path) => new Request(path, { credentials: "omit", cache: "no-cache" }));
  await cache.addAll(wanted);
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith("berth-") && name !== cacheName) await caches.delete(name);
  }
  // The browser sends the navigation itself, so that the hub sees it as what it is.
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

async function page(event: FetchEvent): Promise<Response> {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    const kept = await caches.match(offlinePage);
    if (kept === undefined) throw error;
    return kept;
  }
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? (await fetch(request));
}

worker.addEventListener("install", (event) => (event as LifeEvent).waitUntil(install()));
worker.addEventListener("activate", (event) => (event as LifeEvent).waitUntil(activate()));
worker.addEventListener("push", showPush);
worker.addEventListener("notificationclick", openPushed);
worker.addEventListener("fetch", (event) => {
  const { request } = event as FetchEvent;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === "/dashboard") (event as FetchEvent).respondWith(page(event as FetchEvent));
  } else if (files.includes(url.pathname)) {
    (event as FetchEvent).respondWith(file(request));
  }
});
