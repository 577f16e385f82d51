// Keeps the keyboard's place where what has the focus goes away, or is out of the page for a moment because it moves:
// it would begin at the top of the page again. Nothing else has to care about that, but for buttons, which are `off`
// rather than disabled (button.tsx).
import { useEffect } from "preact/hooks";

/** The heading of what is around that which went, else of the card that came after it, or before it; else the page. */
function placeOf({ target, nextSibling, previousSibling }: MutationRecord): HTMLElement | null {
  const around = target instanceof Element ? target.closest("[data-instance], .panel") : null;
  for (const box of [around, nextSibling, previousSibling]) {
    const heading = box instanceof Element && box.isConnected && box.querySelector<HTMLElement>("h2 a, h2[tabindex]");
    if (heading) return heading;
  }
  return document.querySelector<HTMLElement>("#main, h1[tabindex]");
}

/** For the whole page. It does not scroll: another button would come under the pointer. */
export function useKeptFocus(): void {
  useEffect(() => {
    let held: Element | undefined;
    const note = (): void => {
      held = document.activeElement ?? undefined;
    };
    // Later: whether it moves or the user left it is not known yet.
    const leave = (): void => void setTimeout(() => {
      if (document.activeElement !== held) held = undefined;
    });
    const observer = new MutationObserver((records) => {
      if (!(held instanceof HTMLElement) || document.activeElement !== document.body) return;
      const gone = held.getRootNode();
      const record = records.find(({ removedNodes }) => [...removedNodes].some((node) => node === gone));
      const place = held.isConnected ? held : record && placeOf(record);
      place?.focus({ preventScroll: true });
    });
    observer.observe(document.body, { childList: true, subtree: true });
    document.addEventListener("focusin", note);
    document.addEventListener("focusout", leave);
    return () => {
      observer.disconnect();
      document.removeEventListener("focusin", note);
      document.removeEventListener("focusout", leave);
    };
  }, []);
}
