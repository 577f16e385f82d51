// Shows a page.
import { render, type ComponentChild } from "preact";

/** Renders `page` into `app`, once, in the place of what stood there until the script was loaded. */
export function show(page: ComponentChild, app: HTMLElement): void {
  app.replaceChildren();
  render(page, app);
}
