// An instance of which as much is open as its agent takes: what waits for a place is told so soon, and the agent
// goes on asking its instance how it is.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { asFetch, ask, asPage, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

describe("a full tunnel", { timeout: 60_000 }, () => {
  let scene, origin, way;
  const held = [];

  before(async () => {
    scene = await Scene.start("full-tunnel");
    origin = await scene.origin("box");
    // Of an early one, at which the agent looks again and again.
    origin.on("/health", (request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ status: "ok", installMode: "npm", version: "1.34.0" }));
    });
    origin.on("/hang", (request, response) => held.push(response));
    const file = join(scene.folder, "agent.toml");
    writeFileSync(file, "[limits]\ntunnel_streams = 2\ninstance_connections = 2\n");
    const agent = await scene.startAgent(origin, { adapter: "auto", env: { BERTH_CONFIG: file, DATABASE_PATH: origin.database } });
    await agent.ready();
    way = await scene.subdomainWay("box", await scene.signIn());
    for (let one = 0; one < 2; one += 1) void ask(way.options("/hang", { headers: asFetch })).catch(() => {});
    await until("both hang", () => held.length === 2);
  });
  after(() => scene?.stop());

  it("says within seconds that it is full, and when to try again", async () => {
    const [page, script] = await within(8_000, "both answers", Promise.all(
      [asPage, asFetch].map((headers) => ask(way.options("/ok", { headers }))),
    ));
    for (const { status, headers, body } of [page, script]) {
      assert.equal(status, 503);
      assert.equal(headers["retry-after"], "3");
      assert.match(body.toString(), /tunnel_streams/);
    }
  });

  it("the agent's own questions still reach the instance", async () => {
    const asked = () => origin.seen.filter(({ url }) => url === "/health").length;
    const before = asked();
    await until("a look at the instance", () => asked() > before, 12_000);
  });

  it("takes the next once there is a place", async () => {
    held.pop().end("done");
    const answer = await within(3_000, "an answer", ask(way.options("/ok", { headers: asFetch })));
    assert.notEqual(answer.status, 503);
  });
});
