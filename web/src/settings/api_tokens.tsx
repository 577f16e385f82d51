// What scripts prove themselves with towards the hub's API.
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { Choice } from "../ui/field";
import { LocalTime } from "../ui/local_time";
import { Empty } from "../ui/notice";
import { Panel, type Tell } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { Table } from "../ui/table";
import { apiTokens, createApiToken, revokeApiToken, type ApiToken } from "./hub";
import { NewToken } from "./new_token";

/** As docs/api.md lists them. */
const scopes: readonly (readonly [string, string])[] = [
  ["instances:read", "see instances and what they do"],
  ["instances:write", "answer questions; rename, disconnect and remove instances"],
  ["tokens:read", "see agent tokens"],
  ["tokens:write", "make and revoke agent tokens, answer enrolments"],
  ["shares:read", "see whom instances are shared with"],
  ["shares:write", "share instances and take it back"],
  ["people:read", "see who is on the hub"],
  ["people:write", "change people's roles and sign them out, for owners of the hub"],
  ["sessions:read", "see where you are signed in"],
  ["sessions:write", "end your sessions"],
  ["audit:read", "read the audit log"],
  ["notifications:read", "see where you are told of events"],
  ["notifications:write", "change where you are told of events"],
  ["profile:read", "see whom the token acts for"],
];

export function ApiTokens() {
  const tokens = useRemote(apiTokens);
  const [making, setMaking] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [revoking, setRevoking] = useState<ApiToken>();

  function choose(scope: string, isOn: boolean): void {
    const next = new Set(chosen);
    if (isOn) next.add(scope);
    else next.delete(scope);
    setChosen(next);
  }

  const list = (rows: ApiToken[]) =>
    rows.length === 0 ? (
      <Empty title="No API token yet">
        <p>Create one for a script, or for berth in a terminal: it acts in your name, as far as its scopes let it.</p>
      </Empty>
    ) : (
      <Table
        caption="API tokens"
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { name: "Name", show: ({ name }) => <bdi>{name}</bdi> },
          { name: "Scopes", show: (token) => token.scopes.join(", ") },
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
          title="New API token"
          nameHint="So that you know it again: the script that it is for, say."
          check={() => (chosen.size === 0 ? "Choose at least one scope: what the token may do." : "")}
          make={(name, seconds) => createApiToken(name, [...chosen], seconds)}
          next={
            <p>
              Scripts send it as <code>Authorization: Bearer TOKEN</code>.
            </p>
          }
          onClose={(name) => {
            setMaking(false);
            setChosen(new Set());
            if (name === undefined) return;
            tell(`The token "${name}" is made.`);
            void tokens.reload();
          }}
        >
          <fieldset class="choices">
            <legend>What it may do</legend>
            {scopes.map(([scope, what]) => (
              <Choice
                key={scope}
                label={`${scope}: ${what}`}
                checked={chosen.has(scope)}
                onChange={(isOn) => choose(scope, isOn)}
              />
            ))}
          </fieldset>
        </NewToken>
      )}
      {revoking && (
        <Confirm
          title={`Revoke "${revoking.name}"?`}
          deed="Revoke"
          onClose={() => setRevoking(undefined)}
          onConfirm={async () => {
            await revokeApiToken(revoking.id);
            await tokens.reload();
            tell(`The token "${revoking.name}" is revoked.`);
          }}
        >
          <p>Whatever uses it is refused from then on.</p>
        </Confirm>
      )}
    </>
  );

  return (
    <Panel id="api-tokens" title="API tokens" about="What scripts prove themselves with towards this hub.">
      {(tell) => (
        <>
          <Loaded remote={tokens} show={list} />
          <p class="actions">
            <Button onClick={() => setMaking(true)}>New API token</Button>
          </p>
          {dialogs(tell)}
        </>
      )}
    </Panel>
  );
}
