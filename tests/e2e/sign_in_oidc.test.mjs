// Signing in with OpenID Connect: whom the lists admit, which ID tokens count, and how people are looked
// at again. The provider is ours (lib/fake_oidc.mjs), over HTTP and over TLS.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { asNavigation, beginSignIn, endSignIn, reasonOf, signInWith, whoAmI } from "./lib/browser_sign_in.mjs";
import { Authority } from "./lib/certificates.mjs";
import { FakeOidc, makeKey } from "./lib/fake_oidc.mjs";
import { Scene } from "./lib/scene.mjs";
import { expectInNoFile } from "./lib/secrets.mjs";

async function startProvider(files) {
  const provider = await FakeOidc.start(files);
  provider.accounts.set("sub-1", { name: "One", preferred_username: "one", groups: ["eng", "acme"] });
  provider.accounts.set("sub-2", { name: "Two", email: "two@id.test", groups: ["sales"] });
  provider.accounts.set("eng", { name: "A sub like a group", groups: [] });
  return provider;
}

function configFor(provider, { lists = [], limits = [] } = {}) {
  return (scene) => {
    const secret = join(scene.folder, "oidc.secret");
    writeFileSync(secret, provider.client.secret, { mode: 0o600 });
    const file = join(scene.folder, "hub.toml");
    writeFileSync(file, [
      `oidc_issuer = "${provider.issuer}"`, `oidc_client_id = "${provider.client.id}"`,
      `oidc_client_secret_file = "${secret}"`, 'oidc_name = "Example ID"', ...lists,
      "[limits]", "sign_in_attempts = 1000", ...limits, "",
    ].join("\n"));
    return ["--config", file];
  };
}

describe("check 1: subs and groups admit exactly whom they name", { timeout: 60_000 }, () => {
  const lists = { users: 'oidc_allowed_users = ["sub-2"]', groups: 'oidc_allowed_groups = ["eng"]' };
  const admittedBy = { users: ["sub-2"], groups: ["sub-1"] };
  let provider;
  before(async () => {
    provider = await startProvider();
  });
  after(() => provider.stop());

  for (const names of [[], ["users"], ["groups"], ["users", "groups"]]) {
    it(`with ${names.join(", ") || "no list at all"}`, async () => {
      const scene = await Scene.start(`oidc-lists-${names.length}`, { options: configFor(provider, { lists: names.map((name) => lists[name]) }) });
      try {
        const admitted = new Set(names.flatMap((name) => admittedBy[name]));
        for (const groupsIn of ["id_token", "userinfo"]) {
          provider.groupsIn = groupsIn;
          for (const [sub, { name }] of provider.accounts) {
            const { answer, cookie } = await signInWith(scene, provider, sub);
            if (admitted.has(sub)) {
              assert.equal(await whoAmI(scene, cookie), name);
            } else {
              assert.equal(answer.status, 403, sub);
              assert.equal(reasonOf(answer), "denied");
            }
          }
        }
      } finally {
        await scene.stop();
      }
    });
  }
});

