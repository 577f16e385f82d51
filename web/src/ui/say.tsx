// What is read aloud of things that go away before a reader comes to them: one place, as long as the page.

/** Stands once in a page, in its Shell. */
export function Said() {
  return <p id="said" class="only-read" role="status" />;
}

/** Reads it out when the reader pauses. */
export function say(words: string): void {
  const place = document.getElementById("said");
  if (place !== null) place.textContent = words;
}
