// Codes come to a page in the fragment of a link, which is never sent.

/** Begins the page anew when such a link is opened in its own tab: of itself that loads nothing. */
export function followFragment(): void {
  addEventListener("hashchange", () => {
    if (location.hash !== "") location.reload();
  });
}
