// What agents prove themselves with.
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { Field } from "../ui/field";
import { LocalTime } from "../ui/local_time";
import { Empty } from "../ui/notice";
import { Panel, type Tell } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { Table } from "../ui/table";
import { agentTokens, createAgentToken, revokeAgentToken, type AgentToken } from "./hub";
import { NewToken } from "./new_token";

/** The ids in "laptop, tower bench". */
function idsOf(line: string): string[] {
  return line.split(/[\s,]+/).filter((id) => id !== "");
}

export function AgentTokens() {
  const tokens = useRemote(agentTokens);
  const [making, setMaking] = useState(false);
  const [ids, setIds] = useState("");
  const [revoking, setRevoking] = useState<AgentToken>();

  const list = (rows: AgentToken[]) =>
    rows.length === 0 ? (
      <Empty title="No agent token yet">
        <p>
          On the machine of an instance, <code>berth agent enroll --hub {location.origin}</code> asks for one by a code
          that you answer at <a href="/enroll">Enrol an agent</a>. Or create a token here and take it there.
        </p>
      </Empty>
    ) : (
      <Table
        caption="Agent tokens"
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { name: "Name", show: ({ name }) => <bdi>{name}</bdi> },
          { name: "For", show: ({ instanceIds }) => (instanceIds.length === 0 ? "any instance of yours" : instanceIds.join(", ")) },
          { name: "Created", show: ({ createdAt }) => <LocalTime at={createdAt} /> },
          { name: "Last used", show: ({ lastUsedAt }) => <LocalTime at={lastUsedAt} /> },
          { name: "Ends", show: ({ expiresAt }) => <LocalTime at={expiresAt} none="when it is revoked" /> },
          {
            name: "Actions",
            isActions: true,
            show: (token) => (
              <Button kind="danger" aria-label={`Revoke ${token.name}`} onClick={() => setRevoking(token)}>
                Revoke
              </Button>
            ),
          },
        ]}
      />
    );

  const dialogs = (tell: Tell) => (
    <>
      {making && (
        <NewToken
          title="New agent token"
          nameHint="So that you know it again: the machine that it is for, say."
          make={(name, seconds) => createAgentToken(name, idsOf(ids), seconds)}
          next={
            <p>
              Put it into a file that only the agent's user can read, and start{" "}
              <code>
                berth agent --hub {location.origin} --token-file FILE
              </code>
              .
            </p>
          }
          onClose={(name) => {
            setMaking(false);
            setIds("");
            if (name === undefined) return;
            tell(`The token "${name}" is made.`);
            void tokens.reload();
          }}
        >
          <Field
            id="token-instances"
            label="Only for these instances"
            hint="Their ids, with spaces between. Empty: any instance of yours."
            autoComplete="off"
            spellcheck={false}
            value={ids}
            onInput={(event) => setIds(event.currentTarget.value)}
          />
        </NewToken>
      )}
      {revoking && (
        <Confirm
          title={`Revoke "${revoking.name}"?`}
          deed="Revoke"
          onClose={() => setRevoking(undefined)}
          onConfirm={async () => {
            await revokeAgentToken(revoking.id);
            await tokens.reload();
            tell(`The token "${revoking.name}" is revoked.`);
          }}
        >
          <p>Agents that use it are cut off within two seconds and cannot come back with it.</p>
        </Confirm>
      )}
    </>
  );

  return (
    <Panel id="agent-tokens" title="Agent tokens" about="What the agents of your instances prove themselves with.">
      {(tell) => (
        <>
          <Loaded remote={tokens} show={list} />
          <p class="actions">
            <Button onClick={() => setMaking(true)}>New agent token</Button>
            <a href="/enroll">Enrol an agent by its code</a>
          </p>
          {dialogs(tell)}
        </>
      )}
    </Panel>
  );
}
