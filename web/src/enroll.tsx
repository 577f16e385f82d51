// The page where a signed-in user answers an agent that wants to be enrolled. The code comes from the
// link that the agent printed (its fragment, which is never sent), or is typed.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError, sessionInfo } from "./api";
import { hubNow } from "./clock";
import { approve, deny, formatCode, isUserCode, lookUp, type Enrolment } from "./enrolment";
import { followFragment } from "./fragment";
import { text } from "./json";
import { tellSignedIn } from "./signed_in";
import { Button } from "./ui/button";
import { Field } from "./ui/field";
import { Notice } from "./ui/notice";
import { rendered } from "./ui/say";
import { show } from "./ui/show";
import { ago } from "./words";

const storageKey = "berth-enrol-code";
const days = 24 * 3600;
const lifetimes = [
  { seconds: 0, words: "until it is revoked" },
  { seconds: 30 * days, words: "for 30 days" },
  { seconds: 90 * days, words: "for 90 days" },
  { seconds: 365 * days, words: "for a year" },
];

/** Keeps it for when this page is loaded again, and for that alone; "" for none. */
function keepCode(code: string): void {
  history.replaceState(code, "", location.pathname);
}

/** The code of the fragment, or the one that was kept: by keepCode(), or while the user signed in. */
function takeCode(): string {
  const code = [location.hash.slice(1), history.state, sessionStorage.getItem(storageKey)]
    .map((kept) => formatCode(text(kept)))
    .find((kept) => kept !== "");
  sessionStorage.removeItem(storageKey);
  keepCode(code ?? "");
  return code ?? "";
}

function toLogin(code: string): void {
  if (code !== "") sessionStorage.setItem(storageKey, code);
  location.replace("/login?next=/enroll");
}

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong. Try again.";
  return error.status === 404
    ? "No agent waits with this code. It may be mistyped, too old, or answered already. The agent's terminal shows the current one."
    : error.message;
}

type View =
  | { readonly name: "loading" }
  | { readonly name: "code" }
  | { readonly name: "agent"; readonly agent: Enrolment }
  | { readonly name: "approved"; readonly agent: Enrolment }
  | { readonly name: "denied"; readonly agent: Enrolment };

interface CodeFormProps {
  readonly first: string;
  readonly busy: boolean;
  /** What is wrong with the code; "" for nothing. */
  readonly problem: string;
  readonly onCode: (code: string) => void;
}

function CodeForm({ first, busy, problem, onCode }: CodeFormProps) {
  const [code, setCode] = useState(first);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onCode(code);
      }}
    >
      <p>
        On the machine with your instance, <code>berth agent enroll --hub {location.origin}</code> shows a code.
      </p>
      <Field
        id="code"
        label="Code"
        name="code"
        class="user-code"
        autoComplete="off"
        autoCapitalize="characters"
        spellcheck={false}
        placeholder="XXXX-XXXX"
        problem={problem}
        value={code}
        onInput={(event) => setCode(formatCode(event.currentTarget.value))}
      />
      <Button type="submit" off={busy}>
        Continue
      </Button>
    </form>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  if (value === "") return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </>
  );
}

interface AgentFormProps {
  agent: Enrolment;
  busy: boolean;
  onApprove: (limitToInstance: boolean, expiresIn: number) => void;
  onDeny: () => void;
}

function AgentForm({ agent, busy, onApprove, onDeny }: AgentFormProps) {
  const [limited, setLimited] = useState(true);
  const [expiresIn, setExpiresIn] = useState(0);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onApprove(limited, expiresIn);
      }}
    >
      <p class="user-code" aria-label="Code">
        {agent.code}
      </p>
      <dl class="facts">
        <Fact name="Machine" value={agent.machine} />
        <Fact name="Address" value={agent.address} />
        <Fact name="Instance" value={agent.instanceId} />
        <Fact name="System" value={agent.platform} />
        <Fact name="Agent" value={agent.agentVersion === "" ? "" : `berth ${agent.agentVersion}`} />
        <Fact name="Asked" value={ago(agent.createdAt, hubNow())} />
      </dl>
      <p class="notice">
        Approve only if you started this agent yourself just now and its terminal shows the same code. It will publish
        an instance as yours.
      </p>
      <label class="choice">
        <input type="checkbox" checked={limited} onChange={(event) => setLimited(event.currentTarget.checked)} />
        <span>
          Only as <bdi>{agent.instanceId}</bdi>, under no other id
        </span>
      </label>
      <label for="lifetime">The agent's token works</label>
      <select
        id="lifetime"
        value={String(expiresIn)}
        onChange={(event) => setExpiresIn(Number(event.currentTarget.value))}
      >
        {lifetimes.map(({ seconds, words }) => (
          <option key={seconds} value={String(seconds)}>
            {words}
          </option>
        ))}
      </select>
      <div class="actions">
        <Button type="submit" off={busy}>
          Approve
        </Button>
        <Button kind="plain" off={busy} onClick={onDeny}>
          Deny
        </Button>
      </div>
    </form>
  );
}

