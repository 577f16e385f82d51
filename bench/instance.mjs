// instance.mjs HOME ADDRESS PORT: a claudecodeui with a home of its own and its first user past the
// wizard. Prints "bench instance ready: TOKEN" when it can be asked, and runs until it is ended.
// BERTH_CLAUDECODEUI is the folder that script/bootstrap installed it into.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

const [home, address, port] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const entry = join(process.env.BERTH_CLAUDECODEUI, "node_modules/@cloudcli-ai/cloudcli/dist-server/server/index.js");
mkdirSync(join(home, "project"), { recursive: true });
const child = spawn(process.execPath, [entry], {
  cwd: home,
  stdio: "inherit",
  env: {
    HOME: home, PATH: process.env.PATH, SHELL: "/bin/bash", TERM: "xterm-256color", LANG: "C.UTF-8",
    HOST: address, SERVER_PORT: port, DATABASE_PATH: join(home, "db", "auth.db"),
    DISABLE_AUTOUPDATER: "1", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    ANTHROPIC_BASE_URL: "http://127.0.0.1:9", ANTHROPIC_API_KEY: "none",
  },
});
child.once("exit", (code) => process.exit(code ?? 1));
process.once("SIGTERM", () => child.kill());

async function post(path, body, token) {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

const deadline = Date.now() + 60_000;
for (;;) {
  try {
    await fetch(url);
    break;
  } catch (error) {
    if (Date.now() > deadline) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const { token } = await post("/api/auth/register", { username: "bench", password: "secret123" });
await post("/api/user/complete-onboarding", {}, token);
console.log(`bench instance ready: ${token}`);
