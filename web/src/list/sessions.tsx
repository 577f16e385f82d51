// The chat sessions of an instance that run, wait or failed, and the questions they wait with.
import { useEffect, useRef, useState } from "preact/hooks";
import { markSeen, words } from "../api";
import { stateWords, type Instance, type Question, type Session } from "../instances";
import { visible } from "../question";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";
import { say } from "../ui/say";
import { Since } from "../ui/time";
import { QuestionBox } from "./question_box";
import { sessionLink } from "./session_link";

const noticeMs = 12_000;
/** The instance's word that a failure was seen comes sooner, or it was refused there. */
const seenWithinMs = 5_000;

/** Takes the failure off the list; the instance's next word then says so. */
function MarkSeen({ one, session }: { one: Instance; session: Session }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [isSeen, setSeen] = useState(false);

  useEffect(() => {
    if (!isSeen) return undefined;
    const timer = setTimeout(() => {
      setProblem("The instance still tells of this failure: it may not have heard. Mark it again, or open the session.");
      setSeen(false);
    }, seenWithinMs);
    return () => clearTimeout(timer);
  }, [isSeen]);

  async function mark(): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      await markSeen(one.id, session.id);
      setSeen(true);
      say(`${session.title} on ${one.name}: marked as seen.`);
    } catch (error) {
      setProblem(words(error));
    }
    setBusy(false);
  }

  if (isSeen) return <span class="quiet"> · seen</span>;
  return (
    <>
      {" "}
      <Button
        kind="small"
        off={busy}
        aria-label={`Mark as seen: ${session.title} on ${one.name}`}
        onClick={() => void mark()}
      >
        Mark as seen
      </Button>
      <Notice kind="error">{problem}</Notice>
    </>
  );
}

export function Sessions({ one }: { one: Instance }) {
  if (one.sessions.length === 0) return null;
  return (
    <ul class="sessions" aria-label={`Sessions of ${one.name}`}>
      {one.sessions.map((session) => (
        <li key={session.id} class={`state-${session.state}`}>
          <span class="state">{stateWords[session.state]}</span> <Since since={session.since} />{" "}
          <a href={sessionLink(one.id, session.id)}>
            <bdi>{session.title}</bdi>
          </a>
          {session.reason !== "" && <span class="quiet"> · <bdi>{session.reason}</bdi></span>}
          {session.provider !== "" && <span class="quiet"> · <bdi>{session.provider}</bdi></span>}
          {session.state === "error" && one.role !== "viewer" && (
            <MarkSeen key={session.since} one={one} session={session} />
          )}
        </li>
      ))}
    </ul>
  );
}

function elsewhereWords({ tool }: Question): string {
  return `${visible(tool) || "The question"}: answered elsewhere, or given up.`;
}

/** The open questions; says so when one was answered by somebody else. */
export function Questions({ one }: { one: Instance }) {
  const [elsewhere, setElsewhere] = useState<Question>();
  const before = useRef<readonly Question[]>([]);
  const answered = useRef(new Set<string>());
  const open = one.sessions.flatMap((session) =>
    session.question === undefined ? [] : [{ session, question: session.question }],
  );
  const ids = open.map(({ question }) => question.id).join("\n");

  useEffect(() => {
    if (one.awaitsStatus) return;
    const now = new Set(open.map(({ question }) => question.id));
    const gone = before.current.filter(({ id }) => !now.has(id) && !answered.current.has(id));
    before.current = open.map(({ question }) => question);
    for (const id of answered.current) if (!now.has(id)) answered.current.delete(id);
    const last = gone.at(-1);
    if (last !== undefined && one.state !== "offline") setElsewhere(last);
  }, [ids, one.awaitsStatus]);

  // Of its own: whatever opens or closes meanwhile, what is shown goes when its time is over.
  useEffect(() => {
    if (elsewhere === undefined) return undefined;
    say(elsewhereWords(elsewhere));
    const timer = setTimeout(() => setElsewhere(undefined), noticeMs);
    return () => clearTimeout(timer);
  }, [elsewhere]);

  function refused(question: Question, isGone: boolean): void {
    const isOpen = before.current.some(({ id }) => id === question.id);
    if (!isGone) answered.current.delete(question.id);
    // Its box would say so, but went with it.
    else if (!isOpen) setElsewhere(question);
  }

  if (open.length === 0 && elsewhere === undefined) return null;
  return (
    <div class="questions">
      {elsewhere && <div class="notice good">{elsewhereWords(elsewhere)}</div>}
      {open.map(({ session, question }) => (
        <QuestionBox
          key={question.id}
          one={one}
          session={session}
          question={question}
          onAnswer={({ id }) => answered.current.add(id)}
          onRefused={refused}
        />
      ))}
    </div>
  );
}
