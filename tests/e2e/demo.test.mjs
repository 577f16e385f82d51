// `berth demo`, wherever on this machine it is told to listen.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { removeFolder } from "../browser/lib/folder.mjs";
import { berth } from "../browser/lib/hub.mjs";
import { freePort, start, stopAll } from "../browser/lib/processes.mjs";
import { until } from "../browser/lib/wait.mjs";
import { ask } from "./lib/http.mjs";

const logs = join(resolve(dirname(fileURLToPath(import.meta.url)), "../.."), "build/test-output/e2e/demo");

describe("berth demo", { concurrency: 1, timeout: 120_000 }, () => {
  let home;
  before(() => {
    mkdirSync(logs, { recursive: true });
    home = mkdtempSync(join(tmpdir(), "berth-e2e-"));
  });
  after(async () => {
    await stopAll();
    await removeFolder(home);
  });

  const cases = [
    { listen: "127.0.0.1", dial: "127.0.0.1", shown: "localhost" }, { listen: "127.0.0.2", dial: "127.0.0.2", shown: "127.0.0.2" },
    { listen: "[::1]", dial: "::1", shown: "localhost" }, { listen: "*", dial: "127.0.0.1", shown: "localhost" },
    { listen: "0.0.0.0", dial: "127.0.0.1", shown: "localhost" },
  ];
  for (const { listen, dial, shown } of cases) {
    it(`at ${listen} shows its instance`, async () => {
      const port = await freePort();
      const demo = start("demo", berth, ["demo", "--listen", `${listen}:${port}`], { env: { PATH: process.env.PATH, HOME: home }, logs });
      const link = new URL((await demo.line(/^sign in: (\S+)$/))[1]);
      assert.equal(link.host, `${shown}:${port}`);
      const headers = { host: link.host, origin: link.origin };
      const signedIn = await ask({ host: dial, port, method: "POST", path: "/api/session", headers }, JSON.stringify({ code: link.hash.slice(1) }));
      assert.equal(signedIn.status, 204, signedIn.body.toString());
      const cookie = signedIn.headers["set-cookie"][0].split(";")[0];
      await until("the demo's instance", async () => {
        const { body } = await ask({ host: dial, port, path: "/clients", headers: { ...headers, cookie } });
        return JSON.parse(body).clients.some(({ id }) => id === "demo");
      });
      await demo.stop();
      assert.equal(await demo.exited, 0);
    });
  }
});
