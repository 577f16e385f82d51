// A question that a session waits with: shown in full, then the buttons that answer it.
import { useMemo, useState } from "preact/hooks";
import { shownOf, visible, type Asked, type Part } from "../question";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { Since } from "../ui/time";
import { outcomes, useAnswer, type Asking } from "./answering";
import { useDraft } from "./drafts";
import { sessionLink } from "./session_link";

/** What the hub takes, whatever the letters. */
const longestReason = 600;

function Parts({ parts }: { parts: readonly Part[] }) {
  return (
    <>
      {parts.map(({ name, value }, index) => (
        <div key={index}>
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

export function QuestionBox(asking: Asking) {
  const { one, session, question } = asking;
  const { ref, outcome, isSending, isOff, problem, answer } = useAnswer(asking);
  const [draft, change] = useDraft(one.id, session.id, question.id);
  const { reason } = draft;
  const [hadReason] = useState(reason !== "");
  const { asked, parts } = useMemo(() => shownOf(question), [question.kind, question.tool, question.text]);
  const tool = visible(question.tool);
  const chosenOf = (index: number) => (draft.text === question.text ? draft.chosen[index] : undefined) ?? [];
  const mayAnswer = one.role !== "viewer";
  const where = `${session.title} on ${one.name}`;

  function allow(): void {
    const answers = Object.fromEntries(asked.map(({ text }, index) => [text, chosenOf(index).join(", ")]));
    void answer({ allow: true, ...(asked.length > 0 && { answers }) });
  }

  function deny(): void {
    const message = reason.trim();
    void answer({ allow: false, ...(message !== "" && { message }) });
  }

  const isComplete = asked.every((_, index) => chosenOf(index).length > 0);
  return (
    <section ref={ref} class="question" aria-label={`Question of ${where}`} data-question={question.id}>
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
      {mayAnswer && outcome === undefined && one.noAnswer && <p class="quiet">The web UI does not answer. What you answer would not reach it.</p>}
      {mayAnswer && outcome === undefined && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            deny();
          }}
        >
          <div class="actions">
            {!question.isCut && (
              <Button
                disabled={!isComplete}
                off={isSending}
                aria-disabled={isOff}
                aria-label={`${asked.length > 0 ? "Send answer to" : `Approve ${tool} in`} ${where}`}
                onClick={allow}
              >
                {asked.length > 0 ? "Send answer" : "Approve"}
              </Button>
            )}
            <Button
              kind="danger"
              type="submit"
              off={isSending}
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
      {outcome !== undefined && <div class="notice good">{outcomes[outcome]}</div>}
    </section>
  );
}
