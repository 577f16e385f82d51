// What is read aloud of things that go away before a reader comes to them: one place, as long as the page. And how the
// same words are read out again.

/** Stands once in a page, in its Shell. */
export function Said() {
  return <p id="said" class="only-read" role="status" />;
}

/** Reads it out when the reader pauses. */
export function say(words: string): void {
  const place = document.getElementById("said");
  if (place !== null) place.textContent = words;
}

/**
 * Once what was set until now is on the page: only what changes is read out, so that words which are to be read out
 * again have to be gone before.
 */
export const rendered = (): Promise<void> => new Promise((done) => setTimeout(done));
