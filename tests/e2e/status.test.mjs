// What a real claudecodeui does is on the dashboard within a second, whoever started it and wherever;
// its questions can be answered from there; and none of this takes anything away from its own page.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { after, before, describe, it } from "node:test";
import { startAnthropicMock, startInstance } from "../browser/lib/instance.mjs";
import { freePort } from "../browser/lib/processes.mjs";
import { until } from "../browser/lib/wait.mjs";
import { Chat, Dashboard } from "./lib/chat.mjs";
import { Scene } from "./lib/scene.mjs";

const second = 1_000;
const latencies = [];

/** `later` must have come within a second after `event`. */
function soon(what, event, later) {
  const ms = Math.round(later.at - event.at);
  latencies.push(`${what}: ${ms} ms`);
  assert.ok(ms < second, `${what} took ${ms} ms`);
}

const now = () => ({ at: performance.now() });

describe("the status of a real claudecodeui", { timeout: 400_000 }, () => {
  let scene, owner, dashboard, modern, old;

  const start = async (name, anthropic, older) => {
    const instance = await startInstance({ name, folder: scene.folder, logs: scene.output, anthropic, older });
    await instance.register();
    instance.agent = await scene.hub.startAgent(instance);
    await instance.agent.line(/signed in to the instance/);
    return instance;
  };

  before(async () => {
    scene = await Scene.start("status");
    const anthropic = await startAnthropicMock(scene.output);
    [modern, old] = await Promise.all([start("modern", anthropic, false), start("old", anthropic, true)]);
    owner = await scene.signIn();
    dashboard = await Dashboard.open(scene, owner);
    await dashboard.state("modern", "idle");
    await dashboard.state("old", "idle");
  });
  after(async () => {
    for (const line of latencies) console.log(`# ${line}`);
    await scene?.stop();
  });

  const answer = async (id, body, cookie = owner) => {
    const { status, body: text } = await scene.api("POST", `/api/clients/${id}/answers`, { cookie, body: JSON.stringify(body) });
    return { status, ...JSON.parse(text) };
  };
  const markSeen = async (id) => {
    const { status } = await scene.api("POST", "/api/clients/modern/seen", { cookie: owner, body: JSON.stringify({ session_id: id }) });
    assert.equal(status, 204);
  };
  const file = (instance, name) => join(instance.project, name);
  const prompt = (instance, sessionId, content) => ({ type: "chat.send", sessionId, content, options: { cwd: instance.project } });
  const throughHub = async (name, cookie = owner) => {
    const way = await scene.subdomainWay(name, cookie);
    return Chat.open(way.options("/ws"));
  };
  /** Looks at the session in a page. */
  const look = (chat, sessionId) => chat.send({ type: "chat.subscribe", sessions: [{ sessionId, lastSeq: 0 }] });

  it("a run at the machine: busy, needs you, answered from the dashboard, busy, idle", async () => {
    const made = file(modern, "approved");
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("claude", "approve me");
    let from = dashboard.log.end;
    const begun = now();
    await chat.send(prompt(modern, session, `please USETOOL ${made} WAIT=700`));
    soon("machine: run begins → busy", begun, await dashboard.state("modern", "busy", from));
    const asked = await chat.hear("permission_request");
    const waits = await dashboard.state("modern", "needs_you", from);
    soon("machine: question → needs you", asked, waits);
    assert.equal(waits.metadata.status, "busy", "what version 1 reads");
    const shown = waits.metadata.sessions.find(({ id }) => id === session);
    assert.equal(shown.state, "needs_you");
    assert.equal(shown.provider, "claude");
    assert.equal(shown.question.id, asked.message.requestId);
    assert.equal(shown.question.kind, "permission");
    assert.equal(shown.question.tool, "Bash");
    assert.deepEqual(JSON.parse(shown.question.text), asked.message.input);
    assert.ok(Math.abs(Date.parse(shown.since) - Date.now()) < 5_000);
    assert.ok(!existsSync(made));
    await dashboard.see("modern", "with the session's title", ({ sessions }) => sessions?.some(({ title }) => title?.includes("approve me")), from);

    from = dashboard.log.end;
    assert.deepEqual(await answer("modern", { session_id: session, question_id: shown.question.id, allow: true }), { status: 200, outcome: "sent" });
    const resolved = await chat.hear("permission_resolved");
    soon("machine: answer → busy", resolved, await dashboard.state("modern", "busy", from));
    const complete = await chat.hear("complete");
    assert.equal(complete.message.success, true);
    assert.ok(existsSync(made), "the tool ran");
    soon("machine: run ends → idle", complete, await dashboard.state("modern", "idle", from));
    chat.end.drop();
  });

  it("a run through the hub: active, busy, needs you, denied, active, idle", async () => {
    const made = file(modern, "denied");
    let from = dashboard.log.end;
    const chat = await throughHub("modern");
    soon("hub: page opens → active", now(), await dashboard.state("modern", "active", from));
    const session = await modern.createSession("claude", "deny me");
    await look(chat, session);
    from = dashboard.log.end;
    const begun = now();
    await chat.send(prompt(modern, session, `please USETOOL ${made} WAIT=700`));
    soon("hub: run begins → busy", begun, await dashboard.state("modern", "busy", from));
    const asked = await chat.hear("permission_request");
    const waits = await dashboard.state("modern", "needs_you", from);
    soon("hub: question → needs you", asked, waits);
    from = dashboard.log.end;
    const result = await answer("modern", { session_id: session, question_id: asked.message.requestId, allow: false, message: "not on my machine" });
    assert.deepEqual(result, { status: 200, outcome: "sent" });
    soon("hub: denied → busy", await chat.hear("permission_resolved"), await dashboard.state("modern", "busy", from));
    const refused = await chat.hear("tool_result");
    assert.match(JSON.stringify(refused.message), /not on my machine/);
    soon("hub: run ends → active", await chat.hear("complete"), await dashboard.state("modern", "active", from));
    assert.ok(!existsSync(made), "the tool did not run");
    from = dashboard.log.end;
    const closed = now();
    chat.end.drop();
    soon("hub: page closes → idle", closed, await dashboard.state("modern", "idle", from));
  });

  it("a question of the model is answered with what was chosen", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("claude", "ask me");
    const from = dashboard.log.end;
    await chat.send(prompt(modern, session, "ASKUSER please"));
    const { metadata } = await dashboard.state("modern", "needs_you", from);
    const { question } = metadata.sessions.find(({ id }) => id === session);
    assert.equal(question.kind, "question");
    assert.equal(question.tool, "AskUserQuestion");
    const [{ question: words, options }] = JSON.parse(question.text).questions;
    assert.deepEqual(options.map(({ label }) => label), ["Red", "Blue"]);
    const result = await answer("modern", { session_id: session, question_id: question.id, allow: true, answers: { [words]: "Blue" } });
    assert.deepEqual(result, { status: 200, outcome: "sent" });
    const told = await chat.log.wait("the model's reply", 0, (message) => /Mock answer: .*Blue/.test(JSON.stringify(message)));
    assert.ok(told);
    await chat.hear("complete");
    chat.end.drop();
  });

  it("a question that was answered at the machine is closed on the dashboard, and says so", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("claude", "answer me here");
    let from = dashboard.log.end;
    await chat.send(prompt(modern, session, `please USETOOL ${file(modern, "here")} WAIT=700`));
    const { message } = await chat.hear("permission_request");
    await dashboard.state("modern", "needs_you", from);
    from = dashboard.log.end;
    // Both at once: one of them is first, and the other is told.
    const racing = answer("modern", { session_id: session, question_id: message.requestId, allow: true });
    await chat.send({ type: "chat.permission-response", requestId: message.requestId, allow: true });
    const raced = await racing;
    assert.ok(raced.status === 200 || (raced.status === 409 && /answered elsewhere/i.test(raced.title)), JSON.stringify(raced));
    await dashboard.state("modern", "busy", from);
    const late = await answer("modern", { session_id: session, question_id: message.requestId, allow: true });
    assert.equal(late.status, 409);
    assert.match(late.title, /answered elsewhere/i);
    await chat.hear("complete");
    chat.end.drop();
  });

  it("a failed run is an error until somebody looks at it", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("cursor", "fail");
    let from = dashboard.log.end;
    await chat.send(prompt(modern, session, "fail steps=2 delay=300"));
    const complete = await chat.hear("complete");
    assert.equal(complete.message.success, false);
    const failed = await dashboard.state("modern", "error", from);
    soon("run fails → error", complete, failed);
    const shown = failed.metadata.sessions.find(({ id }) => id === session);
    assert.equal(shown.state, "error");
    assert.match(shown.error, /stub failure/);
    from = dashboard.log.end;
    const page = await throughHub("modern");
    const looked = now();
    await look(page, session);
    soon("error seen → active", looked, await dashboard.state("modern", "active", from));
    page.end.drop();
    chat.end.drop();
    await dashboard.state("modern", "idle", from);
  });

  it("a failure is no news any more once somebody marked it as seen", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("cursor", "fail unseen");
    let from = dashboard.log.end;
    await chat.send(prompt(modern, session, "fail steps=2 delay=300"));
    await dashboard.state("modern", "error", from);
    const seen = (cookie, body = { session_id: session }) => scene.api("POST", "/api/clients/modern/seen", { cookie, body: JSON.stringify(body) });
    from = dashboard.log.end;
    assert.equal((await seen(owner, { session_id: "another" })).status, 204);
    assert.equal((await seen(await scene.signIn("stranger"))).status, 404);
    assert.equal((await seen(owner, {})).status, 400);
    assert.equal((await seen("")).status, 401);
    assert.equal(dashboard.log.find(from, ({ client }) => client?.id === "modern" && client.metadata.state !== "error"), undefined);
    const answered = await seen(owner);
    assert.equal(answered.status, 204);
    const { metadata } = await dashboard.state("modern", "idle", from);
    assert.equal(metadata.sessions?.some(({ id }) => id === session) ?? false, false);
    assert.equal((await seen(owner)).status, 204);
    chat.end.drop();
  });

  it("a run that was stopped is no error", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("cursor", "stop me");
    let from = dashboard.log.end;
    await chat.send(prompt(modern, session, "steps=50 delay=200"));
    await dashboard.state("modern", "busy", from);
    from = dashboard.log.end;
    await chat.send({ type: "chat.abort", sessionId: session });
    const complete = await chat.hear("complete");
    soon("run stopped → idle", complete, await dashboard.state("modern", "idle", from));
    assert.equal(dashboard.log.find(from, ({ client }) => client?.id === "modern" && client.metadata.state === "error"), undefined);
    chat.end.drop();
  });

  it("watching leaves the stream with the page that has it", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("cursor", "stream");
    const from = dashboard.log.end;
    await chat.send(prompt(modern, session, "steps=10 delay=300"));
    await dashboard.state("modern", "busy", from);
    await chat.hear("complete");
    for (let step = 1; step <= 10; ++step) {
      assert.ok(chat.log.find(0, ({ content }) => content?.includes(`stub chunk ${step}/10`)), `chunk ${step}`);
    }
    chat.end.drop();
    await dashboard.state("modern", "idle", from);
  });

  describe("of version 1.34", () => {
    const options = () => ({ cwd: old.project, projectPath: old.project });

    it("a run at the machine is busy, and its page keeps the stream", async () => {
      const chat = await Chat.direct(old);
      const from = dashboard.log.end;
      const begun = now();
      await chat.send({ type: "cursor-command", command: "steps=10 delay=300", options: options() });
      soon("1.34: run begins → busy", begun, await dashboard.state("old", "busy", from));
      const complete = await chat.hear("complete");
      soon("1.34: run ends → idle", complete, await dashboard.state("old", "idle", from));
      for (let step = 1; step <= 10; ++step) {
        assert.ok(chat.log.find(0, (message) => JSON.stringify(message).includes(`stub chunk ${step}/10`)), `chunk ${step}`);
      }
      chat.end.drop();
    });

    it("its question shows, is answered, and its page keeps the stream", async () => {
      const made = file(old, "approved");
      const chat = await Chat.direct(old);
      let from = dashboard.log.end;
      await chat.send({ type: "claude-command", command: `please USETOOL ${made} WAIT=700`, options: options() });
      const asked = await chat.hear("permission_request");
      const waits = await dashboard.state("old", "needs_you", from);
      soon("1.34: question → needs you", asked, waits);
      const { id, question } = waits.metadata.sessions.find((session) => session.question !== undefined);
      assert.equal(question.id, asked.message.requestId);
      from = dashboard.log.end;
      assert.deepEqual(await answer("old", { session_id: id, question_id: question.id, allow: true }), { status: 200, outcome: "sent" });
      const complete = await chat.hear("complete");
      assert.ok(existsSync(made), "the tool ran");
      soon("1.34: run ends → idle", complete, await dashboard.state("old", "idle", from));
      chat.end.drop();
    });
  });

  it("answers are for those who may use the instance, and each is in the audit log", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("claude", "who may");
    const from = dashboard.log.end;
    await chat.send(prompt(modern, session, `please USETOOL ${file(modern, "who")} now`));
    const { message } = await chat.hear("permission_request");
    await dashboard.state("modern", "needs_you", from);
    const body = { session_id: session, question_id: message.requestId, allow: true };
    const stranger = await scene.signIn("stranger");
    const viewer = await scene.signIn("viewer");
    const shared = await scene.api("POST", "/api/clients/modern/shares", { cookie: owner, body: JSON.stringify({ kind: "user", login: "viewer", role: "viewer" }) });
    assert.equal(shared.status, 201, shared.body.toString());
    assert.equal((await answer("modern", body, stranger)).status, 404);
    assert.equal((await answer("modern", body, viewer)).status, 403);
    assert.equal((await scene.api("POST", "/api/clients/modern/seen", { cookie: viewer, body: JSON.stringify({ session_id: session }) })).status, 403);
    assert.equal((await answer("modern", body, "")).status, 401);
    assert.equal((await answer("modern", { ...body, allow: "yes" })).status, 400);
    assert.equal((await answer("modern", { ...body, always: true })).status, 400);
    assert.equal((await answer("modern", { ...body, question_id: "none" })).status, 409);
    assert.equal((await scene.api("POST", "/api/clients/modern/answers", { cookie: owner, headers: { origin: "https://evil.example" }, body: JSON.stringify(body) })).status, 403);
    assert.ok(!existsSync(file(modern, "who")), "nobody has answered yet");
    assert.equal((await answer("modern", body)).status, 200);
    await chat.hear("complete");
    chat.end.drop();
    const { events } = JSON.parse((await scene.api("GET", "/api/audit?limit=200", { cookie: owner })).body);
    const answers = events.filter(({ action, detail }) => action === "answer" && detail.includes(session));
    const line = `allow Bash in session ${session}`;
    assert.deepEqual(answers.map(({ result, actor, instance_id: id, detail }) => [result, actor, id, detail]), [
      ["ok", "owner", "modern", line], ["denied", "viewer", "modern", line],
    ]);
  });

  it("a run that fails while the hub is away is an error once it is back", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("cursor", "fail unheard");
    await chat.send(prompt(modern, session, "fail gated steps=1"));
    await dashboard.see("modern", "with the session", ({ sessions }) => sessions?.some(({ id }) => id === session));
    const away = modern.agent.nextLine(/hub away/);
    await scene.hub.child.stop("SIGKILL");
    await away;
    modern.openGate(1);
    const { message } = await chat.hear("complete");
    assert.equal(message.success, false);
    chat.end.drop();
    const back = [modern, old].map(({ agent }) => agent.nextLine(/connected to .* as /));
    await scene.startHub();
    await Promise.all(back);
    dashboard = await Dashboard.open(scene, owner);
    const { metadata } = await dashboard.state("modern", "error");
    assert.match(metadata.sessions.find(({ id }) => id === session).error, /stub failure/);
    await markSeen(session);
    await dashboard.state("modern", "idle");
  });

  it("what runs when its instance ends has failed, and is not told as finished", async () => {
    const chat = await Chat.direct(modern);
    const session = await modern.createSession("cursor", "lost");
    let from = dashboard.log.end;
    await chat.send(prompt(modern, session, "gated steps=3"));
    await dashboard.state("modern", "busy", from);
    from = dashboard.log.end;
    await modern.restart();
    const { metadata } = await dashboard.state("modern", "error", from);
    assert.match(metadata.sessions.find(({ id }) => id === session).error, /went away in the middle of the run/);
    assert.equal(dashboard.log.find(from, ({ client }) => client?.id === "modern" && client.metadata.state === "idle"), undefined);
    chat.end.drop();
    await markSeen(session);
    await dashboard.state("modern", "idle", from);
  });

  it("an instance that has ended, hangs or was never there is said not to answer, until it does", async () => {
    const answers = (id, from) => dashboard.see(id, "with an answer", ({ no_answer: isSilent }) => isSilent === undefined, from);
    const silent = async (id, from) => {
      const { metadata } = await dashboard.see(id, "without an answer", ({ no_answer: isSilent }) => isSilent === true, from);
      assert.equal(metadata.state, "idle");
      assert.equal(metadata.status, "idle");
    };
    const isSilent = async () => JSON.parse((await scene.api("GET", "/clients/modern", { cookie: owner })).body).metadata.no_answer === true;
    await until("that it is found again after its restart", async () => !await isSilent());
    let from = dashboard.log.end;
    await modern.child.stop("SIGKILL");
    await silent("modern", from);
    assert.ok(await isSilent());
    from = dashboard.log.end;
    modern.child = await modern.launch();
    await answers("modern", from);

    from = dashboard.log.end;
    modern.child.signal("SIGSTOP");
    await silent("modern", from);
    from = dashboard.log.end;
    modern.child.signal("SIGCONT");
    await answers("modern", from);

    const nobody = { name: "early", home: old.home, url: `http://127.0.0.1:${await freePort()}` };
    const agent = await scene.hub.startAgent(nobody);
    await silent("early", from);
    await agent.stop();
    await dashboard.see("early", "of which nobody knows", ({ state, no_answer: isSilent }) => state === "offline" && isSilent === undefined, from);
  });

  it("an instance whose agent is away is offline, and takes no answer", async () => {
    const from = dashboard.log.end;
    const stopped = now();
    await old.agent.stop("SIGKILL");
    soon("agent killed → offline", stopped, await dashboard.state("old", "offline", from));
    assert.equal((await scene.api("POST", "/api/clients/old/seen", { cookie: owner, body: '{"session_id":"s"}' })).status, 503);
    assert.equal((await answer("old", { session_id: "s", question_id: "q", allow: true })).status, 503);
  });
});
