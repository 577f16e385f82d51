// A hub where people sign in with a GitHub of ours.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeGitHub } from "./fake_github.mjs";
import { Scene } from "./scene.mjs";

/** A GitHub with people of every kind, by what they are. */
export async function startGitHub(files) {
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
export function configFor(github, { lists = [], limits = [], attempts = 1000 } = {}) {
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
export async function startBoth(context, name, config) {
  const github = await startGitHub();
  let scene;
  context.after(async () => {
    await scene?.stop();
    await github.stop();
  });
  scene = await Scene.start(name, { options: configFor(github, config) });
  return { github, scene };
}
