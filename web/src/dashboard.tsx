// The dashboard: every instance that the signed-in user may see, live.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, hubAway, sessionInfo, toLogin, words, type SessionInfo } from "./api";
import { choiceOf, queryOf, type Choice } from "./choice";
import { hubNow } from "./clock";
import { titleFor } from "./instances";
import { keep, lastKnown, type LastKnown } from "./last_known";
import { Announcer } from "./list/announcer";
import { List } from "./list/list";
import { feed } from "./live";
import { renewOwnTarget } from "./own_target";
import { tellSignedIn } from "./signed_in";
import type { Link } from "./socket";
import { InstanceStore } from "./store";
import { Loading, Notice, Unconnected } from "./ui/notice";
import { Shell } from "./ui/shell";
import { show } from "./ui/show";
import { Ago } from "./ui/time";
import { installWorker } from "./worker";

const keepEveryMs = 2_500;
/** How long a page stands before it is loaded again: what answers the page may differ from what answers its socket. */
const reloadAfterMs = 3_000;

function NoInstance() {
  const command = `berth agent enroll --hub ${location.origin} --id my-laptop
berth agent --hub ${location.origin} --id my-laptop \\
  --instance http://127.0.0.1:3001`;
  return (
    <section class="empty">
      <h2>No instance yet</h2>
      <p>Beside the web UI that you want to see here, run an agent:</p>
      <pre tabIndex={0} role="region" aria-label="Commands">
        <code>{command}</code>
      </pre>
      <p class="quiet">
        The first command shows a code, which you <a href="/enroll">approve here</a>; it is needed once. The instance
        appears here by itself.
      </p>
    </section>
  );
}

/** How old the list is, while the hub does not answer, and what of it there is. */
function Stale({ at, shown, count }: { at: number; shown: number; count: number }) {
  return (
    <p class="quiet">
      Below is what it said <Ago since={new Date(at).toISOString()} />; it may have changed since.
      {shown < count && ` This browser kept the first ${shown} of ${count} instances.`}
    </p>
  );
}

/** `kept` is shown until the hub answers, whose own page then takes over. */
function Dashboard({ info, kept }: { info: SessionInfo; kept: LastKnown | undefined }) {
  const isOffline = kept !== undefined;
  const store = useMemo(() => new InstanceStore(), []);
  const [link, setLink] = useState<Link>("up");
  const connected = link === "up";
  const [isLoaded, setLoaded] = useState(false);
  const [size, setSize] = useState(0);
  const [choice, setChoice] = useState<Choice>(() => choiceOf(location.search));
  const heardAt = useRef(0);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (kept !== undefined) {
      heardAt.current = kept.at;
      store.fill(kept.all);
      setLoaded(true);
      setSize(kept.all.size);
      setLink("down");
    }
    const silence = store.listen(() => {
      if (isOffline) return;
      setLoaded(store.isLoaded);
      setSize(store.all.size);
      document.title = titleFor(store.all);
    });
    const onState = (now: Link) => {
      // This page came from the cache; the hub's own has everything that it needs.
      if (now === "up" && isOffline) setTimeout(() => location.reload(), reloadAfterMs - performance.now());
      else setLink(now);
    };
    const onHeard = () => {
      heardAt.current = hubNow();
      timer ??= setTimeout(() => {
        timer = undefined;
        if (!isOffline && store.isLoaded) keep(store.all, heardAt.current, info.expiresAt);
      }, keepEveryMs);
    };
    const end = feed(store, onState, onHeard);
    return () => {
      silence();
      end();
      clearTimeout(timer);
    };
  }, []);

  function choose(next: Choice): void {
    setChoice(next);
    history.replaceState(null, "", `/dashboard${queryOf(next)}`);
  }

  return (
    <Shell info={info} current="/dashboard">
      <div class="title-row">
        <h1>Instances</h1>
        <a class="button plain" href="/enroll">
          Add an instance
        </a>
      </div>
      <div role="status">{!connected && <Unconnected info={info} link={link} />}</div>
      {!connected && isLoaded && <Stale at={heardAt.current} shown={size} count={kept?.count ?? size} />}
      {connected && !isLoaded && <Loading />}
      {isLoaded && size === 0 && connected && <NoInstance />}
      {size > 0 && (
        <div class={connected ? undefined : "stale"}>
          <List store={store} info={info} choice={choice} onChoice={choose} />
        </div>
      )}
      {info.pathMode && size > 0 && (
        <p class="quiet">
          Path mode shows an instance on the hub's own address, where its pages could act as you on the hub. Use it
          only for instances that you trust.
        </p>
      )}
      <Announcer store={store} />
    </Shell>
  );
}

async function start(app: HTMLElement): Promise<void> {
  let info: SessionInfo = { user: NaN, name: "", isHubOwner: false, pathMode: false, hasSubdomains: false, expiresAt: NaN };
  let kept: LastKnown | undefined;
  try {
    // The worker shows its own page where the hub did not answer just now: asked again, it could be silent for long.
    if ("kept" in app.dataset) throw hubAway();
    info = await sessionInfo();
    tellSignedIn();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      toLogin();
      return;
    }
    kept = await lastKnown(hubNow());
    if (kept === undefined) {
      show(
        <main class="page">
          <h1>berth</h1>
          <Notice kind="error">{words(error)} This page tries again by itself.</Notice>
        </main>,
        app,
      );
      setTimeout(() => location.reload(), reloadAfterMs);
      return;
    }
  }
  show(<Dashboard info={info} kept={kept} />, app);
  if (kept !== undefined) return;
  installWorker();
  void renewOwnTarget(info);
}

const app = document.getElementById("app");
if (app !== null) void start(app);
