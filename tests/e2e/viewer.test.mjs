// What somebody who may only look has of a real claudecodeui: shared with an org, a team or everybody
// on the hub, through sign-in with GitHub. They see what happens there, and nothing that they send
// arrives; what ends their access ends their sockets.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startAnthropicMock, startInstance } from "../browser/lib/instance.mjs";
import { until } from "../browser/lib/wait.mjs";
import { signInWith } from "./lib/browser_sign_in.mjs";
import { Chat } from "./lib/chat.mjs";
import { FakeGitHub } from "./lib/fake_github.mjs";
import { asFetch, ask, patience, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { openWebSocket, untilGone } from "./lib/websocket.mjs";

const endMs = 2_000;  // What is no longer allowed has ended by then.

describe("a viewer of a real claudecodeui", { timeout: 240_000 }, () => {
  let github, scene, instance, owner;
  before(async () => {
    github = await FakeGitHub.start();
    for (const org of ["acme", "other"]) github.addOrg(org);
    github.addAccount("mia", { orgs: { acme: "active" }, teams: ["acme/web"] });
    github.addAccount("tom", { orgs: { acme: "active" }, teams: ["other/web"] });
    scene = await Scene.start("viewer", { options: ({ folder }) => {
      const secret = join(folder, "github.secret");
      writeFileSync(secret, github.client.secret, { mode: 0o600 });
      const file = join(folder, "hub.toml");
      writeFileSync(file, [
        `github_url = "${github.url}"`, `github_client_id = "${github.client.id}"`, `github_client_secret_file = "${secret}"`,
        'allowed_orgs = ["acme"]', "[limits]", 'membership_recheck = "300ms"', "sign_in_attempts = 1000", "",
      ].join("\n"));
      return ["--config", file];
    } });
    const anthropic = await startAnthropicMock(scene.output);
    instance = await startInstance({ name: "modern", folder: scene.folder, logs: scene.output, anthropic });
    await instance.register();
    instance.agent = await scene.hub.startAgent(instance);
    await instance.agent.line(/signed in to the instance/);
    owner = await scene.signIn();
  });
  after(async () => {
    await scene?.stop();
    await github?.stop();
  });

  const share = async (fields) => {
    const made = await scene.api("POST", "/api/clients/modern/shares", { cookie: owner, body: JSON.stringify({ role: "viewer", ...fields }) });
    assert.equal(made.status, 201, made.body.toString());
    const { id } = JSON.parse(made.body);
    return async () => assert.equal((await scene.api("DELETE", `/api/clients/modern/shares/${id}`, { cookie: owner })).status, 204);
  };
  const signIn = async (login) => {
    const { answer, cookie } = await signInWith(scene, github, login);
    assert.equal(answer.status, 303, login);
    return cookie;
  };
  const roleOf = async (cookie) => JSON.parse((await scene.api("GET", "/clients", { cookie })).body).clients.find(({ id }) => id === "modern")?.role;
  const wayOf = (cookie) => scene.subdomainWay("modern", cookie);
  const look = (chat, sessionId) => chat.send({ type: "chat.subscribe", sessions: [{ sessionId, lastSeq: 0 }] });
  const prompt = (sessionId, content) => ({ type: "chat.send", sessionId, content, options: { cwd: instance.project } });
  /**
   * Returns once the instance has had everything that this socket sent (pings pass in their turn):
   * what it said meanwhile.
   */
  const caughtUp = async (end) => {
    await end.send("ping", Buffer.from("caught up"));
    const heard = [];
    for (;;) {
      const { kind, data } = await end.next();
      if (kind === "pong") return heard;
      if (kind === "text") heard.push(data.toString());
      assert.ok(!["close", "gone"].includes(kind), kind);
    }
  };
  /** A viewer's socket at `path`, which says all of `messages` to no effect. */
  const sayInVain = async (way, path, messages) => {
    const { end } = await openWebSocket(way.options(path));
    for (const message of messages) await end.send("text", typeof message === "string" ? message : JSON.stringify(message));
    await end.send("binary", Buffer.from(JSON.stringify(messages[0])));
    // Which sessions there are is told to every page, whatever it said.
    assert.deepEqual((await caughtUp(end)).filter((text) => !text.startsWith('{"kind":"session_upserted"')), []);
    return end;
  };

  it("sees a run of the owner's as it happens", async () => {
    const unshare = await share({ kind: "everyone" });
    const viewer = await Chat.open((await wayOf(await signIn("mia"))).options("/ws"));
    const session = await instance.createSession("cursor", "to be seen");
    const chat = await Chat.direct(instance);
    await chat.send(prompt(session, "steps=10 delay=300"));
    const chunk = (chat, step) => chat.log.wait(`chunk ${step}`, 0, ({ content }) => content?.includes(`stub chunk ${step}/10`));
    await chunk(chat, 1);
    await look(viewer, session);
    await chunk(viewer, 10);
    await viewer.hear("complete");
    await chunk(chat, 10);
    for (const one of [viewer, chat]) one.end.drop();
    await unshare();
  });

  it("sends no chat message, stops no run and answers no question", async () => {
    const unshare = await share({ kind: "group", subject: "acme" });
    const way = await wayOf(await signIn("tom"));
    const chat = await Chat.direct(instance);
    const session = await instance.createSession("cursor", "of the owner");
    const own = prompt(session, "steps=2 delay=10");
    const theirs = prompt(session, "steps=3 delay=10");
    const says = [
      theirs, { ...theirs, type: ["chat.send"] }, `{"type":"ping","type":"chat.send",${JSON.stringify(theirs).slice(1).replace('"type":"chat.send",', "")}`,
      { type: "cursor-command", command: "steps=3 delay=10", options: { cwd: instance.project, projectPath: instance.project } },
      { type: "claude-command", command: "steps=3", options: { cwd: instance.project, projectPath: instance.project } },
    ];
    const viewer = await sayInVain(way, "/ws", says);
    await chat.send(own);
    await chat.hear("complete");
    assert.ok(chat.log.find(0, ({ content }) => content?.includes("stub chunk 2/2")));
    assert.doesNotMatch((await caughtUp(viewer)).join(), /stub chunk|error/);
    viewer.drop();

    const made = join(instance.project, "viewer");
    const asking = await instance.createSession("claude", "a question");
    await chat.send(prompt(asking, `please USETOOL ${made} WAIT=700`));
    const { message: { requestId } } = await chat.hear("permission_request");
    const answers = [true, false].flatMap((allow) => [
      { type: "chat.permission-response", requestId, allow }, { type: "claude-permission-response", requestId, allow },
    ]);
    (await sayInVain(way, "/ws", [...answers, { type: "chat.abort", sessionId: asking }, { type: "abort-session", sessionId: asking, provider: "claude" }])).drop();
    assert.equal(chat.log.find(0, ({ kind }) => kind === "permission_resolved"), undefined);
    await chat.send({ type: "chat.permission-response", requestId, allow: true });
    await until("the tool ran", () => existsSync(made));
    chat.end.drop();
    await unshare();
  });

  it("types nothing into the terminal, and opens none", async () => {
    const unshare = await share({ kind: "group", subject: "acme/web" });
    assert.equal(await roleOf(await signIn("tom")), undefined, "a team of that name of another org");
    const file = (name) => join(instance.project, `terminal-${name}`);
    const says = (name) => [
      { type: "init", projectPath: instance.project, sessionId: null, hasSession: false, provider: "plain-shell", isPlainShell: true, initialCommand: `touch ${file(name)}`, cols: 80, rows: 24 },
      { type: "input", data: `touch ${file(name)}\r` },
    ];
    const viewer = await sayInVain(await wayOf(await signIn("mia")), "/shell", says("viewer"));
    const { end } = await openWebSocket((await wayOf(owner)).options("/shell"));
    await end.send("text", JSON.stringify(says("owner")[0]));
    await until("the owner's command", () => existsSync(file("owner")), 20_000);
    assert.equal(existsSync(file("viewer")), false);
    for (const one of [viewer, end]) one.drop();
    await unshare();
  });

  it("changes nothing over HTTP, and reads", async () => {
    const unshare = await share({ kind: "everyone" });
    const way = await wayOf(await signIn("mia"));
    const read = await ask(way.options("/api/projects", { headers: asFetch }));
    assert.equal(read.status, 200, read.body.toString());
    assert.match(read.body.toString(), /project-modern/);
    for (const [method, path] of [["POST", "/api/providers/sessions"], ["PUT", "/api/projects/x/rename"], ["DELETE", "/api/projects/x"], ["GET", "/api/projects/clone-progress?path=x"]]) {
      assert.equal((await ask(way.options(path, { method, headers: asFetch }))).status, 403, `${method} ${path}`);
    }
    await unshare();
  });

  for (const [what, fields] of [["everybody", { kind: "everyone" }], ["an org", { kind: "group", subject: "acme" }], ["a team", { kind: "group", subject: "acme/web" }]]) {
    it(`loses its sockets within 2 s when a share with ${what} ends`, async () => {
      const unshare = await share(fields);
      const cookie = await signIn("mia");
      assert.equal(await roleOf(cookie), "viewer");
      const way = await wayOf(cookie);
      const ends = await Promise.all(["/ws", "/shell"].map(async (path) => (await openWebSocket(way.options(path))).end));
      await Promise.all(ends.map(caughtUp));
      await unshare();
      await within(endMs, "the end of the sockets", Promise.all(ends.map(untilGone)));
      for (const path of ["/ws", "/shell"]) await assert.rejects(openWebSocket(way.options(path)), { status: 401 });
      assert.equal(await roleOf(cookie), undefined);
    });
  }

  for (const [what, leave, back] of [
    ["leave the team", (mia) => { mia.teams = []; }, (mia) => { mia.teams = ["acme/web"]; }],
    ["are removed from the hub", (mia) => { mia.orgs.acme = "pending"; }, (mia) => { mia.orgs.acme = "active"; }],
  ]) {
    it(`check 3: loses its sockets when they ${what}`, async () => {
      const unshare = await share({ kind: "group", subject: "acme/web" });
      const way = await wayOf(await signIn("mia"));
      const { end } = await openWebSocket(way.options("/ws"));
      await caughtUp(end);
      leave(github.accounts.get("mia"));
      await within(patience, "the end of the socket", untilGone(end));
      await assert.rejects(openWebSocket(way.options("/ws")), { status: 401 });
      back(github.accounts.get("mia"));
      await unshare();
    });
  }
});
