// The start of a page that needs a session.
import type { ComponentChild } from "preact";
import { ApiError, sessionInfo, toLogin, words, type SessionInfo } from "../api";
import { renewOwnTarget } from "../own_target";
import { tellSignedIn } from "../signed_in";
import { installWorker } from "../worker";
import { Notice } from "./notice";
import { show } from "./show";

/** Renders `page` for whoever is signed in, or leads to sign-in and back. */
export async function startPage(page: (info: SessionInfo) => ComponentChild): Promise<void> {
  const app = document.getElementById("app");
  if (app === null) return;
  try {
    const info = await sessionInfo();
    tellSignedIn();
    show(page(info), app);
    installWorker();
    void renewOwnTarget(info);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      toLogin();
      return;
    }
    show(
      <main class="page">
        <h1>berth</h1>
        <Notice kind="error">{words(error)} Reload this page to try again.</Notice>
      </main>,
      app,
    );
  }
}
