// What scripts prove themselves with towards the hub's API.
import { useState } from "preact/hooks";
import { Choices } from "../ui/field";
import { apiTokens, createApiToken, revokeApiToken } from "./hub";
import { NewToken } from "./new_token";
import { TokenPanel } from "./token_panel";

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
const scopeWords = scopes.map(([scope, what]) => [scope, `${scope}: ${what}`] as const);

function NewApiToken({ onClose }: { onClose: (name: string | undefined) => void }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());

  return (
    <NewToken
      title="New API token"
      nameHint="So that you know it again: the script that it is for, say."
      lacking={chosen.size === 0 ? "Choose at least one scope: what the token may do." : ""}
      make={(name, seconds) => createApiToken(name, [...chosen], seconds)}
      next={
        <p>
          Scripts send it as <code>Authorization: Bearer TOKEN</code>.
        </p>
      }
      onClose={onClose}
    >
      <Choices legend="What it may do" options={scopeWords} chosen={chosen} onChange={setChosen} />
    </NewToken>
  );
}

export function ApiTokens() {
  return (
    <TokenPanel
      id="api-tokens"
      title="API tokens"
      about="What scripts prove themselves with towards this hub."
      kind="API token"
      ask={apiTokens}
      revoke={revokeApiToken}
      limits={{ name: "Scopes", show: ({ scopes }) => scopes.join(", ") }}
      advice="Create one for a script, or for berth in a terminal: it acts in your name, as far as its scopes let it."
      effect="Whatever uses it is refused from then on."
      make={(onClose) => <NewApiToken onClose={onClose} />}
    />
  );
}
