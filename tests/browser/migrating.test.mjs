// docs/migrating.md, tried from start to end: a version-1 instance at our hub, then the stock
// claudecodeui in its place, then that at a hub of version 1.
import assert from "node:assert/strict";
import { dirname, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ask } from "../e2e/lib/http.mjs";
import { Messages } from "../e2e/lib/v1_messages.mjs";
import { openWebSocket } from "../e2e/lib/websocket.mjs";
import { berth } from "./lib/hub.mjs";
import { start } from "./lib/processes.mjs";
import { Stage } from "./lib/stage.mjs";
import * as ui from "./lib/ui.mjs";

const peers = resolve(dirname(fileURLToPath(import.meta.url)), "../e2e/lib");

describe("moving from a patched instance and its hub", { concurrency: 1 }, () => {
  let stage, page, patched, stock, session, token;
  const variables = () => ({
    ORCHESTRATOR_MODE: "client", ORCHESTRATOR_URL: `${stage.hub.url.replace(/^http/, "ws")}/ws/connect`,
    ORCHESTRATOR_TOKEN: token, ORCHESTRATOR_CLIENT_ID: "laptop",
  });
  before(async () => {
    stage = await Stage.start("migrating");
    page = await stage.signIn();
    token = await stage.hub.token("laptop");
    stock = await stage.realInstance("laptop");
    await stock.register();
    session = await stock.createSession("cursor", "first words");
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));
  const live = () => stage.card(page, "laptop").locator("button:enabled").first().waitFor();

  function agent(name, environment, args = ["agent"]) {
    return start(name, berth, args, {
      logs: stage.output,
      env: { ...process.env, HOME: stock.home, DATABASE_PATH: stock.database, BERTH_INSTANCE: stock.url, ...environment },
    });
  }

  check("1: the patched instance, with nothing but the hub's address and token changed", async () => {
    patched = start("patched", process.execPath, [resolve(peers, "v1_instance.mjs")], { logs: stage.output, env: { ...process.env, ...variables() } });
    await live();
    const tab = await stage.context.newPage();
    await tab.goto(`${stage.hub.url}/clients/laptop/proxy/`);
    await tab.getByRole("heading", { name: "version 1 laptop" }).waitFor();
    await tab.close();
  });

  check("2: the stock instance and an agent in its place, with the same variables", async () => {
    await patched.stop();
    const one = agent("agent", variables());
    await one.line(/connected to .* as laptop/);
    await live();
    const tab = await stage.context.newPage();
    const origin = await stage.open(tab, stock);
    await tab.goto(`${origin}/session/${session}`);
    await ui.say(tab, "hello steps=2");
    await tab.getByText("stub chunk 2/2").first().waitFor();
    await tab.close();
    await one.stop();
  });

  check("standalone: the agent has nothing to do", async () => {
    const one = agent("standalone", { ...variables(), ORCHESTRATOR_MODE: "standalone" });
    await one.line(/nothing to do/);
  });

  check("3: the stock instance at a hub of version 1", async () => {
    const old = start("old-hub", process.execPath, [resolve(peers, "v1_hub.mjs")], { logs: stage.output, env: process.env });
    const [line] = await old.line(/^\{.*"url".*\}$/);
    const { url, token: oldToken, cookie, origin } = JSON.parse(line);
    const environment = { ORCHESTRATOR_URL: url, ORCHESTRATOR_TOKEN: oldToken, ORCHESTRATOR_CLIENT_ID: "laptop" };
    const careful = agent("careful", environment);
    await careful.line(/ORCHESTRATOR_PROTOCOL=1/);
    await careful.stop();
    const one = agent("old-agent", { ...environment, ORCHESTRATOR_PROTOCOL: "1" });
    await one.line(/connected to .* as laptop/);
    await one.line(/instance at /);

    const { hostname: host, port } = new URL(origin);
    const options = { host, port, method: "GET", path: "/clients/laptop/proxy/", headers: { host: `${host}:${port}`, cookie, accept: "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" } };
    const shown = await ask(options);
    assert.equal(shown.status, 200);
    const asset = /src="(\/clients\/laptop\/proxy\/assets\/[^"]+\.js)"/.exec(shown.body.toString())?.[1];
    assert.ok(asset !== undefined, shown.body.toString().slice(0, 1000));
    const script = await ask({ ...options, path: asset });
    assert.equal(script.status, 200);
    assert.deepEqual(script.body, (await ask({ host: "127.0.0.1", port: new URL(stock.url).port, path: asset.replace("/clients/laptop/proxy", "") })).body);
    const icon = await ask({ ...options, path: "/clients/laptop/proxy/favicon.png" });
    assert.equal(icon.body.subarray(1, 4).toString(), "PNG");
    const projects = await ask({ ...options, path: "/clients/laptop/proxy/api/projects" });
    assert.equal(projects.status, 200, projects.body.toString().slice(0, 300));
    assert.match(projects.body.toString(), /project-laptop/);

    const { end } = await openWebSocket({ host, port, path: "/ws/connect?type=browser", headers: { host: `${host}:${port}`, cookie } });
    const dashboard = new Messages(end);
    const busy = dashboard.next(({ type, client }) => type === "client_update" && client.metadata.status === "busy", 30_000);
    const listed = dashboard.next("client_list");
    await dashboard.send({ type: "get_clients" });
    await listed;
    await dashboard.send({
      type: "forward_to_client", client_id: "laptop", request_id: "r-1", action: "chat.send",
      payload: { sessionId: session, content: "hello steps=3 delay=700", options: { cwd: stock.project } },
    });
    const last = await dashboard.first(({ type, complete }) => type === "forwarded_response" && complete, 60_000);
    assert.equal(last.request_id, "r-1");
    const kinds = dashboard.of("forwarded_response").map(({ data }) => data?.kind);
    assert.ok(kinds.includes("stream_delta") && kinds.includes("complete"), kinds.join());
    await busy;
    end.drop();
    await one.stop();
  });
});
