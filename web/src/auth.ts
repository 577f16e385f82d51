// The sign-on page on an instance's own address: trades the one-time code in the fragment for that
// address's cookie, then shows the instance. The fragment never reaches a server or a log.
import { ApiError, signIn } from "./api";
import { nextPath } from "./next";

async function main(): Promise<void> {
  const code = location.hash.slice(1);
  const next = nextPath(location.search, location.origin, "/");
  history.replaceState(null, "", location.pathname + location.search);
  if (code !== "") {
    await signIn(code, "/.berth/session");
    location.replace(next);
    return;
  }
  throw new ApiError(0, "Open this instance from the hub's dashboard.");
}

main().catch((error: unknown) => {
  const message = document.getElementById("message");
  if (message === null) return;
  message.textContent =
    error instanceof ApiError && error.status !== 401
      ? error.message
      : "This link was used already or is too old. Open the instance from the hub's dashboard again.";
});
