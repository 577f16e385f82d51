// Keeps the focus where the list is put into another order: a card that moves is out of the page for a moment, and
// what was focused in it is not any more.
import { useLayoutEffect } from "preact/hooks";

function selectionOf(element: Element | null) {
  if (!(element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)) return undefined;
  const { selectionStart: start, selectionEnd: end, selectionDirection: direction } = element;
  // Of a button or a box to tick there is none.
  return start === null ? undefined : ([start, end, direction ?? "none"] as const);
}

/**
 * For the component whose children move: after it is rendered, the focus and the selection are what they were. What
 * has gone away is not for this to replace (focus_after.ts).
 */
export function useKeptFocus(): void {
  const focused = document.activeElement;
  const selection = selectionOf(focused);
  useLayoutEffect(() => {
    if (!(focused instanceof HTMLElement) || !focused.isConnected || document.activeElement === focused) return;
    focused.focus({ preventScroll: true });
    if (selection === undefined) return;
    (focused as HTMLInputElement | HTMLTextAreaElement).setSelectionRange(...selection);
  });
}
