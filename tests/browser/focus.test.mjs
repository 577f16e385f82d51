// Where the keyboard is while the list puts itself into another order, as it does whenever something happens.
// The hub is real; what it tells of instances is the test's.
import assert from "node:assert/strict";
import { before, describe } from "node:test";
import { client, permission } from "./lib/fake_hub_socket.mjs";
import { ToldPage } from "./lib/told_page.mjs";
import { until } from "./lib/wait.mjs";

function asking(id, question) {
  const session = { id: "s1", title: "Tidy up", is_busy: true, needs_you: true, state: "needs_you", question: permission(question, "ls") };
  return client(id, "needs_you", { metadata: { sessions: [session] } });
}

describe("focus", { concurrency: 1 }, () => {
  const told = ToldPage.ofSuite("focus");
  const { check, show, update, card } = told;
  let page;
  before(() => {
    ({ page } = told);
  });

  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
  /** Waits until the cards stand in this order. */
  const ordered = (...ids) => until(`the order ${ids}`, async () => {
    const present = await page.locator("[data-instance]").evaluateAll((cards) => cards.map((one) => one.dataset.instance));
    return present.join() === ids.join();
  });

  check("what is typed goes on where it was begun when another card comes above", async () => {
    await show("/dashboard", [asking("zeta", "q1"), client("alpha"), client("mid")]);
    await card("zeta").locator("summary").click();
    const reason = card("zeta").getByRole("textbox");
    await reason.fill("because this");
    await reason.evaluate((input) => input.setSelectionRange(8, 8));
    await update(asking("alpha", "q2"));
    await ordered("alpha", "zeta", "mid");
    await page.keyboard.type("of ");
    assert.equal(await reason.inputValue(), "because of this");
  });

  check("a button keeps the focus whichever cards move", async () => {
    for (const [mover, order] of [["zeta", "zeta,alpha,mid"], ["mid", "mid,alpha,zeta"], ["alpha", "alpha,mid,zeta"]]) {
      for (const held of ["alpha", "mid", "zeta"]) {
        await show("/dashboard", [client("alpha"), client("mid"), client("zeta")]);
        await ordered("alpha", "mid", "zeta");
        await page.getByRole("button", { name: `Open ${held}` }).focus();
        await update(asking(mover, "q1"));
        await card(mover).locator(".question").waitFor();
        await ordered(...order.split(","));
        assert.equal(await focused(), `Open ${held}`, `${mover} needs somebody`);
      }
    }
  });

  check("after an answer the focus stays on the card, wherever that goes", async () => {
    for (const isSocketFirst of [false, true]) {
      const goOn = async () => {
        await update(client("zeta", "busy"));
        await ordered("alpha", "mid", "zeta");
      };
      await page.route("**/api/clients/*/answers", async (route) => {
        if (isSocketFirst) await goOn();
        await route.fulfill({ status: 200, json: {} });
      });
      await show("/dashboard", [asking("zeta", "q1"), client("alpha", "busy"), client("mid", "busy")]);
      await told.asked("q1");
      await card("zeta").getByRole("button", { name: /^Approve/ }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("status").getByText("Answered. The run goes on.").waitFor({ state: "attached" });
      if (!isSocketFirst) await goOn();
      await until("the focus is on the card", async () => (await focused()) === "zeta");
      await page.unroute("**/api/clients/*/answers");
    }
  });

  check("what has the focus does not lie under the bar", async () => {
    await page.setViewportSize({ width: 360, height: 420 });
    await show("/dashboard", Array.from({ length: 12 }, (_, index) => client(`box${index}`)));
    await page.getByRole("button", { name: "Open box9" }).focus();
    for (let step = 0; step < 30; step += 1) {
      await page.keyboard.press("Shift+Tab");
      const hidden = await page.evaluate(() => {
        const one = document.activeElement;
        const bar = document.querySelector(".bar");
        return bar.contains(one) ? 0 : bar.getBoundingClientRect().bottom - one.getBoundingClientRect().top;
      });
      assert.ok(hidden <= 0, `${await focused()} is ${hidden} px under the bar`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  check("a filter does not go away under the focus", async () => {
    await show("/dashboard", [client("alpha", "busy"), client("mid")]);
    const busy = page.getByRole("button", { name: /^Busy/ });
    await busy.focus();
    await update(client("alpha"));
    await page.getByRole("button", { name: "Busy 0" }).waitFor();
    assert.equal(await focused(), "Busy 0");
    await page.getByRole("searchbox").focus();
    await update(client("alpha", "active"));
    await busy.waitFor({ state: "detached" });
  });

  /** Waits until the keyboard is there. */
  const isAt = (what) => until(`the focus is at ${what}`, async () => (await focused()) === what);

  check("a button to open an instance keeps the focus while its agent is away, and opens nothing then", async () => {
    let opened = 0;
    await page.route("**/api/clients/*/open*", (route) => {
      opened += 1;
      return route.fulfill({ status: 503, json: {} });
    });
    await show("/dashboard", [client("one"), client("two")]);
    const open = page.getByRole("button", { name: "Open one" });
    await open.focus();
    await update(client("one", "offline"));
    await card("one").getByText("Offline", { exact: true }).waitFor();
    await isAt("Open one");
    assert.equal(await open.isDisabled(), true);
    await page.keyboard.press("Enter");
    await update(client("one"));
    await card("one").getByText("Idle", { exact: true }).waitFor();
    await told.drawn();
    assert.equal(opened, 0);
    await page.keyboard.press("Enter");
    await card("one").getByRole("alert").waitFor();
    assert.equal(opened, 1);
    await isAt("Open one");
    await page.unroute("**/api/clients/*/open*");
  });

  check("where what has the focus goes away, the focus goes to the heading of its card", async () => {
    await page.route("**/api/session", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), path_mode: true } });
    });
    await show("/dashboard", [asking("zeta", "q1"), client("alpha")]);
    await page.getByRole("link", { name: "Open alpha in path mode" }).focus();
    await update(client("alpha", "offline"));
    await isAt("alpha");
    await card("zeta").locator("summary").click();
    await card("zeta").getByRole("textbox").fill("because");
    // Answered elsewhere; the card stays, and then it moves at the same time.
    await update(asking("zeta", "q2"));
    await isAt("zeta");
    await card("zeta").locator("summary").click();
    await card("zeta").getByRole("textbox").fill("because");
    await update(client("zeta", "offline"));
    await ordered("alpha", "zeta");
    await isAt("zeta");
    await page.unroute("**/api/session");
  });

  check("where a card goes away with the focus, the focus goes to the next, or the last", async () => {
    await page.route("**/api/clients/*/answers", (route) => route.fulfill({ json: {} }));
    await show("/dashboard?state=needs_you", [asking("alpha", "q1"), asking("mid", "q2"), asking("zeta", "q3")]);
    await told.asked("q1");
    await card("alpha").getByRole("button", { name: /^Approve/ }).focus();
    await page.keyboard.press("Enter");
    await isAt("alpha");
    await update(client("alpha", "busy"));
    await isAt("mid");
    await told.tell({ type: "client_removed", client_id: "mid" });
    await isAt("zeta");
    await update(client("zeta", "busy"));
    await page.getByRole("button", { name: "Show all" }).focus();
    await page.keyboard.press("Enter");
    await ordered("alpha", "zeta");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.unroute("**/api/clients/*/answers");
    await page.setViewportSize({ width: 1280, height: 500 });
    await show("/dashboard", Array.from({ length: 60 }, (_, index) => client(`box${String(index).padStart(2, "0")}`)));
    await told.drawn();
    await page.evaluate(() => {
      const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Show more");
      button.focus({ preventScroll: true });
      button.click();
    });
    await until("all are there", async () => (await page.locator(".card").count()) === 60);
    await isAt("box39");
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  check("who leaves a field for nothing in particular is not led back to it", async () => {
    await show("/dashboard", [asking("zeta", "q1"), client("alpha")]);
    await card("zeta").locator("summary").click();
    await card("zeta").getByRole("textbox").focus();
    await page.evaluate(() => document.activeElement.blur());
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 20)));
    await update(client("zeta", "busy"));
    await page.locator(".question").waitFor({ state: "detached" });
    await told.drawn();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "BODY");
  });
});
