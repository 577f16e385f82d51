// The dashboard socket: connects, asks for the list, and connects again by itself for as long as
// the page lives. A silent connection is probed and given up, so that a dead link shows.

import { pageProof } from "./api";

const firstDelayMs = 500;
const longestDelayMs = 15_000;
const probeAfterMs = 20_000;
const answerWithinMs = 10_000;

/** What the owner of the socket is told. */
export interface SocketEvents {
  readonly onMessage: (message: unknown) => void;
  readonly onState: (connected: boolean) => void;
  /** A connection was refused or lost; resolves to false if it is no use to try again. */
  readonly mayRetry: () => Promise<boolean>;
}

/** Runs for ever; returns what ends it. */
export function keepSocket(url: string, events: SocketEvents): () => void {
  let ended = false;
  let delay = firstDelayMs;
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function watch(current: WebSocket): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      current.send(JSON.stringify({ type: "ping" }));
      timer = setTimeout(() => drop(current), answerWithinMs);
    }, probeAfterMs);
  }

  // close() alone may wait long for a dead peer, so the loss is handled at once.
  function drop(current: WebSocket): void {
    current.close();
    lost(current);
  }

  function connect(): void {
    const proof = pageProof();
    const current = new WebSocket(url, proof === "" ? [] : [`berth.page.${proof}`]);
    socket = current;
    clearTimeout(timer);
    timer = setTimeout(() => drop(current), answerWithinMs);
    current.onopen = () => {
      if (current !== socket) return;
      delay = firstDelayMs;
      current.send(JSON.stringify({ type: "get_clients" }));
      watch(current);
      events.onState(true);
    };
    current.onmessage = (event) => {
      if (current !== socket) return;
      watch(current);
      if (typeof event.data !== "string") return;
      let message: unknown;
      try {
        message = JSON.parse(event.data);
      } catch {
        return;
      }
      events.onMessage(message);
    };
    current.onclose = () => lost(current);
  }

  function lost(current: WebSocket): void {
    if (current !== socket || ended) return;
    socket = undefined;
    clearTimeout(timer);
    events.onState(false);
    void events.mayRetry().then((retry) => {
      if (!retry || ended) return;
      timer = setTimeout(connect, delay * (0.5 + Math.random() / 2));
      delay = Math.min(delay * 2, longestDelayMs);
    });
  }

  function retryNow(): void {
    if (socket !== undefined || ended) return;
    clearTimeout(timer);
    delay = firstDelayMs;
    connect();
  }

  window.addEventListener("online", retryNow);
  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    window.removeEventListener("online", retryNow);
    socket?.close();
  };
}
