// What stands around every page of a signed-in user: the bar with the way to the other pages.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { words, type SessionInfo } from "../api";
import { leave } from "../leave";
import { Button } from "./button";
import { useKeptFocus } from "./kept_focus";
import { Notice } from "./notice";
import { Said } from "./say";

const places = [
  { path: "/dashboard", label: "Instances" },
  { path: "/settings", label: "Settings" },
];

interface ShellProps {
  readonly info: SessionInfo;
  /** The place that is shown or that the page belongs to: a path of the bar. */
  readonly current: "/dashboard" | "/settings";
  readonly children: ComponentChildren;
}

/** A page that the browser kept whole for Back shows what it did: its session may have ended since. */
function useFreshPage(): void {
  useEffect(() => {
    const look = (event: PageTransitionEvent) => {
      if (!event.persisted) return;
      document.documentElement.hidden = true;
      location.reload();
    };
    window.addEventListener("pageshow", look);
    return () => window.removeEventListener("pageshow", look);
  }, []);
}

/** The bar, then `main` with `children`, which begin with an h1. */
export function Shell({ info, current, children }: ShellProps) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  useFreshPage();
  useKeptFocus();

  async function signOut(): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      await leave();
    } catch (error) {
      setProblem(words(error));
      setBusy(false);
    }
  }

  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="bar">
        <nav class="places" aria-label="Pages">
          <a class="brand" href="/dashboard" aria-label="berth: all instances">
            <span class="mark" aria-hidden="true" />
            <span class="wide-only">berth</span>
          </a>
          {places.map(({ path, label }) => (
            <a key={path} href={path} aria-current={path === current ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <div class="bar-side">
          {info.name !== "" && (
            <span class="quiet wide-only" title={`Signed in as ${info.name}`}>
              <bdi>{info.name}</bdi>
            </span>
          )}
          <Button kind="plain" off={busy} onClick={() => void signOut()}>
            Sign out
          </Button>
        </div>
      </header>
      <main id="main" class="page" tabIndex={-1}>
        <Notice kind="error">{problem}</Notice>
        {children}
        <Said />
      </main>
    </>
  );
}
