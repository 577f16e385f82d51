// Where links that sign in are shown, and how long they live.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { berth } from "../browser/lib/hub.mjs";
import { start } from "../browser/lib/processes.mjs";
import { Scene } from "./lib/scene.mjs";

const run = promisify(execFile);

describe("a sign-in link", { timeout: 120_000 }, () => {
  let scene;
  before(async () => (scene = await Scene.start("login-link")));
  after(() => scene?.stop());

  it("is in no log of a hub: that says which command makes one, until somebody has signed in", async () => {
    const [, command] = await scene.hub.child.line(/^nobody has signed in yet; for a link: (berth login-link --data .*)$/);
    const typed = `berth() { "${berth}" "$@"; }; ${command}`;
    const { stdout } = await run("bash", ["-c", typed], { env: { PATH: process.env.PATH, HOME: scene.folder } });
    assert.match(stdout, /\/login#\S+/);
    assert.ok(!scene.hub.child.lines.some((line) => line.includes("/login#")));
    await scene.signIn();
    await scene.hub.restart();
    await scene.api("GET", "/health");
    assert.ok(!scene.hub.child.lines.some((line) => /nobody has signed in|sign in: /.test(line)));
  });

  it("says when it ends, and ends when its hub says, whatever the command was told", async () => {
    const other = await Scene.start("login-link-limits", {
      options: ({ folder }) => {
        writeFileSync(join(folder, "hub.toml"), '[limits]\nlogin_code_lifetime = "2s"\n');
        return ["--config", join(folder, "hub.toml")];
      },
    });
    try {
      const begun = Date.now();
      const { stdout, stderr } = await run(berth, ["login-link", "--data", other.hub.data], { env: other.hub.env });
      const [, end] = /^It works once, until (\S+) at the latest\.$/m.exec(stderr);
      assert.ok(Math.abs(Date.parse(end) - begun - 900_000) < 20_000, end);
      const made = Date.now();
      const redeem = (link) => other.api("POST", "/api/session", { body: JSON.stringify({ code: link.trim().split("#")[1] }) });
      await pause(made + 2_100 - Date.now());
      const late = await redeem(stdout);
      assert.equal(late.status, 401);
      assert.match(JSON.parse(late.body).detail, /^This link is unknown, was used or is too old: make another with `berth login-link`/);
      assert.equal((await redeem(await other.hub.loginLink())).status, 204);
    } finally {
      await other.stop();
    }
  });

  it("is shown on the hub's terminal", async () => {
    const command = `"${berth}" hub --data "${join(scene.folder, "other")}" --listen 127.0.0.1:0`;
    const hub = start("terminal", "script", ["-qfec", command, "/dev/null"], {
      env: { PATH: process.env.PATH, HOME: scene.folder }, logs: scene.output,
    });
    await hub.line(/^sign in: http:\/\/\S+\/login#\S+/);
    await hub.stop();
  });
});
