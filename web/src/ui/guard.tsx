// Keeps to itself what fails while it is rendered, so that the rest of the page goes on.
import type { ComponentChildren } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { Notice } from "./notice";

interface GuardProps {
  /** What `children` show: once it is another, they are tried again. */
  readonly of: unknown;
  /** What cannot be shown, as a sentence begins with it. */
  readonly what: string;
  readonly children: ComponentChildren;
}

export function Guard({ of, what, children }: GuardProps) {
  const [error, tryAgain] = useErrorBoundary((thrown) => console.error(thrown));
  useEffect(() => {
    if (error !== undefined) tryAgain();
  }, [of]);
  return error === undefined ? <>{children}</> : <Notice kind="error">{`${what} cannot be shown.`}</Notice>;
}
