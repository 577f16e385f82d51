// One thing that a button does through the hub: whether it is under way, and what went wrong the last time.
import { useState } from "preact/hooks";
import { words } from "../api";
import { rendered } from "./say";

export interface Deed {
  readonly busy: boolean;
  /** In words for the user; "": nothing. */
  readonly problem: string;
  readonly clear: () => void;
  /** Does it, unless something is `lacking` (in words), which is then the problem. */
  readonly attempt: (does: () => Promise<void>, lacking?: string) => Promise<void>;
}

/** `say` makes words of what was thrown. */
export function useDeed(say: (error: unknown) => string = words): Deed {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  async function attempt(does: () => Promise<void>, lacking = ""): Promise<void> {
    setProblem("");
    if (lacking !== "") {
      await rendered();
      return setProblem(lacking);
    }
    setBusy(true);
    try {
      await does();
    } catch (error) {
      setProblem(say(error));
    }
    setBusy(false);
  }

  return { busy, problem, clear: () => setProblem(""), attempt };
}
