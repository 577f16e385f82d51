import assert from "node:assert/strict";
import { until } from "../../lib/wait.mjs";

const transports = (page) => page.evaluate(() => globalThis.transports);

export const checks = {
  "it begins with long polling and goes on over a WebSocket": async (visit) => {
    visit.page = await visit.open();
    await visit.page.getByText("websocket").waitFor();
    assert.deepEqual(await transports(visit.page), ["polling", "websocket"]);
    assert.ok(visit.seen("requests").some(({ method, url }) => method === "POST" && url.startsWith(`${visit.base}socket.io/`)));
  },

  "what one says, all hear": async (visit) => {
    const polling = await visit.open("?only=polling");
    await polling.getByText("polling").waitFor();
    await polling.evaluate(() => socket.emit("say", "hello from polling"));
    await visit.page.getByText("hello from polling").waitFor();
    await visit.page.evaluate(() => socket.emit("say", "hello from the socket"));
    await polling.getByText("hello from the socket").waitFor();
    assert.deepEqual(await transports(polling), ["polling"]);
    await polling.close();
  },

  "bytes come back as they were": async ({ page }) => {
    const isSame = await page.evaluate(async () => {
      const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7);
      const back = new Uint8Array(await new Promise((resolve) => socket.emit("echo", bytes.buffer, resolve)));
      return back.length === bytes.length && back.every((byte, index) => byte === bytes[index]);
    });
    assert.ok(isSame);
  },

  "another namespace shares the connection": async ({ page }) => {
    const name = await page.evaluate(() => new Promise((resolve) => io("/admin").on("hello", resolve)));
    assert.equal(name, "/admin");
  },

  "it comes back after the server dropped it": async ({ page }) => {
    await page.evaluate(() => socket.emit("drop me"));
    await until("the new connection", async () => (await transports(page)).slice(2).join() === "none,polling,websocket");
    await page.evaluate(() => socket.emit("say", "back again"));
    await page.getByText("back again").waitFor();
  },

  "a WebSocket alone will do": async (visit) => {
    const page = await visit.open("?only=websocket");
    await page.getByText("websocket").waitFor();
    assert.deepEqual(await transports(page), ["websocket"]);
    await page.close();
  },
};
