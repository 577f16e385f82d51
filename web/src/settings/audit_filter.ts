// Which events of the audit log are shown. Pure.
import type { AuditEvent } from "./hub";

/** "" anywhere: whatever it is. */
export interface AuditFilter {
  /** Part of the name, in any case. */
  readonly actor: string;
  readonly action: string;
  readonly result: string;
}

export function fits(event: AuditEvent, { actor, action, result }: AuditFilter): boolean {
  return (
    event.actor.toLowerCase().includes(actor.trim().toLowerCase()) &&
    (action === "" || event.action === action) &&
    (result === "" || event.result === result)
  );
}

/** The different values that events have there, in order. */
export function valuesOf(events: readonly AuditEvent[], key: "action" | "result"): string[] {
  return [...new Set(events.map((event) => event[key]))].sort();
}

/** "agent_connect" as words. */
export function wordsOf(name: string): string {
  return name.replaceAll("_", " ");
}
