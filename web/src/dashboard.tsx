// The dashboard: every instance of the signed-in user, live, each to be opened.
import { useEffect, useState } from "preact/hooks";
import { ApiError, openInstance, sessionInfo, toLogin, type SessionInfo } from "./api";
import { ago, apply, sorted, stateClass, statusWords, titleFor, type Instance, type Instances } from "./instances";
import { keepSocket } from "./socket";
import { Shell } from "./ui/shell";
import { startPage } from "./ui/start";

const clockMs = 30_000;

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
    return error instanceof ApiError ? error.message : "Opening failed. Try again.";
  }
}

function Row({ name, value }: { name: string; value: string }) {
  if (value === "") return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Card({ one, now, pathMode }: { one: Instance; now: number; pathMode: boolean }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const online = one.status !== "disconnected";

  async function opened(event: MouseEvent): Promise<void> {
    setBusy(true);
    setProblem(await open(one.id, event.ctrlKey || event.metaKey || event.button === 1));
    setBusy(false);
  }

  return (
    <li class={`card ${stateClass(one.status)}`} data-instance={one.id}>
      <div class="card-head">
        <h2>{one.id}</h2>
        <span class="state" role="status">
          {statusWords(one.status)}
        </span>
      </div>
      <dl>
        <Row name="Host" value={one.hostname || "unknown"} />
        <Row name="Project" value={one.project} />
        <Row name="Version" value={one.version} />
        {one.labels.map(([name, value]) => (
          <Row key={name} name={name} value={value} />
        ))}
        <dt>Last seen</dt>
        <dd>
          <time dateTime={one.lastSeen} title={one.lastSeen}>
            {ago(Date.parse(one.lastSeen), now)}
          </time>
        </dd>
      </dl>
      {one.sessions.length > 0 && (
        <ul class="sessions">
          {one.sessions.map((session) => (
            <li key={session.id} class={session.needsYou ? "state-waiting" : "state-busy"}>
              <span class="state">{session.needsYou ? "Needs you" : "Busy"}</span> {session.title}
              {session.reason !== "" && <span class="quiet"> · {session.reason}</span>}
            </li>
          ))}
        </ul>
      )}
      {problem !== "" && (
        <p class="notice error" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <button
          class="button"
          type="button"
          disabled={!online || busy}
          aria-label={`Open ${one.id}`}
          onClick={(event) => void opened(event)}
          onAuxClick={(event) => {
            if (event.button === 1) void opened(event);
          }}
        >
          Open
        </button>
        {pathMode && online && (
          <a
            href={`/clients/${encodeURIComponent(one.id)}/proxy/`}
            title="On the hub's own address: only for instances that you trust"
          >
            Open in path mode
          </a>
        )}
      </div>
    </li>
  );
}

function Empty() {
  const command = `berth agent enroll --hub ${location.origin} --id my-laptop
berth agent --hub ${location.origin} --id my-laptop \\
  --instance http://127.0.0.1:3001`;
  return (
    <section>
      <h2>No instance yet</h2>
      <p>Beside the web UI that you want to see here, run an agent:</p>
      <pre>
        <code>{command}</code>
      </pre>
      <p class="quiet">
        The first command shows a code, which you <a href="/enroll">approve here</a>; it is needed once. The instance
        appears here by itself.
      </p>
    </section>
  );
}

function Dashboard({ info }: { info: SessionInfo }) {
  const [instances, setInstances] = useState<Instances | undefined>(undefined);
  const [connected, setConnected] = useState(true);
  const [now, setNow] = useState(Date.now());

  useEffect(() => {
    const clock = setInterval(() => setNow(Date.now()), clockMs);
    const url = `${location.origin.replace(/^http/, "ws")}/ws/connect?type=browser`;
    const end = keepSocket(url, {
      onMessage: (message) => {
        setNow(Date.now());
        setInstances((before) => {
          const after = apply(before ?? new Map(), message);
          return after.size === 0 && before === undefined && !isList(message) ? before : after;
        });
      },
      onState: setConnected,
      mayRetry: async () => {
        try {
          await sessionInfo();
        } catch (error) {
          if (error instanceof ApiError && error.status === 401) {
            toLogin();
            return false;
          }
        }
        return true;
      },
    });
    return () => {
      clearInterval(clock);
      end();
    };
  }, []);

  useEffect(() => {
    if (instances !== undefined) document.title = titleFor(instances);
  }, [instances]);

  return (
    <Shell info={info} current="/dashboard">
        <h1>Instances</h1>
        <div role="status">
          {!connected && <p class="notice">The hub does not answer. Connecting again…</p>}
          {instances === undefined && connected && <p class="quiet">Loading…</p>}
        </div>
        {instances?.size === 0 && <Empty />}
        {instances !== undefined && instances.size > 0 && (
          <ul class="cards">
            {sorted(instances).map((one) => (
              <Card key={one.id} one={one} now={now} pathMode={info.pathMode} />
            ))}
          </ul>
        )}
        {info.pathMode && instances !== undefined && instances.size > 0 && (
          <p class="quiet">
            Path mode shows an instance on the hub's own address, where its pages could act as you on
            the hub. Use it only for instances that you trust.
          </p>
        )}
    </Shell>
  );
}

function isList(message: unknown): boolean {
  return (message as { type?: unknown } | null)?.type === "client_list";
}

void startPage((info) => <Dashboard info={info} />);
