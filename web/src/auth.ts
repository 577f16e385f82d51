// The sign-on page on an instance's own address: trades the one-time code in the fragment for that
// address's cookie, then shows the instance. The fragment never reaches a server or a log. A code that
// somebody else's page leads here with may be somebody else's: for it this browser gets one of its own.
import { ApiError, signIn } from "./api";
import { ask, codeAndMark, wasAsked } from "./asked";
import { nextPath } from "./next";
import { showNotOpened } from "./not_opened";

/** The page of the hub that orders a code for this browser; "" if a page of the hub led here. Undefined at the hub. */
const opener = document.querySelector<HTMLMetaElement>('meta[name="berth-opener"]')?.content;

function dashboard(): string {
  const hub = opener === undefined ? "" : opener || document.referrer;
  return new URL("/dashboard", hub || location.origin).href;
}

async function main(): Promise<void> {
  const { code, mark } = codeAndMark(location.hash);
  const next = nextPath(location.search, location.origin, "/");
  history.replaceState(null, "", location.pathname + location.search);
  if (code === "") throw new ApiError(0, "Open this instance from the hub's dashboard.");
  if (opener && !wasAsked(mark)) {
    location.replace(`${opener}&next=${encodeURIComponent(next)}&mark=${ask()}`);
    return;
  }
  await signIn(code, "/.berth/session");
  location.replace(next);
}

main().catch((error: unknown) => {
  showNotOpened(
    error instanceof ApiError && error.status !== 401
      ? error.message
      : "This link was used already or is too old. Open the instance from the hub's dashboard again.",
    dashboard(),
  );
});
