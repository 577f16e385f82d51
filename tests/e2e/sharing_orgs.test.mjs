// Shares with orgs and teams of GitHub: they are for the org's number, because its name may be another
// org's tomorrow. The GitHub is ours (lib/fake_github.mjs).
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { signInWith } from "./lib/browser_sign_in.mjs";
import { FakeGitHub } from "./lib/fake_github.mjs";
import { ask } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

describe("an instance shared with orgs of GitHub", { timeout: 60_000 }, () => {
  let github, scene, owner;
  before(async () => {
    github = await FakeGitHub.start();
    for (const org of ["acme", "staff"]) github.addOrg(org);
    github.addAccount("mia", { orgs: { staff: "active", acme: "active" }, teams: ["acme/web"] });
    scene = await Scene.start("sharing-orgs", { options: ({ folder }) => {
      const secret = join(folder, "github.secret");
      writeFileSync(secret, github.client.secret, { mode: 0o600 });
      const file = join(folder, "hub.toml");
      writeFileSync(file, [
        `github_url = "${github.url}"`, `github_client_id = "${github.client.id}"`, `github_client_secret_file = "${secret}"`,
        'allowed_orgs = ["staff"]', "[limits]", 'membership_recheck = "300ms"', "sign_in_attempts = 1000", "",
      ].join("\n"));
      return ["--config", file];
    } });
    await scene.instance("box");
    owner = await scene.signIn();
  });
  after(async () => {
    await scene?.stop();
    await github?.stop();
  });

  const share = (subject) => scene.api("POST", "/api/clients/box/shares", { cookie: owner, body: JSON.stringify({ kind: "group", role: "viewer", subject }) });
  const signIn = async (login) => {
    const { answer, cookie } = await signInWith(scene, github, login);
    assert.equal(answer.status, 303, login);
    return cookie;
  };
  const statusFor = async (cookie) => (await scene.api("GET", "/clients/box", { cookie })).status;

  it("not with one that nobody here is in", async () => {
    const { status, body } = await share("acme");
    assert.equal(status, 409);
    assert.match(JSON.parse(body).detail, /Nobody of the GitHub organisation "acme" has signed in here yet/);
  });

  it("an org keeps what is shared with it when it is renamed, and whoever takes its name gets nothing", async () => {
    const mia = await signIn("mia");
    assert.equal(await statusFor(mia), 404);
    for (const subject of ["acme/web", "ACME"]) assert.equal((await share(subject)).status, 201);
    assert.equal(await statusFor(mia), 200);

    github.renameOrg("acme", "acme-inc");
    github.addOrg("acme");
    github.addAccount("eve", { orgs: { staff: "active", acme: "active" }, teams: ["acme/web"] });
    const eve = await signIn("eve");
    const groupsOf = async (login) => JSON.parse((await scene.api("GET", "/api/people", { cookie: owner })).body).people.find((one) => one.login === login).groups;
    await until("the hub knows the new name", async () => (await groupsOf("mia")).includes("acme-inc/web"));
    assert.deepEqual(await groupsOf("eve"), ["staff", "acme", "acme/web"]);
    assert.equal(await statusFor(eve), 404);
    assert.equal(await statusFor(mia), 200);
    assert.equal((await ask((await scene.subdomainWay("box", mia)).options("/x"))).status, 200);
    await scene.hub.restart();
    assert.equal(await statusFor(eve), 404);
    assert.equal(await statusFor(mia), 200);

    // Whoever means the new one has to say so.
    const seen = (await share("acme/web")).body;
    assert.match(JSON.parse(seen).detail, /the organisation that had this name before/);
    assert.match(JSON.parse((await share("acme-inc/web")).body).detail, /the same organisation as "acme\/web"/);
    const { shares } = JSON.parse((await scene.api("GET", "/api/clients/box/shares", { cookie: owner })).body);
    const { id } = shares.find((one) => one.subject === "acme/web");
    assert.equal((await scene.api("DELETE", `/api/clients/box/shares/${id}`, { cookie: owner })).status, 204);
    assert.equal((await share("acme/web")).status, 201);
    assert.equal(await statusFor(eve), 200);
  });
});
