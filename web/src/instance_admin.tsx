// What the owner of an instance manages on its page: shares, name, disconnect, remove.
import type { SessionInfo } from "./api";
import type { Instance } from "./instances";

/** The lower part of an instance's page. `one` changes as the hub tells; the page is live. */
export function InstanceAdmin(_: { one: Instance; info: SessionInfo }) {
  return null;
}
