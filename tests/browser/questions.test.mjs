// What sessions ask, on the dashboard and on an instance's page: shown whole, and answered as it was meant. What
// becomes of the answers is in answers.test.mjs.
// The hub is real; what it tells of instances is the test's, and so is what becomes of an answer.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { asking, choices, client, history, permission } from "./lib/fake_hub_socket.mjs";
import { ToldPage } from "./lib/told_page.mjs";

describe("questions", { concurrency: 1 }, () => {
  const told = ToldPage.ofSuite("questions");
  const { check, show, update, card, inspect } = told;
  let page;
  before(() => {
    ({ page } = told);
  });

  check("a permission whose input looks like a question is shown whole, and approved as what it is", async () => {
    const disguised = { ...choices("q"), kind: "permission", tool: "mcp__files__wipe" };
    await show("/dashboard", [asking("one", disguised)]);
    await card("one").getByText("Wants to use mcp__files__wipe").waitFor();
    await card("one").getByRole("button", { name: /^Approve mcp__files__wipe/ }).waitFor();
    assert.equal(await card("one").getByRole("radio").count(), 0);
    const text = JSON.stringify({ ...JSON.parse(choices("q").text), note: "and every backup" });
    await show("/dashboard", [asking("one", { ...choices("q"), text })]);
    await card("one").getByRole("radio", { name: /SQLite/ }).waitFor();
    await card("one").getByText("and every backup").waitFor();
  });

  check("a question that is not shown whole can be denied, and leads to its session", async () => {
    const answers = [];
    await page.route("**/api/clients/*/answers", (route) => {
      answers.push(route.request().postDataJSON());
      return route.fulfill({ status: 200, body: "{}" });
    });
    await show("/dashboard", [asking("one", { ...permission("q", "ls"), text: '{"content":"x… (60014 bytes in all)', is_cut: true })]);
    await told.asked("q");
    await card("one").getByText("This is not all of it").waitFor();
    assert.equal(await card("one").getByRole("button", { name: /Approve|Send/ }).count(), 0);
    assert.equal(await card("one").getByRole("link", { name: "Open the session" }).getAttribute("href"), "/open?client=one&next=%2Fsession%2Fs1");
    await inspect("cut");
    await told.asked("q");
    await card("one").getByRole("button", { name: /^Deny/ }).click();
    await card("one").getByText("Denied. The run is told.").waitFor();
    assert.deepEqual(answers, [{ session_id: "s1", question_id: "q", allow: false }]);
    await page.unroute("**/api/clients/*/answers");
  });

  describe("a press right after what is under the pointer became something else answers nothing", { concurrency: 1 }, () => {
    let calls;
    before(() => page.route("**/api/clients/*/answers", (route) => {
      calls += 1;
      return route.fulfill({ status: 200, body: "{}" });
    }));
    after(() => page.unroute("**/api/clients/*/answers"));

    /** Tells `one`, and presses the first button in `place` as soon as other questions are there: before they are drawn. */
    const pressAfter = (one, place) => page.evaluate(([client, where]) => new Promise((resolve) => {
      const asked = () => [...document.querySelectorAll(".question code")].map(({ textContent }) => textContent).join("\n");
      const before = asked();
      const observer = new MutationObserver(() => {
        if (asked() === before) return;
        observer.disconnect();
        document.querySelector(`${where} .button`).click();
        resolve();
      });
      observer.observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
      window.hubSocket.tell({ type: "client_update", client });
    }), [one, place]);
    const ask = (id) => permission(id, `touch ${id}`);

    /** Opens `path`, lets time pass, and presses right after the change; the box says so and sends nothing. */
    async function isRefused(path, shown, changed, place) {
      calls = 0;
      await show(path, [shown]);
      await told.asked(shown.metadata.sessions.at(-1).question.id);
      await pressAfter(changed, place);
      await page.locator(place).getByText("This changed or moved just now").waitFor();
      assert.equal(calls, 0);
    }

    for (const path of ["/dashboard", "/instances/one"]) {
      before(() => page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() })));
      check(`${path}: another question in the place of the first`, () =>
        isRefused(path, asking("one", ask("q1")), asking("one", ask("q2")), '[data-question="q2"]'));

      check(`${path}: the same question with another text`, () =>
        isRefused(path, asking("one", ask("q1")), asking("one", permission("q1", "rm -r x")), '[data-question="q1"]'));

      check(`${path}: the question above is gone`, async () => {
        const above = asking("one", ask("q1"), ask("q2"));
        const gone = asking("one", undefined, ask("q2"));
        await isRefused(path, above, gone, '[data-question="q2"]');
      });
    }

    check("another card above", async () => {
      calls = 0;
      await show("/dashboard", [asking("zeta", ask("q1"))]);
      await told.asked("q1");
      await pressAfter(asking("alpha", ask("q2")), '[data-instance="alpha"] .question');
      await card("alpha").getByText("This changed or moved just now").waitFor();
      await card("zeta").getByRole("button", { name: /^Approve/ }).evaluate((button) => button.click());
      await card("zeta").getByText("This changed or moved just now").waitFor();
      assert.equal(calls, 0);
    });
  });

  check("questions named like what every object has, or alike, break nothing and are answered one by one", async () => {
    const answers = [];
    await page.route("**/api/clients/*/answers", (route) => {
      answers.push(route.request().postDataJSON());
      return route.fulfill({ status: 200, body: "{}" });
    });
    const ask = (...texts) => ({
      ...choices("q"), text: JSON.stringify({ questions: texts.map((question) => ({ question, options: [{ label: "A" }, { label: "B" }] })) }),
    });
    await show("/dashboard", [asking("one", ask("constructor", "__proto__")), client("two")]);
    await told.asked("q");
    await card("one").getByRole("group", { name: "constructor" }).getByRole("radio", { name: "A" }).check();
    const send = card("one").getByRole("button", { name: /^Send answer/ });
    assert.equal(await send.isDisabled(), true);
    await card("one").getByRole("group", { name: "__proto__" }).getByRole("radio", { name: "B" }).check();
    await send.click();
    await card("one").getByText("Answered. The run goes on.").waitFor();
    assert.deepEqual(Object.entries(answers.pop().answers), [["constructor", "A"], ["__proto__", "B"]]);
    await update(client("two", "busy"));
    await card("two").getByText("Busy", { exact: true }).waitFor();
    // Their answers could not be told apart.
    await update(asking("one", { ...ask("Which?", "Which?"), id: "twice" }));
    await told.asked("twice");
    assert.equal(await card("one").getByRole("radio").count(), 0);
    await page.unroute("**/api/clients/*/answers");
  });

  check("a card that cannot be shown leaves the others alone, and is tried again", async () => {
    await page.route("**/api/clients/*/history", (route) => route.fulfill({ json: history() }));
    for (const path of ["/dashboard", "/instances/one"]) {
      await show(path, [client("one"), client("two")]);
      const what = path === "/dashboard" ? "The card of one" : "This instance";
      await page.getByText("Idle", { exact: true }).first().waitFor();
      await page.evaluate(() => {
        const real = String.prototype.replace;
        String.prototype.replace = function (...values) {
          if (String(this) === "broken") throw new Error("as the test wants it");
          return real.apply(this, values);
        };
      });
      await update(asking("one", { ...permission("q", "ls"), tool: "broken" }));
      await page.getByText(`${what} cannot be shown.`).waitFor();
      await update(client("two", "busy"));
      if (path === "/dashboard") await card("two").getByText("Busy", { exact: true }).waitFor();
      await update(asking("one", permission("q", "ls")));
      await page.locator('[data-question="q"]').waitFor();
      assert.equal(await page.getByText("cannot be shown").count(), 0);
    }
    await page.unroute("**/api/clients/*/history");
  });

  check("a question with choices is answered by its choices, with the keyboard alone", async () => {
    const answers = [];
    await page.route("**/api/clients/*/answers", (route) => {
      answers.push(route.request().postDataJSON());
      return route.fulfill({ status: 200, body: "{}" });
    });
    await show("/dashboard", [asking("one", choices("q"))]);
    await told.asked("q");
    assert.equal(await page.getByRole("button", { name: /Send answer/ }).isDisabled(), true);
    await card("one").getByRole("link", { name: "one", exact: true }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await card("one").getByText("Answered. The run goes on.").waitFor();
    assert.deepEqual(answers, [{ session_id: "s1", question_id: "q", allow: true, answers: { "Which database should the tests use?": "SQLite" } }]);
    await page.unroute("**/api/clients/*/answers");
  });

  check("what was chosen and typed is there again after the agent or the hub was away", async () => {
    await show("/dashboard", [asking("one", choices("q"))]);
    await card("one").getByRole("radio", { name: /SQLite/ }).check();
    await card("one").getByText("Say why you deny").click();
    await card("one").getByRole("textbox").fill("ask the team");
    await update(client("one", "offline"));
    await page.locator(".question").waitFor({ state: "detached" });
    await update(asking("one", choices("q")));
    await page.locator('[data-question="q"]').waitFor();
    assert.equal(await card("one").getByRole("radio", { name: /SQLite/ }).isChecked(), true);
    assert.equal(await card("one").getByRole("textbox").inputValue(), "ask the team");
    // Another text is another choice.
    await update(asking("one", { ...choices("q"), text: choices("q").text.replace("database", "store") }));
    await card("one").getByRole("group", { name: /store/ }).waitFor();
    assert.equal(await card("one").getByRole("radio", { name: /SQLite/ }).isChecked(), false);
    assert.equal(await card("one").getByRole("textbox").inputValue(), "ask the team");
  });

  check("a viewer sees the question and no buttons; path mode is only for one's own", async () => {
    await show("/dashboard", [client("hers", "needs_you", {
      role: "viewer", owner: "grace", path_url: "",
      metadata: { sessions: [{ id: "s1", title: "Plan", is_busy: true, needs_you: true, state: "needs_you", question: permission("q", "make all") }] },
    })]);
    await card("hers").getByText("answering is for its owner and operators").waitFor();
    assert.equal(await card("hers").getByRole("button", { name: /Approve|Deny/ }).count(), 0);
    assert.equal(await card("hers").getByRole("link", { name: /path mode/ }).count(), 0);
    await card("hers").getByText("grace's · you may look").waitFor();
    assert.equal(await card("hers").locator(".shared bdi").textContent(), "grace");
  });
});
