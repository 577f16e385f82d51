// A hub, agents and origins for a test file, and the two ways a signed-in browser reaches an
// instance: path mode and subdomain mode. Nothing here is berth's own code: node's HTTP plays the
// browser.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolder } from "../../browser/lib/folder.mjs";
import { Hub } from "../../browser/lib/hub.mjs";
import { freePort, stopAll } from "../../browser/lib/processes.mjs";
import { selfSigned } from "./certificates.mjs";
import { ask } from "./http.mjs";
import { Origin } from "./origin.mjs";
import { openWebSocket } from "./websocket.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Options that give the hub of `scene` TLS for `name`; agents trust it with scene.trust. */
export function tlsOptions(scene, name, alternative) {
  const { cert, key } = selfSigned(scene.folder, name, alternative);
  scene.trust = { SSL_CERT_FILE: cert };
  return ["--tls-cert", cert, "--tls-key", key, "--public-url", `https://${name}:${scene.port}`];
}

const tlsName = "berth.localhost";

/** One address of an instance, as a browser has it: where to connect, and what it sends along. */
export class Way {
  constructor(fields) {
    Object.assign(this, fields);
  }

  /** What node's http.request takes, for `path` of the instance. */
  options(path, { method = "GET", headers = {} } = {}) {
    return {
      host: "127.0.0.1", port: this.port, method, path: this.prefix + path, ...this.tls,
      headers: { host: this.host, cookie: this.cookie, origin: this.origin, ...headers },
    };
  }
}

/** One hub and what belongs to it. */
export class Scene {
  #origins = [];

  /**
   * Starts the hub, unless `isLate`: then startHub() does. `options` are the hub's, `port` is where it
   * listens. With `tls` it has a certificate and names below berth.localhost; `prefix` is a command
   * that runs it.
   */
  static async start(name, { isLate = false, options, port, address = "127.0.0.1", tls = false, prefix } = {}) {
    const scene = new Scene();
    scene.output = join(root, "build/test-output/e2e", name);
    rmSync(scene.output, { recursive: true, force: true });
    mkdirSync(scene.output, { recursive: true });
    scene.folder = mkdtempSync(join(tmpdir(), "berth-e2e-"));
    scene.port = port ?? await freePort();
    scene.address = address;
    scene.host = `${tls ? tlsName : "localhost"}:${scene.port}`;
    scene.url = `${tls ? "https" : "http"}://${scene.host}`;
    scene.trust = {};
    const data = join(scene.folder, "hub");
    const own = options?.(scene) ?? [];
    if (tls) {
      own.push(...tlsOptions(scene, tlsName, `DNS:${tlsName},DNS:*.apps.${tlsName}`), "--apps-domain", `apps.${tlsName}`);
      scene.ca = readFileSync(scene.trust.SSL_CERT_FILE);
    }
    scene.hub = new Hub({ data, folder: scene.folder, logs: scene.output, options: own, environment: { BERTH_LOG_LEVEL: "debug" }, prefix });
    try {
      if (!isLate) await scene.startHub();
    } catch (error) {
      await scene.stop();
      throw error;
    }
    return scene;
  }

  /** Starts the hub at its address, where it may have been before. */
  startHub() {
    return this.hub.start(`${this.address}:${this.port}`);
  }

  /** Runs `berth ARGS` on the hub's data: what it prints. */
  berth(...args) {
    return this.hub.berth(...args);
  }

  /** A new agent token; `options` are further ones of `berth token create`. */
  token(name, ...options) {
    return this.hub.token(name, ...options);
  }

  /** Starts an agent for `instance`; `command` is one for it to supervise, other options are those of Hub.startAgent(). */
  async startAgent(instance, { command = [], adapter = "generic", env, ...options } = {}) {
    const more = ["--adapter", adapter, ...(command.length > 0 ? ["--", ...command] : [])];
    const agent = await this.hub.startAgent(instance, more, { hub: this.url, ...options, env: { ...this.trust, ...env } });
    /** Connected, and with its instance in view. */
    agent.ready = () => Promise.all([agent.line(/connected to .* as /), agent.line(/instance at /)]);
    return agent;
  }

