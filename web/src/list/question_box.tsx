// A question that a session waits with: shown in full, then the buttons that answer it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { giveAnswer, isGone, isInDoubt, words, type Answer } from "../api";
import type { Instance, Question, Session } from "../instances";
import { shownOf, visible, type Asked, type Part } from "../question";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { say } from "../ui/say";
import { Since } from "../ui/time";
import { useDraft } from "./drafts";
import { useFocusAfter } from "./focus_after";
import { sessionLink } from "./session_link";
import { useSettled } from "./settled";

interface QuestionProps {
  readonly one: Instance;
  readonly session: Session;
  readonly question: Question;
  /** This user answers it: when it goes away, nobody else did. */
  readonly onAnswer: (question: Question) => void;
  /** The answer was not taken; `isGone`: because the question is said not to be open any more. */
  readonly onRefused: (question: Question, isGone: boolean) => void;
}

type Sent = "" | "sending" | "allowed" | "denied" | "gone" | "settled";

/** What the hub takes, whatever the letters. */
const longestReason = 600;

/** So long after it is said not to be open a question goes from the list, or else it is open. */
const goneWithinMs = 3_000;

function Parts({ parts }: { parts: readonly Part[] }) {
  return (
    <>
      {parts.map(({ name, value }, index) => (
        <div key={index} class="part">
          {name !== "" && <span class="quiet">{name}</span>}
          <pre>
            <code>{value}</code>
          </pre>
        </div>
      ))}
    </>
  );
}

