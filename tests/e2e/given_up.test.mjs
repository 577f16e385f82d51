// Requests that browsers give up, one after the other: whoever else uses the instance does not notice.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { asFetch, ask } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket } from "./lib/websocket.mjs";

describe("requests that are given up", { timeout: 90_000 }, () => {
  let scene, origin, way;

  before(async () => {
    scene = await Scene.start("given-up");
    origin = await scene.origin("box");
    const agent = await scene.startAgent(origin);
    await agent.ready();
    way = await scene.subdomainWay("box", await scene.signIn());
  });
  after(() => scene?.stop());

  it("end nothing and keep nobody out, however many they are", async () => {
    const accepted = nextWebSocket(origin, "/ws");
    const { end: browser } = await openWebSocket(way.options("/ws"));
    const { end: instance } = await accepted;
    let asked = 0;
    let given = 0;
    const came = new Map();
    origin.on("/hang", ({ url }) => {
      asked += 1;
      came.get(url)?.();
    });
    // At a thousand nghttp2 by itself would take no more.
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (given < 1_500) {
        const path = `/hang?${(given += 1)}`;
        const isThere = new Promise((resolve) => came.set(path, resolve));
        const one = request({ ...way.options(path, { headers: asFetch }), agent: false });
        one.on("error", () => {});
        const answered = once(one, "response").then(([{ statusCode }]) => assert.fail(`${path}: ${statusCode}`), () => {});
        one.end();
        await Promise.race([isThere, answered]);
        one.destroy();
      }
    }));
    assert.ok(asked >= 1_500, String(asked));
    assert.equal((await ask(way.options("/ok", { headers: asFetch }))).status, 200);
    await browser.send("text", "still here");
    assert.equal((await instance.next()).data.toString(), "still here");
  });
});
