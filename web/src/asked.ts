// How the sign-on page of an instance's address knows that this tab has asked for the one-time code that it is given.
// Anybody may have a code of their own there, and lead others to it, who would then be signed in in that one's place.
// So a code counts if a page of the hub led to it; any other only with the mark that the sign-on page left in the tab
// when it went to the hub for a code of this browser's own.

const key = "berth-asked";

/** Leaves a new mark in the tab. */
export function ask(storage: Storage = sessionStorage): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const mark = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  storage.setItem(key, mark);
  return mark;
}

/** Whether that is the mark of this tab, which it has no longer then. */
export function wasAsked(mark: string, storage: Storage = sessionStorage): boolean {
  const asked = storage.getItem(key);
  storage.removeItem(key);
  return asked !== null && asked === mark;
}

/** `url`, with the mark beside the code if it has one. */
export function withMark(url: string, mark: string | null): string {
  return url.includes("#") && mark !== null && /^[0-9a-f]{32}$/.test(mark) ? `${url}~${mark}` : url;
}

/** The code and the mark in a fragment; "" where one is missing. */
export function codeAndMark(fragment: string): { readonly code: string; readonly mark: string } {
  const [code = "", mark = ""] = fragment.replace(/^#/, "").split("~");
  return { code, mark };
}
