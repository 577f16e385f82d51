// A question that a session waits with: shown in full, then the buttons that answer it.
import { useState } from "preact/hooks";
import { ApiError, giveAnswer, words, type Answer } from "../api";
import type { Instance, Question, Session } from "../instances";
import { askedIn, partsOf, visible, type Asked } from "../question";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { Since } from "../ui/time";

interface QuestionProps {
  readonly one: Instance;
  readonly session: Session;
  readonly question: Question;
  /** False for a moment after the page moved under the user's finger. */
  readonly isSettled: () => boolean;
  /** This user answered it: when it goes away, nobody else did. */
  readonly onAnswered: (question: Question) => void;
}

type Sent = "" | "sending" | "allowed" | "denied" | "gone";

/** What the hub takes, whatever the letters. */
const longestReason = 600;

function Choices({ asked, chosen, onChoose, group }: {
  asked: Asked;
  chosen: readonly string[];
  onChoose: (labels: readonly string[]) => void;
  group: string;
}) {
  return (
    <fieldset class="options">
      <legend>{visible(asked.text)}</legend>
      {asked.options.map(({ label, description }) => (
        <label key={label} class="choice">
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
};

export function QuestionBox({ one, session, question, isSettled, onAnswered }: QuestionProps) {
  const [sent, setSent] = useState<Sent>("");
  const [problem, setProblem] = useState("");
  const [chosen, setChosen] = useState<Readonly<Record<string, readonly string[]>>>({});
  const [reason, setReason] = useState("");
  const asked = askedIn(question.text);
  const mayAnswer = one.role !== "viewer";
  const where = `${session.title} on ${one.name}`;

  async function answer(allow: boolean): Promise<void> {
    if (!isSettled()) {
      setProblem("The list moved just now. Look again, then press once more.");
      return;
    }
    setProblem("");
    setSent("sending");
    const message = reason.trim();
    const body: Answer = {
      session_id: session.id,
      question_id: question.id,
      allow,
      ...(!allow && message !== "" && { message }),
    };
    const answers = Object.fromEntries(Object.entries(chosen).map(([text, labels]) => [text, labels.join(", ")]));
    try {
      await giveAnswer(one.id, allow && asked.length > 0 ? { ...body, answers } : body);
      onAnswered(question);
      setSent(allow ? "allowed" : "denied");
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        onAnswered(question);
        setSent("gone");
      } else {
        setProblem(words(error));
        setSent("");
      }
    }
  }

  const isComplete = asked.every(({ text }) => (chosen[text] ?? []).length > 0);
  return (
    <section class="question" aria-label={`Question of ${where}`} data-question={question.id}>
      <p class="question-head">
        <strong>{asked.length > 0 ? "Asks you" : `Wants to use ${question.tool || "a tool"}`}</strong>{" "}
        <span class="quiet">
          {session.title} · waits <Since since={question.askedAt || session.since} />
        </span>
      </p>
      {asked.length > 0
        ? asked.map((each, index) => (
            <Choices
              key={each.text}
              asked={each}
              group={`${question.id}-${index}`}
              chosen={chosen[each.text] ?? []}
              onChoose={(labels) => setChosen({ ...chosen, [each.text]: labels })}
            />
          ))
        : partsOf(question.text).map(({ name, value }) => (
            <div key={name} class="part">
              {name !== "" && <span class="quiet">{name}</span>}
              <pre>
                <code>{value}</code>
              </pre>
            </div>
          ))}
      <Notice kind="error">{problem}</Notice>
      {!mayAnswer && <p class="quiet">You may look at this instance; answering is for its owner and operators.</p>}
      {mayAnswer && (sent === "" || sent === "sending") && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (sent === "") void answer(false);
          }}
        >
          <div class="actions">
            <Button
              disabled={sent !== "" || !isComplete}
              aria-label={`${asked.length > 0 ? "Send answer to" : `Approve ${question.tool} in`} ${where}`}
              onClick={() => void answer(true)}
            >
              {asked.length > 0 ? "Send answer" : "Approve"}
            </Button>
            <Button kind="danger" type="submit" disabled={sent !== ""} aria-label={`Deny ${question.tool} in ${where}`}>
              Deny
            </Button>
          </div>
          <details class="why">
            <summary>Say why you deny</summary>
            <label>
              Reason, for the model to read
              <input
                maxLength={longestReason}
                autoComplete="off"
                value={reason}
                onInput={(event) => setReason(event.currentTarget.value)}
              />
            </label>
          </details>
        </form>
      )}
      {sent !== "" && sent !== "sending" && <Notice kind="good">{outcomes[sent]}</Notice>}
    </section>
  );
}
