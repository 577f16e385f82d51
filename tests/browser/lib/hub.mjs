// A real hub and real agents, as processes, on ports and folders of their own.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { start } from "./processes.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The program under test. */
export const berth = process.env.BERTH ?? join(root, "build/release/berth");

const run = promisify(execFile);

/** A started hub. */
export class Hub {
  constructor(fields) {
    Object.assign(this, fields);
  }

  async start(listen) {
    const args = ["hub", "--data", this.data, "--listen", listen, ...this.options];
    this.child = start("hub", berth, args, { env: { ...process.env, HOME: this.folder }, logs: this.logs });
    [, this.url] = await this.child.line(/^berth hub ready: (\S+?)\/?$/);
  }

  /** Ends the hub without ceremony and starts it again at the same address. */
  async restart() {
    await this.child.stop("SIGKILL");
    await this.start(`127.0.0.1:${new URL(this.url).port}`);
  }

  /** A sign-in link that works once. */
  async loginLink() {
    const { stdout } = await run(berth, ["login-link", "--data", this.data], { timeout: 20_000 });
    const link = /https?:\/\/\S+/.exec(stdout)?.[0];
    if (link === undefined) throw new Error(`berth login-link printed no link: ${stdout}`);
    return link;
  }

  /** Starts an agent that publishes `instance` as `instance.name`. */
  async startAgent(instance, extra = []) {
    const { stdout } = await run(berth, ["token", "create", "--data", this.data, "--name", instance.name], { timeout: 20_000 });
    const token = /ao_[0-9a-f]{16}_[0-9a-f]{64}/.exec(stdout)?.[0];
    if (token === undefined) throw new Error("berth token create printed no token");
    const tokenFile = join(this.folder, `${instance.name}.token`);
    writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
    const agent = start(
      `agent-${instance.name}`,
      berth,
      ["agent", "--hub", this.url, "--token-file", tokenFile, "--id", instance.name, "--instance", instance.url, ...extra],
      { env: { ...process.env, HOME: instance.home, DATABASE_PATH: instance.database }, logs: this.logs },
    );
    this.secrets.push(token);
    return agent;
  }
}

/** Starts a hub; ready when this resolves. */
export async function startHub({ folder, logs, options = [], listen = "127.0.0.1:0" }) {
  const data = join(folder, "hub");
  mkdirSync(data, { recursive: true });
  const hub = new Hub({ data, folder, logs, options, secrets: [] });
  await hub.start(listen);
  return hub;
}
