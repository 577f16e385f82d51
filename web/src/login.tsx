// The sign-in page: takes the one-time code from the fragment (and out of the address bar), or from
// what the user pastes, and trades it for a session.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, signIn } from "./api";
import { codeFrom, nextPath } from "./next";

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong. Try again.";
  return error.status === 401
    ? "This link was used already or is too old. Ask for a new one."
    : error.message;
}

function Login({ firstCode }: { firstCode: string }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(firstCode !== "");
  const [problem, setProblem] = useState("");

  async function enter(code: string): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      await signIn(code);
      location.replace(nextPath(location.search, location.origin, "/dashboard"));
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  }

  useEffect(() => {
    if (firstCode !== "") void enter(firstCode);
  }, []);

  if (busy) {
    return (
      <main class="narrow">
        <p role="status">Signing in…</p>
      </main>
    );
  }
  return (
    <main class="narrow">
      <h1>Sign in to berth</h1>
      {problem !== "" && (
        <p class="notice error" role="alert">
          {problem}
        </p>
      )}
      <p>On the machine that runs the hub, this prints a sign-in link that works once:</p>
      <pre>
        <code>berth login-link --data DIR</code>
      </pre>
      <p class="quiet">
        DIR is the hub's data folder. Open the link here, or paste it into the field below.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const code = codeFrom(text);
          if (code !== "") void enter(code);
        }}
      >
        <label for="link">Sign-in link</label>
        <input
          id="link"
          name="link"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button class="button" type="submit">
          Sign in
        </button>
      </form>
    </main>
  );
}

const app = document.getElementById("app");
if (app !== null) {
  const code = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  render(<Login firstCode={code} />, app);
}
