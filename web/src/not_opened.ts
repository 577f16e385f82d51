// What the pages that only lead to an instance say where they cannot.

/** In place of that it is being opened: why it is not, and the way to all instances, at `dashboard`. */
export function showNotOpened(why: string, dashboard: string): void {
  const message = document.getElementById("message");
  if (message === null) return;
  document.title = "Not opened · berth";
  const heading = document.createElement("h1");
  heading.textContent = "Not opened";
  message.before(heading);
  const link = document.createElement("a");
  link.href = dashboard;
  link.textContent = "All instances";
  message.replaceChildren(why, " ", link);
}
