// A real claudecodeui, with a home and a database of its own in a temporary folder and stand-ins for
// the model's commands on its PATH.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, start } from "./processes.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const stubs = resolve(here, "../../stubs");
const environment = readFileSync(resolve(here, "../../../script/lib/environment.sh"), "utf8");
const versionOf = (name) => new RegExp(`^${name}=(\\S+)$`, "m").exec(environment)[1];
const version = versionOf("claudecodeui_version");
/** script/bootstrap puts it beside the current one. */
const olderVersion = versionOf("claudecodeui_old_version");
const cache = process.env.BERTH_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME, ".cache"), "berth");
const packages = join(cache, "claudecodeui", version, "node_modules");

/** The command that people start it with, as npm installs it. */
export const cloudcli = join(packages, ".bin/cloudcli");

/** A 4x3 PNG, to be shown by the page. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAEklEQVR4nGP4z8AARwzEcQCukw/x0F8jngAAAABJRU5ErkJggg==",
  "base64",
);

export class Instance {
  constructor(fields) {
    Object.assign(this, fields);
  }

  /** Calls the instance's API directly. */
  async api(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** The first user, past the wizard. */
  async register() {
    const answer = await this.api("POST", "/api/auth/register", { username: "admin", password: "secret123" });
    this.token = answer.token;
    await this.api("POST", "/api/user/complete-onboarding");
  }

  /** A new chat session in the instance's project; the id. */
  async createSession(provider, initialMessage) {
    const answer = await this.api("POST", "/api/providers/sessions", {
      provider, projectPath: this.project, initialMessage,
    });
    return answer.data.sessionId;
  }

  /** Kills it with all that it runs, and starts it again where it was. */
  async restart() {
    await this.child.stop("SIGKILL");
    this.child = await this.launch();
  }

  /** Lets the stand-in go on after chunk `step` of a gated prompt. */
  openGate(step) {
    const folder = join(this.home, "gate");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, String(step)), "");
  }
}

/** What it says once it listens. */
export const isReady = /Server - Ready|listening|Server URL/i;

/** Starts an instance named `name` under `folder`; ready when this resolves. */
export async function startInstance({ name, folder, logs, anthropic, older = false }) {
  const home = join(folder, name);
  const project = join(home, `project-${name}`);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "README.md"), `# Project of ${name}\n`);
  writeFileSync(join(project, "picture.png"), png);
  const port = await freePort();
  const bin = join(folder, "bin");
  if (!existsSync(bin)) cpSync(stubs, bin, { recursive: true });
  const env = {
    HOME: home, USER: process.env.USER ?? "root", SHELL: "/bin/bash", TERM: "xterm-256color", LANG: "C.UTF-8",
    PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}`,
    HOST: "127.0.0.1", SERVER_PORT: String(port), DATABASE_PATH: join(home, "db", "auth.db"),
    DISABLE_AUTOUPDATER: "1", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    ANTHROPIC_BASE_URL: anthropic ?? "http://127.0.0.1:9", ANTHROPIC_API_KEY: "sk-ant-mock",
    CLAUDE_CLI_PATH: join(packages, `@anthropic-ai/claude-agent-sdk-linux-${process.arch}/claude`),
  };
  const code = older ? `cloudcli-${olderVersion}` : "cloudcli";
  const entry = join(packages, "@cloudcli-ai", code, "dist-server/server/index.js");
  const launch = async () => {
    const child = start(name, process.execPath, [entry], { env, cwd: home, logs });
    await child.line(isReady, 60_000);
    return child;
  };
  return new Instance({ name, home, project, child: await launch(), launch, env, url: `http://127.0.0.1:${port}`, database: env.DATABASE_PATH });
}

/** The stand-in for the model endpoint; its URL. */
export async function startAnthropicMock(logs) {
  const child = start("anthropic-mock", process.execPath, [join(stubs, "anthropic-mock.mjs")], { env: process.env, logs });
  const [, url] = await child.line(/^anthropic mock ready: (\S+)/);
  return url;
}
