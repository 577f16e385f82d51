// What docs/operations.md says of exit statuses: 2 is for what no restart mends, so that a service
// manager lets it be; 1 for what may be well the next time.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { berth } from "../browser/lib/hub.mjs";
import { selfSigned } from "./lib/certificates.mjs";

describe("a command that cannot begin", { timeout: 120_000 }, () => {
  let folder;
  before(() => (folder = mkdtempSync(join(tmpdir(), "berth-e2e-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs `berth ARGS`: {status, err}. */
  function run(args, environment = {}) {
    const env = { PATH: process.env.PATH, HOME: folder, ...environment };
    return new Promise((resolve) => {
      execFile(berth, args, { env, timeout: 20_000 }, (error, out, err) => resolve({ status: error === null ? 0 : error.code, err }));
    });
  }

  const hub = ["hub", "--listen", "127.0.0.1:0"];
  const agent = (url) => ["agent", "--hub", url, "--id", "box", "--instance", "http://127.0.0.1:1"];

  it("ends with 2 for a wrong command line, environment or file", async () => {
    const token = { ORCHESTRATOR_TOKEN: `ao_${"0".repeat(16)}_${"0".repeat(64)}` };
    const proxy = { HTTPS_PROXY: "ftp://proxy.example.org" };
    const { cert, key } = selfSigned(folder, "localhost", "DNS:localhost");
    const broken = join(folder, "broken.pem");
    writeFileSync(broken, "no PEM\n");
    const cases = [
      [agent("http://hub.example.org"), token, /https:/],
      [agent("https://hub.example.org"), { ...token, ...proxy }, /HTTPS_PROXY/],
      [[...agent("https://hub.example.org"), "--hub-ca", join(folder, "none.pem")], token, /none\.pem: No such file/],
      [["agent", "enroll", "--hub", "http://hub.example.org"], {}, /https:/],
      [["agent", "enroll", "--hub", "https://hub.example.org"], proxy, /HTTPS_PROXY/],
      [hub, proxy, /HTTPS_PROXY/],
      [[...hub, "--tls-cert", join(folder, "none.pem"), "--tls-key", key], {}, /none\.pem: No such file/],
      [[...hub, "--tls-cert", cert, "--tls-key", join(folder, "none.pem")], {}, /none\.pem: No such file/],
      [[...hub, "--tls-cert", broken, "--tls-key", key], {}, /broken\.pem/],
      [["demo", "--listen", "nowhere"], {}, /"nowhere"/],
      [["demo", "--listen", "192.0.2.1:0"], {}, /--listen: 192\.0\.2\.1:0 is not of this machine alone/],
      [["agent", "--hub", "https://hub.example.org", "enroll"], {}, /--hub stands before enroll/],
      [[...hub, "--config", ""], {}, /--config: must not be empty/],
    ];
    for (const [args, environment, why] of cases) {
      const { status, err } = await run(args, environment);
      assert.match(err, why, String(args));
      assert.equal(status, 2, String(args));
    }
  });

  it("ends with 2 for a data folder that holds what a hub cannot use", async () => {
    const cases = [
      ["seal.key", "short", 0o600, /seal\.key holds no key \(32 bytes\): .*berth key rotate --force/],
      ["seal.key", "k".repeat(32), 0o644, /seal\.key can be read by others: chmod 600 it/],
      ["berth.db", "x".repeat(4096), 0o600, /restore the backup/],
    ];
    for (const [index, [file, text, mode, why]] of cases.entries()) {
      const data = join(folder, `data-${index}`);
      mkdirSync(data, { mode: 0o700 });
      writeFileSync(join(data, file), text);
      chmodSync(join(data, file), mode);
      const { status, err } = await run([...hub, "--data", data]);
      assert.match(err, why);
      assert.equal(status, 2, err);
      // Made, or brought up to date, it would be a newer berth's for the one that is put back.
      if (file === "seal.key") assert.ok(!existsSync(join(data, "berth.db")));
    }
  });

  it("ends with 1 where the machine may be well the next time", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const listen = `127.0.0.1:${taken.address().port}`;
    try {
      for (const args of [["hub", "--listen", listen], ["demo", "--listen", listen]]) {
        const { status, err } = await run(args);
        assert.match(err, /Address already in use/, String(args));
        assert.equal(status, 1, String(args));
      }
    } finally {
      taken.close();
    }
  });
});
