// What a service worker finds around itself; the library's types know pages only.

export interface LifeEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}

/** A page that the worker controls. */
export interface Window {
  readonly url: string;
  navigate(url: string): Promise<unknown>;
}

export interface Worker extends EventTarget {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(which: { type: "window" }): Promise<readonly Window[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
}

/** The worker itself. */
export const worker = self as unknown as Worker;