  async origin(name) {
    const one = await Origin.start(name, this.folder);
    this.#origins.push(one);
    return one;
  }

  /** An origin with an agent that is connected; it is the hub's owner's, or that user's. */
  async instance(name, { user = "owner" } = {}) {
    const one = await this.origin(name);
    one.agent = await this.startAgent(one, { token: await this.token(name, "--user", user) });
    await one.agent.ready();
    return one;
  }

  /**
   * Signs in by a fresh link, as the hub's owner or that user: the value of a Cookie field for the hub. With
   * `cookie`, in the browser that has this one.
   */
  async signIn(user = "owner", { cookie } = {}) {
    const code = (await this.hub.loginLink(user)).split("#")[1];
    const answer = await this.api("POST", "/api/session", { cookie, body: JSON.stringify({ code }) });
    assert.equal(answer.status, 204, answer.body.toString());
    return answer.headers["set-cookie"][0].split(";")[0];
  }

  /** A request to the hub itself. */
  api(method, path, { cookie, body, headers = {} } = {}) {
    const own = { host: this.host, origin: this.url, ...headers };
    if (cookie !== undefined) own.cookie = cookie;
    return ask({ host: "127.0.0.1", port: this.port, method, path, headers: own, ...this.tlsFor(this.host) }, body);
  }

  /** A socket as the dashboard opens it: {end, headers}. `headers` come instead of, or beside, its own. */
  openDashboard(cookie, headers = { origin: this.url, cookie }) {
    return openWebSocket({
      host: "127.0.0.1", port: this.port, path: "/ws/connect?type=browser", headers: { host: this.host, ...headers },
      ...this.tlsFor(this.host),
    });
  }

  /** What a TLS connection to `host` of this hub takes; nothing without TLS. */
  tlsFor(host) {
    return this.ca === undefined ? {} : { ca: this.ca, servername: host.split(":")[0] };
  }

  /** The ways to the instance of that name, for the owner of `cookie`. */
  async ways(name, cookie) {
    return { path: this.pathWay(name, cookie), subdomain: await this.subdomainWay(name, cookie) };
  }

  pathWay(name, cookie) {
    return new Way({
      mode: "path", port: this.port, host: this.host, cookie, origin: this.url, prefix: `/clients/${name}/proxy`,
      tls: this.tlsFor(this.host),
    });
  }

  /** By the ticket, as the dashboard's Open does it; in a browser that has `before`, if that is given. */
  async subdomainWay(name, cookie, before) {
    const opened = await this.api("POST", `/api/clients/${name}/open`, { cookie });
    assert.equal(opened.status, 200, opened.body.toString());
    const url = new URL(JSON.parse(opened.body).url);
    const answer = await ask(
      {
        host: "127.0.0.1", port: this.port, method: "POST", path: "/.berth/session", ...this.tlsFor(url.host),
        headers: { host: url.host, origin: url.origin, ...(before && { cookie: before.cookie }) },
      },
      JSON.stringify({ code: url.hash.slice(1) }),
    );
    assert.equal(answer.status, 204, answer.body.toString());
    const set = answer.headers["set-cookie"].map((one) => one.split(";")[0]);
    const own = set.find((one) => !one.includes("berth_owner=")) ?? before.cookie;
    return new Way({
      mode: "subdomain", port: this.port, host: url.host, cookie: own, origin: url.origin, prefix: "",
      tls: this.tlsFor(url.host),
    });
  }

  /** Ends hub and agents; what they wrote stays until stop(). */
  async stopProcesses() {
    await stopAll();
  }

  async stop() {
    await stopAll();
    await Promise.all(this.#origins.map((one) => one.stop()));
    await removeFolder(this.folder);
  }
}
