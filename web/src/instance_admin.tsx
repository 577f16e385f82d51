// What the owner of an instance manages on its page: shares, name, disconnect, remove.
import type { SessionInfo } from "./api";
import { Manage, type Managed } from "./instance/manage";
import { Sharing } from "./instance/sharing";
import { Panel } from "./ui/panel";

/** The lower part of an instance's page. `one` changes as the hub tells; the page is live. */
export function InstanceAdmin({ one, info }: { one: Managed; info: SessionInfo }) {
  if (one.role !== "owner") {
    return (
      <Panel id="manage" title="Manage">
        {() => (
          <p>
            You are {one.role === "operator" ? "an operator" : "a viewer"} of this instance. Its owner
            {one.owner !== "" && (
              <>
                {" "}
                <bdi>{one.owner}</bdi>
              </>
            )}{" "}
            shares, renames and removes it.
          </p>
        )}
      </Panel>
    );
  }
  return (
    <>
      <Sharing instance={one.id} info={info} />
      <Manage one={one} />
    </>
  );
}
