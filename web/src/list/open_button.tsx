// The button that opens an instance, and the link to it on the hub's own address.
import { useState } from "preact/hooks";
import { ApiError, openInstance, toLogin, words } from "../api";
import type { Instance } from "../instances";
import { Button } from "../ui/button";
import { Notice } from "../ui/notice";

/** Opens the instance here, or in a new tab; resolves to what went wrong, "" if nothing did. */
async function open(id: string, newTab: boolean): Promise<string> {
  // The tab is made while the click still counts as the user's own, before the hub has answered.
  const tab = newTab ? window.open("about:blank", "_blank") : null;
  try {
    const url = await openInstance(id);
    if (tab === null) {
      location.assign(url);
    } else {
      tab.opener = null;
      tab.location.replace(url);
    }
    return "";
  } catch (error) {
    tab?.close();
    if (error instanceof ApiError && error.status === 401) toLogin();
    return words(error);
  }
}

export function OpenButton({ one, pathMode }: { one: Instance; pathMode: boolean }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const online = one.state !== "offline";

  async function opened(event: MouseEvent): Promise<void> {
    setBusy(true);
    setProblem(await open(one.id, event.ctrlKey || event.metaKey || event.button === 1));
    setBusy(false);
  }

  return (
    <div class="open">
      <div class="actions">
        <Button
          off={!online || busy}
          aria-label={`Open ${one.name}`}
          onClick={(event) => void opened(event)}
          onAuxClick={(event) => {
            if (event.button === 1) void opened(event);
          }}
        >
          Open
        </Button>
        {pathMode && online && one.pathUrl !== "" && (
          <a
            class="path-link"
            href={`/clients/${encodeURIComponent(one.id)}/proxy/`}
            title="On the hub's own address: only for instances that you trust"
            aria-label={`Open ${one.name} in path mode`}
          >
            Path mode
          </a>
        )}
      </div>
      <Notice kind="error">{problem}</Notice>
    </div>
  );
}
