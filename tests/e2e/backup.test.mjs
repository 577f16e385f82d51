// A backup and its restoring, typed as docs/operations.md says them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DocPage } from "../browser/lib/doc_commands.mjs";
import { Scene } from "./lib/scene.mjs";

describe("a backup", { timeout: 120_000 }, () => {
  let scene, backup, page;
  before(async () => {
    scene = await Scene.start("backup");
    backup = join(scene.folder, "backup");
    mkdirSync(backup, { mode: 0o700 });
    // Here the hub is the test's own user's, and no service.
    page = new DocPage("operations.md", [
      ["DATA", scene.hub.data], ["BACKUP", backup],
      ["sudo -u berth ", ""], ["sudo ", ""], ["-o berth ", ""], ["systemctl ", ": "],
    ]);
  });
  after(() => scene?.stop());

  const type = (block) => execFileSync("bash", ["-euc", block], { stdio: "pipe" });
  const database = () => join(scene.hub.data, "berth.db");
  const sql = (text) => execFileSync("sqlite3", [database(), text], { encoding: "utf8" }).trim();
  const names = async () => (await scene.berth("token", "ls")).match(/\bt-\w+/g);

  it("of a running hub is restored over whatever a killed one left", async () => {
    await scene.token("t-before");
    type(page.only(/\.backup/));
    for (let count = 0; count < 20; ++count) await scene.token(`t-since${count}`);
    await scene.signIn();
    await scene.hub.child.stop("SIGKILL");
    assert.ok(statSync(`${database()}-wal`).size > 0, "a -wal with what is to be lost");

    type(page.only(/install .*seal\.key/));
    assert.ok(!existsSync(`${database()}-wal`));
    await scene.startHub();
    assert.deepEqual(await names(), ["t-before"]);
    assert.equal(sql("PRAGMA integrity_check"), "ok");
    await scene.signIn();  // With the restored keys.
  });
});
