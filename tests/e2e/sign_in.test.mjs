// Signing in with GitHub: who gets in, what a callback must bring along, and what happens to those who
// are no longer on the list. The GitHub is ours (lib/fake_github.mjs), over HTTP and over TLS.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { berth } from "../browser/lib/hub.mjs";
import { start } from "../browser/lib/processes.mjs";
import { until } from "../browser/lib/wait.mjs";
import { asNavigation, beginSignIn, cookiesOf, endSignIn, reasonOf, signInWith, whoAmI } from "./lib/browser_sign_in.mjs";
import { Authority } from "./lib/certificates.mjs";
import { FakeGitHub } from "./lib/fake_github.mjs";
import { ask, open, patience, readAll, within } from "./lib/http.mjs";
import { lock } from "./lib/locked_database.mjs";
import { Scene } from "./lib/scene.mjs";
import { expectInNoFile } from "./lib/secrets.mjs";
import { nextWebSocket, openWebSocket, untilGone } from "./lib/websocket.mjs";

/** A GitHub with people of every kind, by what they are. */
async function startGitHub(files) {
  const github = await FakeGitHub.start(files);
  for (const org of ["acme", "other", "third", "fourth"]) github.addOrg(org);
  // What decides stands on a later page.
  const orgs = { other: "active", third: "active", fourth: "active" };
  github.addAccount("user-only");
  github.addAccount("org-member", { orgs: { ...orgs, acme: "active" }, teams: ["other/platform", "third/platform"] });
  github.addAccount("team-member", { orgs: { ...orgs, acme: "active" }, teams: ["other/a", "third/b", "acme/web", "acme/platform"] });
  github.addAccount("org-invited", { orgs: { ...orgs, acme: "pending" } });
  github.addAccount("nobody", { orgs: { other: "active" }, teams: ["other/platform"] });
  return github;
}

/** `--config FILE` with what signs in at `github`; `lists` and `limits` are TOML lines. */
function configFor(github, { lists = [], limits = [], attempts = 1000 } = {}) {
  return (scene) => {
    const secret = join(scene.folder, "github.secret");
    writeFileSync(secret, `${github.client.secret}\n`, { mode: 0o600 });
    const file = join(scene.folder, "hub.toml");
    writeFileSync(file, [
      `github_url = "${github.url}"`, `github_client_id = "${github.client.id}"`, `github_client_secret_file = "${secret}"`,
      ...lists, "[limits]", `sign_in_attempts = ${attempts}`, ...limits, "",
    ].join("\n"));
    return ["--config", file];
  };
}

/** A GitHub and a hub that signs people in there, as configFor says; both stop with the test. */
async function startBoth(context, name, config) {
  const github = await startGitHub();
  let scene;
  context.after(async () => {
    await scene?.stop();
    await github.stop();
  });
  scene = await Scene.start(name, { options: configFor(github, config) });
  return { github, scene };
}

describe("check 1: users, orgs and teams admit exactly whom they name", { timeout: 120_000 }, () => {
  const lists = {
    users: 'allowed_users = ["someone", "User-Only"]',
    orgs: 'allowed_orgs = ["ACME"]',
    teams: 'allowed_teams = ["acme/platform"]',
  };
  const admittedBy = {
    users: ["user-only"],
    orgs: ["org-member", "team-member"],
    teams: ["team-member"],
  };
  let github;
  before(async () => {
    github = await startGitHub();
  });
  after(() => github.stop());

  for (let bits = 0; bits < 8; ++bits) {
    const names = ["users", "orgs", "teams"].filter((_, bit) => (bits & (1 << bit)) !== 0);
    it(`with ${names.join(", ") || "no list at all"}`, async () => {
      const scene = await Scene.start(`sign-in-${bits}`, { options: configFor(github, { lists: names.map((name) => lists[name]) }) });
      try {
        const admitted = new Set(names.flatMap((name) => admittedBy[name]));
        for (const { login } of github.accounts.values()) {
          const { answer, cookie } = await signInWith(scene, github, login);
          if (admitted.has(login)) {
            assert.equal(answer.status, 303, login);
            assert.equal(await whoAmI(scene, cookie), `Name of ${login}`);
          } else {
            assert.equal(answer.status, 403, login);
            assert.equal(reasonOf(answer), "denied");
            assert.match(answer.body.toString(), new RegExp(`name="sign-in-who" content="${login} \\(\\d+\\)"`));
            assert.equal(cookie, undefined);
          }
        }
        assert.equal(await whoAmI(scene, await scene.signIn()), "owner");
      } finally {
        await scene.stop();
      }
    });
  }

  it("a number names the account whatever its login", async () => {
    const { id } = github.accounts.get("nobody");
    const scene = await Scene.start("sign-in-number", { options: configFor(github, { lists: [`allowed_users = [${id}]`] }) });
    try {
      assert.equal((await signInWith(scene, github, "nobody")).answer.status, 303);
      assert.equal((await signInWith(scene, github, "user-only")).answer.status, 403);
    } finally {
      await scene.stop();
    }
  });
});

