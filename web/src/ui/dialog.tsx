// Modal dialogs: any, one that asks before something that cannot be taken back, and one with a form.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button, type ButtonKind } from "./button";
import { useDeed } from "./deed";
import { Notice } from "./notice";

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Called for Escape too. */
  readonly onClose: () => void;
}

interface DialogOfCallProps extends DialogProps {
  /** While a call is under way, whose outcome is to be shown here, or what is shown would be lost: Escape closes nothing. */
  readonly busy?: boolean;
  /** Called for Escape instead while `busy`. */
  readonly onKept?: () => void;
}

/** Shown as long as it is rendered. The browser keeps the focus inside and gives it back. */
export function Dialog({ title, children, onClose, busy = false, onKept }: DialogOfCallProps) {
  const element = useRef<HTMLDialogElement>(null);
  const held = useRef<EventTarget | null>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby="dialog-title"
      onFocusIn={({ target }) => {
        held.current = target;
      }}
      onCancel={(event) => {
        event.preventDefault();
        if (busy) onKept?.();
        else onClose();
      }}
      onClose={() => {
        // Not rendered any more: it is what closed it.
        if (element.current === null) return;
        // Chromium closes at the second Escape, whatever became of the first.
        if (!busy) return onClose();
        const place = held.current;
        element.current.showModal();
        if (place instanceof HTMLElement) place.focus();
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

interface FormDialogProps extends DialogProps {
  /** What the button says that submits it. */
  readonly deed: string;
  readonly kind?: ButtonKind;
  /** Whether there is enough to submit. */
  readonly isReady?: boolean;
  readonly busy: boolean;
  /** What went wrong, where no field says it; "": nothing. */
  readonly problem?: string;
  readonly onSubmit: () => void;
}

/** Asks for what the fields in it hold. */
export function FormDialog({
  title,
  children,
  deed,
  kind = "primary",
  isReady = true,
  busy,
  problem = "",
  onSubmit,
  onClose,
}: FormDialogProps) {
  return (
    <Dialog title={title} onClose={onClose} busy={busy}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        <Notice kind="error">{problem}</Notice>
        <div class="actions">
          <Button kind="plain" off={busy} onClick={onClose}>
            Cancel
          </Button>
          <Button kind={kind} type="submit" disabled={!isReady} off={busy}>
            {deed}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ConfirmProps extends DialogProps {
  /** What the button says: the deed itself, not "OK". */
  readonly deed: string;
  /** Does it. If it fails, the dialog stays open and says why. */
  readonly onConfirm: () => Promise<void>;
}

/** Asks, does what cannot be taken back, and closes. */
export function Confirm({ onConfirm, ...rest }: ConfirmProps) {
  const { busy, problem, attempt } = useDeed();

  async function confirm(): Promise<void> {
    await onConfirm();
    rest.onClose();
  }

  return <FormDialog {...rest} kind="danger" busy={busy} problem={problem} onSubmit={() => void attempt(confirm)} />;
}