function Approved({ agent }: { agent: Enrolment }) {
  return (
    <>
      <p role="status">
        <bdi>{agent.machine}</bdi> is enrolled. Its terminal says so within seconds, and what to run there next:
      </p>
      <pre tabIndex={0} role="region" aria-label="Command">
        <code>
          berth agent --hub {location.origin} --id {agent.instanceId}
        </code>
      </pre>
      <p>
        The instance then appears among <a href="/dashboard">all instances</a>.
      </p>
    </>
  );
}

function Denied({ agent, onAnother }: { agent: Enrolment; onAnother: () => void }) {
  return (
    <>
      <p role="status">
        Denied. The agent on <bdi>{agent.machine}</bdi> gets nothing.
      </p>
      <Button kind="plain" onClick={onAnother}>
        Another code
      </Button>
    </>
  );
}

function Enroll({ firstCode }: { firstCode: string }) {
  const [view, setView] = useState<View>({ name: "loading" });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);

  /** Runs a step; back to the code when the agent is gone, to sign-in when the session is. */
  async function attempt(code: string, step: () => Promise<View>): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      setView(await step());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        toLogin(code);
        return;
      }
      const isGone = error instanceof ApiError && error.status === 404;
      if (isGone) keepCode("");
      setProblem(explain(error));
      setView((now) => (now.name === "loading" || isGone ? { name: "code" } : now));
    }
    setBusy(false);
  }

  async function look(code: string): Promise<View> {
    const agent = await lookUp(code);
    keepCode(code);
    return { name: "agent", agent };
  }

  async function typed(code: string): Promise<void> {
    if (isUserCode(code)) return attempt(code, () => look(code));
    setProblem("");
    await rendered();
    setProblem("Type the eight letters that the agent's terminal shows.");
  }

  async function begin(): Promise<View> {
    await sessionInfo();
    tellSignedIn();
    return firstCode === "" ? { name: "code" } : await look(firstCode);
  }

  useEffect(() => {
    void attempt(firstCode, begin);
  }, []);
  // What was pressed is not in the next view. Before that is shown: a key pressed at once goes on from here.
  useLayoutEffect(() => heading.current?.focus(), [view.name]);

  function answer(agent: Enrolment, call: () => Promise<void>, name: "approved" | "denied"): void {
    void attempt(agent.code, async () => {
      await call();
      keepCode("");
      return { name, agent };
    });
  }

  return (
    <main class="narrow">
      <p class="back">
        <a href="/dashboard">All instances</a>
      </p>
      <h1 ref={heading} tabIndex={-1}>
        Enrol an agent
      </h1>
      {view.name !== "code" && <Notice kind="error">{problem}</Notice>}
      {view.name === "loading" && <p role="status">Looking…</p>}
      {view.name === "code" && (
        <CodeForm first={problem && firstCode} busy={busy} problem={problem} onCode={(code) => void typed(code)} />
      )}
      {view.name === "agent" && (
        <AgentForm
          agent={view.agent}
          busy={busy}
          onApprove={(limitToInstance, expiresIn) =>
            answer(view.agent, () => approve(view.agent.code, { limitToInstance, expiresIn }), "approved")
          }
          onDeny={() => answer(view.agent, () => deny(view.agent.code), "denied")}
        />
      )}
      {view.name === "approved" && <Approved agent={view.agent} />}
      {view.name === "denied" && <Denied agent={view.agent} onAnother={() => setView({ name: "code" })} />}
    </main>
  );
}

const app = document.getElementById("app");
if (app !== null) {
  show(<Enroll firstCode={takeCode()} />, app);
  followFragment();
}
