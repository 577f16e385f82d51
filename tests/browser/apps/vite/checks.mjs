import assert from "node:assert/strict";
import { until } from "../../lib/wait.mjs";

// Each way to the page edits the same sources; the words say which edit is meant.
let edits = 0;

/** A word that no page has shown yet. */
function fresh() {
  return `version-${++edits}`;
}

const loaded = (image) => image.evaluate((element) => element.complete && element.naturalWidth > 0);
const colour = (locator, name) => locator.evaluate((element, property) => getComputedStyle(element)[property], name);

/** Leaves a mark that lasts as long as the page does. */
async function mark(page) {
  await page.evaluate(() => (globalThis.marked = true));
}

const isMarked = (page) => page.evaluate(() => globalThis.marked === true);

/**
 * Makes `edit` until it shows: a dev server on a busy machine may miss a single change of a file, which
 * a person then saves again.
 */
function savedUntil(what, edit, shows) {
  let saved = 0;
  return until(what, async () => {
    if (Date.now() - saved > 2_000) {
      saved = Date.now();
      edit();
    }
    return shows();
  }, 20_000);
}

const isShown = (locator) => locator.isVisible().catch(() => false);

/** Waits until everything on a new page is there. */
async function complete(page) {
  await page.getByRole("button", { name: /count 0/ }).waitFor();
  await page.getByText(/plain words/).waitFor();
  for (const name of ["imported", "public"]) {
    await until(`the ${name} picture`, () => loaded(page.locator(`img.${name}`)));
  }
}

/** The hot-reload sockets that the page opened. */
function sockets(visit) {
  return visit.seen("sockets").filter(({ received }) => received.some((frame) => frame.includes('"connected"')));
}

/**
 * What a worker's modules import from the root: an import map does not reach into workers, so in path
 * mode the hub has to lead these requests back.
 */
export const ledBack = [/\/vite\/dist\/client\/env\.mjs$/, /\/src\/arithmetic\.ts$/];

export const checks = {
  "the page loads from its modules": async (visit) => {
    visit.page = await visit.open();
    await complete(visit.page);
  },

  "the hot-reload socket keeps its token": async (visit) => {
    const script = await (await fetch(`${visit.app.url}/@vite/client`)).text();
    const [, token] = /const wsToken = "([^"]+)"/.exec(script);
    const [socket] = await until("the socket", () => sockets(visit).length > 0 && sockets(visit));
    assert.equal(new URL(socket.url).searchParams.get("token"), token);
  },

  "a changed component keeps its state": async ({ page, app }) => {
    await mark(page);
    for (let click = 0; click < 3; ++click) await page.locator(".counter").click();
    const word = fresh();
    const edit = () => app.edit("src/Counter.vue", /[\w-]+( version)?, count/, `${word}, count`);
    await savedUntil("the changed component", edit, () => isShown(page.getByRole("button", { name: `${word}, count 3` })));
    assert.ok(await isMarked(page));
  },

  "a changed style sheet shows at once": async ({ page, app }) => {
    const shade = 40 + ++edits;
    const shows = (what, file, element, property, wanted) =>
      savedUntil(what, () => app.edit(file, /rgb\(\d+,/, `rgb(${shade},`), async () => (await colour(page.locator(element), property)) === wanted);
    await shows("the page's colour", "src/style.css", "body", "backgroundColor", `rgb(${shade}, 20, 30)`);
    await shows("the button's colour", "src/Counter.vue", ".counter", "color", `rgb(${shade}, 2, 3)`);
    assert.ok(await isMarked(page));
  },

  "a module that accepts its new version gets it": async ({ page, app }) => {
    const word = fresh();
    const edit = () => app.edit("src/words.ts", /plain words, [^"]*/, `plain words, ${word}`);
    await savedUntil("the new words", edit, () => isShown(page.getByText(`plain words, ${word}`)));
    await page.getByRole("button", { name: /count 3/ }).waitFor();
    assert.ok(await isMarked(page));
  },

  "a module is imported when it is needed": async ({ page }) => {
    await page.locator("button.lazy").click();
    await page.getByText("lazy 42").waitFor();
  },

  "a worker made of modules answers": async ({ page }) => {
    await page.locator("button.worker").click();
    await page.getByText("worker 42").waitFor();
  },

  "a worker made from a text asks where its page does": async ({ page }) => {
    // The dev server's own page does so to learn when a stopped server is back.
    const answers = await page.evaluate(() => {
      const text = `onconnect = ({ ports: [port] }) => {
        const { origin } = location;
        const socket = new WebSocket(origin.replace("http", "ws") + "/", "vite-ping");
        const opened = new Promise((done) => (socket.onopen = socket.onerror = ({ type }) => done(type)));
        const status = fetch(origin + "/icon.svg").then((response) => response.status);
        Promise.all([opened, status]).then((answers) => port.postMessage(answers));
      };`;
      const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      return new Promise((resolve) => {
        new SharedWorker(url).port.onmessage = ({ data }) => {
          URL.revokeObjectURL(url);
          resolve(data);
        };
      });
    });
    assert.deepEqual(answers, ["open", 200]);
  },

  "a mistake is shown over the page, and goes away when it is corrected": async ({ page, app }) => {
    app.edit("src/Counter.vue", "</button>", "</buton>");
    await page.locator("vite-error-overlay").getByText(/Counter\.vue/).first().waitFor();
    // A dev server that still deals with the mistake may miss the correction; then it is saved again.
    const word = fresh();
    const edit = () => app.edit("src/Counter.vue", /[\w-]+, count (.*)<\/butt?on>/, `${word}, count $1</button>`);
    await savedUntil("the mistake is gone", edit, async () => {
      const isCorrected = await isShown(page.getByRole("button", { name: `${word}, count` }));
      return isCorrected && (await page.locator("vite-error-overlay").count()) === 0;
    });
  },

  "what cannot be replaced loads the page anew": async ({ page, app }) => {
    await mark(page);
    const word = fresh();
    const edit = () => app.edit("src/main.ts", /\n\/\/ .*/, `\n// ${word}`);
    await savedUntil("the page is a new one", edit, async () => !(await isMarked(page).catch(() => true)));
    await complete(page);
  },

  "the page comes back with the dev server": async ({ page, app }) => {
    await mark(page);
    await app.restart();
    await until("the page is a new one", async () => !(await isMarked(page).catch(() => true)));
    await complete(page);
  },
};
