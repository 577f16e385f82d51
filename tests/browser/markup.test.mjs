// What a hostile agent says of itself and of its sessions, on the dashboard: text, and nothing but text.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openWebSocket } from "../e2e/lib/websocket.mjs";
import { Stage } from "./lib/stage.mjs";

const markups = [
  "<script>window.ran=1</script>", "<img src=x onerror=\"window.ran=1\">", "\"><svg/onload=window.ran=1>", "'-window.ran=1-'", "</title><h1>x",
  "{{constructor.constructor('window.ran=1')()}}", "javascript:window.ran=1", "<iframe srcdoc='<script>parent.ran=1</script>'>", "<base href=//evil.test>",
  "<style>*{display:none}</style>", "<meta http-equiv=refresh content='0;url=//evil.test'>", "&lt;b&gt;&#60;", "\u202egnp.exe\u0000\u001b[31m",
];

describe("a hostile agent", { concurrency: 1 }, () => {
  let stage;
  before(async () => {
    stage = await Stage.start("markup");
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });

  it("check 11: its metadata, full of markup, is shown as text; no script runs and the policy has nothing to report", { timeout: 60_000 }, () => stage.check("markup", async () => {
    await stage.context.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    const page = await stage.signIn();
    const dialogs = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const { hostname, port, host } = new URL(stage.hub.url);
    const sockets = [];
    for (const [number, markup] of markups.entries()) {
      const token = await stage.hub.token(`hostile-${number}`);
      const { end } = await openWebSocket(
        { host: hostname, port, path: "/ws/connect", headers: { host, authorization: `Bearer ${token}` } }, { "sec-websocket-protocol": "berth.h2" },
      );
      sockets.push(end);
      const client_id = `hostile-${number}`;
      const metadata = {
        hostname: markup, platform: markup, project: markup, version: markup, callback_url: markup, adapter: markup, agent_version: markup,
        labels: { [`label ${markup}`]: markup, note: markup },
      };
      await end.send("text", JSON.stringify({ type: "register", client_id, metadata, user_token: markup }));
      const session = { id: markup, title: `title ${markup}`, project: markup, provider: markup, is_busy: true, needs_you: true, reason: markup, question: { id: "q", kind: "permission", tool: markup, text: markup } };
      await end.send("text", JSON.stringify({ type: "status_update", client_id, status: "busy", needs_you: true, sessions: [session] }));
      await end.send("text", JSON.stringify({ type: "error", message: markup }));
      const card = stage.card(page, client_id);
      await card.locator(".question").waitFor();
      // Control bytes have no shape of their own to look for.
      await (/[\u0000-\u001f]/.test(markup) ? card : card.getByText(`title ${markup}`)).first().waitFor();
    }
    // Once as it came, and once as the page finds it when it is loaded.
    for (const isReloaded of [false, true]) {
      if (isReloaded) {
        await page.reload();
        await stage.card(page, `hostile-${markups.length - 1}`).waitFor();
      }
      const found = await page.evaluate(() => ({
        ran: window.ran,
        violations: window.violations,
        title: document.title,
        odd: [...document.querySelectorAll("main script, main img, main svg, main iframe, main style, main base, main meta, main h1 ~ h1")].map((one) => one.outerHTML),
        handlers: [...document.querySelectorAll("*")].flatMap((one) => [...one.attributes]).filter(({ name }) => name.startsWith("on")).map(({ name }) => name),
        // What turns the direction of writing around stands for itself, and turns nothing else.
        mixed: [...document.querySelectorAll("main *")].flatMap((one) => [...one.childNodes]).filter((node) => {
          if (node.nodeType !== Node.TEXT_NODE || !node.data.includes("\u202e")) return false;
          let own = node.parentElement;
          while (getComputedStyle(own).display === "inline" && getComputedStyle(own).unicodeBidi === "normal") own = own.parentElement;
          return own.textContent !== node.data;
        }).map(({ data }) => data),
        links: [...document.querySelectorAll("[href], [src]")].map((one) => one.href || one.src).filter((url) => !url.startsWith(location.origin)),
      }));
      assert.equal(found.ran, undefined);
      assert.deepEqual(found.violations, []);
      assert.doesNotMatch(found.title, /[<>]|ran=/);
      assert.deepEqual(found.odd, []);
      assert.deepEqual(found.handlers, []);
      assert.deepEqual(found.links, []);
      assert.deepEqual(found.mixed, []);
    }
    assert.deepEqual(dialogs, []);
    assert.deepEqual(stage.recorder.console.filter(({ text }) => /Content Security Policy|Refused to/.test(text)), []);
    assert.ok(stage.recorder.requests.every(({ url }) => !url.includes("evil.test")));
    for (const end of sockets) end.drop();
  }));
});
