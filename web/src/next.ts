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

/**
 * `path`, or the page that opens the instance, if it is one of path mode: a page of ours must not lead
 * there because a link to it says so. Where an instance has no address of its own, that page does.
 */
export function throughOpen(path: string): string {
  const [, id, rest] = /^\/clients\/([^/?#]+)\/proxy(?![^/?#])\/?(.*)$/s.exec(path) ?? [];
  if (id === undefined || rest === undefined) return path;
  return `/open?client=${encodeURIComponent(id)}&next=${encodeURIComponent(`/${rest}`)}`;
}

/**
 * `path` with the fragment that the browser brought along from the page that led here, if that is a place in an
 * application ("#/settings"). Nothing else of it goes on: it may be a secret (OAuth's implicit grant).
 */
export function withPlace(path: string, hash: string): string {
  return hash.startsWith("#/") && !path.includes("#") ? path + hash : path;
}

/**
 * Where somebody who has signed in goes on to: what `?next=` in `search` asks for, with the place in `hash`. Not
 * where they would be signed out, or asked to sign in again; as LocalPath of src/hub/sign_in_routes.cc has it.
 */
export function afterSignIn(search: string, origin: string, hash: string): string {
  const path = nextPath(search, origin, "/dashboard");
  const isLoop = path.startsWith("/auth/") || path.startsWith("/login");
  return throughOpen(withPlace(isLoop ? "/dashboard" : path, hash));
}

/** Whether it has the form of a one-time code: an id and a secret of 256 bits. */
export function isCode(text: string): boolean {
  return /^[\w-]+\.[\w-]{43}$/.test(text);
}

/** The one-time code in a pasted sign-in link, or in the text itself if it is no link. */
export function codeFrom(text: string): string {
  const hash = text.lastIndexOf("#");
  return (hash < 0 ? text : text.slice(hash + 1)).trim();
}
