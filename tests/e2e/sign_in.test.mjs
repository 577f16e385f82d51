// Signing in with GitHub: who gets in, and what a callback must bring along. The GitHub is ours
// (lib/fake_github.mjs), over HTTP and over TLS.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { berth } from "../browser/lib/hub.mjs";
import { start } from "../browser/lib/processes.mjs";
import { beginSignIn, cookiesOf, endSignIn, reasonOf, signInWith, whoAmI } from "./lib/browser_sign_in.mjs";
import { Authority } from "./lib/certificates.mjs";
import { configFor, startGitHub } from "./lib/github_sign_in.mjs";
import { ask } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";
import { expectInNoFile } from "./lib/secrets.mjs";

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

describe("over TLS", { timeout: 60_000 }, () => {
  it("GitHub's certificate is verified", async () => {
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
      scene.hub.environment.SSL_CERT_FILE = authority.file;
      await scene.hub.restart();
      assert.equal((await signInWith(scene, github, "user-only")).answer.status, 303);
    } finally {
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
      const env = { ...scene.hub.env, SSL_CERT_FILE: authority.file, BERTH_GITHUB_URL: github.url };
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
