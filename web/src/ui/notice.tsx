// Boxes with something to read: what went wrong, what went well, what to know.
import type { ComponentChildren } from "preact";
import { lacksProof, loginPlace, signedOut, type SessionInfo } from "../api";
import type { Link } from "../socket";

/** `error` is read out at once, `good` when the reader pauses; `info` stands in the page. */
export type NoticeKind = "info" | "good" | "error";

/** What went wrong; where that is that the session has ended, also how to go on. */
function Problem({ children }: { children: ComponentChildren }) {
  if (children !== signedOut) return <>{children}</>;
  return (
    <>
      {children} <a href={loginPlace()}>Sign in</a>
    </>
  );
}

/** Nothing while `children` is empty text or nothing, so that a message can be passed as it is. */
export function Notice({ kind = "info", children }: { kind?: NoticeKind; children: ComponentChildren }) {
  if (!children) return null;
  if (kind === "error") {
    return (
      <div class="notice error" role="alert">
        <Problem>{children}</Problem>
      </div>
    );
  }
  return kind === "good" ? (
    <div class="notice good" role="status">
      {children}
    </div>
  ) : (
    <div class="notice">{children}</div>
  );
}

/** That the page has no connection to the hub, or cannot have one. */
export function Unconnected({ info, link }: { info: SessionInfo; link: Link }) {
  if (link === "crowded") {
    return (
      <Notice>
        You have as many pages of this hub open as it takes, scripts that watch it counted. Close some, here or in other
        browsers: this page then goes on by itself.
      </Notice>
    );
  }
  if (!lacksProof(info)) return <Notice>The hub does not answer. Connecting again…</Notice>;
  return (
    <Notice>
      This page cannot connect: the browser, or something between it and the hub, keeps from the hub what shows a
      page of its own (the fields Sec-Fetch-…). Take a newer browser, or have path mode switched off on the hub
      (--path-mode off).
    </Notice>
  );
}

/** Where there is nothing yet: what is missing, and in `children` what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <section class="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** While something is under way. */
export function Loading({ what = "Loading…" }: { what?: string }) {
  return (
    <p class="quiet" role="status">
      {what}
    </p>
  );
}
