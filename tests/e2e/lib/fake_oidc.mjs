// An OpenID Connect provider as berth uses it: discovery, keys, codes with PKCE, ID tokens, userinfo and
// refresh tokens. What it says can be bent by the test.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { FakeServer } from "./fake_server.mjs";

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A signing key: kinds are RS256, ES256 and EdDSA. */
export function makeKey(alg, kid) {
  const [type, options] = {
    RS256: ["rsa", { modulusLength: 2048 }], ES256: ["ec", { namedCurve: "P-256" }], EdDSA: ["ed25519", {}],
  }[alg];
  return { alg, kid, ...generateKeyPairSync(type, options) };
}

export function signToken(key, claims, header = { alg: key.alg, kid: key.kid, typ: "JWT" }) {
  const text = `${encode(header)}.${encode(claims)}`;
  const digest = key.alg === "EdDSA" ? null : "sha256";
  return `${text}.${sign(digest, Buffer.from(text), { key: key.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

export class FakeOidc extends FakeServer {
  kind = "oidc";
  client = { id: "berth-hub+1", secret: `oidc-secret:${randomBytes(8).toString("hex")}` };
  keys = [makeKey("RS256", "k1")];
  /** By sub: claims. */
  accounts = new Map();
  /** Where the groups are: "id_token", "userinfo". */
  groupsIn = "id_token";
  hasRefresh = true;
  hasUserinfo = true;
  /** Changes a token's {claims, key, header} before it is signed; `raw` replaces the whole text. */
  bend = (token) => token;
  /** Every access and refresh token, and the signature of every ID token. */
  issued = [];
  #codes = new Map();
  #access = new Map();
  #refresh = new Map();

  static async start(files) {
    const one = new FakeOidc();
    await one.listen(files);
    return one;
  }

  get issuer() {
    return `${this.url}/realm`;
  }

  approve(location, sub) {
    const url = new URL(location);
    const query = url.searchParams;
    if (url.pathname !== "/realm/authorize" || query.get("response_type") !== "code") throw new Error(`wrong: ${url}`);
    if (query.get("client_id") !== this.client.id || query.get("code_challenge_method") !== "S256") throw new Error(`wrong: ${url}`);
    if (!query.get("scope").split(" ").includes("openid")) throw new Error("no openid");
    const code = randomBytes(10).toString("base64");
    this.#codes.set(code, { sub, challenge: query.get("code_challenge"), nonce: query.get("nonce"), redirect: query.get("redirect_uri") });
    const back = new URL(query.get("redirect_uri"));
    back.searchParams.set("code", code);
    back.searchParams.set("state", query.get("state"));
    return back.pathname + back.search;
  }

  /** From now on no refresh or access token of this account is good. */
  revoke(sub) {
    for (const tokens of [this.#access, this.#refresh]) for (const [token, owner] of tokens) if (owner === sub) tokens.delete(token);
  }

  /** Access tokens run out. */
  expireAccess() {
    this.#access.clear();
  }

  answer(url, request, form) {
    switch (url.pathname) {
      case "/realm/.well-known/openid-configuration":
        return { body: {
          issuer: this.issuer, authorization_endpoint: `${this.issuer}/authorize`, token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/keys`, ...(this.hasUserinfo ? { userinfo_endpoint: `${this.issuer}/userinfo` } : {}),
        } };
      case "/realm/keys":
        return { body: { keys: this.keys.map(({ alg, kid, publicKey }) => ({ ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" })) } };
      case "/realm/token":
        return this.#token(request, form);
      case "/realm/userinfo":
        return this.#userinfo(request);
      default:
        return { status: 404, body: {} };
    }
  }

  #claims(sub, place) {
    const { groups, ...claims } = this.accounts.get(sub) ?? {};
    return { sub, ...claims, ...(this.groupsIn === place ? { groups } : {}) };
  }

  #userinfo(request) {
    const sub = this.#access.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1]);
    return sub === undefined ? { status: 401, body: {} } : { body: this.#claims(sub, "userinfo") };
  }

  #token(request, form) {
    const given = Buffer.from(/^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "", "base64").toString();
    const [id, secret] = given.split(":").map(decodeURIComponent);
    if (id !== this.client.id || secret !== this.client.secret) return { status: 401, body: { error: "invalid_client" } };
    if (form.get("grant_type") === "refresh_token") {
      const sub = this.#refresh.get(form.get("refresh_token"));
      this.#refresh.delete(form.get("refresh_token"));  // Each works once.
      return sub === undefined ? { status: 400, body: { error: "invalid_grant" } } : this.#issue(sub);
    }
    const code = this.#codes.get(form.get("code"));
    this.#codes.delete(form.get("code"));
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (code === undefined || code.challenge !== challenge || code.redirect !== form.get("redirect_uri")) {
      return { status: 400, body: { error: "invalid_grant" } };
    }
    return this.#issue(code.sub, code.nonce);
  }

  #issue(sub, nonce) {
    const now = Math.floor(Date.now() / 1000);
    const key = this.keys.at(-1);
    const claims = { iss: this.issuer, aud: this.client.id, iat: now, exp: now + 300, nonce, ...this.#claims(sub, "id_token") };
    const token = this.bend({ claims, key, header: { alg: key.alg, kid: key.kid } });
    const access = randomBytes(18).toString("base64url");
    this.#access.set(access, sub);
    const body = { access_token: access, token_type: "Bearer", expires_in: 300, id_token: token.raw ?? signToken(token.key, token.claims, token.header) };
    if (this.hasRefresh) {
      body.refresh_token = randomBytes(18).toString("base64url");
      this.#refresh.set(body.refresh_token, sub);
    }
    this.issued.push(access, body.id_token.slice(body.id_token.lastIndexOf(".") + 1), ...(this.hasRefresh ? [body.refresh_token] : []));
    return { body };
  }
}
