// A hub that browsers reach over plain HTTP under a name, where they keep from it what a request is for.
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";

describe("a hub over plain HTTP", { concurrency: 1 }, () => {
  let stage, page;
  before(async () => {
    stage = await Stage.start("plain", { name: "hub.lan" });
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  check("the dashboard gets its list over its socket", async () => {
    page = await stage.signIn();
    await page.getByRole("heading", { name: "No instance yet" }).waitFor();
  });

  check("the page of an instance likewise", async () => {
    await page.goto(`${stage.hub.url}/instances/nothing`);
    await page.getByRole("heading", { name: "No such instance" }).waitFor();
  });
});
