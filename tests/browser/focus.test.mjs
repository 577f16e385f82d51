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
});
