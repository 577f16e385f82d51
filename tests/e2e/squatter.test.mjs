// Another user of the agent's machine who listens where the instance was gets a connection, and nothing
// over it. Needs root, to be three users.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { berth } from "../browser/lib/hub.mjs";
import { freePort, start } from "../browser/lib/processes.mjs";
import { until } from "../browser/lib/wait.mjs";
import { asPage, ask } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

const victim = 12345;
const squatter = 12346;

const tables = `
CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, is_active INTEGER);
INSERT INTO users VALUES (1, 'anna', 1);
CREATE TABLE app_config (key TEXT, value TEXT);
INSERT INTO app_config VALUES ('jwt_secret', 'hush');
`;

/** What a claudecodeui of user `uid` at `port` would say, and each thing that it is sent: for `node -e`. */
const listenAs = `
const [uid, port] = process.argv.slice(1).map(Number);
process.setgroups([]); process.setgid(uid); process.setuid(uid);
const answers = { "/health": { status: "ok", installMode: "npm", version: "1.37.3" }, "/api/auth/user": { user: { id: 1 } } };
const server = require("node:net").createServer((socket) => {
  console.log("connection");
  socket.on("error", () => {});
  socket.on("data", (data) => {
    const text = data.toString();
    console.log("heard " + JSON.stringify(text));
    const body = JSON.stringify(answers[text.split(" ")[1]] ?? {});
    socket.end("HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\nconnection: close\\r\\ncontent-length: " + body.length + "\\r\\n\\r\\n" + body);
  });
}).listen(port, "127.0.0.1", () => console.log("listening"));
`;

const skip = process.getuid() === 0 ? false : "only root can be several users";

describe("a port of another user's", { skip, concurrency: 1, timeout: 120_000 }, () => {
  let scene, cookie, home, program;
  before(async () => {
    scene = await Scene.start("squatter");
    cookie = await scene.signIn();
    chmodSync(scene.folder, 0o711);
    program = join(scene.folder, "berth");
    copyFileSync(berth, program);
    home = join(scene.folder, "victim");
    mkdirSync(join(home, ".cloudcli"), { recursive: true });
    execFileSync("sqlite3", [join(home, ".cloudcli/auth.db"), tables]);
    for (const path of ["", ".cloudcli", ".cloudcli/auth.db"]) chownSync(join(home, path), victim, victim);
  });
  after(() => scene?.stop());

  async function listen(uid, port) {
    const child = start(`listener-${uid}-${port}`, process.execPath, ["-e", listenAs, String(uid), String(port)], { env: process.env, logs: scene.output });
    await child.line(/^listening$/);
    return child;
  }

  async function startAgent(id, port, ...options) {
    const args = ["agent", "--hub", scene.url, "--id", id, "--instance", `http://127.0.0.1:${port}`, ...options];
    const agent = start(`agent-${id}`, "setpriv", [`--reuid=${victim}`, `--regid=${victim}`, "--clear-groups", program, ...args], {
      env: { PATH: process.env.PATH, HOME: home, BERTH_LOG_LEVEL: "debug", ORCHESTRATOR_TOKEN: await scene.token(id) }, logs: scene.output,
    });
    await agent.line(/connected to .* as /);
    return agent;
  }

  const heard = (child) => child.lines.filter((line) => line.startsWith("heard"));

  it("gets nothing of the agent's, whose log and whose page say why", async () => {
    const port = await freePort();
    const listener = await listen(squatter, port);
    const agent = await startAgent("squatted", port);
    await agent.line(new RegExp(`cannot use the instance: another user \\(uid ${squatter}\\) listens at 127\\.0\\.0\\.1:${port}; if the instance is theirs, say --instance-user ${squatter}`));
    await listener.line(/^connection$/);
    const way = await scene.pathWay("squatted", cookie);
    const page = await ask(way.options("/", { headers: asPage }));
    assert.equal(page.status, 502);
    assert.match(page.body.toString(), /Another user of that machine listens/);
    assert.deepEqual(heard(listener), []);

    // The instance is back.
    await listener.stop();
    const own = await listen(victim, port);
    await agent.line(/signed in to the instance as anna/);
    await own.line(/^heard .*Bearer ey/);
    // And gone again: what is already signed in is as careful.
    await own.stop();
    const again = await listen(squatter, port);
    await until("that the hub says why", async () => (await ask(way.options("/", { headers: asPage }))).body.toString().includes("Another user of that machine listens"));
    assert.deepEqual(heard(again), []);
    await agent.stop();
    await again.stop();
  });

  it("is the instance's where the operator says so", async () => {
    const port = await freePort();
    const listener = await listen(squatter, port);
    const agent = await startAgent("lent", port, "--instance-user", String(squatter));
    await agent.line(/signed in to the instance as anna/);
    await agent.stop();
    await listener.stop();
  });
});
