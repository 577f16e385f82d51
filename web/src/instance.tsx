// The page of one instance: /instances/ID.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { words, type SessionInfo } from "./api";
import { hubNow } from "./clock";
import { historyOf, type Connection, type History } from "./history";
import { InstanceAdmin } from "./instance_admin";
import { doingOf, stateWords, type Doing, type Instance } from "./instances";
import { Announcer } from "./list/announcer";
import { Fact, Labels, Now, Shared } from "./list/card";
import { OpenButton } from "./list/open_button";
import { Questions, Sessions } from "./list/sessions";
import { feed } from "./live";
import type { Link } from "./socket";
import { InstanceStore } from "./store";
import { Chart } from "./ui/chart";
import { Guard } from "./ui/guard";
import { Loading, Notice, Unconnected } from "./ui/notice";
import { Shell } from "./ui/shell";
import { startPage } from "./ui/start";
import { Table } from "./ui/table";
import { Ago } from "./ui/time";
import { useAgain, useInstance } from "./ui/watch";
import { bytes, lasting } from "./words";

const historyEveryMs = 30_000;
const mostChanges = 50;

interface Change {
  readonly doing: Doing;
  readonly at: string;
}

/** The states that the instance went through while this page is open, the latest first. */
function useChanges(one: Instance | undefined): readonly Change[] {
  const changes = useRef<Change[]>([]);
  const doing = one && doingOf(one);
  const again = useAgain();
  useEffect(() => {
    const last = changes.current[0];
    if (one === undefined || doing === undefined || last?.doing === doing) return;
    // Whether the web UI answers changes while the state lasts.
    const isOfState = doing === one.state && one.since > (last?.at ?? "");
    const at = isOfState ? one.since : new Date(hubNow()).toISOString();
    changes.current = [{ doing, at }, ...changes.current].slice(0, mostChanges);
    again();
  }, [doing]);
  return changes.current;
}

/** What the hub last told of the past, and what went wrong when it was asked since. */
interface Told {
  readonly history: History | undefined;
  readonly problem: string;
}

