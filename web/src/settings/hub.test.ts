import assert from "node:assert/strict";
import { test } from "node:test";
import { noteDate } from "../clock";
import { createApiToken } from "./hub";

test("a token's end is counted by the hub's clock", async () => {
  let sent: { expires_at?: string } = {};
  Object.assign(globalThis, {
    document: { querySelector: () => null },
    fetch: (_: string, { body }: { body: string }) => {
      sent = JSON.parse(body) as typeof sent;
      return Promise.resolve(Response.json({ token: "bt_x" }));
    },
  });
  const ahead = Date.now() + 24 * 3_600_000;
  noteDate(new Date(ahead).toUTCString());
  assert.equal(await createApiToken("ci", [], 3_600), "bt_x");
  const off = Date.parse(sent.expires_at ?? "") - (ahead + 3_600_000);
  assert.ok(Math.abs(off) < 60_000, String(off));
});
