// The commands that work in the hub's data folder, where they cannot: options that are wrong, a folder
// of another user, and one that is not up to date.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { berth } from "../browser/lib/hub.mjs";
import { Scene } from "./lib/scene.mjs";

const nobody = 65534;

/** Runs `berth ARGS`: {status, out, err}. `uid`: as that user. */
function run(args, { uid } = {}) {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: "/nonexistent" };
    execFile(berth, args, { uid, env, timeout: 20_000 }, (error, out, err) => {
      resolve({ status: error === null ? 0 : error.code, out, err });
    });
  });
}

describe("the hub's data folder", () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-e2e-"));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("a wrong option, environment or file is 2, as for the hub itself", async () => {
    for (const args of [["hub"], ["login-link"], ["token", "ls"], ["key", "ls"], ["audit"]]) {
      const { status, err } = await run([...args, "--config", join(folder, "none.toml")]);
      assert.equal(status, 2, String(args));
      assert.match(err, /none\.toml/);
    }
  });

  it("of an older schema: nothing changes it while a hub runs there", async () => {
    const scene = await Scene.start("data-folder");
    try {
      const { data } = scene.hub;
      const sql = (text) => execFileSync("sqlite3", [join(data, "berth.db"), text]).toString().trim();
      const older = Number(sql("PRAGMA user_version")) - 1;
      sql(`PRAGMA user_version = ${older}`);
      const second = await run(["hub", "--data", data, "--listen", "127.0.0.1:0"]);
      assert.equal(second.status, 1);
      assert.match(second.err, /another hub runs on/);
      const command = await run(["token", "ls", "--data", data]);
      assert.equal(command.status, 1);
      assert.match(command.err, /an older hub runs on it .*: stop the hub first/);
      assert.equal(Number(sql("PRAGMA user_version")), older);
    } finally {
      await scene.stop();
    }
  });

  it("without a database: only a token is made there, and that is said", async () => {
    const data = join(folder, "mistyped");
    assert.equal((await run(["token", "create", "--name", "t", "--expires", "soon", "--data", data])).status, 2);
    for (const args of [["login-link"], ["token", "ls"], ["key", "ls"], ["audit"]]) {
      const { status, err } = await run([...args, "--data", data]);
      assert.match(err, /no hub has run with the data folder \S+mistyped yet; is --data right\?/, String(args));
      assert.equal(status, 1);
    }
    assert.ok(!existsSync(data));
    const { status, out, err } = await run(["token", "create", "--name", "t", "--data", data]);
    assert.equal(status, 0);
    assert.match(out, /^ao_/);
    assert.match(err, /no hub has run with the data folder \S+mistyped yet: start it with that --data/);
  });

  it("another user's: says as whom to run", async () => {
    const data = join(folder, "closed");
    mkdirSync(data, { mode: 0o700 });
    const isRoot = process.getuid() === 0;  // Whom no mode keeps out.
    if (!isRoot) chmodSync(data, 0);
    for (const args of [["login-link"], ["token", "ls"], ["token", "create", "--name", "t"], ["key", "ls"], ["audit"]]) {
      const { status, err } = await run([...args, "--data", data], { uid: isRoot ? nobody : undefined });
      assert.match(err, /: cannot look into \S+closed: Permission denied; run this as the hub's user, e\.g\. sudo -u berth berth/, String(args));
      assert.equal(status, 1);
    }
    const hub = await run(["hub", "--data", data, "--listen", "127.0.0.1:0"], { uid: isRoot ? nobody : undefined });
    assert.match(hub.err, /hub\.lock: Permission denied; run this as the owner of the folder/);
    assert.equal(hub.status, 1);
    if (!isRoot) return;
    const made = await run(["hub", "--data", join(folder, "new"), "--listen", "127.0.0.1:0"], { uid: nobody });
    assert.match(made.err, /make the folder \S+new: Permission denied; make it, for the user that berth runs as, or choose another/);
  });

  it("a file of another user's in it: says as whom to run", async () => {
    const isRoot = process.getuid() === 0;
    for (const file of ["berth.db", "seal.key"]) {
      const data = mkdtempSync(join(folder, "mixed-"));
      chmodSync(data, 0o777);
      writeFileSync(join(data, file), "", { mode: isRoot ? 0o600 : 0 });
      const { status, err } = await run(["hub", "--data", data, "--listen", "127.0.0.1:0"], { uid: isRoot ? nobody : undefined });
      assert.ok(err.includes(`open ${join(data, file)}: Permission denied; run this as the owner of the folder`), err);
      assert.equal(status, 1);
    }
  });

  it("an options' file, or a secret that it names, that may not be read: says why, and as whom to run", async () => {
    const closed = join(folder, "etc");
    mkdirSync(closed, { mode: 0o700 });
    const secret = join(closed, "secret");
    const open = join(folder, "open.toml");
    writeFileSync(join(closed, "hub.toml"), "");
    writeFileSync(secret, "s\n");
    writeFileSync(open, `github_client_secret_file = "${secret}"\n`);
    const isRoot = process.getuid() === 0;
    if (!isRoot) chmodSync(closed, 0);
    for (const [config, unread] of [[join(closed, "hub.toml"), join(closed, "hub.toml")], [open, secret]]) {
      const { status, err } = await run(["login-link", "--config", config], { uid: isRoot ? nobody : undefined });
      assert.ok(err.includes(`open ${unread}: Permission denied; run this as a user who may read it, e.g. sudo -u berth berth`), err);
      assert.equal(status, 2);
    }
    if (!isRoot) chmodSync(closed, 0o700);
  });
});
