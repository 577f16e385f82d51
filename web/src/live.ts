// Keeps a store of instances fed from the hub's socket.
import { ApiError, sessionInfo, startAnew, toLogin } from "./api";
import { keepSocket, type Link } from "./socket";
import type { InstanceStore } from "./store";

/**
 * Runs until the returned function is called. `onState` is told when the hub comes and goes, `onHeard` of every
 * word of it, also where nothing changes.
 */
export function feed(store: InstanceStore, onState: (link: Link) => void, onHeard?: () => void): () => void {
  return keepSocket(`${location.origin.replace(/^http/, "ws")}/ws/connect?type=browser`, {
    onMessage: (message) => {
      store.hear(message);
      onHeard?.();
    },
    onState,
    // Somebody may be signed in anew, and be another; if nobody is, the hub leads to sign-in.
    onEnded: startAnew,
    mayRetry: async () => {
      try {
        await sessionInfo();
      } catch (error) {
        if (!(error instanceof ApiError)) return true;
        if (error.status === 401) {
          toLogin();
          return false;
        }
      }
      return true;
    },
  });
}
