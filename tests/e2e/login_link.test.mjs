// Where links that sign in are shown, and how long they live.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
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

  it("is shown on the hub's terminal", async () => {
    const command = `"${berth}" hub --data "${join(scene.folder, "other")}" --listen 127.0.0.1:0`;
    const hub = start("terminal", "script", ["-qfec", command, "/dev/null"], {
      env: { PATH: process.env.PATH, HOME: scene.folder }, logs: scene.output,
    });
    await hub.line(/^sign in: http:\/\/\S+\/login#\S+/);
    await hub.stop();
  });
});