describe("check 2: a callback counts only in the browser that began it, once", { timeout: 60_000 }, () => {
  const tokens = "POST /login/oauth/access_token";
  let github;
  let scene;
  before(async () => {
    github = await startGitHub();
    scene = await Scene.start("sign-in-state", { options: configFor(github, { lists: ['allowed_users = ["user-only"]'] }) });
  });
  after(async () => {
    await scene?.stop();
    await github.stop();
  });

  /** Refused with 400 before GitHub was asked anything, and without a session. */
  async function expectRefused(path, cookie, reason = "state") {
    const asked = github.asked.length;
    const { answer, cookie: session } = await endSignIn(scene, path, cookie);
    assert.equal(answer.status, 400, path);
    assert.equal(reasonOf(answer), reason);
    assert.equal(session, undefined);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal(github.asked.length, asked);
  }

  it("a missing or wrong state is refused", async () => {
    const { location, cookie } = await beginSignIn(scene, "github");
    const path = github.approve(location, "user-only");
    const without = new URL(path, scene.url);
    without.searchParams.delete("state");
    await expectRefused(without.pathname + without.search, cookie);
    for (const state of ["", "x", "0".repeat(16), `${"0".repeat(16)}.${"A".repeat(43)}`]) {
      const wrong = new URL(path, scene.url);
      wrong.searchParams.set("state", state);
      await expectRefused(wrong.pathname + wrong.search, cookie);
    }
    // None of that has used the right one up.
    assert.equal((await endSignIn(scene, path, cookie)).answer.status, 303);
  });

  it("a replayed state is refused", async () => {
    const { location, cookie } = await beginSignIn(scene, "github");
    const path = github.approve(location, "user-only");
    assert.equal((await endSignIn(scene, path, cookie)).answer.status, 303);
    await expectRefused(path, cookie);
    await expectRefused(github.approve(location, "user-only"), cookie);
  });

  it("another browser's state is refused, and then good for nobody", async () => {
    const mine = await beginSignIn(scene, "github");
    const theirs = await beginSignIn(scene, "github");
    const path = github.approve(theirs.location, "user-only");
    await expectRefused(path, mine.cookie);
    await expectRefused(path, theirs.cookie);
    const third = await beginSignIn(scene, "github");
    await expectRefused(github.approve(third.location, "user-only"), undefined);
  });

  it("a code that belongs to another verifier gives no session", async () => {
    const mine = await beginSignIn(scene, "github");
    const theirs = await beginSignIn(scene, "github");
    const path = new URL(github.approve(mine.location, "user-only"), scene.url);
    path.searchParams.set("code", new URL(github.approve(theirs.location, "user-only"), scene.url).searchParams.get("code"));
    const asked = github.count(tokens);
    const { answer, cookie } = await endSignIn(scene, path.pathname + path.search, mine.cookie);
    assert.equal(github.count(tokens), asked + 1);
    assert.equal(answer.status, 400);
    assert.equal(reasonOf(answer), "code");
    assert.equal(cookie, undefined);
  });

  it("who says no at GitHub comes back to the sign-in page", async () => {
    const { location, cookie } = await beginSignIn(scene, "github");
    const state = new URL(location).searchParams.get("state");
    await expectRefused(`/auth/github/callback?error=access_denied&state=${state}`, cookie, "cancelled");
  });

  it("nothing of all that left a session", async () => {
    const list = async (what, cookie) => JSON.parse((await scene.api("GET", `/api/${what}`, { cookie })).body)[what];
    const owner = await scene.signIn();
    assert.deepEqual((await list("people", owner)).map(({ login, provider }) => `${provider} ${login}`).sort(), ["github user-only", "local "]);
    assert.equal((await list("sessions", owner)).length, 1);
    // The two that came with what they began with, and this one.
    const { cookie } = await signInWith(scene, github, "user-only");
    assert.equal((await list("sessions", cookie)).length, 3);
  });

  it("each sign-in has a session id of its own, and cookies that scripts cannot read", async () => {
    const begun = await beginSignIn(scene, "github");
    assert.match(begun.answer.headers["set-cookie"][0], /; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
    const one = await endSignIn(scene, github.approve(begun.location, "user-only"), begun.cookie);
    assert.equal(cookiesOf(one.answer).berth_sign_in, "");
    const two = await signInWith(scene, github, "user-only");
    assert.notEqual(one.cookie, two.cookie);
    for (const field of one.answer.headers["set-cookie"]) assert.match(field, /; HttpOnly; SameSite=Lax$/);
  });

  it("it ends what the browser was signed in to before", async () => {
    const begun = await beginSignIn(scene, "github");
    const former = (await signInWith(scene, github, "user-only")).cookie;
    const { cookie } = await endSignIn(scene, github.approve(begun.location, "user-only"), `${begun.cookie}; ${former}`);
    assert.equal(await whoAmI(scene, former), 401);
    assert.equal(await whoAmI(scene, cookie), "Name of user-only");
  });

  it("after it the browser is where it wanted to be, and never elsewhere", async () => {
    for (const [next, place] of [
      ["/open?id=a&next=%2Fx", "/open?id=a&next=%2Fx"], ["//evil.test", "/dashboard"], ["/\\evil.test", "/dashboard"],
      ["https://evil.test/", "/dashboard"], ["/auth/logout", "/dashboard"], ["/x\r\nset-cookie: a=b", "/dashboard"], ["", "/dashboard"],
    ]) {
      assert.equal((await signInWith(scene, github, "user-only", { next })).answer.headers.location, place, next);
    }
  });

  it("at another of its addresses the hub leads to the one that GitHub knows", async () => {
    const answer = await ask({ host: "127.0.0.1", port: scene.port, method: "GET", path: "/auth/github?next=/open", headers: { host: `127.0.0.1:${scene.port}` } });
    assert.equal(answer.status, 302);
    assert.equal(answer.headers.location, `${scene.url}/auth/github?next=/open`);
  });

  it("the sign-in page learns what there is; unknown providers are not there", async () => {
    const answer = await scene.api("GET", "/api/auth");
    assert.deepEqual(JSON.parse(answer.body), { ways: [{ name: "github", label: "GitHub Enterprise", url: "/auth/github" }] });
    assert.equal((await scene.api("GET", "/auth/oidc")).status, 404);
    assert.equal((await scene.api("HEAD", "/auth/github/callback")).status, 405);
  });

  it("check 6: neither the database nor a log holds a token of GitHub or the client's secret", async () => {
    assert.equal((await signInWith(scene, github, "user-only")).answer.status, 303);
    assert.ok(github.tokens.size > 0);
    expectInNoFile(scene, [...github.tokens.keys(), github.client.secret]);
  });

  it("while GitHub is away the page says so", async () => {
    const { location, cookie } = await beginSignIn(scene, "github");
    github.isAway = true;
    try {
      const { answer } = await endSignIn(scene, github.approve(location, "user-only"), cookie);
      assert.equal(answer.status, 502);
      assert.equal(reasonOf(answer), "unavailable");
    } finally {
      github.isAway = false;
    }
  });
});

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

describe("guessing is slowed down", { timeout: 60_000 }, () => {
  it("after ten sign-ins a minute from one address: 429, with the time to wait", async (context) => {
    const { github, scene } = await startBoth(context, "sign-in-limits", { attempts: 10 });
    for (let i = 0; i < 10; ++i) assert.equal((await beginSignIn(scene, "github")).answer.status, 302);
    const { answer } = await beginSignIn(scene, "github");
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
    assert.equal(reasonOf(answer), "attempts");
    assert.equal((await scene.api("GET", "/auth/github/callback?state=x&code=y", { headers: asNavigation })).status, 429);
  });
});

describe("a database that somebody has locked", { timeout: 60_000 }, () => {
  it("is not the provider's fault, and the next sign-in is good", async (context) => {
    const { github, scene } = await startBoth(context, "sign-in-locked", { lists: ['allowed_users = ["user-only"]'] });
    // At first, what the name on the list means has to be kept; afterwards only whose it is.
    for (const expected of [[500, "internal"], [503, "database"]]) {
      const { location, cookie } = await beginSignIn(scene, "github");
      const path = github.approve(location, "user-only");
      const held = await lock(join(scene.hub.data, "berth.db"));
      context.after(() => held.release());
      const { answer } = await endSignIn(scene, path, cookie);
      assert.deepEqual([answer.status, reasonOf(answer)], expected);
      await held.release();
      assert.equal((await signInWith(scene, github, "user-only")).answer.status, 303);
    }
  });
});

describe("nobody is locked out by the pages that they look at", { timeout: 60_000 }, () => {
  it("images that lead to sign-in are no attempts, nor are wrong codes at an instance's address", async (context) => {
    const { github, scene } = await startBoth(context, "sign-in-images", { lists: ['allowed_users = ["user-only"]'], attempts: 10 });
    await scene.instance("box");
    const cookie = await scene.signIn();
    const image = { accept: "image/*", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image", "sec-fetch-site": "cross-site" };
    const frame = { ...asNavigation, "sec-fetch-dest": "iframe" };
    for (let i = 0; i < 10; ++i) {
      for (const headers of [image, frame]) {
        assert.equal((await scene.api("GET", "/auth/github", { headers })).status, 403);
        assert.equal((await scene.api("GET", "/auth/github/callback?state=x&code=y", { headers })).status, 403);
      }
      const way = { host: `box.localhost:${scene.port}`, origin: `http://box.localhost:${scene.port}` };
      const guess = await ask({ host: "127.0.0.1", port: scene.port, method: "POST", path: "/.berth/session", headers: way }, '{"code":"guess"}');
      assert.equal(guess.status, 401);
    }
    await scene.subdomainWay("box", cookie);
    assert.equal((await signInWith(scene, github, "user-only")).answer.status, 303);
  });
});

describe("a page of another origin that leads to sign-in", { timeout: 60_000 }, () => {
  it("ends at the sign-in page, in nobody's new session, and uses no attempts up; nor does one that leads to the callback", async (context) => {
    const { github, scene } = await startBoth(context, "sign-in-led", { lists: ['allowed_users = ["user-only"]'], attempts: 10 });
    const { cookie } = await signInWith(scene, github, "user-only");
    for (let i = 0; i < 10; ++i) {
      for (const site of ["cross-site", "same-site"]) {
        const led = (path) => scene.api("GET", path, { cookie, headers: { ...asNavigation, "sec-fetch-site": site } });
        for (const [query, next] of [["?next=%2Fopen%3Fclient%3Da%26x", "/open%3Fclient%3Da%26x"], ["?next=%2F%2Fevil.test", "/dashboard"], ["", "/dashboard"]]) {
          const { status, headers } = await led(`/auth/github${query}`);
          assert.deepEqual([status, headers.location, headers["set-cookie"]], [302, `/login?next=${next}`, undefined]);
        }
        const back = await led("/auth/github/callback?state=x&code=y");
        assert.deepEqual([back.status, reasonOf(back)], [400, "state"]);
      }
    }
    assert.equal(await whoAmI(scene, cookie), "Name of user-only");
    // Typed, from the button, or by what is no browser: as ever.
    for (const headers of [{ ...asNavigation, "sec-fetch-site": "none" }, { ...asNavigation, "sec-fetch-site": "same-origin" }, {}]) {
      const { headers: { location } } = await scene.api("GET", "/auth/github", { headers });
      assert.ok(location.startsWith(`${github.url}/login/oauth/authorize?`), location);
    }
  });

  it("guesses that bring a cookie, or come from no browser, are counted", async (context) => {
    const { github, scene } = await startBoth(context, "sign-in-guesses", { attempts: 10 });
    const { cookie } = await beginSignIn(scene, "github");
    for (let i = 0; i < 9; ++i) {
      const { status } = await scene.api("GET", "/auth/github/callback?state=x&code=y", i % 2 === 0 ? { cookie, headers: asNavigation } : {});
      assert.equal(status, 400);
    }
    assert.equal((await scene.api("GET", "/auth/github/callback?state=x&code=y", { headers: asNavigation })).status, 429);
  });
});

describe("a callback beyond what may be under way", { timeout: 60_000 }, () => {
  it("is told so on the sign-in page, and is still good afterwards", async (context) => {
    const { github, scene } = await startBoth(context, "sign-in-busy", { lists: ['allowed_users = ["user-only"]'], limits: ["caller_changes = 1"] });
    let open;
    github.gate = new Promise((resolve) => (open = resolve));
    const first = signInWith(scene, github, "user-only");
    await until("GitHub is asked", () => github.asked.length === 1);
    const { location, cookie } = await beginSignIn(scene, "github");
    const path = github.approve(location, "user-only");
    const { answer } = await endSignIn(scene, path, cookie);
    assert.equal(answer.status, 429);
    assert.equal(answer.headers["retry-after"], "1");
    assert.equal(reasonOf(answer), "busy");
    open();
    assert.equal((await first).answer.status, 303);
    assert.equal((await endSignIn(scene, path, cookie)).answer.status, 303);
  });
});

describe("over TLS", { timeout: 60_000 }, () => {
  it("GitHub's certificate is verified", async () => {
    const before = process.env.SSL_CERT_FILE;
    let github;
    let scene;
    try {
      scene = await Scene.start("sign-in-tls", { isLate: true, options: (one) => ["--config", join(one.folder, "hub.toml")] });
      const authority = new Authority(scene.folder, "authority");
      const files = authority.issue("provider", "DNS:localhost");
      github = await startGitHub(files);
      configFor(github, { lists: ['allowed_users = ["user-only"]'] })(scene);
      await scene.startHub();
      const begun = await beginSignIn(scene, "github");
      const refused = await endSignIn(scene, github.approve(begun.location, "user-only"), begun.cookie);
      assert.equal(refused.answer.status, 502);
      assert.equal(github.asked.length, 0);
      process.env.SSL_CERT_FILE = authority.file;
      await scene.hub.restart();
      assert.equal((await signInWith(scene, github, "user-only")).answer.status, 303);
    } finally {
      if (before === undefined) delete process.env.SSL_CERT_FILE;
      else process.env.SSL_CERT_FILE = before;
      await scene?.stop();
      await github?.stop();
    }
  });
});

describe("the file in README.md", { timeout: 60_000 }, () => {
  it("starts a hub with TLS, GitHub sign-in and an apps domain, in under 15 lines", async () => {
    const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
    const text = /```toml\n([^`]+)```/.exec(readme)[1];
    assert.ok(text.trimEnd().split("\n").length < 15);
    let github;
    const scene = await Scene.start("sign-in-readme", { isLate: true });
    try {
      const authority = new Authority(scene.folder, "authority");
      const files = authority.issue("provider", "DNS:localhost,DNS:hub.example.org,DNS:*.apps.example.org");
      github = await startGitHub(files);
      github.client.id = "Ov23liExample";
      github.addAccount("octocat");
      writeFileSync(join(scene.folder, "github.secret"), github.client.secret, { mode: 0o600 });
      // Ports and folders of this test; everything else stands as it is.
      const config = join(scene.folder, "readme.toml");
      writeFileSync(config, text
        .replace("0.0.0.0:443", `127.0.0.1:${scene.port}`)
        .replace("https://hub.example.org", `https://hub.example.org:${scene.port}`)
        .replace("/var/lib/berth", scene.hub.data)
        .replace("/etc/berth/fullchain.pem", files.cert)
        .replace("/etc/berth/key.pem", files.key)
        .replace("/etc/berth/github.secret", join(scene.folder, "github.secret")));
      const env = { ...process.env, HOME: scene.folder, SSL_CERT_FILE: authority.file, BERTH_GITHUB_URL: github.url };
      const hub = start("hub", berth, ["hub", "--config", config], { env, logs: scene.output });
      assert.equal((await hub.line(/^berth hub ready: (\S+)/))[1], `https://hub.example.org:${scene.port}`);
      Object.assign(scene, { host: `hub.example.org:${scene.port}`, url: `https://hub.example.org:${scene.port}`, ca: readFileSync(authority.file) });
      for (const [login, status] of [["octocat", 303], ["org-member", 303], ["nobody", 403]]) {
        const { answer, cookie } = await signInWith(scene, github, login);
        assert.equal(answer.status, status, login);
        if (cookie === undefined) continue;
        assert.match(cookie, /^__Host-berth_session=/);
        for (const field of answer.headers["set-cookie"]) assert.match(field, /; Secure/);
        const session = JSON.parse((await scene.api("GET", "/api/session", { cookie })).body);
        assert.equal(session.subdomain_mode, true);
      }
    } finally {
      await scene.stop();
      await github?.stop();
    }
  });
});
