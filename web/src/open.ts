// The hub's page that leads a signed-in user to an instance's own address, where a navigation
// arrived without a cookie: /open?client=ID&next=PATH. With &mark=MARK it comes from the sign-on page there, which
// was given a code that nobody of this browser had asked for.
import { ApiError, openInstance, toLogin } from "./api";
import { withMark } from "./asked";
import { nextPath, withPlace } from "./next";
import { showNotOpened } from "./not_opened";

const storageKey = "berth-opened";
const mostTurns = 3;
const turnsWithinMs = 15_000;

/**
 * Whether this tab was sent here too often for the same: the instance's address then keeps no cookie. Who comes
 * from a page of the hub was not sent by that address.
 */
function isLoop(place: string): boolean {
  if (document.referrer.startsWith(`${location.origin}/`)) return false;
  const now = Date.now();
  let times: number[] = [];
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? "{}");
    const known = (kept as { place?: unknown; times?: unknown }) ?? {};
    if (known.place === place && Array.isArray(known.times)) times = known.times.map(Number);
  } catch {
    // Whatever it was, it does not count.
  }
  times = [...times.filter((time) => now - time < turnsWithinMs), now];
  sessionStorage.setItem(storageKey, JSON.stringify({ place, times }));
  return times.length > mostTurns;
}

async function main(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const id = query.get("client") ?? "";
  if (id === "") throw new ApiError(0, "Open an instance from the dashboard.");
  // Without dot segments: it may come to stand below the instance's prefix.
  const next = withPlace(nextPath(location.search, location.origin, "/"), location.hash);
  if (isLoop(`${id} ${next}`)) {
    throw new ApiError(0, "The browser keeps no cookie for this instance's address. Allow it, then try again.");
  }
  location.replace(withMark(await openInstance(id, next), query.get("mark")));
}

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return "Opening failed.";
  return error.status === 404
    ? "You have no instance of this name, and none of this name is shared with you."
    : error.message;
}

main().catch((error: unknown) => {
  if (error instanceof ApiError && error.status === 401) {
    toLogin();
    return;
  }
  showNotOpened(explain(error), "/dashboard");
});
