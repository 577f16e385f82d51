// The hub's page that leads a signed-in user to an instance's own address, where a navigation
// arrived without a cookie: /open?client=ID&next=PATH.
import { ApiError, openInstance } from "./api";
import { nextPath } from "./next";

const storageKey = "berth-opened";
const mostTurns = 3;
const turnsWithinMs = 15_000;

/** Whether this tab was sent here too often: the instance's address then keeps no cookie. */
function isLoop(id: string): boolean {
  const now = Date.now();
  let times: number[] = [];
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? "{}");
    const known = (kept as { id?: unknown; times?: unknown }) ?? {};
    if (known.id === id && Array.isArray(known.times)) times = known.times.map(Number);
  } catch {
    // Whatever it was, it does not count.
  }
  times = [...times.filter((time) => now - time < turnsWithinMs), now];
  sessionStorage.setItem(storageKey, JSON.stringify({ id, times }));
  return times.length > mostTurns;
}

async function main(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const id = query.get("client") ?? "";
  if (id === "") throw new ApiError(0, "Open an instance from the dashboard.");
  if (isLoop(id)) {
    throw new ApiError(0, "The browser keeps no cookie for this instance's address. Allow it, then try again.");
  }
  // Without dot segments: it may come to stand below the instance's prefix.
  location.replace(await openInstance(id, nextPath(location.search, location.origin, "/")));
}

main().catch((error: unknown) => {
  if (error instanceof ApiError && error.status === 401) {
    location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  const message = document.getElementById("message");
  if (message === null) return;
  const link = document.createElement("a");
  link.href = "/dashboard";
  link.textContent = "All instances";
  message.replaceChildren(error instanceof ApiError ? error.message : "Opening failed.", " ", link);
});
