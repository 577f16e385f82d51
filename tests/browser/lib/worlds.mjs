// The three ways to reach an instance, behind one interface, so that the same checks run on all:
// directly, in path mode and in subdomain mode.
//
// A world has two instances, "alpha" and "beta", and a browser with one profile. `address(instance)`
// is where the instance appears (with a slash at the end), `enter(page, instance)` opens it there the
// way a user would, signed in.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolder } from "./folder.mjs";
import { openBrowser, Recorder } from "./chromium.mjs";
import { startHub } from "./hub.mjs";
import { startAnthropicMock, startInstance } from "./instance.mjs";
import { stopAll } from "./processes.mjs";
import { until } from "./wait.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

class World {
  async start(mode) {
    this.mode = mode;
    this.output = join(root, "build/test-output/browser", mode);
    rmSync(this.output, { recursive: true, force: true });
    mkdirSync(this.output, { recursive: true });
    this.folder = mkdtempSync(join(tmpdir(), "berth-browser-"));
    this.anthropic = await startAnthropicMock(this.output);
    [this.alpha, this.beta] = await Promise.all(["alpha", "beta"].map((name) => this.instance(name)));
    this.context = await openBrowser(join(this.folder, "profile"));
    this.recorder = new Recorder(this.context);
    await this.prepare();
    return this;
  }

  async instance(name) {
    const { folder, output: logs, anthropic } = this;
    const one = await startInstance({ name, folder, logs, anthropic });
    await one.register();
    one.key = (await one.api("POST", "/api/settings/api-keys", { keyName: "scripts" })).apiKey.apiKey;
    one.session = await one.createSession("cursor", `first words of ${name}`);
    return one;
  }

  /** A new tab that shows the instance. */
  async open(instance, path = "") {
    const page = await this.context.newPage();
    page.setDefaultTimeout(15_000);
    await this.enter(page, instance);
    if (path !== "") await page.goto(this.address(instance) + path);
    return page;
  }

  async stop() {
    await this.context?.close();
    await stopAll();
    if (this.folder !== undefined) await removeFolder(this.folder);
  }
}

/** No hub: the page is signed in with the instance's own token. */
class DirectWorld extends World {
  async prepare() {
    const tokens = { [new URL(this.alpha.url).origin]: this.alpha.token, [new URL(this.beta.url).origin]: this.beta.token };
    await this.context.addInitScript((known) => {
      const token = known[location.origin];
      if (token !== undefined && localStorage.getItem("auth-token") === null) localStorage.setItem("auth-token", token);
    }, tokens);
  }

  address(instance) {
    return `${instance.url}/`;
  }

  async enter(page, instance) {
    await page.goto(this.address(instance));
  }
}

/** Behind a hub: signed in by a link, instances published by agents. */
class HubWorld extends World {
  async prepare() {
    this.hub = await startHub({ folder: this.folder, logs: this.output, tls: this.tls });
    for (const instance of [this.alpha, this.beta]) {
      instance.agent = await this.hub.startAgent(instance);
    }
    const page = await this.context.newPage();
    await page.goto(await this.hub.loginLink());
    await page.waitForURL(`${this.hub.url}/dashboard`);
    for (const { name } of [this.alpha, this.beta]) {
      await page.locator(`[data-instance="${name}"]`).getByRole("button", { disabled: false }).first().waitFor();
    }
    await page.close();
  }

  /** Whether `url` is one of the hub's own addresses, which its own pages ask for. */
  hubPages(url) {
    return url.host === new URL(this.hub.url).host && /^\/(login|dashboard|sw\.js|manifest\.webmanifest|api\/auth|api\/session|ws\/connect|api\/clients\/[^/]+\/open|\.berth\/.*)$/.test(url.pathname);
  }
}

class PathWorld extends HubWorld {
  address(instance) {
    return `${this.hub.url}/clients/${instance.name}/proxy/`;
  }

  async enter(page, instance) {
    await page.goto(`${this.hub.url}/dashboard`);
    await page.locator(`[data-instance="${instance.name}"]`).getByRole("link", { name: /path mode/ }).click();
    await page.waitForURL((url) => url.href.startsWith(this.address(instance)));
  }
}

class SubdomainWorld extends HubWorld {
  addresses = new Map();

  address(instance) {
    return this.addresses.get(instance.name);
  }

  async enter(page, instance) {
    await page.goto(`${this.hub.url}/dashboard`);
    await page.locator(`[data-instance="${instance.name}"]`).getByRole("button", { name: /^Open/ }).click();
    await until("the instance's own address", () => new URL(page.url()).hostname.startsWith(`${instance.name}.`));
    await page.waitForURL((url) => !url.pathname.startsWith("/.berth/"));
    this.addresses.set(instance.name, `${new URL(page.url()).origin}/`);
  }
}

/** The same over TLS, where the browser speaks HTTP/2, with names as on a real domain. */
class TlsWorld extends SubdomainWorld {
  tls = true;

  async enter(page, instance) {
    await super.enter(page, instance);
    assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation")[0].nextHopProtocol), "h2");
  }
}

const worlds = { direct: DirectWorld, path: PathWorld, subdomain: SubdomainWorld, tls: TlsWorld };

/** The world of `mode`, a key of the table above, started. */
export async function makeWorld(mode) {
  const world = new worlds[mode]();
  try {
    return await world.start(mode);
  } catch (error) {
    await world.stop();
    throw error;
  }
}
