// Chromium, offline but for loopback, and a recorder of everything a page asks for and complains of.
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** How Chromium names the key of the certificate in that file. */
function pinOf(file) {
  const { publicKey } = new X509Certificate(readFileSync(file));
  return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");
}

/**
 * Starts the browser with a profile of its own; closing the context ends it. To it, `name` is this machine, and
 * the certificate in the file `trusted` is a good one: of others it puts up with, it caches nothing.
 */
export function openBrowser(profile, name = "localhost", trusted) {
  return chromium.launchPersistentContext(profile, {
    executablePath: process.env.BERTH_CHROMIUM ?? "/usr/bin/chromium",
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
      ...(trusted === undefined ? [] : [`--ignore-certificate-errors-spki-list=${pinOf(trusted)}`]),
      `--host-resolver-rules=MAP ${name} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost`,
    ],
  });
}

/** Runs `body`, the test `name`; where it fails, the folder `output` keeps a picture of every tab. */
export async function pictured(context, output, name, body) {
  try {
    await body();
  } catch (error) {
    for (const [index, page] of context.pages().entries()) {
      const file = `${name.replace(/\W+/g, "-").slice(0, 60)}-${index}.png`;
      await page.screenshot({ path: join(output, file), timeout: 5000 }).catch(() => {});
    }
    throw error;
  }
}

/** What the pages of one browser context did. */
export class Recorder {
  requests = [];
  headers = [];
  failures = [];
  console = [];
  sockets = [];

  constructor(context) {
    context.on("request", (request) => this.requests.push({ method: request.method(), url: request.url() }));
    context.on("response", (response) => {
      this.headers.push(response.headers());
      if (response.status() < 400) return;
      this.failures.push({ status: response.status(), method: response.request().method(), url: response.url() });
    });
    context.on("console", (message) => {
      if (message.type() === "error") this.console.push({ text: message.text(), url: message.location().url });
    });
    context.on("weberror", (error) => this.console.push({ text: String(error.error()), url: error.page()?.url() ?? "" }));
    context.on("page", (page) => this.watch(page));
  }

  /** The sockets to this path (without query) that were opened. */
  socketsTo(path) {
    return this.sockets.filter(({ url }) => new URL(url).pathname.endsWith(path));
  }

  watch(page) {
    page.on("websocket", (socket) => {
      const one = { url: socket.url(), received: [], sent: [], closed: false };
      this.sockets.push(one);
      socket.on("framereceived", ({ payload }) => one.received.push(String(payload)));
      socket.on("framesent", ({ payload }) => one.sent.push(String(payload)));
      socket.on("close", () => (one.closed = true));
    });
  }
}
