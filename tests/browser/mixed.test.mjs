// One hub, one user, two kinds of instances: a version-1 instance that connects itself, and a web UI
// behind an agent. Both open in one browser, both live on the dashboard.
import assert from "node:assert/strict";
import { dirname, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { clean, start } from "./lib/processes.mjs";
import { Stage } from "./lib/stage.mjs";

const program = resolve(dirname(fileURLToPath(import.meta.url)), "../e2e/lib/v1_instance.mjs");

describe("a mixed fleet", { concurrency: 1 }, () => {
  let stage, page, old, plain, token;
  const id = "old-box-4711";
  before(async () => {
    stage = await Stage.start("mixed");
    page = await stage.signIn();
    token = await stage.hub.token("version-1");
    old = startOld();
    plain = await stage.plainInstance("plain", () => ({ body: "<h1>plain</h1>" }));
    plain.agent = await stage.hub.startAgent(plain);
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  function startOld() {
    return start("version-1", process.execPath, [program], {
      logs: stage.output,
      env: {
        ...clean, ORCHESTRATOR_URL: `${stage.hub.url.replace(/^http/, "ws")}/ws/connect`, ORCHESTRATOR_TOKEN: token,
        ORCHESTRATOR_CLIENT_ID: id, ORCHESTRATOR_RECONNECT_INTERVAL: "200",
      },
    });
  }

  const open = async (tab, name) => {
    await tab.goto(`${stage.hub.url}/dashboard`);
    await stage.card(tab, name).getByRole("button", { name: /^Open/ }).click();
  };

  check("both are live on the dashboard", async () => {
    for (const name of [id, "plain"]) await stage.card(page, name).getByText("Idle", { exact: true }).waitFor();
  });

  check("both open in one browser, and work there side by side", async () => {
    const [first, second] = [await stage.context.newPage(), await stage.context.newPage()];
    await open(first, id);
    await first.waitForURL((url) => url.pathname === `/clients/${id}/proxy/`);
    await first.getByRole("heading", { name: `version 1 ${id}` }).waitFor();
    assert.equal(await first.evaluate(() => localStorage.getItem("auth-token")), `of ${id}`, "it signs its page in there");
    await open(second, "plain");
    await second.waitForURL((url) => url.hostname.startsWith("plain."));
    await second.getByRole("heading", { name: "plain" }).waitFor();

    await first.getByRole("button", { name: "Ask" }).click();
    await first.getByText('"body":"hello"').waitFor();
    const picture = await first.evaluate(async (path) => [...new Uint8Array(await (await fetch(path)).arrayBuffer())].slice(0, 4), `/clients/${id}/proxy/picture.png`);
    assert.deepEqual(picture, [0x89, 0x50, 0x4e, 0x47]);
    await second.reload();
    await second.getByRole("heading", { name: "plain" }).waitFor();
    await second.close();
    stage.tab = first;
  });

  check("the page's chat runs through the hub, and the dashboard shows it busy, active and idle again", async () => {
    await stage.tab.evaluate((path) => new Promise((done, failed) => {
      const socket = new WebSocket(`ws://${location.host}${path}`);
      const heard = [];
      window.chat = { socket, heard };
      socket.onopen = done;
      socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
      socket.onclose = failed;
    }), `/clients/${id}/proxy/ws?token=placeholder`);
    const send = (command) => stage.tab.evaluate(
      (text) => window.chat.socket.send(text), JSON.stringify({ type: "claude-command", command }));
    const shown = (state) => stage.card(page, id).getByText(state, { exact: true }).waitFor();
    await send("wait");
    await shown("Busy");
    await send("good morning");
    await stage.tab.waitForFunction(() => window.chat.heard.at(-1)?.type === "claude-complete");
    const heard = await stage.tab.evaluate(() => window.chat.heard.map(({ type, data }) => data ?? type));
    assert.deepEqual(heard, ["good", "morning", "claude-complete"]);
    await shown("Active");
    await stage.tab.evaluate(() => window.chat.socket.close());
    await shown("Idle");
  });

  check("the terminal says that it cannot be carried", async () => {
    const closed = await stage.tab.evaluate((path) => new Promise((done) => {
      new WebSocket(`ws://${location.host}${path}`).onclose = ({ code, reason }) => done({ code, reason });
    }), `/clients/${id}/proxy/shell`);
    assert.equal(closed.code, 4001);
    assert.match(closed.reason, /cannot carry the terminal/);
  });

  check("each goes and comes back on its own", async () => {
    await old.stop("SIGKILL");
    await stage.card(page, id).getByText("Offline", { exact: true }).waitFor();
    // The hub's page in its place leads to the hub, although it has the instance's address.
    await stage.tab.reload();
    await stage.tab.getByRole("link", { name: "All your instances" }).click();
    await stage.tab.waitForURL((url) => url.pathname === "/dashboard");
    await stage.tab.goBack();
    await stage.card(page, "plain").getByText("Idle", { exact: true }).waitFor();
    old = startOld();
    await stage.card(page, id).getByText("Idle", { exact: true }).waitFor();
    // It tries again by itself.
    await stage.tab.getByRole("heading", { name: `version 1 ${id}` }).waitFor();
  });

  check("a link of a page whose session has ended leads to the sign-in page", async () => {
    const cookies = await stage.context.cookies();
    await stage.context.clearCookies();
    try {
      await stage.tab.evaluate((path) => {
        const link = Object.assign(document.createElement("a"), { href: path });
        document.body.append(link);
        link.click();
      }, `/clients/${id}/proxy/api/echo`);
      await stage.tab.waitForURL((url) => url.pathname === "/login");
    } finally {
      await stage.context.addCookies(cookies);
    }
  });

  check("after the hub's restart both are back", async () => {
    await stage.hub.restart();
    for (const name of [id, "plain"]) {
      await stage.card(page, name).getByText("Idle", { exact: true }).waitFor({ timeout: 45_000 });
    }
  });
});
