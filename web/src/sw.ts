// The dashboard's service worker. When the hub does not answer a navigation to the dashboard, or a proxy says so
// for it, it shows a page from its cache, which tells the last known state; and it shows what the hub pushes.
// Whatever else the origin asks for goes its own way, above all the pages of instances in path mode; and nothing is
// ever stored but the files below, which are the same for everybody: no answer of the API, no page of a navigation.
// In path mode the pages of instances reach the caches of this origin too: a file that is kept counts only
// with the bytes of this build. web/build.mjs fills in the names and their digests.
import { worker, type LifeEvent } from "./in_worker";
import { showPush, openPushed } from "./push";

interface FetchEvent extends Event {
  readonly request: Request;
  readonly preloadResponse: Promise<Response | undefined>;
  respondWith(response: Promise<Response>): void;
}

const cacheName = "berth-{{build}}";
const offlinePage = "/.berth/offline";

interface File {
  readonly type: string;
  /** SHA-256, in base64. */
  readonly digest: string;
}

/** What is kept, by its path. */
const files = new Map<string, File>([
  [offlinePage, { type: "text/html; charset=utf-8", digest: "{{digest:offline.html}}" }],
  ["{{asset:style.css}}", { type: "text/css; charset=utf-8", digest: "{{digest:style.css}}" }],
  ["{{asset:dashboard.js}}", { type: "text/javascript; charset=utf-8", digest: "{{digest:dashboard.js}}" }],
  ["{{asset:icon.svg}}", { type: "image/svg+xml", digest: "{{digest:icon.svg}}" }],
]);

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  // Without the user's cookies: the page is nobody's.
  const wanted = [...files.keys()].map((path) => new Request(path, { credentials: "omit", cache: "no-cache" }));
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

/** The file as it was installed; undefined if it is not there, or something else is in its place. */
async function kept(path: string): Promise<Response | undefined> {
  const file = files.get(path);
  const answer = await (await caches.open(cacheName)).match(path);
  if (file === undefined || answer === undefined) return undefined;
  const body = await answer.arrayBuffer();
  const digest = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-256", body))));
  if (digest !== file.digest) return undefined;
  // Of its header fields only those that are known: they may be somebody else's, too.
  const headers = new Headers({ "content-type": file.type });
  const policy = answer.headers.get("content-security-policy");
  if (policy !== null) headers.set("content-security-policy", policy);
  return new Response(body, { headers });
}

/** What a proxy says in place of a hub that is away. The hub's own answer of that kind would show no list either. */
const awayStatuses: readonly number[] = [502, 503, 504];

const silenceMs = 5_000;

async function answerTo(event: FetchEvent): Promise<Response> {
  const answer = await event.preloadResponse;
  if (answer !== undefined) return answer;
  // A page that the worker asks for is given no proof, and loads itself again: then by the browser.
  await worker.registration.navigationPreload?.enable();
  return fetch(event.request);
}

async function page(event: FetchEvent): Promise<Response> {
  const asked = answerTo(event);
  const silence = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), silenceMs));
  const heard = await Promise.race([asked, silence]).catch(() => undefined);
  if (heard !== undefined && !awayStatuses.includes(heard.status)) return heard;
  return (await kept(offlinePage)) ?? asked;
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
    const isPreloaded = worker.registration.navigationPreload !== undefined;  // Else it never had a proof.
    if (isPreloaded && url.pathname === "/dashboard") (event as FetchEvent).respondWith(page(event as FetchEvent));
  } else if (files.has(url.pathname)) {
    (event as FetchEvent).respondWith(kept(url.pathname).then((file) => file ?? fetch(request)));
  }
});