/** Undefined before the first answer. Asks now and then while the hub is there, and at once when it comes back. */
function useHistory(id: string, isOnline: boolean, connected: boolean): Told | undefined {
  const [told, setTold] = useState<Told>();
  useEffect(() => {
    if (!connected) return undefined;
    let isOver = false;
    const load = async () => {
      let next: (last: Told | undefined) => Told;
      try {
        const history = await historyOf(id);
        next = () => ({ history, problem: "" });
      } catch (error) {
        next = (last) => ({ history: last?.history, problem: words(error) });
      }
      if (!isOver) setTold(next);
    };
    void load();
    const timer = setInterval(() => void load(), historyEveryMs);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [id, isOnline, connected]);
  return told;
}

function Charts({ history }: { history: History }) {
  const { samples } = history;
  const now = hubNow();
  return (
    <div class="charts">
      <Chart
        title="Latency"
        now={now}
        show={(value) => `${Math.round(value)} ms`}
        lines={[{ name: "Hub to agent and back", tone: 1, points: samples.map(({ at, latency }) => [at, latency] as const) }]}
      />
      <Chart
        title="Traffic in a minute"
        now={now}
        show={bytes}
        lines={[
          { name: "From the instance", tone: 1, points: samples.map(({ at, bytesOut }) => [at, bytesOut] as const) },
          { name: "To the instance", tone: 2, points: samples.map(({ at, bytesIn }) => [at, bytesIn] as const) },
        ]}
      />
    </div>
  );
}

function Connections({ list }: { list: readonly Connection[] }) {
  if (list.length === 0) return <p class="quiet">The hub has seen no connection of this agent since it started.</p>;
  return (
    <Table
      caption="Connections of the agent"
      keyOf={({ connectedAt }) => connectedAt}
      rows={list}
      columns={[
        { name: "Connected", show: ({ connectedAt }) => <Ago since={connectedAt} /> },
        {
          name: "Lasted",
          show: ({ connectedAt, disconnectedAt }) =>
            disconnectedAt === "" ? "still connected" : lasting(Date.parse(disconnectedAt) - Date.parse(connectedAt)),
        },
        { name: "From", show: ({ address }) => address || "not told" },
        { name: "Ended by", show: ({ reason, disconnectedAt }) => reason || (disconnectedAt === "" ? "" : "unknown") },
      ]}
    />
  );
}

function Facts({ one }: { one: Instance }) {
  const isOnline = one.state !== "offline";
  return (
    <dl class="card-facts">
      <Fact name="Id">{one.id}</Fact>
      <Fact name="Machine">{one.hostname || "unknown"}</Fact>
      <Fact name="System">{one.platform}</Fact>
      <Fact name="Project">{one.project}</Fact>
      <Fact name="Instance">{one.version}</Fact>
      <Fact name="Agent">{one.agentVersion === "" ? "" : `berth ${one.agentVersion}`}</Fact>
      <Fact name="Latency">{isOnline && one.latency > 0 ? `${one.latency} ms` : ""}</Fact>
      <Fact name="Traffic">
        {isOnline ? `${bytes(one.traffic.out)} from it, ${bytes(one.traffic.in)} to it, since it connected` : ""}
      </Fact>
      <Fact name={isOnline ? "Connected" : "Last seen"}>
        <Ago since={isOnline ? one.connectedAt : one.lastSeen} />
      </Fact>
    </dl>
  );
}

function Details({ one, info, connected }: { one: Instance; info: SessionInfo; connected: boolean }) {
  const changes = useChanges(one);
  const told = useHistory(one.id, one.state !== "offline", connected);
  useEffect(() => {
    const plain = document.title;
    document.title = `${one.state === "needs_you" ? "(1) " : ""}${one.name} · berth`;
    return () => {
      document.title = plain;
    };
  }, [one.name, one.state]);
  return (
    <>
      <div class="title-row">
        <div>
          <h1>
            <bdi>{one.name}</bdi>
          </h1>
          <p class={`now state-${doingOf(one)}`}>
            <Now one={one} live />
            {one.role !== "owner" && <span class="quiet"> · <Shared one={one} /></span>}
          </p>
          <Labels one={one} />
        </div>
        <OpenButton one={one} pathMode={info.pathMode} />
      </div>
      {one.state === "offline" && (
        <Notice>
          Its agent is not connected. Start it again on <bdi>{one.hostname || "its machine"}</bdi>; this page follows by itself.
        </Notice>
      )}
      {one.noAnswer && (
        <Notice>
          Its agent is connected, and the web UI gives it no answer. Look at it on{" "}
          <bdi>{one.hostname || "its machine"}</bdi>, or start it again; this page follows by itself.
        </Notice>
      )}
      <Questions one={one} />
      <div class="panels">
        <section class="panel">
          <h2>Sessions</h2>
          {one.sessions.length === 0 ? <p class="quiet">No session runs or waits.</p> : <Sessions one={one} />}
        </section>
        <section class="panel">
          <h2>About</h2>
          <Facts one={one} />
        </section>
      </div>
      {told === undefined && connected && <Loading what="Loading the last hour…" />}
      {connected && <Notice kind="error">{told?.problem}</Notice>}
      {told?.history && (
        <section class="panel">
          <h2>The last hour</h2>
          <Charts history={told.history} />
        </section>
      )}
      <section class="panel">
        <h2>States since this page was opened</h2>
        <ol class="changes">
          {changes.map(({ doing, at }) => (
            <li key={at + doing} class={`state-${doing}`}>
              <span class="state">{stateWords[doing]}</span> <Ago since={at} />
            </li>
          ))}
        </ol>
      </section>
      {told?.history && (
        <section class="panel">
          <h2>Connections</h2>
          <Connections list={told.history.connections} />
        </section>
      )}
      <InstanceAdmin one={one} info={info} />
    </>
  );
}

function InstancePage({ info, id }: { info: SessionInfo; id: string }) {
  const store = useMemo(() => new InstanceStore(), []);
  const one = useInstance(store, id);
  const [link, setLink] = useState<Link>("up");
  const connected = link === "up";
  const [isLoaded, setLoaded] = useState(false);

  useEffect(() => {
    const silence = store.listen(() => setLoaded(store.isLoaded));
    const end = feed(store, setLink);
    return () => {
      silence();
      end();
    };
  }, []);

  return (
    <Shell info={info} current="/dashboard">
      <p class="back">
        <a href="/dashboard">All instances</a>
      </p>
      <div role="status">{!connected && <Unconnected info={info} link={link} />}</div>
      {one !== undefined && (
        <div class={connected ? "details" : "details stale"}>
          <Guard of={one} what="This instance">
            <Details one={one} info={info} connected={connected} />
          </Guard>
        </div>
      )}
      {one === undefined && !isLoaded && connected && <Loading />}
      {one === undefined && isLoaded && (
        <section class="empty">
          <h1>No such instance</h1>
          <p>
            Nothing called <bdi>{id}</bdi> is here for you. It may have been removed, or it is not shared with you any
            more. <a href="/dashboard">All instances</a> shows what there is.
          </p>
        </section>
      )}
      <Announcer store={store} only={id} />
    </Shell>
  );
}

function idOf(path: string): string {
  try {
    return decodeURIComponent(path.slice("/instances/".length));
  } catch {
    return path.slice("/instances/".length);
  }
}

void startPage((info) => <InstancePage info={info} id={idOf(location.pathname)} />);
