// A real hub and real agents, as processes, on ports and folders of their own.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { selfSigned } from "../../e2e/lib/certificates.mjs";
import { clean, freePort, start } from "./processes.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The program under test. */
export const berth = process.env.BERTH ?? join(root, "build/release/berth");

const run = promisify(execFile);

/** A started hub; `environment` is what it, its agents and commands have besides. */
export class Hub {
  constructor(fields) {
    Object.assign(this, fields);
  }

  get env() {
    return { ...clean, HOME: this.folder, ...this.environment };
  }

  async start(listen) {
    const args = ["hub", "--data", this.data, "--listen", listen, ...this.options];
    const [program, ...rest] = [...this.prefix ?? [], berth, ...args];
    this.child = start("hub", program, rest, { env: this.env, logs: this.logs });
    [, this.url] = await this.child.line(/^berth hub ready: (\S+?)\/?$/);
  }

  /** Ends the hub without ceremony and starts it again at the same address. */
  async restart() {
    await this.child.stop("SIGKILL");
    await this.start(`127.0.0.1:${new URL(this.url).port}`);
  }

  /** Runs `berth ARGS` on the hub's data: what it prints. */
  berth(...args) {
    return this.berthOn(this.data, ...args);
  }

  /** The same on another data folder. */
  async berthOn(data, ...args) {
    const { stdout } = await run(berth, [...args, "--data", data], { timeout: 20_000, env: this.env, maxBuffer: 1 << 26 });
    return stdout;
  }

  /** Makes the id of a removed instance nobody's: it stays with its first owner otherwise. */
  async giveUpId(id) {
    await this.berth("release-id", id);
  }

  /** A sign-in link that works once; for the hub's owner, or for the member of that name. */
  async loginLink(user = "owner") {
    const stdout = await this.berth("login-link", "--user", user);
    const link = /https?:\/\/\S+/.exec(stdout)?.[0];
    if (link === undefined) throw new Error(`berth login-link printed no link: ${stdout}`);
    return link;
  }

  /** A new agent token; `options` are further ones of `berth token create`. */
  async token(name, ...options) {
    return (await this.berth("token", "create", "--name", name, ...options)).trim();
  }

  /**
   * Starts an agent for `instance`, with further arguments. Unless said otherwise it has a token of its own, of the
   * instance's `owner` if it has one, and the id `instance.name`. `prefix` is a command that runs it.
   */
  async startAgent(instance, more = [], { hub = this.url, id = instance.name, name = id, token, env = {}, prefix = [] } = {}) {
    const tokenFile = join(this.folder, `${name}.token`);
    writeFileSync(tokenFile, `${token ?? await this.token(name, "--user", instance.owner ?? "owner")}\n`, { mode: 0o600 });
    const args = ["agent", "--hub", hub, "--token-file", tokenFile, "--id", id, "--instance", instance.url, ...more];
    const [program, ...rest] = [...prefix, berth, ...args];
    return start(`agent-${name}`, program, rest, {
      env: { ...this.env, HOME: instance.home ?? this.folder, DATABASE_PATH: instance.database, ...env }, logs: this.logs,
    });
  }
}

/**
 * Starts a hub; ready when this resolves. With `tls`, hub and instances have names below
 * berth.localhost, as on a real domain: one site, several origins. With `name`, browsers reach it there,
 * over plain HTTP.
 */
export async function startHub({ folder, logs, tls = false, name }) {
  const data = join(folder, "hub");
  mkdirSync(data, { recursive: true });
  const hub = new Hub({ data, folder, logs, options: [], environment: {} });
  if (!tls) {
    const port = name === undefined ? 0 : await freePort();
    if (name !== undefined) hub.options = ["--public-url", `http://${name}:${port}`];
    await hub.start(`127.0.0.1:${port}`);
    return hub;
  }
  const { cert, key } = selfSigned(folder, "berth.localhost", "DNS:berth.localhost,DNS:*.apps.berth.localhost");
  const port = await freePort();
  hub.environment = { SSL_CERT_FILE: cert };
  hub.options = [
    "--tls-cert", cert, "--tls-key", key, "--public-url", `https://berth.localhost:${port}`,
    "--apps-domain", "apps.berth.localhost",
  ];
  await hub.start(`127.0.0.1:${port}`);
  return hub;
}
