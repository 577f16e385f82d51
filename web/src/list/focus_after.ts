// Keeps the keyboard's place when what was pressed goes away: it would begin at the top of the page again.
import { useEffect, useLayoutEffect, useRef, type MutableRef } from "preact/hooks";

/**
 * For a box whose buttons are disabled while `isBusy`, and go away with it or before it. Returns what is to be
 * called when one is pressed. Afterwards the focus is on it again, or else on the heading of the card, unless the
 * user went elsewhere meanwhile. The page does not scroll: another button would come under the pointer.
 */
export function useFocusAfter(box: MutableRef<HTMLElement | null>, isBusy: boolean): () => void {
  const pressed = useRef<{ button: HTMLElement; place: HTMLElement | null }>();

  const wasBusy = useRef(false);

  function restore(): void {
    const { button, place } = pressed.current ?? {};
    const focused = document.activeElement;
    if (focused !== null && focused !== document.body && focused !== button) return;
    if (button?.isConnected && !button.matches(":disabled")) button.focus({ preventScroll: true });
    else place?.focus({ preventScroll: true });
  }

  useEffect(() => {
    // The effect of the first rendering may come only after a press.
    const isOver = wasBusy.current && !isBusy;
    wasBusy.current = isBusy;
    if (!isOver) return;
    restore();
    pressed.current = undefined;
  }, [isBusy]);

  useLayoutEffect(() => () => restore(), []);

  return () => {
    const button = document.activeElement;
    const heading = box.current?.closest("[data-instance]")?.querySelector<HTMLElement>("h2 a");
    const place = heading ?? document.getElementById("main");
    if (button instanceof HTMLElement && box.current?.contains(button)) pressed.current = { button, place };
  };
}
