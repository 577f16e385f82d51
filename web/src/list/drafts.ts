// What the user has chosen and typed for questions: kept as long as the page, because a question's box goes
// away and comes back when its agent or the hub does.
import { useAgain } from "../ui/watch";

export interface Draft {
  /** The question's text, to which the choices belong. */
  readonly text: string;
  /** The labels, by the number of the question in it. */
  readonly chosen: readonly (readonly string[])[];
  readonly reason: string;
}

const none: Draft = { text: "", chosen: [], reason: "" };
const most = 200;
const drafts = new Map<string, Draft>();

/** The draft for that question, and what changes it. */
export function useDraft(instance: string, session: string, question: string) {
  const again = useAgain();
  const key = JSON.stringify([instance, session, question]);
  const draft = drafts.get(key) ?? none;

  function change(changes: Partial<Draft>): void {
    drafts.delete(key);
    drafts.set(key, { ...draft, ...changes });
    // The oldest make room.
    for (const old of drafts.keys()) if (drafts.size > most) drafts.delete(old);
    again();
  }

  return [draft, change] as const;
}
