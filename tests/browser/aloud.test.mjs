// What a screen reader reads out of the dashboard and of an instance's page, and what it is spared.
// The hub is real; what it tells of instances is the test's.
import assert from "node:assert/strict";
import { before, describe } from "node:test";
import { asking, client, fleet, history, permission } from "./lib/fake_hub_socket.mjs";
import { ToldPage } from "./lib/told_page.mjs";

describe("what is read aloud", { concurrency: 1 }, () => {
  const told = ToldPage.ofSuite("aloud");
  const { check, show, update, card } = told;
  let page;
  before(() => {
    ({ page } = told);
  });

  check("what begins to need the user is said aloud", async () => {
    await show("/dashboard", [client("one"), client("two")]);
    await card("two").waitFor();
    const said = page.getByRole("status").filter({ hasText: "two needs you" });
    await update(client("two", "needs_you"));
    await said.waitFor({ state: "attached" });
    // What is said once more has to change, also while another waits.
    await update(client("one", "needs_you"));
    await said.waitFor({ state: "detached" });
    await update(client("two", "busy"));
    // Shown, so that it is not one change with the next.
    await card("two").getByText("Busy").first().waitFor();
    await update(client("two", "needs_you"));
    await said.waitFor({ state: "attached" });
    await update(client("two", "busy"));
    await said.waitFor({ state: "detached" });
  });

  /** Begins to listen to what is read out; returns what tells what was, since it was asked last. */
  async function listen() {
    await page.evaluate(() => {
      window.heard = [];
      new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
          const isText = target.nodeType === Node.TEXT_NODE;
          const isRead = (isText || addedNodes.length > 0) && (isText ? target.parentElement : target).closest("[role=status]");
          if (isRead && target.textContent !== "") window.heard.push(target.textContent);
        }
      }).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
    });
    return async () => {
      await told.drawn();
      return page.evaluate(() => window.heard.splice(0));
    };
  }

  check("each question that joins or replaces one is said aloud, also on the page of its instance", async () => {
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() }));
    await page.route("**/api/clients/*/answers", (route) => route.fulfill({ json: {} }));
    const ask = (...ids) => asking("one", ...ids.map((id) => permission(id, `touch ${id}`)));
    for (const path of ["/dashboard", "/instances/one"]) {
      await show(path, [client("one"), client("two")]);
      await page.getByText("Idle", { exact: true }).first().waitFor();
      const heard = await listen();
      await update(ask("q1"));
      assert.deepEqual(await heard(), ["one needs you"], "it begins");
      await update(ask("q1", "q2"));
      assert.deepEqual(await heard(), ["one needs you"], "another joins it");
      await update({ ...ask("q1", "q2"), latency_ms: 40 });
      assert.deepEqual(await heard(), [], "nothing new");
      await update(ask("q3", "q2"));
      assert.deepEqual(await heard(), ["one needs you"], "another in the place of the first");
      await told.asked("q3");
      await page.getByRole("button", { name: /^Approve/ }).first().click();
      await page.getByText("Answered. The run goes on.").first().waitFor();
      await heard();
      await update(ask("q4"));
      assert.deepEqual(await heard(), ["one needs you"], "the next after an answer");
      await update(asking("two", permission("q9", "ls")));
      assert.deepEqual((await heard()).filter((text) => text.includes("two")), path === "/dashboard" ? ["two needs you"] : []);
      await update(client("one", "busy"));
      assert.deepEqual(await heard(), path === "/dashboard" ? [] : ["Busy"], "the state of the one that the page is about");
    }
    await page.unroute("**/api/clients/*/answers");
    await page.unroute("**/api/clients/*/history");
  });

  check("how many fit is read out when one chooses, and not whenever that changes", async () => {
    await show("/dashboard", fleet());
    await card("demo").waitFor();
    const heard = await listen();
    await page.getByRole("button", { name: /^Busy/ }).click();
    assert.deepEqual(await heard(), ["1 of 7 instances"]);
    for (const state of ["busy", "idle", "busy"]) await update(client("workstation", state));
    await page.getByText("2 of 7 instances").first().waitFor();
    assert.deepEqual(await heard(), []);
    await page.getByRole("button", { name: /^All/ }).click();
    assert.deepEqual(await heard(), ["7 instances"]);
  });

  check("what counts the time is not read out again and again", async () => {
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() }));
    await show("/instances/ada-laptop", fleet());
    await page.getByText("Needs you", { exact: true }).first().waitFor();
    assert.equal(await page.locator("[role=status] time").count(), 0);
    await show("/dashboard", fleet());
    await card("demo").waitFor();
    await page.evaluate(() => window.hubSocket.set(false));
    await page.getByText("Below is what it said").waitFor();
    assert.equal(await page.locator("[role=status] time").count(), 0);
    await page.unroute("**/api/clients/*/history");
  });
});
