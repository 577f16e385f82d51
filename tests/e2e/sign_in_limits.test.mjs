// Signing in with GitHub where it is asked for too often, by somebody else's page, or while the hub cannot.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { asNavigation, beginSignIn, endSignIn, reasonOf, signInWith, whoAmI } from "./lib/browser_sign_in.mjs";
import { startBoth } from "./lib/github_sign_in.mjs";
import { ask } from "./lib/http.mjs";
import { lock } from "./lib/locked_database.mjs";

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
