// A hub under another address than its own: everybody who comes by it is told which it is. And what
// would take its own.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { berth } from "../browser/lib/hub.mjs";
import { start } from "../browser/lib/processes.mjs";
import { Scene } from "./lib/scene.mjs";

const ours = /This hub is not at that address; it is at http:\/\/localhost:\d+\./;

describe("a hub that listens everywhere and was not told its address", { timeout: 60_000 }, () => {
  let scene;
  before(async () => {
    scene = await Scene.start("wrong-address", { address: "0.0.0.0" });
  });
  after(() => scene?.stop());

  const elsewhere = () => `http://127.0.0.1:${scene.port}`;
  const run = (name, args, env = {}) =>
    start(name, berth, args, { env: { PATH: process.env.PATH, HOME: scene.folder, ...env }, logs: scene.output });

  it("says so when it starts", async () => {
    await scene.hub.child.line(new RegExp(`can be reached as http://localhost:${scene.port} only, .*give --public-url`));
  });

  it("an agent says where it is", async () => {
    const agent = await scene.startAgent(await scene.origin("box"), { hub: elsewhere() });
    await agent.line(ours);
    await agent.stop();
  });

  it("so do enrolling and the terminal", async () => {
    const enroll = run("enroll", ["agent", "enroll", "--hub", elsewhere()]);
    await enroll.line(ours);
    assert.equal(await enroll.exited, 1);
    for (const command of ["ls", "watch"]) {
      const child = run(command, [command], { BERTH_HUB: elsewhere(), BERTH_API_TOKEN: `bt_${"0".repeat(16)}_${"0".repeat(64)}` });
      await child.line(ours);
      assert.notEqual(await child.exited, 0);
    }
  });
});

describe("a hub whose own address is one below its apps domain", { timeout: 60_000 }, () => {
  it("gives it to no instance", async () => {
    const scene = await Scene.start("own-address", {
      options: ({ port }) => ["--public-url", `http://hub.localhost:${port}`, "--apps-domain", "localhost"],
    });
    try {
      const own = new RegExp(`[Tt]hat is the hub's own address, http://hub\\.localhost:${scene.port}: choose another --id`);
      const agent = await scene.startAgent(await scene.origin("hub"));
      await agent.line(own);
      await agent.stop();
      const enroll = start("enroll", berth, ["agent", "enroll", "--hub", scene.url, "--id", "hub"], {
        env: { PATH: process.env.PATH, HOME: scene.folder }, logs: scene.output,
      });
      await enroll.line(own);
      assert.equal(await enroll.exited, 1);
      await scene.instance("hub2");
    } finally {
      await scene.stop();
    }
  });
});
