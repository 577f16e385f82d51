// Instances in other states than the usual one: never set up, or of an older version.
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

describe("other instances", { concurrency: 1 }, () => {
  let stage, page;
  before(async () => {
    stage = await Stage.start("instances");
    page = await stage.signIn();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));

  /** Opens it both ways; neither asks for an account. */
  async function worksBothWays(instance) {
    await stage.hub.startAgent(instance);
    for (const way of ["subdomain", "path"]) {
      const tab = await stage.context.newPage();
      await tab.goto(`${stage.hub.url}/dashboard`);
      const card = stage.card(tab, instance.name);
      if (way === "path") await card.getByRole("link", { name: /path mode/ }).click();
      else await card.getByRole("button", { name: /^Open/ }).click();
      const inside = tab.locator("button", { hasText: /^(Projects|Settings)$/ }).or(tab.getByText(/Choose Your Project|No projects/)).first();
      const outside = tab.locator("input[type=password]").first();
      await inside.or(outside).first().waitFor({ timeout: 30_000 });
      if (await outside.isVisible()) throw new Error(`${way}: the instance asks for an account`);
      await until("the chat socket", () => stage.recorder.socketsTo("/ws").some(({ url }) => new URL(url).host === new URL(tab.url()).host));
      await tab.close();
    }
  }

  check("an instance without any account is set up by its agent", async () => {
    await worksBothWays(await stage.realInstance("fresh"));
  });

  check("an older version works too", async () => {
    const older = await stage.realInstance("older", { older: true });
    await older.register();
    await worksBothWays(older);
  });
});
