// A user's answer to a question, from the press of a button to what became of it.
import { useEffect, useRef, useState, type MutableRef } from "preact/hooks";
import { giveAnswer, isGone, isInDoubt, words, type Answer } from "../api";
import type { Instance, Question, Session } from "../instances";
import { say } from "../ui/say";
import { useSettled } from "./settled";

/** What is answered, and who is told. */
export interface Asking {
  readonly one: Instance;
  readonly session: Session;
  readonly question: Question;
  /** This user answers it: when it goes away, nobody else did. */
  readonly onAnswer: (question: Question) => void;
  /** The answer was not taken; `isGone`: because the question is said not to be open any more. */
  readonly onRefused: (question: Question, isGone: boolean) => void;
}

export type Outcome = "allowed" | "denied" | "gone" | "settled";

/** The words for it. */
export const outcomes: Readonly<Record<Outcome, string>> = {
  allowed: "Answered. The run goes on.",
  denied: "Denied. The run is told.",
  gone: "Answered elsewhere, or given up: this question is not open any more.",
  settled: "This question is not open any more: your answer arrived, or it was answered elsewhere or given up.",
};

/** So long after it is said not to be open a question goes from the list, or else it is open. */
const goneWithinMs = 3_000;

type Given = Omit<Answer, "session_id" | "question_id">;

interface Answering {
  /** To be given to the question's box. */
  readonly ref: MutableRef<HTMLElement | null>;
  /** Undefined while it is open. */
  readonly outcome: Outcome | undefined;
  readonly isSending: boolean;
  /** A press would not count: to be seen. */
  readonly isOff: boolean;
  /** What the user should read; "" for nothing. */
  readonly problem: string;
  /** To be called at the press; does nothing, or says why not, where that does not count. */
  readonly answer: (given: Given) => Promise<void>;
}

/** For the box of that question, which is on the page as long as this is used. */
export function useAnswer({ one, session, question, onAnswer, onRefused }: Asking): Answering {
  const [sent, setSent] = useState<Outcome | "sending">();
  const [problem, setProblem] = useState("");
  const wasInDoubt = useRef(false);
  const isSending = sent === "sending";
  const outcome = sent === "sending" ? undefined : sent;
  const box = useSettled<HTMLElement>(JSON.stringify([session.id, question, outcome !== undefined, one.noAnswer]));

  useEffect(() => {
    if (outcome !== "gone" && outcome !== "settled") return undefined;
    const timer = setTimeout(() => {
      if (!wasInDoubt.current) onRefused(question, false);
      setProblem("The instance still lists this question as open: answer it again if it waits.");
      setSent(undefined);
    }, goneWithinMs);
    return () => clearTimeout(timer);
  }, [outcome]);

  function finish(how: Outcome): void {
    setSent(how);
    say(`${session.title} on ${one.name}: ${outcomes[how]}`);
  }

  async function answer(given: Given): Promise<void> {
    if (one.noAnswer) return;
    if (!box.isSettled()) {
      setProblem("This changed or moved just now. Look again, then press once more.");
      return;
    }
    setProblem("");
    setSent("sending");
    // Before it is sent: the socket may tell of its effect before the answer to it is here.
    onAnswer(question);
    try {
      await giveAnswer(one.id, { session_id: session.id, question_id: question.id, ...given });
      finish(given.allow ? "allowed" : "denied");
    } catch (error) {
      wasInDoubt.current ||= isInDoubt(error);
      // What may have arrived may be why the question goes away, whatever becomes of another answer.
      if (!wasInDoubt.current) onRefused(question, isGone(error));
      if (isGone(error)) {
        finish(wasInDoubt.current ? "settled" : "gone");
      } else {
        setProblem(isInDoubt(error) ? `${words(error)} Your answer may have arrived all the same.` : words(error));
        setSent(undefined);
      }
    }
  }

  return { ref: box.ref, outcome, isSending, isOff: !box.looksSettled || one.noAnswer, problem, answer };
}
