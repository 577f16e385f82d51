// What a page has asked the hub for: under way, there, or failed, with a way to try again.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, toLogin, words } from "../api";
import { Loading } from "./notice";
import { TryAgain } from "./try_again";

export interface Remote<T> {
  /** Undefined until it is there. */
  readonly value: T | undefined;
  /** Of the last answer; "" for none. */
  readonly problem: string;
  readonly busy: boolean;
  readonly reload: () => Promise<void>;
}

/** Asks once, and again with reload(): what was asked last counts, whichever answer comes first. Where the session has ended it leads to sign-in. */
export function useRemote<T>(ask: () => Promise<T>): Remote<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(true);
  const latest = useRef(0);

  async function reload(): Promise<void> {
    latest.current += 1;
    const turn = latest.current;
    setBusy(true);
    try {
      const answer = await ask();
      if (turn !== latest.current) return;
      setValue(() => answer);
      setProblem("");
    } catch (error) {
      if (turn !== latest.current) return;
      if (error instanceof ApiError && error.status === 401) toLogin();
      else setProblem(words(error));
    }
    setBusy(false);
  }

  useEffect(() => void reload(), []);
  return { value, problem, busy, reload };
}

/** `show` of what came, after what went wrong with it. */
export function Loaded<T>({ remote, show }: { remote: Remote<T>; show: (value: T) => ComponentChildren }) {
  const { value, problem, busy, reload } = remote;
  return (
    <>
      <TryAgain problem={problem} busy={busy} again={() => void reload()} />
      {value !== undefined ? show(value) : problem === "" && <Loading />}
    </>
  );
}
