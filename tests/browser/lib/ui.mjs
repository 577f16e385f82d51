// What a user does in claudecodeui, by the words on the screen.
import { until } from "./wait.mjs";

/** Waits for the project list; fails if the page asks to sign in. */
export async function seeProjects(page, instance) {
  const list = page.getByText(`project-${instance.name}`, { exact: true }).first();
  const login = page.locator("input[type=password]").first();
  await list.or(login).first().waitFor();
  if (await login.isVisible()) throw new Error("the instance asks for a sign-in");
}

/** Opens the session whose name is `words` from the list at the left. */
export async function chooseSession(page, instance, words) {
  const link = page.getByRole("link", { name: words });
  const project = page.getByText(`project-${instance.name}`, { exact: true }).first();
  // A click folds and unfolds, and the page unfolds its only project by itself at some moment.
  for (let turn = 0; turn < 3 && !(await link.isVisible()); ++turn) {
    await project.click();
    await link.waitFor({ timeout: 2000 }).catch(() => {});
  }
  await link.click();
}

/** Shows one of Chat, Shell, Files, Source Control. */
export async function showTab(page, name) {
  await page.locator("button", { hasText: new RegExp(`^${name}$`) }).click();
}

/** Sends a chat message. */
export async function say(page, text) {
  await page.getByPlaceholder(/Type \/ for commands/).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** Types into the terminal. */
export async function typeInShell(page, text) {
  const input = page.locator(".xterm-helper-textarea");
  await input.waitFor();
  await input.focus();
  await page.keyboard.type(text);
}

/** Everything that the terminal's sockets brought, as text. */
export function shellOutput(recorder, address) {
  const wanted = `${new URL(address).host}${new URL(address).pathname}shell`;
  return recorder.sockets
    .filter(({ url }) => url.replace(/^wss?:\/\//, "").startsWith(wanted))
    .flatMap(({ received }) => received)
    .map((frame) => JSON.parse(frame))
    .filter(({ type }) => type === "output")
    .map(({ data }) => data)
    .join("");
}

/** Uploads through the Files tab's button; `files` as Playwright's setFiles takes them. */
export async function upload(page, files) {
  const button = page.locator("button[title^='Upload files'], button[aria-label^='Upload files']").first();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button.click()]);
  await chooser.setFiles(files);
}

/** The instance's answer to a request of its own page, as {status, type, sha256, text}. */
export function pageFetch(page, path) {
  return page.evaluate(async (url) => {
    const token = localStorage.getItem("auth-token");
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const bytes = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      text: new TextDecoder().decode(bytes.slice(0, 100_000)),
    };
  }, path);
}

/** The id that the instance gave its project. */
export async function projectId(page) {
  const { text } = await pageFetch(page, "/api/projects");
  return JSON.parse(text)[0].projectId;
}

/** Waits until the service worker controls the page, loading it again if need be. */
export async function controlledPage(page) {
  const scope = await page.evaluate(async () => (await navigator.serviceWorker.ready).scope);
  await page.reload();
  await until("the service worker controls the page", () =>
    page.evaluate(() => navigator.serviceWorker.controller !== null),
  );
  return scope;
}
