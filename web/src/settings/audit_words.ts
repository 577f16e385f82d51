// Names of the audit log, as words. Pure.

/** "agent_connect" as words. */
export function wordsOf(name: string): string {
  return name.replaceAll("_", " ");
}
