// One instance in the list: a card on a phone, a row on a wide screen.
import type { ComponentChildren } from "preact";
import type { SessionInfo } from "../api";
import { doingOf, stateWords, type Instance } from "../instances";
import type { InstanceStore } from "../store";
import { Guard } from "../ui/guard";
import { Ago, Since } from "../ui/time";
import { useInstance } from "../ui/watch";
import { OpenButton } from "./open_button";
import { Questions, Sessions } from "./sessions";

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === "") return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What the user is to an instance of somebody else. */
export function Shared({ one: { role, owner } }: { one: Instance }) {
  return (
    <>
      {owner === "" ? "shared with you" : <><bdi>{owner}</bdi>'s</>} · {role === "viewer" ? "you may look" : "you may use it"}
    </>
  );
}

/**
 * What an instance does, and since when. `live`: it is read out when it changes, but for that it needs its user: the
 * Announcer says that.
 */
export function Now({ one, live }: { one: Instance; live?: boolean }) {
  const doing = doingOf(one);
  const isSilent = doing === "no_answer";
  const words = stateWords[doing];
  return (
    <>
      <span class="state">
        {live && <span role="status">{doing !== "needs_you" && words}</span>}
        {(!live || doing === "needs_you") && words}
      </span>{" "}
      {!isSilent && <Since since={one.since} />}
      {!isSilent && one.noAnswer && <small class="no-answer">{stateWords.no_answer}</small>}
    </>
  );
}

export function Labels({ one }: { one: Instance }) {
  if (one.labels.length === 0) return null;
  return (
    <ul class="labels" aria-label="Labels">
      {one.labels.map(([name, value]) => (
        <li key={name}>
          <bdi class="label-name">{name}</bdi> <bdi>{value}</bdi>
        </li>
      ))}
    </ul>
  );
}

export interface CardProps {
  readonly id: string;
  readonly store: InstanceStore;
  readonly info: SessionInfo;
}

export function Card({ id, store, info }: CardProps) {
  const one = useInstance(store, id);
  if (one === undefined) return null;
  return (
    <li class={`card state-${doingOf(one)}`} data-instance={one.id}>
      <Guard of={one} what={`The card of ${one.name}`}>
        <div class="card-name">
          <h2>
            <a href={`/instances/${encodeURIComponent(one.id)}`}>
              <bdi>{one.name}</bdi>
            </a>
          </h2>
          {one.role !== "owner" && (
            <p class="shared">
              <Shared one={one} />
            </p>
          )}
          <Labels one={one} />
        </div>
        <p class="card-head">
          <Now one={one} />
        </p>
        <Questions one={one} />
        <dl class="card-facts">
          <Fact name="Machine">{one.hostname || "unknown"}</Fact>
          <Fact name="Project">{one.project}</Fact>
        </dl>
        <Sessions one={one} />
        <dl class="card-facts more">
          <Fact name="Instance">{one.version}</Fact>
          <Fact name="Agent">{one.agentVersion === "" ? "" : `berth ${one.agentVersion}`}</Fact>
          <Fact name="Latency">{one.latency > 0 && one.state !== "offline" ? `${one.latency} ms` : ""}</Fact>
          <Fact name="Last seen">{one.state === "offline" ? <Ago since={one.lastSeen} /> : ""}</Fact>
        </dl>
        <OpenButton one={one} pathMode={info.pathMode} />
      </Guard>
    </li>
  );
}
