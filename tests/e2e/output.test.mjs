// What the commands do when nobody takes what they print: a full disk, and a reader that goes away.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { berth } from "../browser/lib/hub.mjs";
import { start } from "../browser/lib/processes.mjs";
import { within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { InstanceEnd } from "./lib/v1_instance_end.mjs";

const second = 1_000;
/** More than a page, which is what stdio keeps back. */
const sessions = Array.from({ length: 60 }, (_, i) => ({ id: `s-${i}`, title: "t".repeat(200), project: "/work", is_busy: true, state: "busy" }));

describe("output that cannot be written", { timeout: 120_000 }, () => {
  let scene, box, env;

  before(async () => {
    scene = await Scene.start("output");
    const cookie = await scene.signIn();
    const made = await scene.api("POST", "/api/api-tokens", { cookie, body: JSON.stringify({ name: "t", scopes: ["instances:read"] }) });
    env = { PATH: process.env.PATH, HOME: scene.folder, TERM: "xterm", BERTH_HUB: scene.url, BERTH_API_TOKEN: JSON.parse(made.body).token };
    box = await InstanceEnd.connect({ url: `ws://localhost:${scene.port}/ws/connect`, token: await scene.token("box"), id: "box" });
    await box.send({ type: "status_update", client_id: "box", status: "busy", sessions });
    await box.settle();
  });
  after(() => scene?.stop());

  /** Runs `berth ARGS` with its standard output on a disk that is full. */
  async function onFullDisk(...args) {
    const child = spawn("sh", ["-c", 'exec "$@" >/dev/full', "sh", berth, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.on("data", (piece) => (err += piece));
    const [code, signal] = await within(20 * second, `the end of ${args}`, once(child, "close"));
    return { status: code ?? signal, err };
  }

  it("fails the command, which says why", async () => {
    const data = ["--data", scene.hub.data];
    for (let i = 0; i < 40; ++i) await scene.token(`${i}-${"long".repeat(20)}`);
    const commands = [
      ["version"], ["--version"], ["--help"], ["audit", "--help"], [],
      ["ls"], ["ls", "--json"], ["status"], ["status", "box"], ["status", "box", "--json"], ["open", "box", "--print"],
      ["watch"], ["watch", "--json"],
      ["audit", "--limit", "1", ...data], ["audit", ...data], ["audit", "--json", ...data], ["audit", "--follow", ...data], ["audit", "--verify", ...data],
      ["token", "ls", ...data], ["key", "ls", ...data], ["key", "rotate", "--force", ...data], ["login-link", ...data],
    ];
    for (const command of commands) {
      const { status, err } = await onFullDisk(...command);
      assert.equal(err, "berth: cannot write the output: No space left on device\n", String(command));
      assert.equal(status, 1, String(command));
    }
  });

  it("names the token that was made and never shown", async () => {
    const { status, err } = await onFullDisk("token", "create", "--name", "lost", "--data", scene.hub.data);
    assert.equal(status, 1);
    const [, id] = /is lost: berth token revoke ([0-9a-f]{16})\n.*No space left on device/.exec(err) ?? assert.fail(err);
    assert.match(await scene.berth("token", "ls"), new RegExp(`^${id} .* lost$`, "m"));
  });

  it("watch ends with 0 when its reader is gone, however long the message", async () => {
    const other = sessions.map((session) => ({ ...session, title: "u".repeat(200) }));
    for (const [args, news] of [[["--json"], { status: "busy", sessions: other }], [[], { status: "idle", sessions: [] }]]) {
      const child = start(`watch${args}`, berth, ["watch", ...args], { env, logs: scene.output });
      await child.line(/box/);
      child.process.stdout.destroy();
      await box.send({ type: "status_update", client_id: "box", ...news });
      assert.equal(await within(10 * second, "its end", child.exited), 0);
    }
  });
});
