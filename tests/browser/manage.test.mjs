// What the owner of an instance manages on its page: shares, name, disconnect, remove. Real agents, and
// somebody else in a browser of their own.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lookAt } from "./lib/look.mjs";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

const label = 'The <b>box</b> "☂"';

describe("managing an instance on its page", { concurrency: 1 }, () => {
  let stage, page, member, box;
  before(async () => {
    stage = await Stage.start("manage");
    page = await stage.signIn();
    member = await stage.otherBrowser("mia");
    box = await stage.plainInstance("box", () => ({ body: "<h1>box</h1>" }));
    box.agent = await stage.hub.startAgent(box);
    await box.agent.line(/instance at /);
    await page.goto(`${stage.hub.url}/instances/box`);
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const look = (name) => lookAt(stage, page, name);
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  const button = (of, name) => of.getByRole("button", { name, exact: true });
  const dialog = (tab) => tab.getByRole("dialog");
  const shares = () => page.getByRole("table", { name: "Shares" });

  async function share({ kind, fill, role = "viewer", until: end = "for a week" }) {
    await button(page, "Share").click();
    await dialog(page).getByLabel("With").selectOption({ label: kind });
    await fill?.();
    await dialog(page).getByLabel("As").selectOption(role);
    await dialog(page).getByLabel("Holds").selectOption({ label: end });
  }

  check("shared with nobody it says what can be done", async () => {
    await page.getByText("Nobody but you").waitFor();
    await look("alone");
  });

  check("a hub without a domain for instances says that nothing can be shared there, and why", async () => {
    await page.route("**/api/session", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), subdomain_mode: false } });
    });
    await page.reload();
    await page.getByText("--apps-domain").waitFor();
    assert.equal(await button(page, "Share").count(), 0);
    await look("no-domain");
    await page.unroute("**/api/session");
    await page.reload();
    await button(page, "Share").waitFor();
  });

  check("shared with a person: they see it at once, as what they are, and cannot manage it", async () => {
    await share({ kind: "a person", fill: () => dialog(page).getByLabel("Person").selectOption({ label: "mia" }) });
    await look("new-share");
    await button(dialog(page), "Share").click();
    await shares().getByRole("row", { name: "mia" }).getByText("viewer", { exact: true }).waitFor();
    await stage.card(member, "box").waitFor();
    await member.goto(`${stage.hub.url}/instances/box`);
    await member.getByText(/You are a viewer of this instance/).waitFor();
    assert.equal(await member.getByRole("button", { name: /Rename|Remove|Disconnect|^Share/ }).count(), 0);
  });

  check("shared with a group and with everybody; each is taken back after a question", async () => {
    await share({ kind: "an organisation or team", role: "operator", until: "until a time that you choose", fill: () => dialog(page).getByLabel("Group").fill("/acme") });
    await dialog(page).getByText("oidc:NAME").waitFor();
    await dialog(page).getByLabel("Until").fill("2001-01-01T00:00");
    await button(dialog(page), "Share").click();
    assert.ok(await dialog(page).isVisible(), "the past is nothing to choose");
    await dialog(page).getByLabel("Until").fill("2099-12-31T23:59");
    await look("share-until");
    await button(dialog(page), "Share").click();
    await dialog(page).getByRole("alert").getByText("no group").waitFor();
    await dialog(page).getByLabel("Group").fill("acme/platform");
    await button(dialog(page), "Share").click();
    await dialog(page).getByRole("alert").getByText("nobody of the GitHub organisation").waitFor();
    await dialog(page).getByLabel("Group").fill("oidc:engineering");
    await button(dialog(page), "Share").click();
    await shares().getByRole("row", { name: "members of oidc:engineering" }).getByText("operator", { exact: true }).waitFor();
    const end = await shares().getByRole("row", { name: "members of oidc:engineering" }).locator("time").getAttribute("datetime");
    assert.equal(Date.parse(end), await page.evaluate(() => new Date(2099, 11, 31, 23, 59).getTime()));
    await share({ kind: "everybody on this hub", until: "until you take it back" });
    await button(dialog(page), "Share").click();
    await shares().getByRole("row", { name: "everybody on this hub" }).getByText("when you take it back").waitFor();
    await look("shared");
    for (const whom of ["everybody on this hub", "members of oidc:engineering", "mia"]) {
      await button(page, `Take back from ${whom}`).click();
      await button(dialog(page), "Take back").click();
      await page.getByRole("status").filter({ hasText: `no longer shared with ${whom}` }).waitFor();
    }
    await page.getByText("Nobody but you").waitFor();
    await until("the focus is at the heading", () => page.evaluate(() => document.activeElement?.id === "sharing"));
    await member.goto(`${stage.hub.url}/dashboard`);
    await member.getByText("No instance yet").waitFor();
  });

  check("renamed, its new name is shown everywhere as text", async () => {
    const other = await stage.context.newPage();
    await other.goto(`${stage.hub.url}/dashboard`);
    await stage.card(other, "box").waitFor();
    await button(page, "Rename").click();
    await dialog(page).getByLabel("Name").fill(label);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1 }).filter({ hasText: label }).waitFor();
    await stage.card(other, "box").getByText(label).first().waitFor();
    assert.equal(await other.locator("main b").count(), 0);
    await other.close();
  });

  check("disconnected and removed, each after a question; then the dashboard has nothing", async () => {
    assert.equal(await button(page, "Remove").count(), 0);
    await button(page, "Disconnect").click();
    await dialog(page).getByText("What the agent itself started").waitFor();
    await look("disconnect");
    await page.keyboard.press("Escape");
    await button(page, "Disconnect").click();
    await button(dialog(page), "Disconnect").click();
    await button(page, "Remove").click();
    await dialog(page).getByText("revoke its token too").waitFor();
    await look("remove");
    await button(dialog(page), "Remove").click();
    await page.waitForURL(`${stage.hub.url}/dashboard`);
    await page.getByText("No instance yet").waitFor();
  });
});
