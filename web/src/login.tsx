// The sign-in page: a button for each provider that the hub has, and the one-time link, whose code
// comes in the fragment (and leaves the address bar at once) or from what the user pastes. The hub
// also answers with this page when a provider's sign-in failed, and says why in its meta elements.
import { useEffect, useState } from "preact/hooks";
import { ApiError, signIn, signInWays, words, type SignInWay } from "./api";
import { followFragment } from "./fragment";
import { forget } from "./last_known";
import { meta } from "./meta";
import { afterSignIn, codeFrom, isCode } from "./next";
import { onSignedIn } from "./signed_in";
import { Button } from "./ui/button";
import { Field } from "./ui/field";
import { useKeptFocus } from "./ui/kept_focus";
import { Notice } from "./ui/notice";
import { rendered } from "./ui/say";
import { show } from "./ui/show";
import { TryAgain } from "./ui/try_again";

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong. Try again.";
  return error.status === 401
    ? "This link was used already or is too old. Ask for a new one."
    : error.message;
}

/** What went wrong at a provider; `reason` is one of src/hub/sign_in_routes.cc. */
function explainReason(reason: string, who: string): string {
  switch (reason) {
    case "":
      return "";
    case "denied":
      return `You are signed in there as ${who}, and this hub's list does not have you. Ask whoever runs the hub to add you, or sign in there as somebody else.`;
    case "state":
      return "This sign-in took too long, was used already, or began in another browser. Try again.";
    case "cancelled":
      return "The sign-in was not completed. Try again if you meant to.";
    case "code":
      return "The provider did not confirm this sign-in. Try again.";
    case "unavailable":
      return "The provider does not answer as it should. Try again in a moment.";
    case "database":
      return "The hub cannot use its database now. Try again in a moment.";
    case "busy":
      return "The hub is busy, or is being restarted. Try again in a moment.";
    case "attempts":
      return "Too many attempts. Wait a minute and try again.";
    default:
      return "The hub could not sign you in; its log says why.";
  }
}

interface LinkFormProps {
  readonly busy: boolean;
  /** What is wrong with the link; "" for nothing. */
  readonly problem: string;
  readonly enter: (code: string) => Promise<{ isSpent: boolean }>;
  /** Somebody begins to fill it in. */
  readonly onBegin: () => void;
}

/** The link that a terminal on the hub's machine prints: how its owner gets in. */
function LinkForm({ busy, problem, enter, onBegin }: LinkFormProps) {
  const [text, setText] = useState("");
  return (
    <>
      <p>On the machine that runs the hub, this prints a sign-in link that works once:</p>
      <pre>
        <code>berth login-link --data DIR</code>
      </pre>
      <p class="quiet">
        DIR is the hub's data folder. Open the link here, or paste it into the field below.
      </p>
      <form
        onFocusIn={onBegin}
        onSubmit={(event) => {
          event.preventDefault();
          void enter(codeFrom(text)).then(({ isSpent }) => {
            if (isSpent) setText("");
          });
        }}
      >
        <Field
          id="link"
          label="Sign-in link"
          name="link"
          autoComplete="off"
          spellcheck={false}
          readOnly={busy}
          problem={problem}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" off={busy}>
          Sign in
        </Button>
        <p role="status">{busy ? "Signing in…" : ""}</p>
      </form>
    </>
  );
}

function Login({ firstCode, next }: { firstCode: string; next: string }) {
  const [ways, setWays] = useState<SignInWay[]>([]);
  const [waysProblem, setWaysProblem] = useState("");
  const [isAsking, setAsking] = useState(true);
  const [isFolded, setFolded] = useState(true);
  const [busy, setBusy] = useState(false);
  const [isFirst, setFirst] = useState(firstCode !== "");
  const [problem, setProblem] = useState(explainReason(meta("sign-in-problem"), meta("sign-in-who")));
  const [linkProblem, setLinkProblem] = useState("");
  useKeptFocus();

  function refuse(why: string): void {
    setLinkProblem(why);
    setBusy(false);
    setFirst(false);
  }

  /** Whether the code is no good any more. */
  async function enter(code: string): Promise<{ isSpent: boolean }> {
    setLinkProblem("");
    if (!isCode(code)) {
      await rendered();
      refuse("Paste the whole link that the terminal printed.");
      return { isSpent: false };
    }
    setBusy(true);
    setProblem("");
    try {
      await signIn(code);
      location.replace(next);
      return { isSpent: true };
    } catch (error) {
      refuse(explain(error));
      return { isSpent: error instanceof ApiError && error.status === 401 };
    }
  }

  async function askWays(): Promise<void> {
    setAsking(true);
    try {
      setWays(await signInWays());
      setWaysProblem("");
    } catch (error) {
      // Without an answer the link still works.
      setWaysProblem(`There may be other ways to sign in. ${words(error)}`);
    }
    setAsking(false);
  }

  useEffect(() => {
    if (firstCode !== "") void enter(firstCode).then(() => setFolded(false));
    void askWays();
    onSignedIn(() => location.replace(next));
  }, []);

  if (isFirst) {
    return (
      <main class="narrow">
        <p role="status">Signing in…</p>
      </main>
    );
  }
  // Under whoever fills it in it stays as it is, whatever ways are told of meanwhile.
  const onBegin = (): void => {
    if (ways.length === 0) setFolded(false);
  };
  const form = <LinkForm busy={busy} problem={linkProblem} enter={enter} onBegin={onBegin} />;
  return (
    <main class="narrow">
      <h1 tabIndex={-1}>Sign in to berth</h1>
      <Notice kind="error">{problem}</Notice>
      <TryAgain problem={waysProblem} busy={isAsking} again={() => void askWays()} />
      {ways.length > 0 && (
        <p class="ways">
          {ways.map((way) => (
            <a key={way.url} class="button" href={`${way.url}?next=${encodeURIComponent(next)}`}>
              Sign in with {way.label}
            </a>
          ))}
        </p>
      )}
      {ways.length > 0 && isFolded ? (
        <details>
          <summary>Sign in with a link from the hub's machine</summary>
          {form}
        </details>
      ) : (
        form
      )}
    </main>
  );
}

const app = document.getElementById("app");
if (app !== null) {
  const { hash, search } = location;
  // Beside a page to go on to, what does not look like a code is that page's own fragment.
  const isOfNext = new URLSearchParams(search).has("next") && !isCode(hash.slice(1));
  const code = isOfNext ? "" : hash.slice(1);
  const next = afterSignIn(search, location.origin, hash);
  // Codes and states of a sign-in that is over do not belong into the address bar or the history.
  const query = location.pathname === "/login" ? location.search : "";
  history.replaceState(null, "", `/login${query}`);
  followFragment();
  show(<Login firstCode={code} next={next} />, app);
  // Whoever comes here is not signed in: the session may have ended in another tab, or at the hub.
  void forget();
}
