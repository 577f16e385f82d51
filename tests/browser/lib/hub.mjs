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
export async function startHub({ folder, logs, options = [] }) {
  const data = join(folder, "hub");
  mkdirSync(data, { recursive: true });
  const child = start("hub", berth, ["hub", "--data", data, "--listen", "127.0.0.1:0", ...options], {
    env: { ...process.env, HOME: folder }, logs,
  });
  const [, url] = await child.line(/^berth hub ready: (\S+?)\/?$/);
  return new Hub({ url, data, child, folder, logs, secrets: [] });
}
