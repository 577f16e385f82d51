// A hub, agents and origins for a test file, and the two ways a signed-in browser reaches an
// instance: path mode and subdomain mode. Nothing here is berth's own code: node's HTTP plays the
// browser.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startHub } from "../../browser/lib/hub.mjs";
import { stopAll } from "../../browser/lib/processes.mjs";
import { ask } from "./http.mjs";
import { Origin } from "./origin.mjs";

// For the programs that the tests start.
process.env.BERTH_LOG_LEVEL = "debug";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** One address of an instance, as a browser has it: where to connect, and what it sends along. */
export class Way {
  constructor(fields) {
    Object.assign(this, fields);
  }

  /** What node's http.request takes, for `path` of the instance. */
  options(path, { method = "GET", headers = {} } = {}) {
    return {
      host: "127.0.0.1", port: this.port, method, path: this.prefix + path,
      headers: { host: this.host, cookie: this.cookie, origin: this.origin, ...headers },
    };
  }
}

/** One hub and what belongs to it. */
export class Scene {
  #origins = [];

  static async start(name, options = {}) {
    const scene = new Scene();
    scene.output = join(root, "build/test-output/e2e", name);
    rmSync(scene.output, { recursive: true, force: true });
    mkdirSync(scene.output, { recursive: true });
    scene.folder = mkdtempSync(join(tmpdir(), "berth-e2e-"));
    try {
      scene.hub = await startHub({ folder: scene.folder, logs: scene.output, ...options });
    } catch (error) {
      await scene.stop();
      throw error;
    }
    return scene;
  }

  /** The port that the hub listens on. */
  get port() {
    return Number(new URL(this.hub.url).port);
  }

  async origin(name) {
    const one = await Origin.start(name, this.folder);
    this.#origins.push(one);
    return one;
  }

  /** An origin with an agent that is connected. */
  async instance(name) {
    const one = await this.origin(name);
    one.agent = await this.hub.startAgent(one, ["--adapter", "generic"]);
    await one.agent.line(/connected to .* as /);
    return one;
  }

  /** Signs in by a fresh link: the value of a Cookie field for the hub. */
  async signIn() {
    const code = (await this.hub.loginLink()).split("#")[1];
    const answer = await this.api("POST", "/api/session", { body: JSON.stringify({ code }) });
    assert.equal(answer.status, 204, answer.body.toString());
    return answer.headers["set-cookie"][0].split(";")[0];
  }

  /** A request to the hub itself. */
  api(method, path, { cookie, body, headers = {} } = {}) {
    const own = { host: `localhost:${this.port}`, origin: this.hub.url, ...headers };
    if (cookie !== undefined) own.cookie = cookie;
    return ask({ host: "127.0.0.1", port: this.port, method, path, headers: own }, body);
  }

  /** The ways to the instance of that name, for the owner of `cookie`. */
  async ways(name, cookie) {
    return { path: this.pathWay(name, cookie), subdomain: await this.subdomainWay(name, cookie) };
  }

  pathWay(name, cookie) {
    const host = `localhost:${this.port}`;
    return new Way({ mode: "path", port: this.port, host, cookie, origin: `http://${host}`, prefix: `/clients/${name}/proxy` });
  }

  /** By the ticket, as the dashboard's Open does it. */
  async subdomainWay(name, cookie) {
    const opened = await this.api("POST", `/api/clients/${name}/open`, { cookie });
    assert.equal(opened.status, 200, opened.body.toString());
    const url = new URL(JSON.parse(opened.body).url);
    const answer = await ask(
      { host: "127.0.0.1", port: this.port, method: "POST", path: "/.berth/session", headers: { host: url.host, origin: url.origin } },
      JSON.stringify({ code: url.hash.slice(1) }),
    );
    assert.equal(answer.status, 204, answer.body.toString());
    const own = answer.headers["set-cookie"][0].split(";")[0];
    return new Way({ mode: "subdomain", port: this.port, host: url.host, cookie: own, origin: url.origin, prefix: "" });
  }

  async stop() {
    await stopAll();
    await Promise.all(this.#origins.map((one) => one.stop()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
