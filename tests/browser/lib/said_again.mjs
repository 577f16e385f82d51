// What a screen reader hears of words that stood there already.
import { until } from "./wait.mjs";

/** `press` has the same refused once more, and it is said once more: only an alert that is new is read out. */
export async function saidAgain(page, press) {
  const alert = page.getByRole("alert");
  const last = await alert.elementHandle();
  const words = await last.innerText();
  await press();
  await until(`"${words}" is said again`, async () =>
    !(await last.evaluate(({ isConnected }) => isConnected)) && (await alert.filter({ hasText: words }).count()) === 1);
}
