// Where to go after signing in: only a path of this same origin, never another site.

/** The path that `?next=` in `search` asks for, or `fallback` if it is absent or leads elsewhere. */
export function nextPath(search: string, origin: string, fallback: string): string {
  const wanted = new URLSearchParams(search).get("next");
  if (!wanted?.startsWith("/")) return fallback;
  try {
    // The URL parser knows every spelling of "another host" ("//x", "/\x", tabs in between).
    const url = new URL(wanted, origin);
    // Without its dots "/.//x" is "//x", which by itself would be another host.
    if (url.origin !== origin || url.pathname.startsWith("//")) return fallback;
    return url.pathname + url.search + url.hash;
  } catch {
    return fallback;
  }
}

/** The one-time code in a pasted sign-in link, or in the text itself if it is no link. */
export function codeFrom(text: string): string {
  const hash = text.lastIndexOf("#");
  return (hash < 0 ? text : text.slice(hash + 1)).trim();
}
