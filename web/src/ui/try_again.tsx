// What could not be had, and a way to ask for it again.
import { Button } from "./button";
import { Notice } from "./notice";

interface TryAgainProps {
  /** "": nothing went wrong, and nothing is shown. */
  readonly problem: string;
  /** It is being asked for. */
  readonly busy: boolean;
  readonly again: () => void;
}

/** Stays while it is asked for again: the button keeps the focus, and that it was in vain once more is read out. */
export function TryAgain({ problem, busy, again }: TryAgainProps) {
  return (
    <Notice kind="error">
      {problem && (
        <div class="actions">
          <span>{busy ? "Trying again…" : problem}</span>
          <Button kind="plain" off={busy} onClick={again}>
            Try again
          </Button>
        </div>
      )}
    </Notice>
  );
}
