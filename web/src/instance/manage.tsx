// Rename, disconnect, remove: for the owner of an instance.
import { useState } from "preact/hooks";
import { call, clientPath } from "../api";
import { Button } from "../ui/button";
import { useDeed } from "../ui/deed";
import { Confirm, FormDialog } from "../ui/dialog";
import { Field } from "../ui/field";
import { Panel } from "../ui/panel";

/** What managing needs to know of an instance. */
export interface Managed {
  readonly id: string;
  /** What its owner calls it, else its id. */
  readonly name: string;
  /** "offline": its agent is away. */
  readonly state: string;
  /** What the user is to it: owner, operator or viewer. */
  readonly role: string;
  readonly owner: string;
}

function Rename({ one, onClose }: { one: Managed; onClose: (label: string | undefined) => void }) {
  const [label, setLabel] = useState(one.name === one.id ? "" : one.name);
  const { busy, problem, attempt } = useDeed();

  async function rename(): Promise<void> {
    await call("PATCH", clientPath(one.id), { label: label.trim() });
    onClose(label.trim());
  }

  return (
    <FormDialog
      title="Rename"
      deed="Rename"
      busy={busy}
      onSubmit={() => void attempt(rename)}
      onClose={() => onClose(undefined)}
    >
      <Field
        id="new-label"
        label="Name"
        hint={`Its id and its address stay "${one.id}". Empty: the id is its name again.`}
        maxLength={100}
        autoComplete="off"
        problem={problem}
        value={label}
        onInput={(event) => setLabel(event.currentTarget.value)}
      />
    </FormDialog>
  );
}

export function Manage({ one }: { one: Managed }) {
  const [asking, setAsking] = useState<"rename" | "disconnect" | "remove">();
  const isLive = one.state !== "offline";
  const close = (): void => setAsking(undefined);

  return (
    <Panel id="manage" title="Manage">
      {(tell) => (
        <>
          <p class="actions">
            <Button kind="plain" onClick={() => setAsking("rename")}>
              Rename
            </Button>
            {isLive ? (
              <Button kind="danger" onClick={() => setAsking("disconnect")}>
                Disconnect
              </Button>
            ) : (
              <Button kind="danger" onClick={() => setAsking("remove")}>
                Remove
              </Button>
            )}
          </p>
          {isLive && <p class="quiet">To remove it from the hub, disconnect it first.</p>}
          {asking === "rename" && (
            <Rename
              one={one}
              onClose={(label) => {
                close();
                if (label !== undefined) tell(`It is now called "${label || one.id}".`);
              }}
            />
          )}
          {asking === "disconnect" && (
            <Confirm
              title={`Disconnect ${one.name}?`}
              deed="Disconnect"
              onClose={close}
              onConfirm={async () => {
                await call("POST", `/clients/${encodeURIComponent(one.id)}/disconnect`);
                tell("Its agent is told to leave.");
              }}
            >
              <p>
                Its agent leaves and does not come back by itself: start <code>berth agent</code> on its machine again.
                What is open of it closes. What the agent itself started, as in{" "}
                <code>berth agent … -- cloudcli</code>, stops with it; an instance that was started otherwise runs on.
              </p>
            </Confirm>
          )}
          {asking === "remove" && (
            <Confirm
              title={`Remove ${one.name}?`}
              deed="Remove"
              onClose={close}
              onConfirm={async () => {
                await call("DELETE", clientPath(one.id));
                location.assign("/dashboard");
              }}
            >
              <p>
                The hub forgets it, its name and its shares. The id "{one.id}" stays yours: nobody else can take it. An
                agent with a valid token that connects again makes it new: revoke its token too if that must not be.
              </p>
            </Confirm>
          )}
        </>
      )}
    </Panel>
  );
}
