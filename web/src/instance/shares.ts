// Whom an instance is shared with, as its owner asks the hub.
import { call, clientPath } from "../api";
import { records, text } from "../json";

export interface Share {
  readonly id: string;
  /** "user", "group" or "everyone". */
  readonly kind: string;
  /** Whom: a name, "org" or "org/team"; "" for everyone. */
  readonly whom: string;
  readonly role: string;
  /** ISO 8601; "": until it is taken back. */
  readonly expiresAt: string;
}

const pathOf = (instance: string): string => `${clientPath(instance)}/shares`;

export async function sharesOf(instance: string): Promise<Share[]> {
  return records(await call("GET", pathOf(instance)), "shares").map((one) => ({
    id: text(one.id),
    kind: text(one.kind),
    whom: text(one.name) || text(one.subject),
    role: text(one.role),
    expiresAt: text(one.expires_at),
  }));
}

/** `subject`: a person's id or a group; "" for everyone. `end`: nothing: until it is taken back. */
export async function share(
  instance: string,
  kind: string,
  subject: string,
  role: string,
  end: Date | undefined,
): Promise<void> {
  await call("POST", pathOf(instance), {
    kind,
    role,
    ...(subject !== "" && { subject }),
    ...(end !== undefined && { expires_at: end.toISOString() }),
  });
}

export async function unshare(instance: string, id: string): Promise<void> {
  await call("DELETE", `${pathOf(instance)}/${encodeURIComponent(id)}`);
}