describe("check 2: only an ID token for this sign-in gives a session", { timeout: 60_000 }, () => {
  let provider;
  let scene;
  before(async () => {
    provider = await startProvider();
    scene = await Scene.start("oidc-tokens", { options: configFor(provider, { lists: ['oidc_allowed_users = ["sub-1"]'] }) });
  });
  after(async () => {
    await scene?.stop();
    await provider.stop();
  });

  const stranger = makeKey("RS256", "k1");
  const now = () => Math.floor(Date.now() / 1000);
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const bends = {
    "another key under the same id": (token) => ({ ...token, key: stranger }),
    "a key that is not published": (token) => ({ ...token, header: { ...token.header, kid: "k9" } }),
    "alg none": (token) => ({ raw: `${encode({ alg: "none" })}.${encode(token.claims)}.` }),
    "HS256 with the public key": (token) => {
      const text = `${encode({ alg: "HS256", kid: "k1" })}.${encode(token.claims)}`;
      const pem = token.key.publicKey.export({ type: "spki", format: "pem" });
      return { raw: `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}` };
    },
    "another issuer": (token) => ({ ...token, claims: { ...token.claims, iss: "https://evil.test" } }),
    "another audience": (token) => ({ ...token, claims: { ...token.claims, aud: "other" } }),
    "expired": (token) => ({ ...token, claims: { ...token.claims, exp: now() - 120 } }),
    "not yet valid": (token) => ({ ...token, claims: { ...token.claims, nbf: now() + 600 } }),
    "another nonce": (token) => ({ ...token, claims: { ...token.claims, nonce: "other" } }),
    "no nonce": (token) => ({ ...token, claims: { ...token.claims, nonce: undefined } }),
    "no subject": (token) => ({ ...token, claims: { ...token.claims, sub: "" } }),
    "no token": () => ({ raw: "" }),
  };
  for (const [name, bend] of Object.entries(bends)) {
    it(`refused: ${name}`, async () => {
      provider.bend = bend;
      const { answer, cookie } = await signInWith(scene, provider, "sub-1");
      provider.bend = (token) => token;
      assert.equal(answer.status, 400);
      assert.equal(reasonOf(answer), "code");
      assert.equal(cookie, undefined);
    });
  }

  it("a state serves one provider, one browser, once; a code its own verifier", async () => {
    const asked = provider.count("POST /realm/token");
    const mine = await beginSignIn(scene, "oidc");
    const theirs = await beginSignIn(scene, "oidc");
    const path = provider.approve(theirs.location, "sub-1");
    assert.equal((await endSignIn(scene, path, mine.cookie)).answer.status, 400);
    assert.equal((await endSignIn(scene, path, theirs.cookie)).answer.status, 400);
    assert.equal(provider.count("POST /realm/token"), asked);
    const crossed = new URL(provider.approve(mine.location, "sub-1"), scene.url);
    crossed.searchParams.set("code", new URL(path, scene.url).searchParams.get("code"));
    assert.equal((await endSignIn(scene, crossed.pathname + crossed.search, mine.cookie)).answer.status, 400);
    assert.equal(provider.count("POST /realm/token"), asked + 1);
  });

  it("a page of another origin leads to the sign-in page only", async () => {
    const { status, headers } = await scene.api("GET", "/auth/oidc?next=/settings", { headers: asNavigation });
    assert.deepEqual([status, headers.location, headers["set-cookie"]], [302, "/login?next=/settings", undefined]);
  });

  it("what a provider says is text on the page", async () => {
    provider.accounts.set("markup", { preferred_username: "\"><script src=//evil.test></script>" });
    const { answer } = await signInWith(scene, provider, "markup");
    provider.accounts.delete("markup");
    assert.equal(answer.status, 403);
    assert.equal(answer.body.toString().includes("<script src=//evil"), false);
    assert.match(answer.body.toString(), /content="&quot;&gt;&lt;script src=\/\/evil/);
  });

  it("nothing of all that made a user; a good token does", async () => {
    const people = async () => JSON.parse((await scene.api("GET", "/api/people", { cookie: await scene.signIn() })).body).people;
    assert.equal((await people()).length, 1);
    assert.equal((await signInWith(scene, provider, "sub-1")).answer.status, 303);
    assert.deepEqual((await people()).filter(({ provider: name }) => name === "oidc").map(({ login, groups }) => ({ login, groups })),
      [{ login: "one", groups: ["oidc:eng", "oidc:acme"] }]);
  });
});

describe("an ID token counts", { timeout: 60_000 }, () => {
  for (const alg of ["ES256", "EdDSA"]) {
    it(`signed with ${alg}`, async () => {
      const provider = await startProvider();
      provider.keys = [makeKey(alg, "first")];
      const scene = await Scene.start(`oidc-keys-${alg}`, { options: configFor(provider, { lists: ['oidc_allowed_users = ["sub-1"]'] }) });
      try {
        assert.equal((await signInWith(scene, provider, "sub-1")).answer.status, 303);
      } finally {
        await scene.stop();
        await provider.stop();
      }
    });
  }
});

describe("check 3: people are looked at again", { timeout: 90_000 }, () => {
  let provider;
  let scene;
  before(async () => {
    provider = await startProvider();
    scene = await Scene.start("oidc-membership", { options: configFor(provider, {
      lists: ['oidc_allowed_groups = ["eng"]'], limits: ['membership_recheck = "300ms"', 'membership_grace = "2s"'],
    }) });
  });
  after(async () => {
    await scene?.stop();
    await provider.stop();
  });

  async function signedIn() {
    const { answer, cookie } = await signInWith(scene, provider, "sub-1");
    assert.equal(answer.status, 303);
    return cookie;
  }
  const gone = (cookie) => until("the session ends", async () => await whoAmI(scene, cookie) === 401);
  async function lasts(cookie, line) {
    const asked = provider.count(line);
    await until("three more looks", () => provider.count(line) >= asked + 3);
    assert.equal(await whoAmI(scene, cookie), "One");
  }

  it("by refresh token, each of which works once", async () => {
    const cookie = await signedIn();
    await lasts(cookie, "POST /realm/token");
    provider.accounts.get("sub-1").groups = ["sales"];
    await gone(cookie);
    provider.accounts.get("sub-1").groups = ["eng"];
  });

  it("a refused refresh token ends it", async () => {
    const cookie = await signedIn();
    provider.revoke("sub-1");
    await gone(cookie);
  });

  it("by userinfo where there is no refresh token", async () => {
    provider.hasRefresh = false;
    provider.groupsIn = "userinfo";
    const cookie = await signedIn();
    await lasts(cookie, "GET /realm/userinfo");
    provider.accounts.get("sub-1").groups = [];
    await gone(cookie);
    provider.accounts.get("sub-1").groups = ["eng"];
  });

  it("with neither, it ends after the interval and the grace", async () => {
    provider.hasRefresh = false;
    provider.groupsIn = "userinfo";
    const cookie = await signedIn();
    const asked = provider.count("GET /realm/userinfo");
    provider.expireAccess();
    await until("two looks in vain", () => provider.count("GET /realm/userinfo") >= asked + 2);
    assert.equal(await whoAmI(scene, cookie), "One");
    await gone(cookie);
    provider.hasRefresh = true;
    provider.groupsIn = "id_token";
  });

  it("provider away: the grace, and then the end", async () => {
    const cookie = await signedIn();
    provider.isAway = true;
    const asked = provider.asked.length;
    await until("two looks in vain", () => provider.asked.length >= asked + 2);
    assert.equal(await whoAmI(scene, cookie), "One");
    await gone(cookie);
    provider.isAway = false;
    await signedIn();
  });

  it("check 6: neither the database nor a log holds a token of the provider or the client's secret", () => {
    expectInNoFile(scene, [...provider.issued, provider.client.secret]);
  });
});

describe("over TLS", { timeout: 60_000 }, () => {
  it("the provider's certificate is verified", async () => {
    let provider;
    let scene;
    try {
      scene = await Scene.start("oidc-tls", { isLate: true, options: (one) => ["--config", join(one.folder, "hub.toml")] });
      const authority = new Authority(scene.folder, "authority");
      const files = authority.issue("provider", "DNS:localhost");
      provider = await startProvider(files);
      configFor(provider, { lists: ['oidc_allowed_users = ["sub-1"]'] })(scene);
      await scene.startHub();
      const refused = await beginSignIn(scene, "oidc");
      assert.equal(refused.answer.status, 502);
      assert.equal(reasonOf(refused.answer), "unavailable");
      assert.equal(provider.asked.length, 0);
      scene.hub.environment.SSL_CERT_FILE = authority.file;
      await scene.hub.restart();
      assert.equal((await signInWith(scene, provider, "sub-1")).answer.status, 303);
    } finally {
      await scene?.stop();
      await provider?.stop();
    }
  });
});
