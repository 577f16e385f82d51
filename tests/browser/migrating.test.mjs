// docs/migrating.md, typed as it is written, from start to end: a version-1 instance at our hub, then
// the stock claudecodeui in its place, then that at a hub of version 1. Only addresses and folders are
// put in.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ask } from "../e2e/lib/http.mjs";
import { Messages } from "../e2e/lib/v1_messages.mjs";
import { openWebSocket } from "../e2e/lib/websocket.mjs";
import { DocPage, type } from "./lib/doc_commands.mjs";
import { berth } from "./lib/hub.mjs";
import { cloudcli, isReady } from "./lib/instance.mjs";
import { start } from "./lib/processes.mjs";
import { Stage } from "./lib/stage.mjs";
import * as ui from "./lib/ui.mjs";

const peers = resolve(dirname(fileURLToPath(import.meta.url)), "../e2e/lib");

describe("moving from a patched instance and its hub", { concurrency: 1 }, () => {
  let stage, page, doc, old, stock, session, migrated;
  before(async () => {
    stage = await Stage.start("migrating");
    page = await stage.signIn();
    const oldHub = start("old-hub", process.execPath, [resolve(peers, "v1_hub.mjs")], { logs: stage.output, env: process.env });
    old = JSON.parse((await oldHub.line(/^\{.*"url".*\}$/))[0]);
    writeFileSync(join(stage.folder, "old.token"), old.token, { mode: 0o600 });
    doc = new DocPage("migrating.md", [
      ["wss://hub.example.org", stage.hub.url.replace(/^http/, "ws")], ["https://hub.example.org", stage.hub.url],
      ["https://old-hub.example.org", old.origin], ["/var/lib/berth", stage.hub.data], ["ao_…", '"$(cat laptop.token)"'],
    ]);
    // What the patched instance left: an account, a project and a session, in its own checkout.
    stock = await stage.realInstance("laptop");
    await stock.register();
    session = await stock.createSession("cursor", "first words");
    await stock.child.stop();
    const checkout = join(stock.home, "claudecodeui/server");
    mkdirSync(checkout, { recursive: true });
    renameSync(dirname(stock.database), join(checkout, "database"));
    delete stock.env.DATABASE_PATH;
    makeCommands();
  }, { timeout: 120_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 120_000 }, () => stage.check(name, body));
  const live = (name) => stage.card(page, name).getByRole("button", { disabled: false }).first().waitFor();

  /** `berth` on the PATH, and an npm that installs the claudecodeui that is there already. */
  function makeCommands() {
    const bin = join(stage.folder, "commands");
    mkdirSync(bin);
    symlinkSync(berth, join(bin, "berth"));
    writeFileSync(join(bin, "npm"), `#!/bin/sh\n[ "$*" = "install -g @cloudcli-ai/cloudcli" ] && ln -sf "${cloudcli}" "${bin}/cloudcli"\n`);
    chmodSync(join(bin, "npm"), 0o755);
    stock.env.PATH = `${bin}:${stock.env.PATH}`;
  }

  /** Types a block in the folder that holds the tokens, where the instance lives. */
  const enter = (name, commands, variables = {}) => type(name, commands, { logs: stage.output, cwd: stage.folder, env: { ...stock.env, ...variables } });

  check("1: the patched instance, with nothing but the hub's address and token changed", async () => {
    const made = enter("token", doc.next(/berth token create/));
    assert.equal(await made.exited, 0);
    const file = join(stage.folder, "laptop.token");
    assert.equal(statSync(file).mode & 0o077, 0, "agents refuse what others can read");
    assert.match(readFileSync(file, "utf8"), /^ao_[0-9a-f]{16}_[0-9a-f]{64}\n$/);
    const patched = enter("patched", `set -a\n${doc.next(/^ORCHESTRATOR_TOKEN=/m)}\nexec node ${resolve(peers, "v1_instance.mjs")}`);
    const [, id] = await patched.line(/^version-1 instance (\S+)/);
    await live(id);
    const [, address] = /opens at `([^`]+)`/.exec(doc.text);
    const tab = await stage.context.newPage();
    await tab.goto(address.replace("ID", id));
    await tab.getByRole("heading", { name: `version 1 ${id}` }).waitFor();
    await tab.close();
    await patched.stop();
  });

  check("2: the stock instance and an agent in its place, with the same variables", async () => {
    assert.equal(await enter("copy", doc.next(/auth\.db\* ~\/\.cloudcli/)).exited, 0);
    migrated = enter("agent", doc.next(/^berth agent -- cloudcli$/m));
    await migrated.line(/connected to .* as laptop/);
    await migrated.line(isReady, 60_000);
    await migrated.line(/instance at /);
    await live("laptop");
    const tab = await stage.context.newPage();
    const origin = await stage.open(tab, stock);
    await tab.goto(`${origin}/session/${session}`);
    await ui.say(tab, "hello steps=2");
    await tab.getByText("stub chunk 2/2").first().waitFor();
    await tab.close();
  });

  check("when the last old instance is gone, version 1 is switched off", async () => {
    const [, flag] = /start the hub with `([^`]+)`/.exec(doc.text);
    stage.hub.options = flag.split(" ");
    await stage.hub.restart();
    const { hostname, port, host } = new URL(stage.hub.url);
    const token = readFileSync(join(stage.folder, "laptop.token"), "utf8").trim();
    const dialled = openWebSocket({ host: hostname, port, path: `/ws/connect?token=${token}&client_id=old-1`, headers: { host } });
    await assert.rejects(dialled, { status: 400 });
    await page.goto(`${stage.hub.url}/dashboard`);
    await live("laptop");
    await migrated.stop();
  });

  check("standalone: the agent has nothing to do", async () => {
    const one = enter("standalone", "exec berth agent", { ORCHESTRATOR_MODE: "standalone", ORCHESTRATOR_URL: stage.hub.url });
    await one.line(/nothing to do/);
  });

  check("3: the stock instance at a hub of version 1", async () => {
    const commands = doc.next(/^ORCHESTRATOR_PROTOCOL=1 berth agent /m);
    const careful = enter("careful", commands.replace("ORCHESTRATOR_PROTOCOL=1 ", ""), { ORCHESTRATOR_CLIENT_ID: "laptop" });
    await careful.line(/ORCHESTRATOR_PROTOCOL=1/);
    await careful.stop();
    const one = enter("old-agent", commands, { ORCHESTRATOR_CLIENT_ID: "laptop" });
    await one.line(/connected to .* as laptop/);
    await one.line(/instance at /, 60_000);

    const { hostname: host, port } = new URL(old.origin);
    const { cookie } = old;
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
    const busy = dashboard.next(({ type: kind, client }) => kind === "client_update" && client.metadata.status === "busy", 30_000);
    const listed = dashboard.next("client_list");
    await dashboard.send({ type: "get_clients" });
    await listed;
    await dashboard.send({
      type: "forward_to_client", client_id: "laptop", request_id: "r-1", action: "chat.send",
      payload: { sessionId: session, content: "hello steps=3 delay=700", options: { cwd: stock.project } },
    });
    const last = await dashboard.first(({ type: kind, complete }) => kind === "forwarded_response" && complete, 60_000);
    assert.equal(last.request_id, "r-1");
    const kinds = dashboard.of("forwarded_response").map(({ data }) => data?.kind);
    assert.ok(kinds.includes("stream_delta") && kinds.includes("complete"), kinds.join());
    await busy;
    end.drop();
    await one.stop();
  });

  check("every command of the page was typed", () => {
    assert.equal(doc.taken, doc.blocks.length);
  });
});
