// The dashboard socket: connects, asks for the list, and connects again by itself for as long as
// the page lives. A silent connection is probed and given up, so that a dead link shows; after sleep
// it is probed at once.
import { pageProof } from "./api";
import { isWhole } from "./instances";

const firstDelayMs = 250;
/** Between attempts while somebody looks at the page, and while nobody does. */
const longestDelayMs = { seen: 1_500, hidden: 15_000 };
/**
 * How long a connection may be silent before it is probed, and then until it is given up: while somebody looks at the
 * list, of which the hub tells the numbers every 3 s; else, and while a slow link may still carry the list.
 */
const patience = { seen: { probeAfterMs: 8_000, answerWithinMs: 4_000 }, else: { probeAfterMs: 20_000, answerWithinMs: 10_000 } };
const answerAfterSleepMs = 3_000;
const openWithinMs = 5_000;
/** For the answer that ended a session: its hub may be waiting for its disk. */
const answeredWithinMs = 1_000;
/** How the hub closes a socket whose session is over. */
const sessionEnded = 1008;
/** How it closes one at once whose user has as many open as it takes. */
const tooMany = 1013;

/** Whether the hub is heard; "crowded": it takes no more sockets of this user. */
export type Link = "up" | "down" | "crowded";

/** What the owner of the socket is told. */
export interface SocketEvents {
  readonly onMessage: (message: unknown) => void;
  readonly onState: (link: Link) => void;
  /** The session is over that the page was loaded with; nothing more follows. */
  readonly onEnded: () => void;
  /** A connection was refused or lost; resolves to false if it is no use to try again. */
  readonly mayRetry: () => Promise<boolean>;
}

/** Runs for ever; returns what ends it. */
export function keepSocket(url: string, events: SocketEvents): () => void {
  let ended = false;
  let delay = firstDelayMs;
  let socket: WebSocket | undefined;
  /** Whether anything has come over `socket`: one that is refused opens too. */
  let isHeard = false;
  /** Whether the list has come over `socket`: before, a slow link may take long for whatever is behind it. */
  let isListed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function probe(current: WebSocket, withinMs: number): void {
    clearTimeout(timer);
    current.send(JSON.stringify({ type: "ping" }));
    timer = setTimeout(() => drop(current), withinMs);
  }

  function watch(current: WebSocket): void {
    clearTimeout(timer);
    const { probeAfterMs, answerWithinMs } = isListed && !document.hidden ? patience.seen : patience.else;
    timer = setTimeout(() => probe(current, answerWithinMs), probeAfterMs);
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
    isHeard = false;
    isListed = false;
    clearTimeout(timer);
    timer = setTimeout(() => drop(current), openWithinMs);
    current.onopen = () => {
      if (current !== socket) return;
      current.send(JSON.stringify({ type: "get_clients", vitals: true }));
      watch(current);
    };
    current.onmessage = (event) => {
      if (current !== socket) return;
      // Not when it opens: a hub that takes it and says nothing is not asked all the faster.
      delay = firstDelayMs;
      if (!isHeard) events.onState("up");
      isHeard = true;
      if (typeof event.data !== "string") return;
      let message: unknown;
      try {
        message = JSON.parse(event.data);
      } catch {
        return;
      }
      isListed ||= isWhole(message);
      watch(current);
      events.onMessage(message);
    };
    current.onclose = ({ code }) => {
      if (code === sessionEnded) over(current);
      else lost(current, code === tooMany ? "crowded" : "down");
    };
  }

  function lost(current: WebSocket, link: Link = "down"): void {
    if (current !== socket || ended) return;
    socket = undefined;
    events.onState(link);
    if (link === "crowded") delay = longestDelayMs.hidden;
    clearTimeout(timer);
    timer = setTimeout(connect, delay * (0.5 + Math.random() / 2));
    delay = Math.min(delay * 2, document.hidden ? longestDelayMs.hidden : longestDelayMs.seen);
    // Asked meanwhile, and not waited for: the question may hang where a new connection would not.
    void events.mayRetry().then((retry) => {
      if (!retry) end();
    });
  }

  function over(current: WebSocket): void {
    if (current !== socket || ended) return;
    events.onState("down");
    end();
    // The answer that ended it may still be on its way here: with the cookie of another, or from signing out.
    setTimeout(events.onEnded, answeredWithinMs);
  }

  /** Somebody looks again, or the network is back: whatever was waited for is due now. */
  function wake(): void {
    if (ended || document.hidden) return;
    if (socket === undefined) {
      delay = firstDelayMs;
      connect();
    } else if (socket.readyState === WebSocket.OPEN && isListed) {
      probe(socket, answerAfterSleepMs);
    }
  }

  function end(): void {
    ended = true;
    clearTimeout(timer);
    for (const type of wakers) window.removeEventListener(type, wake);
    document.removeEventListener("visibilitychange", wake);
    socket?.close();
  }

  const wakers = ["online", "focus", "pageshow"] as const;
  for (const type of wakers) window.addEventListener(type, wake);
  document.addEventListener("visibilitychange", wake);
  connect();
  return end;
}
