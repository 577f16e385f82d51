// berth ls, status, open, watch, login and logout, against a real hub with two agents: as scripts call
// them, and on a pseudo-terminal.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { after, before, describe, it } from "node:test";
import { berth } from "../browser/lib/hub.mjs";
import { freePort, start } from "../browser/lib/processes.mjs";
import { pinOf } from "./lib/certificates.mjs";
import { within } from "./lib/http.mjs";
import { startHttpProxy } from "./lib/proxies.mjs";
import { Scene } from "./lib/scene.mjs";
import { InstanceEnd } from "./lib/v1_instance_end.mjs";

const second = 1_000;
const question = { id: "q1", kind: "permission", tool: "Bash", text: "{\"command\":\"npm test\"}\nsecond line" };
const asking = {
  status: "busy", state: "needs_you", needs_you: true,
  sessions: [{ id: "s-1", title: "Fix the \u001b[2J\u009b2J\u202etests", project: "/work", provider: "claude", is_busy: true, needs_you: true, state: "needs_you", question }],
};

/** Runs `berth ARGS`: {status, out, err}. `input` is what it reads. */
function run(scene, args, { env = {}, input = "" } = {}) {
  return new Promise((resolve) => {
    const own = { PATH: process.env.PATH, HOME: scene.folder, TERM: "xterm", ...env };
    const child = execFile(berth, args, { env: own, timeout: 30_000 }, (error, out, err) => {
      resolve({ status: error === null ? 0 : error.code, out, err });
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** A token of the right form that is not this one. */
const spoiled = (token) => token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * The same on a terminal of that width: {status, out}; out is all that the terminal gets. `after` is
 * what the shell does then.
 */
function runOnTerminal(scene, args, { env = {}, input = "", columns = 100, after = "" } = {}) {
  const command = `trap : INT; stty cols ${columns} rows 20; ${[berth, ...args].map(quoted).join(" ")}${after}`;
  return new Promise((resolve) => {
    const own = { PATH: process.env.PATH, HOME: scene.folder, TERM: "xterm", SHELL: "/bin/sh", ...env };
    const child = execFile("script", ["-qec", command, "/dev/null"], { env: own, timeout: 30_000 }, (error, out) => {
      resolve({ status: error === null ? 0 : error.code, out });
    });
    child.stdin.on("error", () => {});
    if (input === "") child.stdin.end();
    else child.stdout.once("data", () => child.stdin.write(input));
  });
}

describe("the terminal's commands", { concurrency: 1, timeout: 180_000 }, () => {
  let scene, cookie, good, blind, box, laptop, access;

  async function makeToken(scopes) {
    const answer = await scene.api("POST", "/api/api-tokens", { cookie, body: JSON.stringify({ name: "t", scopes }) });
    assert.equal(answer.status, 201, answer.body.toString());
    return JSON.parse(answer.body);
  }
  const tell = (end, fields) => end.send({ type: "status_update", client_id: end.id, ...fields });
  const connectBox = async () => {
    box = await InstanceEnd.connect(
      { url: `ws://localhost:${scene.port}/ws/connect`, token: await scene.token("box"), id: "box" },
      { hostname: "annas-mac", project: "/home/anna/a/rather/long/path/to/some/project", labels: { team: "core" } },
    );
    await tell(box, asking);
    await box.settle();
  };
  const watch = (name, args = [], env = {}) =>
    start(name, berth, ["watch", ...args], { env: { PATH: process.env.PATH, HOME: scene.folder, ...access, ...env }, logs: scene.output });

  before(async () => {
    scene = await Scene.start("terminal");
    cookie = await scene.signIn();
    good = await makeToken(["instances:read", "profile:read"]);
    blind = await makeToken(["profile:read"]);
    access = { BERTH_HUB: scene.url, BERTH_API_TOKEN: good.token };
    laptop = await scene.instance("laptop");
    await connectBox();
  });
  after(() => scene?.stop());

  it("ls: needs-you first, aligned and plain on a pipe", async () => {
    const { status, out, err } = await run(scene, ["ls"], { env: access });
    assert.equal(status, 0, err);
    const lines = out.trimEnd().split("\n");
    assert.match(lines[0], /^NAME +STATE +FOR +MACHINE +PROJECT +SESSIONS +VERSION +LAST SEEN$/);
    assert.match(lines[1], /^box +needs you +\d+s +annas-mac +\/home\/anna\/a\/rather\/long\/path\/to\/some\/project +1 waits +1\.13\.6 +now$/);
    assert.match(lines[2], /^laptop +idle /);
    assert.equal(lines.length, 3);
    for (const word of ["idle", "needs you"]) {
      assert.equal(lines.find((line) => line.includes(word)).indexOf(word), lines[0].indexOf("STATE"));
    }
    assert.doesNotMatch(out, /[\t\u001b]/);
  });

  it("ls: filters, and JSON as the API has it", async () => {
    const names = async (...args) => {
      const { status, out, err } = await run(scene, ["ls", "--json", ...args], { env: access });
      assert.equal(status, 0, err);
      return JSON.parse(out).clients.map(({ id }) => id).sort();
    };
    assert.deepEqual(await names(), ["box", "laptop"]);
    assert.deepEqual(await names("--state", "needs-you,offline"), ["box"]);
    assert.deepEqual(await names("--state", "busy"), []);
    assert.deepEqual(await names("--label", "team=core"), ["box"]);
    assert.deepEqual(await names("--label", "team"), ["box"]);
    assert.deepEqual(await names("--label", "team=other"), []);
    const wrong = await run(scene, ["ls", "--state", "bussy"], { env: access });
    assert.equal(wrong.status, 2);
    assert.match(wrong.err, /did you mean "busy"\?/);
  });

  it("status: the exit status says it, and the question is shown in full", async () => {
    const all = await run(scene, ["status"], { env: access });
    assert.deepEqual([all.status, all.out], [3, "2 instances: 1 needs you, 1 idle\n"]);
    const one = await run(scene, ["status", "box"], { env: access });
    assert.equal(one.status, 3);
    assert.match(one.out, /^box {2}needs you for \d+s$/m);
    assert.match(one.out, /asks to use Bash\n {6}\{"command":"npm test"\}\n {6}second line/);
    assert.match(one.out, /berth open box --session s-1/);
    assert.ok(!one.out.includes("\u001b"), "no agent writes to the terminal");
    assert.equal((await run(scene, ["status", "laptop", "--quiet"], { env: access })).status, 0);
    await tell(box, { status: "idle", state: "idle", sessions: [], no_answer: true });
    await box.settle();
    const silent = await run(scene, ["status"], { env: access });
    assert.deepEqual([silent.status, silent.out], [6, "2 instances: 1 no answer, 1 idle\n"]);
    assert.equal((await run(scene, ["status", "box", "--quiet"], { env: access })).status, 6);
    await tell(box, asking);
    await box.settle();
    const json = await run(scene, ["status", "box", "--json"], { env: access });
    assert.equal(JSON.parse(json.out).metadata.sessions[0].question.text, question.text);
    const unknown = await run(scene, ["status", "laptpo"], { env: access });
    assert.equal(unknown.status, 1);
    assert.match(unknown.err, /no instance "laptpo"; did you mean "laptop"\?/);
  });

  it("--json has the same text, and no agent writes to the terminal by it", async () => {
    const titleIn = (json) => json.metadata.sessions[0].title;
    const ofBox = ({ clients }) => titleIn(clients.find(({ id }) => id === "box"));
    for (const [args, read] of [[["ls"], ofBox], [["status"], ofBox], [["status", "box"], titleIn]]) {
      const { out } = await run(scene, [...args, "--json"], { env: access });
      assert.doesNotMatch(out, /[\u001b\u007f-\u009f\u202e]/, args.join(" "));
      assert.equal(read(JSON.parse(out)), asking.sessions[0].title);
    }
    const child = watch("watch-marks", ["--json"]);
    await child.line(/"type":"client_list"/);
    assert.doesNotMatch(child.lines.join(""), /[\u001b\u007f-\u009f\u202e]/);
    child.process.kill("SIGINT");
    await child.exited;
  });

  it("an instance that was renamed goes by its name too", async () => {
    const rename = async (label) => {
      const answer = await scene.api("PATCH", "/api/clients/box", { cookie, body: JSON.stringify({ label }) });
      assert.ok(answer.status < 300, answer.body.toString());
    };
    await rename("Anna's box");
    assert.match((await run(scene, ["ls"], { env: access })).out, /^Anna's box \(box\) +needs you/m);
    const one = await run(scene, ["status", "Anna's box"], { env: access });
    assert.match(one.out, /^Anna's box \(box\) {2}needs you/);
    assert.match((await run(scene, ["open", "Anna's box"], { env: access })).out, /client=box\n$/);
    await rename("");
  });

  it("open: prints the page without a desktop, and hands it to the desktop's opener with one", async () => {
    const session = await run(scene, ["open", "box", "--session", "s-1"], { env: access });
    assert.deepEqual([session.status, session.out], [0, `${scene.url}/open?client=box&next=/session/s-1\n`]);
    assert.equal((await run(scene, ["open", "nobody"], { env: access })).status, 1);
    const folder = join(scene.folder, "bin");
    mkdirSync(folder);
    writeFileSync(join(folder, "xdg-open"), `#!/bin/sh\nprintf %s "$1" > ${folder}/opened\n`, { mode: 0o755 });
    const env = { ...access, DISPLAY: ":7", PATH: `${folder}:${process.env.PATH}` };
    const opened = await run(scene, ["open", "laptop"], { env });
    assert.deepEqual([opened.status, opened.out], [0, ""]);
    assert.equal(readFileSync(join(folder, "opened"), "utf8"), `${scene.url}/open?client=laptop`);
    assert.match((await run(scene, ["open", "laptop", "--print"], { env })).out, /open\?client=laptop\n$/);
  });

  it("login remembers hub and token for their owner alone, logout forgets them", async () => {
    const file = join(scene.folder, ".config/berth/hubs.toml");
    const nothing = await run(scene, ["ls"]);
    assert.equal(nothing.status, 2);
    assert.match(nothing.err, /which hub\? run `berth login --hub URL`/);
    for (const [input, wanted] of [["hello\n", /no API token/], [`${spoiled(good.token)}\n`, /does not accept the API token/], [`${blind.token}\n`, /lacks the scope instances:read.*settings\/tokens/]]) {
      const { status, err } = await run(scene, ["login", "--hub", scene.url], { input });
      assert.notEqual(status, 0);
      assert.match(err, wanted);
      assert.ok(!existsSync(file));
    }
    const login = await run(scene, ["login", "--hub", scene.url], { input: `${good.token}\n` });
    assert.equal(login.status, 0, login.err);
    assert.match(login.out, /^Logged in at .* as owner\. Try: berth ls$/m);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((await run(scene, ["status"])).out, "2 instances: 1 needs you, 1 idle\n");
    chmodSync(file, 0o644);
    const open = await run(scene, ["ls"]);
    assert.equal(open.status, 2);
    assert.match(open.err, /can be read by others: chmod 600/);
    chmodSync(file, 0o600);
    const logout = await run(scene, ["logout"]);
    assert.equal(logout.status, 0, logout.err);
    assert.ok(!readFileSync(file, "utf8").includes("bt_"));
    assert.equal((await run(scene, ["ls"])).status, 2);
  });

  it("login on a terminal does not show what is typed", async () => {
    const { status, out } = await runOnTerminal(scene, ["login", "--hub", scene.url], { input: `${good.token}\n` });
    assert.equal(status, 0, out);
    assert.match(out, /Paste it here/);
    assert.match(out, /Logged in at/);
    assert.ok(!out.includes(good.token.slice(0, 25)), out);
    await run(scene, ["logout"]);
  });

  it("login on a terminal: Ctrl-C ends it, and what is typed shows again", async () => {
    const { status, out } = await runOnTerminal(scene, ["login", "--hub", scene.url], { input: "bt_0\u0003", after: "; stty -a | grep -o ' echo '" });
    assert.equal(status, 0, out);
    assert.match(out, /cancelled/);
    assert.match(out, /^ echo /m);
    assert.ok(!out.includes("bt_0"));
  });

  it("token files, and errors that say what to do", async () => {
    const file = join(scene.folder, "api.token");
    writeFileSync(file, `${good.token}\n`, { mode: 0o600 });
    const args = ["ls", "--hub", scene.url, "--token-file", file];
    assert.equal((await run(scene, args)).status, 0);
    chmodSync(file, 0o640);
    const shared = await run(scene, args);
    assert.equal(shared.status, 2);
    assert.match(shared.err, /chmod 600/);

    const cases = [
      [{ BERTH_API_TOKEN: blind.token }, /lacks the scope instances:read.*Make a token that may do this at .*\/settings\/tokens/],
      [{ BERTH_API_TOKEN: `bt_${"0".repeat(16)}_${"0".repeat(64)}` }, /unknown, expired or revoked\. Make a new one at .*\/settings\/tokens/],
      [{ BERTH_HUB: "https://berth.invalid" }, /cannot reach https:\/\/berth\.invalid.*check the name in --hub/],
      [{ BERTH_HUB: `http://localhost:${await freePort()}` }, /cannot reach http:\/\/localhost:\d+: .*refused/],
      [{ BERTH_HUB: "http://hub.example.org" }, /is not https/],
      [{ BERTH_HUB: laptop.url }, /does not answer as a berth hub/],
    ];
    for (const [env, wanted] of cases) {
      for (const command of [["ls"], ["status"], ["watch"]]) {
        const { status, out, err } = await run(scene, command, { env: { ...access, ...env } });
        assert.ok(status === 1 || status === 2, `${command} ${JSON.stringify(env)}: ${status}`);
        assert.match(err, wanted);
        assert.equal(out, "");
        assert.ok(!err.includes(good.token.slice(20)) && !err.includes(blind.token.slice(20)));
      }
    }
  });

  it("they go through the proxy that the environment names", async () => {
    const proxy = await startHttpProxy("user:word");
    try {
      // Loopback is never reached by proxy: another machine's name is needed.
      const env = { ...access, BERTH_HUB: "https://hub.example.org", HTTPS_PROXY: `http://user:word@127.0.0.1:${proxy.port}` };
      for (const command of ["ls", "watch"]) {
        const { status, err } = await run(scene, [command], { env });
        assert.equal(status, 1, err);
        assert.ok(!err.includes("word"), err);
      }
      const asked = { target: "hub.example.org:443", user: "user:word" };
      assert.deepEqual(proxy.asked, [asked, asked]);
    } finally {
      await proxy.stop();
    }
  });

  it("the dashboard socket: an API token watches, within its scope, and sends nothing", async () => {
    const open = (token, headers = {}) => scene.openDashboard(undefined, { authorization: `Bearer ${token}`, ...headers });
    await assert.rejects(open(blind.token, { cookie }), ({ status }) => status === 403);
    await assert.rejects(open(spoiled(good.token), { cookie }), ({ status }) => status === 401);
    await assert.rejects(open(good.token, { origin: "http://evil.test" }), ({ status }) => status === 403);
    const brief = await makeToken(["instances:read"]);
    const { end } = await open(brief.token);
    await end.send("text", JSON.stringify({ type: "get_clients" }));
    assert.equal(JSON.parse((await end.next()).data).clients.length, 2);
    await end.send("text", JSON.stringify({ type: "forward_to_client", client_id: "box", request_id: "r", action: "chat", payload: {} }));
    assert.match(JSON.parse((await end.next()).data).message, /may only watch/);
    await scene.api("DELETE", `/api/api-tokens/${brief.id}`, { cookie });
    const event = await within(2 * second, "the end of the socket", end.next());
    assert.equal(event.kind, "close");
  });

  it("watch: one line per change, within a second", async () => {
    const child = watch("watch");
    await child.line(/Z {2}box {2}needs you: Bash: /);
    await child.line(/Z {2}laptop {2}idle$/);
    for (const [fields, wanted] of [
      [{ status: "busy", state: "busy", sessions: [] }, /box {2}busy \(was needs you\)$/],
      [{ status: "idle", state: "idle", sessions: [] }, /box {2}idle \(was busy\)$/],
    ]) {
      const begun = performance.now();
      await tell(box, fields);
      await child.line(wanted);
      assert.ok(performance.now() - begun < second, String(wanted));
    }
    child.process.kill("SIGINT");
    assert.equal(await child.exited, 0);
    assert.ok(child.lines.every((line) => !line.includes("\u001b")));
  });

  it("watch --json: one object a line; ends when nobody reads", async () => {
    const child = watch("watch-json", ["--json"]);
    await child.line(/"type":"client_list"/);
    await tell(box, { status: "busy", state: "busy", sessions: [] });
    await child.line(/"type":"client_update".*"state":"busy"/);
    const messages = child.lines.map((line) => JSON.parse(line));
    assert.deepEqual(messages[0].clients.map(({ id }) => id).sort(), ["box", "laptop"]);
    child.process.stdout.destroy();
    await tell(box, { status: "idle", state: "idle", sessions: [] });
    await tell(box, { status: "busy", state: "busy", sessions: [] });
    assert.equal(await within(5 * second, "its end", child.exited), 0);
  });

  it("watch: survives the hub's death, and ends when its token does", async () => {
    const brief = await makeToken(["instances:read"]);
    const child = watch("watch-restart", [], { BERTH_API_TOKEN: brief.token });
    await child.line(/laptop {2}idle$/);
    await scene.hub.child.stop("SIGKILL");
    await child.line(/trying again until the hub is back/);
    await scene.startHub();
    await child.line(/connected again/);
    await child.line(/box {2}offline \(was /);
    await connectBox();
    await child.line(/box {2}needs you \(was (idle|offline)\): Bash: /);
    await scene.api("DELETE", `/api/api-tokens/${brief.id}`, { cookie });
    await child.line(/does not accept the API token.*settings\/tokens/);
    assert.equal(await child.exited, 1);
  });

  it("on a terminal: colours unless NO_COLOR, and no line wider than it", async () => {
    const plain = (text) => text.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
    for (const columns of [100, 44, 30]) {
      const { status, out } = await runOnTerminal(scene, ["ls"], { env: access, columns });
      assert.equal(status, 0, out);
      assert.match(out, /\u001b\[1;33mneeds you\u001b\[0m/);
      for (const line of plain(out).split(/\r?\n/)) assert.ok([...line].length <= columns, `${columns}: ${line}`);
    }
    assert.match((await runOnTerminal(scene, ["ls"], { env: access, columns: 60 })).out, /…/);
    const without = await runOnTerminal(scene, ["ls"], { env: { ...access, NO_COLOR: "1" } });
    assert.doesNotMatch(without.out, /\u001b/);
  });

  it("watch on a terminal: draws over itself, and leaves the terminal as it was", async () => {
    const command = `stty cols 100 rows 20; exec ${quoted(berth)} watch`;
    const env = { PATH: process.env.PATH, HOME: scene.folder, TERM: "xterm", SHELL: "/bin/sh", ...access };
    const child = start("watch-terminal", "script", ["-qfec", command, "/dev/null"], { env, logs: scene.output });
    await child.line(/2 instances: 1 needs you, 1 (idle|active)/);
    await tell(box, { status: "busy", state: "busy", sessions: [] });
    await child.line(/2 instances: 1 busy, 1 idle/);
    const pid = await execPgrep(child.process.pid);
    const closed = once(child.process, "close");  // All that it said is there then.
    process.kill(pid, "SIGINT");
    assert.equal(await child.exited, 0);
    await closed;
    const all = child.lines.join("\n");
    assert.match(all, /\u001b\[\?1049h\u001b\[\?25l/);
    assert.match(all, /\u001b\[\?25h\u001b\[\?1049l/);
    assert.ok(all.split("\u001b[H").length > 2, "it draws again from the top");
  });

  it("watch on a terminal: Ctrl-Z and Ctrl-\\ leave the terminal as it was, fg comes back", async () => {
    const command = `stty cols 100 rows 20; ulimit -c 0; set -m; ${quoted(berth)} watch; echo STOPPED; fg; echo "ENDED $?"`;
    const env = { PATH: process.env.PATH, HOME: scene.folder, TERM: "xterm", SHELL: "/bin/bash", ...access };
    const child = start("watch-jobs", "script", ["-qfec", command, "/dev/null"], { env, logs: scene.output });
    await child.line(/2 instances: 1 busy, 1 idle/);
    const pid = await execPgrep(await execPgrep(child.process.pid));
    const closed = once(child.process, "close");
    process.kill(pid, "SIGTSTP");
    await child.line(/STOPPED/);
    await tell(box, { status: "idle", state: "idle", sessions: [] });
    await child.line(/2 instances: 2 idle/);
    process.kill(pid, "SIGQUIT");
    await child.line(/ENDED 131/);
    await closed;
    const [enter, leave] = ["\u001b[?1049h", "\u001b[?1049l"];
    const seen = child.lines.join("\n").split(/(STOPPED|ENDED|\u001b\[\?1049[hl])/).filter((_, i) => i % 2 === 1);
    assert.deepEqual(seen, [enter, leave, "STOPPED", enter, leave, "ENDED"]);
  });
});

/** The process that `parent` runs. */
function execPgrep(parent) {
  return new Promise((resolve, reject) => {
    execFile("pgrep", ["-P", String(parent)], (error, out) => (error === null ? resolve(Number(out.split("\n")[0])) : reject(error)));
  });
}

describe("the terminal's commands over TLS", { timeout: 60_000 }, () => {
  let scene;
  before(async () => {
    scene = await Scene.start("terminal-tls", { tls: true });
  });
  after(() => scene?.stop());

  it("a certificate that the system trusts, and no other", async () => {
    const cookie = await scene.signIn();
    const made = await scene.api("POST", "/api/api-tokens", { cookie, body: JSON.stringify({ name: "t", scopes: ["instances:read"] }) });
    const access = { BERTH_HUB: scene.url, BERTH_API_TOKEN: JSON.parse(made.body).token };
    const trusted = await run(scene, ["ls"], { env: { ...access, ...scene.trust } });
    assert.equal(trusted.status, 0, trusted.err);
    assert.match(trusted.err, /no instances yet.*berth agent enroll --hub/);
    const untrusted = await run(scene, ["ls"], { env: access });
    assert.equal(untrusted.status, 1);
    assert.match(untrusted.err, /self-signed/);
    const pin = pinOf(scene.ca);
    for (const args of [["--hub-ca", scene.trust.SSL_CERT_FILE], ["--hub-pin", pin]]) {
      assert.equal((await run(scene, ["ls", ...args], { env: access })).status, 0);
    }
    assert.equal((await run(scene, ["ls"], { env: { ...access, BERTH_HUB_PIN: pin } })).status, 0);
    const login = await run(scene, ["login", "--hub", scene.url, "--hub-pin", pin], { input: access.BERTH_API_TOKEN });
    assert.equal(login.status, 0, login.err);
    const wrong = `sha256/${Buffer.alloc(32, 7).toString("base64")}`;
    const unpinned = await run(scene, ["ls", "--hub-pin", wrong], { env: { ...access, ...scene.trust } });
    assert.equal(unpinned.status, 1);
    assert.match(unpinned.err, /not the pinned one/);
    for (const [flag, value] of [["--hub-pin", "sha256/abc"], ["--hub-ca", "/nope"]]) {
      const { status, err } = await run(scene, ["ls", flag, value], { env: access });
      assert.equal(status, 2);
      assert.match(err, new RegExp(`^berth ls: ${flag}: `));
    }
  });

  it("enrolling, with the hub's key", async () => {
    const pin = pinOf(scene.ca);
    const child = start("enroll", berth, ["agent", "enroll", "--hub", scene.url, "--hub-pin", pin], { env: { PATH: process.env.PATH, HOME: scene.folder }, logs: scene.output });
    await child.line(/sign in, compare the code/);
    await child.stop();
    const refused = await run(scene, ["agent", "enroll", "--hub", scene.url], { env: { BERTH_HUB_PIN: pin.replace(/.....$/, "AAAA=") } });
    assert.equal(refused.status, 1);
    assert.match(refused.err, /not the pinned one/);
  });
});
