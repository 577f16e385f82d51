// Who signed in with GitHub is looked at again: what happens to those who are no longer on the list. The GitHub is
// ours (lib/fake_github.mjs).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { signInWith, whoAmI } from "./lib/browser_sign_in.mjs";
import { configFor, startGitHub } from "./lib/github_sign_in.mjs";
import { ask, open, patience, readAll, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { nextWebSocket, openWebSocket, untilGone } from "./lib/websocket.mjs";

describe("check 3: membership is looked at again", { timeout: 90_000 }, () => {
  let github;
  let scene;
  before(async () => {
    github = await startGitHub();
    scene = await Scene.start("sign-in-membership", { options: configFor(github, {
      lists: ['allowed_orgs = ["acme"]', 'allowed_users = ["user-only"]'],
      limits: ['membership_recheck = "300ms"', 'membership_grace = "2s"'],
    }) });
  });
  after(async () => {
    await scene?.stop();
    await github.stop();
  });

  /** A signed-in browser with a dashboard socket open: {cookie, gone}. */
  async function connected(login) {
    const { answer, cookie } = await signInWith(scene, github, login);
    assert.equal(answer.status, 303, login);
    const { end: socket } = await scene.openDashboard(cookie);
    return { cookie, gone: () => within(patience, "the socket closes", untilGone(socket)) };
  }

  const agentOptions = (token) => ({ host: "127.0.0.1", port: scene.port, path: "/ws/connect", headers: { host: scene.host, authorization: `Bearer ${token}` } });
  const v1Options = (token) => ({ host: "127.0.0.1", port: scene.port, path: `/ws/connect?token=${token}`, headers: { host: scene.host } });

  async function expectGone(browser) {
    await browser.gone();
    assert.equal(await whoAmI(scene, browser.cookie), 401);
  }

  it("removed from the org: the next look ends requests and sockets", async () => {
    const browser = await connected("org-member");
    github.accounts.get("org-member").orgs.acme = "pending";
    await expectGone(browser);
    assert.equal((await signInWith(scene, github, "org-member")).answer.status, 403);
    github.accounts.get("org-member").orgs.acme = "active";
    assert.equal((await signInWith(scene, github, "org-member")).answer.status, 303);
  });

  it("what is open at an instance ends with it", async () => {
    const { cookie } = await signInWith(scene, github, "org-member");
    const made = await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name: "box" }) });
    assert.equal(made.status, 201, made.body.toString());
    const origin = await scene.origin("box");
    const agent = await scene.startAgent(origin, { token: JSON.parse(made.body).token });
    await agent.ready();
    origin.on("/endless", (request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("begun");
    });
    const { path, subdomain } = await scene.ways("box", cookie);
    const ends = [];
    for (const way of [path, subdomain]) {
      const { response } = await open(way.options("/endless"));
      ends.push(assert.rejects(readAll(response)));
      const arrived = nextWebSocket(origin, "/socket");
      const { end } = await openWebSocket(way.options("/socket"));
      await arrived;
      ends.push(untilGone(end));
    }
    github.accounts.get("org-member").orgs.acme = "pending";
    await within(patience, "everything ends", Promise.all(ends));
    for (const way of [path, subdomain]) assert.equal((await ask(way.options("/endless"))).status, 401);
    github.accounts.get("org-member").orgs.acme = "active";
  });

  it("agents of somebody who was removed: their tunnels close at once and stay refused, and so do tokens", async () => {
    const { cookie } = await signInWith(scene, github, "org-member");
    const make = async (path, wanted) => {
      const made = await scene.api("POST", path, { cookie, body: JSON.stringify(wanted) });
      assert.equal(made.status, 201, made.body.toString());
      return JSON.parse(made.body).token;
    };
    const token = await make("/api/tokens", { name: "laptop" });
    const script = await make("/api/api-tokens", { name: "script", scopes: ["instances:read"] });
    const origin = await scene.origin("laptop");
    const agent = await scene.startAgent(origin, { token });
    await agent.ready();
    const v1 = await openWebSocket(v1Options(token));
    await v1.end.send("text", JSON.stringify({ type: "register", client_id: "older", user_token: token, metadata: {} }));
    assert.equal(JSON.parse((await v1.end.next()).data).success, true);
    // One that has not registered yet.
    const mute = await openWebSocket(agentOptions(token), { "sec-websocket-protocol": "berth.h2" });
    const other = await scene.instance("stays");
    const arrived = nextWebSocket(origin, "/socket");
    const { end } = await openWebSocket(scene.pathWay("laptop", cookie).options("/socket"));
    const { end: instance } = await arrived;
    const api = () => scene.api("GET", "/clients", { headers: { authorization: `Bearer ${script}` } });
    assert.equal((await api()).status, 200);
    const before = agent.lines.length;
    github.accounts.get("org-member").orgs.acme = "pending";
    await within(patience, "everything ends", Promise.all([end, instance, v1.end, mute.end].map(untilGone)));
    const said = /refused: the hub (says: the token's user is no longer admitted|does not accept the token).*next attempt in 300 s/;
    await until("the agent says so", () => agent.lines.slice(before).some((line) => said.test(line)));
    await assert.rejects(openWebSocket(agentOptions(token), { "sec-websocket-protocol": "berth.h2" }), { status: 401 });
    await assert.rejects(openWebSocket(v1Options(token)), { status: 401 });
    assert.equal((await api()).status, 401);
    assert.equal((await ask(scene.pathWay("stays", await scene.signIn()).options("/x"))).status, 200);
    await Promise.all([agent.stop(), other.agent.stop()]);

    // Who is admitted again has them back.
    github.accounts.get("org-member").orgs.acme = "active";
    assert.equal((await signInWith(scene, github, "org-member")).answer.status, 303);
    assert.equal((await api()).status, 200);
    const again = await scene.startAgent(origin, { token, name: "laptop-again" });
    await again.ready();
    await again.stop();
  });

  it("a token that GitHub no longer takes: the same", async () => {
    const browser = await connected("team-member");
    github.revokeTokens(github.accounts.get("team-member"));
    await expectGone(browser);
  });

  it("a renamed login keeps access, and a new account under the old login has none", async () => {
    const browser = await connected("user-only");
    github.rename("user-only", "renamed");
    github.addAccount("user-only");
    const asked = github.count("GET /api/v3/user/teams");
    await until("three more looks", () => github.count("GET /api/v3/user/teams") >= asked + 6);
    assert.equal(await whoAmI(scene, browser.cookie), "Name of renamed");
    assert.equal((await signInWith(scene, github, "user-only")).answer.status, 403);
    assert.equal((await signInWith(scene, github, "renamed")).answer.status, 303);
    // Nor after a restart: the number is kept.
    await scene.hub.restart();
    assert.equal((await signInWith(scene, github, "user-only")).answer.status, 403);
    assert.equal((await signInWith(scene, github, "renamed")).answer.status, 303);
  });

  it("GitHub away: sessions last for the grace, and then end", async () => {
    const browser = await connected("team-member");
    github.isAway = true;
    try {
      const asked = github.asked.length;
      await until("two looks in vain", () => github.asked.length >= asked + 2);
      assert.equal(await whoAmI(scene, browser.cookie), "Name of team-member");
      await expectGone(browser);
    } finally {
      github.isAway = false;
    }
    assert.equal((await signInWith(scene, github, "team-member")).answer.status, 303);
  });

  it("GitHub back within the grace: nobody notices", async () => {
    const browser = await connected("team-member");
    github.isAway = true;
    const asked = github.asked.length;
    await until("a look in vain", () => github.asked.length > asked);
    github.isAway = false;
    const answered = github.count("GET /api/v3/user/teams");
    await until("looks that succeed", () => github.count("GET /api/v3/user/teams") > answered + 2);
    assert.equal(await whoAmI(scene, browser.cookie), "Name of team-member");
  });
});
