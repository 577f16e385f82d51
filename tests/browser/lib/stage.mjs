// A hub and a browser for tests that bring their own instances.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolder } from "./folder.mjs";
import { openBrowser, pictured, Recorder } from "./chromium.mjs";
import { startHub } from "./hub.mjs";
import { startAnthropicMock, startInstance } from "./instance.mjs";
import { PlainInstance } from "./plain.mjs";
import { stopAll } from "./processes.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

export class Stage {
  #plain = [];
  #others = [];

  /** `options` are those of startHub; with `isTrusted` the browser trusts its certificate, and caches what it gets. */
  static async start(name, options = {}) {
    const stage = new Stage();
    stage.output = join(root, "build/test-output/browser", name);
    rmSync(stage.output, { recursive: true, force: true });
    mkdirSync(stage.output, { recursive: true });
    stage.folder = mkdtempSync(join(tmpdir(), "berth-browser-"));
    try {
      stage.hub = await startHub({ folder: stage.folder, logs: stage.output, ...options });
      const trusted = options.isTrusted ? stage.hub.environment.SSL_CERT_FILE : undefined;
      stage.context = await openBrowser(join(stage.folder, "profile"), options.name, trusted);
      stage.context.setDefaultTimeout(15_000);
      stage.recorder = new Recorder(stage.context);
    } catch (error) {
      await stage.stop();
      throw error;
    }
    return stage;
  }

  /** A tab with the dashboard, signed in by a link, as the hub's owner or that user. */
  async signIn(user = "owner") {
    const page = await this.context.newPage();
    await page.goto(await this.hub.loginLink(user));
    await page.waitForURL(`${this.hub.url}/dashboard`);
    return page;
  }

  /** The card of an instance on the dashboard. */
  card(page, name) {
    return page.locator(`[data-instance="${name}"]`);
  }

  /** A browser of its own for somebody else, signed in: the tab with their dashboard. */
  async otherBrowser(user) {
    const context = await openBrowser(join(this.folder, `profile-${user}`));
    this.#others.push(context);
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    await page.goto(await this.hub.loginLink(user));
    await page.waitForURL(`${this.hub.url}/dashboard`);
    return page;
  }

  /** `options` are those of PlainInstance.start; `owner` is a user of the hub. */
  async plainInstance(name, answer, { owner, ...options } = {}) {
    const one = await PlainInstance.start(name, this.folder, answer, options);
    one.owner = owner;
    this.#plain.push(one);
    return one;
  }

  async realInstance(name, options = {}) {
    this.anthropic ??= await startAnthropicMock(this.output);
    return startInstance({ name, folder: this.folder, logs: this.output, anthropic: this.anthropic, ...options });
  }

  /** Presses Open on the card and waits until the instance's own address is reached. */
  async open(page, instance) {
    await page.goto(`${this.hub.url}/dashboard`);
    await this.card(page, instance.name).getByRole("button", { name: /^Open/ }).click();
    await page.waitForURL((url) => url.hostname.startsWith(`${instance.name}.`) && !url.pathname.startsWith("/.berth/"));
    return new URL(page.url()).origin;
  }

  /** Keeps a picture of every tab when `body` fails. */
  check(name, body) {
    return pictured(this.context, this.output, name, body);
  }

  async stop() {
    await Promise.all([this.context, ...this.#others].map((context) => context?.close()));
    await stopAll();
    await Promise.all(this.#plain.map((one) => one.stop()));
    await removeFolder(this.folder);
  }
}
