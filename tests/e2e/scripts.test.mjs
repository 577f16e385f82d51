// What script/ does where something is missing or goes wrong: with an npm and a Node.js of the tests, in
// a cache of their own.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../browser/lib/wait.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const environment = join(root, "script/lib/environment.sh");

/** Installs what cannot be loaded where its text says so, and fails or hangs where the environment does. */
const fakeNpm = `#!/bin/bash
case "$FAKE_NPM" in
  fails) echo "npm error network is unreachable" >&2; exit 1 ;;
  hangs) touch "$BERTH_CACHE/npm-hangs"; sleep 60; exit 1 ;;
esac
for module in better-sqlite3 node-pty bcrypt @cloudcli-ai/cloudcli; do
  mkdir -p "node_modules/$module"
  echo "if ('$FAKE_NPM' === 'breaks') throw new Error('built for another ABI'); module.exports = class {};" >"node_modules/$module/index.js"
done
`;

describe("script/lib/environment.sh", { timeout: 60_000 }, () => {
  let folder, cache;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-e2e-"));
    cache = join(folder, "cache");
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/npm"), fakeNpm, { mode: 0o755 });
    // Says that it has another ABI where it is told to.
    writeFileSync(join(folder, "bin/node"), `#!/bin/bash
      if [ "$*" = "-p process.versions.modules" ] && [ -n "$FAKE_ABI" ]; then echo "$FAKE_ABI"; else exec "$REAL_NODE" "$@"; fi
    `, { mode: 0o755 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const options = (env) => ({
    env: {
      PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder, BERTH_CACHE: cache, BERTH_NODE: join(folder, "bin/node"),
      ENVIRONMENT: environment, REAL_NODE: process.execPath, ...env,
    },
  });
  const script = (commands) => ["-c", `set -euo pipefail; . "$ENVIRONMENT"; find_node; ${commands}`];

  /** Types `commands` after the file: {status, out, err}. */
  const bash = (commands, env = {}) => new Promise((resolve) => {
    execFile("bash", script(commands), options(env), (error, out, err) => resolve({ status: error === null ? 0 : error.code, out, err }));
  });
  const wanted = "find_claudecodeui || install_claudecodeui; find_claudecodeui; echo there";
  const version = () => readdirSync(join(cache, "claudecodeui"));

  it("a claudecodeui is looked at again, and installed anew, once Node.js has another ABI", async () => {
    assert.deepEqual(await bash(wanted), { status: 0, out: "there\n", err: "" });
    const [name] = version();
    const module = join(cache, "claudecodeui", name, "node_modules/bcrypt/index.js");
    const marker = join(cache, "claudecodeui", name, ".complete");
    assert.equal(readFileSync(marker, "utf8"), `${process.versions.modules}\n`);
    const other = { FAKE_ABI: "999" };
    assert.deepEqual(await bash(wanted, other), { status: 0, out: "there\n", err: "" }, "it works with both");
    assert.equal(readFileSync(marker, "utf8"), "999\n");
    writeFileSync(module, "throw new Error('built for another ABI')");
    const { status, out } = await bash(wanted);
    assert.match(out, /==> the claudecodeui in \S+ does not work with Node\.js v\d+/);
    assert.equal(status, 0);
    assert.doesNotMatch(readFileSync(module, "utf8"), /^throw/);
    assert.deepEqual(version(), [name]);
  });

  it("an installation that fails says why and what to do, and leaves nothing", async () => {
    for (const [how, why] of [
      ["fails", /network is unreachable\n.*cannot install claudecodeui.*\n.*BERTH_CACHE.*script\/bootstrap --build/],
      ["breaks", /built for another ABI[^]*does not work with .*node;.*\n.*BERTH_NODE/],
    ]) {
      const { status, out, err } = await bash(wanted, { FAKE_NPM: how });
      assert.match(err, why);
      assert.notEqual(status, 0);
      assert.equal(out, "");
      assert.deepEqual(version(), []);
    }
    const { status, err } = await bash(`fetch nothing@1 ${folder}/x; echo on`, { FAKE_NPM: "fails" });
    assert.match(err, /network is unreachable\nnpm cannot fetch nothing@1/);
    assert.notEqual(status, 0);
  });

  it("where there are no packages of Debian 12 it says so, and what is needed", async () => {
    const needed = async (text) => {
      writeFileSync(join(folder, "os-release"), text);
      return bash(`need_debian_12 ${folder}/os-release clang-19 libboost1.81-dev; echo on`);
    };
    for (const own of ["ID=debian\nVERSION_CODENAME=bookworm\n", "ID=linuxmint\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n"]) {
      assert.deepEqual(await needed(own), { status: 0, out: "on\n", err: "" });
    }
    for (const other of ['PRETTY_NAME="Ubuntu 24.04.1 LTS"\nVERSION_CODENAME=noble\n', "PRETTY_NAME='Fedora Linux 42'\n", ""]) {
      const { status, out, err } = await needed(other);
      assert.deepEqual([status, out], [1, ""]);
      assert.match(err, /Debian 12 .*this is (Ubuntu 24\.04\.1 LTS|Fedora Linux 42|another system): clang-19 libboost1\.81-dev\n/);
    }
  });

  it("a claudecodeui whose removal was cut short does not pass for a whole one", async () => {
    await bash(wanted);
    const place = join(cache, "claudecodeui", version()[0]);
    writeFileSync(join(place, "node_modules/bcrypt/index.js"), "if (process.env.FAKE_ABI === '999') throw new Error('built for another ABI')");
    // Removes a part of it, and is killed, and the script too.
    writeFileSync(join(folder, "bin/rm"), `#!/bin/bash
      for last; do :; done
      [ -e "$last/node_modules" ] || exec "$REAL_RM" "$@"
      "$REAL_RM" "$last/node_modules/@cloudcli-ai/cloudcli/index.js"
      kill -KILL $PPID
    `, { mode: 0o755 });
    await bash(wanted, { FAKE_ABI: "999", REAL_RM: "/bin/rm" });
    rmSync(join(folder, "bin/rm"));
    const { status, out } = await bash(wanted);
    assert.deepEqual([status, out], [0, "there\n"]);
    assert.ok(existsSync(join(place, "node_modules/@cloudcli-ai/cloudcli/index.js")));
  });

  it("what killed attempts left is removed, what a running one has is not", async () => {
    const hangs = (signal) => {
      const child = spawn("bash", script(wanted), { ...options({ FAKE_NPM: "hangs" }), detached: true, stdio: "ignore" });
      return until("npm to be called", () => existsSync(join(cache, "npm-hangs"))).then(() => {
        const [left] = version();
        rmSync(join(cache, "npm-hangs"));
        return { left, kill: () => (process.kill(-child.pid, signal), new Promise((done) => child.once("exit", done))) };
      });
    };
    const ended = await hangs("SIGTERM");
    await ended.kill();
    await until("its folder to go", () => version().length === 0);

    const killed = await hangs("SIGKILL");
    const waits = bash(wanted);
    await killed.kill();
    const { status, out } = await waits;
    assert.equal(status, 0);
    assert.match(out, /there\n$/);
    assert.ok(!version().includes(killed.left));
    assert.equal(version().length, 1);
  });
});

describe("script/server", { timeout: 60_000 }, () => {
  let folder;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "berth-e2e-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A file below the folder of the copy. */
  function write(name, text) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  }

  beforeEach(() => {
    mkdirSync(join(folder, "script"));
    copyFileSync(join(root, "script/server"), join(folder, "script/server"));
    write("script/bootstrap", "#!/bin/sh\n");
    write("script/lib/environment.sh", `${readFileSync(environment)}\nfind_node() { BERTH_NODE=$REAL_NODE; }; build_preset() { :; }; claudecodeui=/none\n`);
    // A hub that is ready, and an agent that ends, and with it the script.
    write("build/release/berth", '#!/bin/sh\ncase $1 in hub) echo "berth hub ready: http://localhost:1"; : >"$3/berth.db"; exec sleep 60 ;; token | login-link) echo x ;; esac\n');
  });
  const serverAt = (program, options, ...args) => new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: folder, BERTH_STATE: join(folder, "state"), REAL_NODE: process.execPath, ...options.env };
    execFile("bash", [program, "--port", "1", ...args], { ...options, env }, (error, out, err) => resolve(out + err));
  });
  const server = (...args) => serverAt(join(folder, "script/server"), {}, ...args);

  it("makes a project to begin with in its own home, and nothing in that of a user", async () => {
    const home = join(folder, "home");
    mkdirSync(home);
    assert.match(await server("--home", home), /sign in: x/);
    assert.deepEqual(readdirSync(home), []);
    assert.match(await server(), /sign in: x/);
    assert.ok(existsSync(join(folder, "state/instance/home/projects/demo")));
  });

  it("reads paths from where it is called", async () => {
    const cwd = join(folder, "else");
    mkdirSync(join(cwd, "home"), { recursive: true });
    assert.match(await serverAt("../script/server", { cwd, env: { BERTH_STATE: "state" } }, "--home", "home"), /sign in: x/);
    assert.deepEqual(readdirSync(cwd).sort(), ["home", "state"]);
    assert.ok(existsSync(join(cwd, "state/hub/berth.db")));
    assert.match(await serverAt("../script/server", { cwd }, "--nonsense"), /^script\/server \[--port N\]/);
  });

  it("a new hub gets a new token and is met anew, the same hub is not", async () => {
    const token = join(folder, "state/agent.token");
    const known = join(folder, "state/agent/berth/claudecodeui/known-hubs");
    write("state/agent.token", "stale\n");
    write("state/agent/berth/claudecodeui/known-hubs", "stale\n");
    await server();
    assert.equal(readFileSync(token, "utf8"), "x\n");
    assert.ok(!existsSync(known));
    writeFileSync(token, "kept\n");
    writeFileSync(known, "kept\n");
    await server();
    assert.equal(readFileSync(token, "utf8"), "kept\n");
    assert.ok(existsSync(known));
  });

  it("refuses what it cannot do before it builds", async () => {
    write("script/bootstrap", "#!/bin/sh\necho bootstrapped\n");
    for (const port of ["abc", "0", "80000", "1x"]) assert.equal(await server("--port", port), `--port: "${port}" is no port; 1 to 65535\n`);
    const none = join(folder, "no/such");
    assert.equal(await server("--home", none), `--home: ${none} is no folder\n`);
  });
});

describe("script/test", { timeout: 60_000 }, () => {
  it("counts a run that tells of no test as failed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-e2e-"));
    try {
      for (const name of ["script/lib", "web"]) mkdirSync(join(folder, name), { recursive: true });
      copyFileSync(join(root, "script/test"), join(folder, "script/test"));
      writeFileSync(join(folder, "script/bootstrap"), "#!/bin/sh\n", { mode: 0o755 });
      writeFileSync(join(folder, "script/lib/environment.sh"), `${readFileSync(environment)}\nfind_node() { BERTH_NODE=true; }\n`);
      const out = await new Promise((resolve) => execFile("bash", [join(folder, "script/test"), "web"], (error, out) => resolve(out)));
      assert.match(out, /^==> web: 0 passed, 1 failed/m);
      assert.match(out, /\n1 passed, 1 failed, 0 skipped\n$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
