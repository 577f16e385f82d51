// A GitHub as berth uses it: the OAuth pages with PKCE and the few questions of its API, in pages of
// two entries. Logins may change hands; ids do not.
import { createHash, randomBytes } from "node:crypto";
import { FakeServer } from "./fake_server.mjs";

const api = "/api/v3";

export class FakeGitHub extends FakeServer {
  kind = "github";
  client = { id: "Iv1.0123456789abcdef", secret: `github-secret-${randomBytes(8).toString("hex")}` };
  pageSize = 2;
  /** By login. */
  accounts = new Map();
  /** By login: id. */
  orgs = new Map();
  tokens = new Map();
  #codes = new Map();
  #nextId = 100;

  static async start(files) {
    const one = new FakeGitHub();
    await one.listen(files);
    return one;
  }

  addOrg(login) {
    this.orgs.set(login, this.#nextId++);
  }

  /** `orgs`: {org: "active" or "pending"}; `teams`: ["org/slug"]. */
  addAccount(login, { orgs = {}, teams = [] } = {}) {
    const account = { id: this.#nextId++, login, orgs, teams };
    this.accounts.set(login, account);
    return account;
  }

  rename(from, to) {
    const account = this.accounts.get(from);
    this.accounts.delete(from);
    account.login = to;
    this.accounts.set(to, account);
  }

  /** The org and its number, members and teams go on under another login; the old one is free. */
  renameOrg(from, to) {
    this.orgs.set(to, this.orgs.get(from));
    this.orgs.delete(from);
    for (const account of this.accounts.values()) {
      account.orgs = Object.fromEntries(Object.entries(account.orgs).map(([login, state]) => [login === from ? to : login, state]));
      account.teams = account.teams.map((team) => (team.startsWith(`${from}/`) ? to + team.slice(from.length) : team));
    }
  }

  /**
   * The user agrees: the path and query that the browser comes back to the hub with. `location` is
   * where the hub sent it.
   */
  approve(location, login) {
    const url = new URL(location);
    if (url.origin !== this.url || url.pathname !== "/login/oauth/authorize") throw new Error(`not GitHub's page: ${url}`);
    const query = url.searchParams;
    if (query.get("client_id") !== this.client.id || query.get("code_challenge_method") !== "S256") throw new Error(`wrong: ${url}`);
    const code = `${randomBytes(10).toString("hex")}+/&=%20`;  // Whoever does not escape it loses it.
    this.#codes.set(code, { login, challenge: query.get("code_challenge"), redirect: query.get("redirect_uri") });
    const back = new URL(query.get("redirect_uri"));
    back.searchParams.set("code", code);
    back.searchParams.set("state", query.get("state"));
    return back.pathname + back.search;
  }

  /** From now on no token of this account is good. */
  revokeTokens(account) {
    for (const [token, owner] of this.tokens) if (owner === account) this.tokens.delete(token);
  }

  answer(url, request, form) {
    if (url.pathname === "/login/oauth/access_token") return this.#token(form);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const account = this.tokens.get(token);
    if (account === undefined) return { status: 401, body: { message: "Bad credentials" } };
    if (!/^berth-hub\//.test(request.headers["user-agent"] ?? "")) return { status: 403, body: { message: "who asks?" } };
    const path = url.pathname.slice(api.length);
    const org = (login) => ({ login, id: this.orgs.get(login) });
    if (path === "/user") return { body: { id: account.id, login: account.login, name: `Name of ${account.login}`, avatar_url: "" } };
    if (path === "/user/memberships/orgs") {
      return this.#page(url, Object.entries(account.orgs).map(([login, state]) => ({ state, organization: org(login) })));
    }
    if (path === "/user/teams") {
      return this.#page(url, account.teams.map((team) => {
        const [login, slug] = team.split("/");
        return { id: 1, slug, organization: org(login) };
      }));
    }
    const [, kind, name] = /^\/(users|orgs)\/([^/]+)$/.exec(path) ?? [];
    const id = kind === "users" ? this.accounts.get(name)?.id : this.orgs.get(name);
    return id === undefined ? { status: 404, body: {} } : { body: { id, login: name } };
  }

  #token(form) {
    const code = this.#codes.get(form.get("code"));
    this.#codes.delete(form.get("code"));
    if (form.get("client_id") !== this.client.id || form.get("client_secret") !== this.client.secret) {
      return { body: { error: "incorrect_client_credentials" } };
    }
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (code === undefined || code.challenge !== challenge || code.redirect !== form.get("redirect_uri")) {
      return { body: { error: "bad_verification_code", error_description: "The code is incorrect." } };
    }
    const token = `gho_${randomBytes(18).toString("hex")}`;
    this.tokens.set(token, this.accounts.get(code.login));
    return { body: { access_token: token, token_type: "bearer", scope: "read:org" } };
  }

  #page(url, entries) {
    const page = Number(url.searchParams.get("page") ?? 1);
    const next = new URL(url);
    next.searchParams.set("page", String(page + 1));
    const headers = {};
    if (page * this.pageSize < entries.length) {
      headers.link = `<${url.href}>; rel="first", <${next.href}>; rel="next"`;
    }
    return { headers, body: entries.slice((page - 1) * this.pageSize, page * this.pageSize) };
  }
}
