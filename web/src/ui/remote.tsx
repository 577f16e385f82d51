// What a page has asked the hub for: under way, there, or failed, with a way to try again.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, toLogin, words } from "../api";
import { Button } from "./button";
import { Loading, Notice } from "./notice";

export interface Remote<T> {
  /** Undefined until it is there. */
  readonly value: T | undefined;
  readonly problem: string;
  readonly reload: () => Promise<void>;
}

/** Asks once, and again with reload(): what was asked last counts, whichever answer comes first. Where the session has ended it leads to sign-in. */
export function useRemote<T>(ask: () => Promise<T>): Remote<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState("");
  const latest = useRef(0);

  async function reload(): Promise<void> {
    latest.current += 1;
    const turn = latest.current;
    setProblem("");
    try {
      const answer = await ask();
      if (turn === latest.current) setValue(() => answer);
    } catch (error) {
      if (turn !== latest.current) return;
      if (error instanceof ApiError && error.status === 401) toLogin();
      else setProblem(words(error));
    }
  }

  useEffect(() => void reload(), []);
  return { value, problem, reload };
}

/** `show` of what came, after what went wrong with it. */
export function Loaded<T>({ remote, show }: { remote: Remote<T>; show: (value: T) => ComponentChildren }) {
  const { value, problem, reload } = remote;
  return (
    <>
      <Notice kind="error">
        {problem && (
          <div class="actions">
            <span>{problem}</span>
            <Button kind="plain" onClick={() => void reload()}>
              Try again
            </Button>
          </div>
        )}
      </Notice>
      {value !== undefined ? show(value) : problem === "" && <Loading />}
    </>
  );
}
