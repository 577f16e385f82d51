/** Where a session of an instance opens. */
export function sessionLink(id: string, session: string): string {
  return `/open?client=${encodeURIComponent(id)}&next=${encodeURIComponent(`/session/${encodeURIComponent(session)}`)}`;
}
