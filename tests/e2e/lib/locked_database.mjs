// Somebody else who writes to the hub's database, and takes their time.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { patience, within } from "./http.mjs";

/** Has the database for writing, until release(). */
export async function lock(database) {
  const holder = spawn("sqlite3", [database], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: holder.stdout });
  holder.stdin.write(".timeout 5000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n");
  const [line] = await within(patience, "the lock", once(lines, "line"));
  assert.equal(line, "locked");
  const gone = once(holder, "exit");
  return {
    async release() {
      if (!holder.stdin.writableEnded) holder.stdin.end("ROLLBACK;\n");
      await gone;
    },
  };
}