function Choices({ asked, chosen, onChoose, group }: {
  asked: Asked;
  chosen: readonly string[];
  onChoose: (labels: readonly string[]) => void;
  group: string;
}) {
  return (
    <fieldset class="options">
      <legend>
        {asked.header !== "" && <span class="quiet">{visible(asked.header)} · </span>}
        {visible(asked.text)}
      </legend>
      <Parts parts={[...asked.more, ...asked.options.flatMap(({ more }) => more)]} />
      {asked.options.map(({ label, description }, index) => (
        <label key={index} class="choice">
          <input
            type={asked.isMany ? "checkbox" : "radio"}
            name={group}
            checked={chosen.includes(label)}
            onChange={() => {
              const others = chosen.filter((one) => one !== label);
              if (!asked.isMany) onChoose([label]);
              else onChoose(chosen.includes(label) ? others : [...chosen, label]);
            }}
          />
          <span>
            {visible(label)}
            {description !== "" && <span class="quiet"> · {visible(description)}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const outcomes: Readonly<Record<Exclude<Sent, "" | "sending">, string>> = {
  allowed: "Answered. The run goes on.",
  denied: "Denied. The run is told.",
  gone: "Answered elsewhere, or given up: this question is not open any more.",
  settled: "This question is not open any more: your answer arrived, or it was answered elsewhere or given up.",
};

export function QuestionBox({ one, session, question, onAnswer, onRefused }: QuestionProps) {
  const [sent, setSent] = useState<Sent>("");
  const [problem, setProblem] = useState("");
  const [draft, change] = useDraft(one.id, session.id, question.id);
  const { reason } = draft;
  const [hadReason] = useState(reason !== "");
  const wasInDoubt = useRef(false);
  const isOver = sent !== "" && sent !== "sending";
  const box = useSettled<HTMLElement>(JSON.stringify([session.id, question, isOver, one.noAnswer]));
  const { asked, parts } = useMemo(() => shownOf(question), [question.kind, question.tool, question.text]);
  const noteFocus = useFocusAfter(box.ref, sent === "sending");
  const tool = visible(question.tool);
  const chosenOf = (index: number) => (draft.text === question.text ? draft.chosen[index] : undefined) ?? [];
  const mayAnswer = one.role !== "viewer";
  const isOff = !box.looksSettled || one.noAnswer;
  const where = `${session.title} on ${one.name}`;

  useEffect(() => {
    if (sent !== "gone" && sent !== "settled") return undefined;
    const timer = setTimeout(() => {
      if (!wasInDoubt.current) onRefused(question, false);
      setProblem("The instance still lists this question as open: answer it again if it waits.");
      setSent("");
    }, goneWithinMs);
    return () => clearTimeout(timer);
  }, [sent]);

  function finish(outcome: keyof typeof outcomes): void {
    setSent(outcome);
    say(`${where}: ${outcomes[outcome]}`);
  }

  async function answer(allow: boolean): Promise<void> {
    if (one.noAnswer) return;
    if (!box.isSettled()) {
      setProblem("This changed or moved just now. Look again, then press once more.");
      return;
    }
    noteFocus();
    setProblem("");
    setSent("sending");
    const message = reason.trim();
    const body: Answer = {
      session_id: session.id,
      question_id: question.id,
      allow,
      ...(!allow && message !== "" && { message }),
    };
    const answers = Object.fromEntries(asked.map(({ text }, index) => [text, chosenOf(index).join(", ")]));
    // Before it is sent: the socket may tell of its effect before the answer to it is here.
    onAnswer(question);
    try {
      await giveAnswer(one.id, allow && asked.length > 0 ? { ...body, answers } : body);
      finish(allow ? "allowed" : "denied");
    } catch (error) {
      wasInDoubt.current ||= isInDoubt(error);
      // What may have arrived may be why the question goes away, whatever becomes of another answer.
      if (!wasInDoubt.current) onRefused(question, isGone(error));
      if (isGone(error)) {
        finish(wasInDoubt.current ? "settled" : "gone");
      } else {
        setProblem(isInDoubt(error) ? `${words(error)} Your answer may have arrived all the same.` : words(error));
        setSent("");
      }
    }
  }

  const isComplete = asked.every((_, index) => chosenOf(index).length > 0);
  return (
    <section ref={box.ref} class="question" aria-label={`Question of ${where}`} data-question={question.id}>
      <p class="question-head">
        <strong>{asked.length > 0 ? "Asks you" : `Wants to use ${tool || "a tool"}`}</strong>{" "}
        <span class="quiet">
          <bdi>{visible(session.title)}</bdi> · waits <Since since={question.askedAt || session.since} />
        </span>
      </p>
      <Parts parts={parts} />
      {asked.map((each, index) => (
        <Choices
          key={index}
          asked={each}
          group={`${question.id}-${index}`}
          chosen={chosenOf(index)}
          onChoose={(labels) =>
            change({ text: question.text, chosen: asked.map((_, other) => (other === index ? labels : chosenOf(other))) })
          }
        />
      ))}
      {question.isCut && (
        <Notice>
          This is not all of it: it is too long to be shown here, so it can only be denied here.{" "}
          <a href={sessionLink(one.id, session.id)}>Open the session</a> to read it whole and to allow it.
        </Notice>
      )}
      <Notice kind="error">{problem}</Notice>
      {!mayAnswer && <p class="quiet">You may look at this instance; answering is for its owner and operators.</p>}
      {mayAnswer && !isOver && one.noAnswer && <p class="quiet">The web UI does not answer. What you answer would not reach it.</p>}
      {mayAnswer && (sent === "" || sent === "sending") && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (sent === "") void answer(false);
          }}
        >
          <div class="actions">
            {!question.isCut && (
              <Button
                disabled={sent !== "" || !isComplete}
                aria-disabled={isOff}
                aria-label={`${asked.length > 0 ? "Send answer to" : `Approve ${tool} in`} ${where}`}
                onClick={() => void answer(true)}
              >
                {asked.length > 0 ? "Send answer" : "Approve"}
              </Button>
            )}
            <Button
              kind="danger"
              type="submit"
              disabled={sent !== ""}
              aria-disabled={isOff}
              aria-label={`Deny ${tool} in ${where}`}
            >
              Deny
            </Button>
          </div>
          <details class="why" open={hadReason}>
            <summary>Say why you deny</summary>
            <label>
              Reason, for the model to read
              <input
                maxLength={longestReason}
                autoComplete="off"
                value={reason}
                onInput={(event) => change({ reason: event.currentTarget.value })}
              />
            </label>
          </details>
        </form>
      )}
      {isOver && <div class="notice good">{outcomes[sent]}</div>}
    </section>
  );
}
