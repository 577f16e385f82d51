// What agents prove themselves with.
import { useState } from "preact/hooks";
import { Field } from "../ui/field";
import { agentTokens, createAgentToken, revokeAgentToken } from "./hub";
import { NewToken } from "./new_token";
import { TokenPanel } from "./token_panel";

/** The ids in "laptop, tower bench". */
function idsOf(line: string): string[] {
  return line.split(/[\s,]+/).filter((id) => id !== "");
}

function NewAgentToken({ onClose }: { onClose: (name: string | undefined) => void }) {
  const [ids, setIds] = useState("");
  return (
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
      onClose={onClose}
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
  );
}

export function AgentTokens() {
  return (
    <TokenPanel
      id="agent-tokens"
      title="Agent tokens"
      about="What the agents of your instances prove themselves with."
      kind="agent token"
      ask={agentTokens}
      revoke={revokeAgentToken}
      limits={{
        name: "For",
        show: ({ instanceIds }) => (instanceIds.length === 0 ? "any instance of yours" : instanceIds.join(", ")),
      }}
      advice={
        <>
          On the machine of an instance, <code>berth agent enroll --hub {location.origin}</code> asks for one by a code
          that you answer at <a href="/enroll">Enrol an agent</a>. Or create a token here and take it there.
        </>
      }
      effect="Agents that use it are cut off within two seconds and cannot come back with it."
      make={(onClose) => <NewAgentToken onClose={onClose} />}
      more={<a href="/enroll">Enrol an agent by its code</a>}
    />
  );
}
