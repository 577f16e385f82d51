// What a real claudecodeui does is on an open dashboard as it happens, for a run that was started at the
// machine and for one that was started through the hub; and the page's buttons decide how the run goes on.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { after, before, describe, it } from "node:test";
import { Chat } from "../e2e/lib/chat.mjs";
import { PushService } from "../e2e/lib/push_service.mjs";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

const patient = { timeout: 30_000 };

/** Keeps each state that the card of `id` shows, with the time, in window.shownStates. */
function keepStates(id) {
  window.shownStates = [];
  const look = () => {
    const state = document.querySelector(`[data-instance="${id}"] .card-head .state`)?.textContent;
    if (state === undefined || window.shownStates.at(-1)?.state === state) return;
    window.shownStates.push({ state, at: performance.timeOrigin + performance.now() });
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}

const now = () => performance.timeOrigin + performance.now();

describe("a real instance on an open dashboard", { concurrency: 1 }, () => {
  let stage, page, instance, card, service;
  const told = [];
  before(async () => {
    stage = await Stage.start("status");
    instance = await stage.realInstance("gamma");
    await instance.register();
    await stage.hub.startAgent(instance);
    page = await stage.signIn();
    card = stage.card(page, "gamma");
    await card.locator(".card-head").getByText("Idle", { exact: true }).waitFor(patient);
    await page.evaluate(keepStates, "gamma");
  }, { timeout: 120_000 });
  after(async () => {
    for (const line of told) console.log(`# ${line}`);
    await service?.stop();
    await stage?.stop();
  }, { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 120_000 }, () => stage.check(name, body));

  const shown = () => page.evaluate(() => window.shownStates);
  const forget = () => page.evaluate(() => window.shownStates.splice(0, window.shownStates.length - 1));

  /**
   * Waits until the card has shown `states`, in this order and no other since forget(); when the last
   * of them came. More may have come since: the whole order is what a run ends with.
   */
  async function see(...states) {
    const words = states.join(", ");
    let seen = [];
    await until(() => `${words}; seen ${seen.map(({ state }) => state)}`, async () => {
      seen = await shown();
      assert.deepEqual(seen.map(({ state }) => state).slice(0, states.length), states.slice(0, seen.length), "the order of states");
      return seen.length >= states.length;
    }, patient.timeout);
    return seen[states.length - 1].at;
  }

  /** Tells how long after `event` the page showed it; how long is the machine's affair, and not asserted. */
  function tell(what, event, at) {
    told.push(`${what}: shown after ${Math.round(at - event)} ms`);
  }

  /** The session's page, opened as the dashboard's link to it does: the tab, and when its chat heard what. */
  async function openThroughHub(session) {
    const tab = await stage.context.newPage();
    await tab.addInitScript(() => {
      window.heardAt = {};
      window.WebSocket = class extends window.WebSocket {
        constructor(...all) {
          super(...all);
          const note = (kind) => (window.heardAt[kind] ??= performance.timeOrigin + performance.now());
          this.addEventListener("open", () => note("open"));
          this.addEventListener("message", ({ data }) => note(JSON.parse(data).kind));
        }
      };
    });
    await tab.goto(`${stage.hub.url}/open?client=gamma&next=${encodeURIComponent(`/session/${session}`)}`);
    await tab.getByPlaceholder(/Type \/ for commands/).waitFor(patient);
    const heardAt = (kind) => until(`${kind} in the page`, () => tab.evaluate((what) => window.heardAt[what], kind), patient.timeout);
    return { tab, heardAt };
  }

  /** A chat at the machine itself hears how the session's present run goes. */
  async function follow(chat, session) {
    const from = chat.log.end;
    await chat.send({ type: "chat.subscribe", sessions: [{ sessionId: session, lastSeq: 0 }] });
    await chat.hear("chat_subscribed", from);
  }
  const timed = ({ at, message }) => ({ at: performance.timeOrigin + at, message });
  const startAtMachine = (chat, session, content) =>
    chat.send({ type: "chat.send", sessionId: session, content, options: { cwd: instance.project } });

  /** One run through every state; `begin` starts it and gives the moment of that and, later, of its question. */
  async function wholeRun(name, begin) {
    const made = join(instance.project, `${name}-made`);
    const session = await instance.createSession("claude", `run at ${name}`);
    const chat = await Chat.direct(instance);
    await forget();
    const { tab, heardAt } = await openThroughHub(session);
    tell(`${name}: page opens → Active`, await heardAt("open"), await see("Idle", "Active"));
    const { begunAt, askedAt } = await begin({ chat, session, tab, heardAt, words: `please USETOOL ${made} WAIT=3000` });
    tell(`${name}: run begins → Busy`, begunAt, await see("Idle", "Active", "Busy"));
    tell(`${name}: question → Needs you`, await askedAt(), await see("Idle", "Active", "Busy", "Needs you"));
    await card.getByText(`touch ${made}`, { exact: true }).waitFor(patient);
    assert.ok(!existsSync(made), "nothing ran yet");
    // Nobody looks at the instance's page any more: the answer comes from the dashboard.
    await tab.close();
    await follow(chat, session);

    await card.getByRole("button", { name: `Approve Bash in run at ${name} on gamma` }).click();
    await card.getByText("Answered. The run goes on.").or(card.locator(".card-head").getByText("Busy", { exact: true })).first().waitFor(patient);
    const resolved = timed(await chat.hear("permission_resolved"));
    tell(`${name}: approved → Busy`, resolved.at, await see("Idle", "Active", "Busy", "Needs you", "Busy"));
    const complete = timed(await chat.hear("complete"));
    assert.equal(complete.message.success, true);
    assert.ok(existsSync(made), "the tool ran");
    tell(`${name}: run ends → Idle`, complete.at, await see("Idle", "Active", "Busy", "Needs you", "Busy", "Idle"));
    assert.equal(await card.getByText(/answered elsewhere/).count(), 0, "it was answered here");
    await chat.close();
  }

  check("a run at the machine: idle, active, busy, needs you, approved in the page, busy, idle", () =>
    wholeRun("machine", async ({ chat, session, words }) => {
      const begunAt = now();
      await startAtMachine(chat, session, words);
      return { begunAt, askedAt: async () => timed(await chat.hear("permission_request")).at };
    }));

  check("a run through the hub: idle, active, busy, needs you, approved in the page, busy, idle", () =>
    wholeRun("hub", async ({ tab, heardAt, words }) => {
      await tab.getByPlaceholder(/Type \/ for commands/).fill(words);
      const begunAt = now();
      await tab.getByRole("button", { name: "Send", exact: true }).click();
      return { begunAt, askedAt: () => heardAt("permission_request") };
    }));

  check("Deny stops it, and the model reads why; all with the keyboard", async () => {
    const made = join(instance.project, "denied");
    const session = await instance.createSession("claude", "deny me");
    const chat = await Chat.direct(instance);
    await forget();
    await startAtMachine(chat, session, `please USETOOL ${made} WAIT=700`);
    const deny = card.getByRole("button", { name: "Deny Bash in deny me on gamma" });
    await deny.waitFor(patient);
    await deny.focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("not on my machine");
    await until("an answer counts", () => deny.isEnabled(), patient.timeout);
    await page.keyboard.press("Enter");
    await chat.hear("permission_resolved");
    const refused = await chat.hear("tool_result");
    assert.match(JSON.stringify(refused.message), /not on my machine/);
    await chat.hear("complete");
    await see("Idle", "Busy", "Needs you", "Busy", "Idle");
    assert.ok(!existsSync(made), "the tool did not run");
    await chat.close();
  });

  check("a push tells of the question; its click leads to the session, its button to the answer", async () => {
    service = await PushService.start();
    const calls = { proof: await page.locator('meta[name="berth-page"]').getAttribute("content"), target: { kind: "webpush", name: "stand-in", events: ["needs_you"], ...service.subscription } };
    assert.equal(await page.evaluate(async ({ proof, target }) => {
      const headers = { "content-type": "application/json", "x-berth-page": proof };
      return (await fetch("/api/notifications/targets", { method: "POST", headers, body: JSON.stringify(target) })).status;
    }, calls), 201);
    await page.evaluate(() => navigator.serviceWorker.ready);
    const session = await instance.createSession("claude", "push me");
    const chat = await Chat.direct(instance);
    await startAtMachine(chat, session, `please USETOOL ${join(instance.project, "pushed")} WAIT=700`);
    const [message] = await service.wait(1, patient.timeout);

    // Chromium's own push service is out of reach here: what ours got goes to the worker as a push does.
    await stage.context.grantPermissions(["notifications"], { origin: stage.hub.url });
    const devtools = await stage.context.newCDPSession(page);
    const registered = new Promise((resolve) => devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const one = registrations.find(({ scopeURL, isDeleted }) => scopeURL === `${stage.hub.url}/dashboard` && !isDeleted);
      if (one !== undefined) resolve(one.registrationId);
    }));
    await devtools.send("ServiceWorker.enable");
    const push = { origin: stage.hub.url, registrationId: await registered, data: service.read(message) };
    const shownOne = () => page.evaluate(async () => {
      const [one] = await (await navigator.serviceWorker.ready).getNotifications();
      return one && { title: one.title, body: one.body, tag: one.tag, actions: one.actions.map(({ title }) => title) };
    });
    // A delivery by these tools may be lost while the browser is busy. The tag makes two of them one.
    let told;
    for (let turn = 0; told === undefined && turn < 6; turn += 1) {
      await devtools.send("ServiceWorker.deliverPushMessage", push);
      told = await until("the notification", shownOne, 8_000).catch(() => undefined);
    }
    assert.ok(told, "the notification is shown");
    assert.equal(told.title, "gamma needs you");
    assert.match(told.body, /push me\nBash asks for permission\n.*touch/);
    assert.equal(told.tag, `gamma/${session}`);
    assert.deepEqual(told.actions, ["Read and answer"]);

    const worker = stage.context.serviceWorkers().find((one) => one.url() === `${stage.hub.url}/sw.js`);
    /** Where a click leads. No headless browser has a notification to click on, nor lets a made-up click open a window. */
    const clicked = (action) => worker.evaluate(async (which) => {
      const [notification] = await self.registration.getNotifications();
      const opened = [];
      Object.defineProperty(self.clients, "openWindow", { configurable: true, value: async (url) => opened.push(url) });
      let closed = 0;
      notification.close = () => (closed += 1);
      self.dispatchEvent(Object.assign(new Event("notificationclick"), { notification, action: which, waitUntil: () => {} }));
      if (closed !== 1 || opened.length !== 1) throw new Error(`closed ${closed} times, opened ${opened}`);
      return opened[0];
    }, action);
    const toAnswer = await clicked("answer");
    const toSession = await clicked("");

    const tab = await stage.context.newPage();
    await tab.goto(toSession);
    await tab.waitForURL((url) => url.hostname.startsWith("gamma.") && url.pathname === `/session/${session}`);
    await tab.getByRole("button", { name: /Allow once/ }).first().waitFor(patient);
    await tab.goto(toAnswer);
    await tab.getByRole("button", { name: "Approve Bash in push me on gamma" }).click();
    await tab.getByText("Answered. The run goes on.").or(tab.locator(".now").getByText(/^(Busy|Active|Idle)$/)).first().waitFor(patient);
    await until("the tool ran", () => existsSync(join(instance.project, "pushed")), patient.timeout);
    await tab.close();
    await chat.close();
    await card.locator(".card-head").getByText("Idle", { exact: true }).waitFor(patient);
  });

  check("what was answered at the machine is said to be", async () => {
    const session = await instance.createSession("claude", "answered there");
    const chat = await Chat.direct(instance);
    await forget();
    await startAtMachine(chat, session, `please USETOOL ${join(instance.project, "there")} WAIT=700`);
    await card.getByRole("button", { name: "Approve Bash in answered there on gamma" }).waitFor(patient);
    const { message } = await chat.hear("permission_request");
    await chat.send({ type: "chat.permission-response", requestId: message.requestId, allow: true });
    await card.getByText("Bash: answered elsewhere, or given up.").waitFor(patient);
    await chat.hear("complete");
    await see("Idle", "Busy", "Needs you", "Busy", "Idle");
    await chat.close();
  });
});
