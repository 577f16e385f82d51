// Tabs that ask somebody to sign in hear from the others of this browser that they have.

const name = "berth-signed-in";

/** Pages of whoever is signed in call it as they start. */
export function tellSignedIn(): void {
  const channel = new BroadcastChannel(name);
  channel.postMessage("");
  channel.close();
}

/** Calls `then` when another tab says so. */
export function onSignedIn(then: () => void): void {
  new BroadcastChannel(name).addEventListener("message", then);
}
