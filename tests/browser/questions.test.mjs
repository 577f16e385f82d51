// What sessions ask, on the dashboard and on an instance's page: shown whole, and answered as it was meant.
// The hub is real; what it tells of instances is the test's, and so is what becomes of an answer.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { choices, client, history, permission } from "./lib/fake_hub_socket.mjs";
import { ToldPage } from "./lib/told_page.mjs";
import { until } from "./lib/wait.mjs";

/** An instance whose sessions wait with these questions, one each. */
function asking(id, ...questions) {
  const sessions = questions.map((question, index) => ({
    id: `s${index + 1}`, title: "Tidy up", is_busy: true, needs_you: true, state: "needs_you", question,
  }));
  return client(id, "needs_you", { metadata: { sessions } });
}

describe("questions", { concurrency: 1 }, () => {
  const told = ToldPage.ofSuite("questions");
  const { check, show, update, card, inspect } = told;
  let page;
  before(() => {
    ({ page } = told);
  });

  check("a permission is approved and denied from the card, and each outcome is said", async () => {
    const answers = [];
    let reply = { status: 200, body: '{"outcome":"sent"}', contentType: "application/json" };
    await page.route("**/api/clients/*/answers", (route) => {
      answers.push({ url: new URL(route.request().url()).pathname, ...route.request().postDataJSON() });
      return route.fulfill(reply);
    });
    const waiting = (id) => asking("one", permission(id, `touch ${id}`));
    await show("/dashboard", [waiting("first")]);
    const approve = card("one").getByRole("button", { name: "Approve Bash in Tidy up on one" });
    const deny = card("one").getByRole("button", { name: "Deny Bash in Tidy up on one" });
    await told.asked("first");
    await approve.click();
    await card("one").getByText("Answered. The run goes on.").waitFor();
    assert.deepEqual(answers.pop(), { url: "/api/clients/one/answers", session_id: "s1", question_id: "first", allow: true });
    await update(waiting("second"));
    await told.asked("second");
    await deny.click();
    await card("one").getByText("Denied. The run is told.").waitFor();
    assert.deepEqual(answers.pop(), { url: "/api/clients/one/answers", session_id: "s1", question_id: "second", allow: false });
    await update(waiting("reasoned"));
    await told.asked("reasoned");
    await deny.focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type(" use the cache instead ");
    await inspect("reason");
    await told.asked("reasoned");
    await page.keyboard.press("Enter");
    await card("one").getByText("Denied. The run is told.").waitFor();
    assert.deepEqual(answers.pop(), {
      url: "/api/clients/one/answers", session_id: "s1", question_id: "reasoned", allow: false, message: "use the cache instead",
    });
    await update(waiting("third"));
    await told.asked("third");
    reply = { status: 409, body: '{"title":"Answered elsewhere","status":409,"detail":"Gone."}', contentType: "application/problem+json" };
    await approve.click();
    await card("one").getByText("Answered elsewhere, or given up: this question").waitFor();
    await update(waiting("fourth"));
    await told.asked("fourth");
    reply = { status: 503, body: '{"detail":"The instance\'s agent is away; answer again once it is back."}', contentType: "application/problem+json" };
    await approve.click();
    await card("one").getByText("agent is away").waitFor();
    assert.equal(await approve.isEnabled(), true);
    await inspect("answer");
    // Somebody answers at the instance itself.
    await update(client("one", "busy"));
    await card("one").getByText("Bash: answered elsewhere, or given up.").waitFor();
    await page.unroute("**/api/clients/*/answers");
  });

  check("who answered is told right when the socket is faster than the answer", async () => {
    const waiting = (id) => asking("one", permission(id, `touch ${id}`));
    let status = 200;
    await page.route("**/api/clients/*/answers", async (route) => {
      await update(client("one", "busy"));
      await page.locator(".question").waitFor({ state: "detached" });
      await told.drawn();
      await route.fulfill({ status, json: {} });
    });
    await show("/dashboard", [waiting("first")]);
    const approve = card("one").getByRole("button", { name: /^Approve/ });
    const elsewhere = card("one").getByText("Bash: answered elsewhere, or given up.");
    const press = async (id) => {
      await told.asked(id);
      const answered = page.waitForResponse("**/api/clients/*/answers");
      await approve.click();
      await answered;
    };
    await press("first");
    assert.equal(await elsewhere.count(), 0);
    status = 409;
    await update(waiting("second"));
    await press("second");
    await elsewhere.waitFor();
    await page.unroute("**/api/clients/*/answers");
  });

  check("an answer of which no word came may have arrived: nobody else is said to have answered", async () => {
    const waiting = (id) => asking("one", permission(id, `touch ${id}`));
    const elsewhere = card("one").getByText("Bash: answered elsewhere");
    const approve = card("one").getByRole("button", { name: /^Approve/ });
    let end = (route) => route.abort();
    await page.route("**/api/clients/*/answers", (route) => end(route));
    await show("/dashboard", [waiting("lost")]);
    await told.asked("lost");
    await approve.click();
    await card("one").getByText("The hub does not answer. Your answer may have arrived all the same.").waitFor();
    // It had.
    await update(client("one", "busy"));
    await page.locator('[data-question="lost"]').waitFor({ state: "detached" });
    end = (route) => route.fulfill({ status: 504, json: { detail: "The instance took too long to answer." } });
    await update(waiting("late"));
    await told.asked("late");
    assert.equal(await elsewhere.count(), 0);
    await approve.click();
    await card("one").getByText("took too long to answer. Your answer may have arrived all the same.").waitFor();
    await inspect("in-doubt");
    end = (route) => route.fulfill({ status: 409, json: {} });
    await told.asked("late");
    await approve.click();
    await card("one").getByText("your answer arrived, or it was answered elsewhere or given up").waitFor();
    await update(client("one", "busy"));
    await page.locator('[data-question="late"]').waitFor({ state: "detached" });
    await update(waiting("next"));
    await told.asked("next");
    assert.equal(await elsewhere.count(), 0);
    await page.unroute("**/api/clients/*/answers");
  });

  check("that somebody else answered is said for a while, whatever is asked next", async () => {
    const waiting = (id) => asking("one", permission(id, `touch ${id}`));
    await show("/dashboard", [waiting("first")]);
    await card("one").getByText("touch first").waitFor();
    await page.evaluate(() => {
      const real = window.setTimeout;
      window.setTimeout = (body, ms) => real(body, ms === 12_000 ? 500 : ms);
    });
    await update(client("one", "busy"));
    const elsewhere = card("one").getByText("Bash: answered elsewhere, or given up.");
    await elsewhere.waitFor();
    await update(waiting("second"));
    await card("one").getByText("touch second").waitFor();
    await elsewhere.waitFor({ state: "detached" });
  });

  check("an agent that has not reported since it connected answers nothing", async () => {
    const waiting = asking("one", permission("first", "touch first"));
    await show("/dashboard", [waiting]);
    await card("one").getByText("touch first").waitFor();
    await update(client("one", "idle", { metadata: { awaits_status: true } }));
    await page.locator(".question").waitFor({ state: "detached" });
    await update(waiting);
    await card("one").getByText("touch first").waitFor();
    const elsewhere = card("one").getByText("Bash: answered elsewhere, or given up.");
    assert.equal(await elsewhere.count(), 0);
    await update(client("one", "idle", { metadata: { awaits_status: true } }));
    await page.locator(".question").waitFor({ state: "detached" });
    await update(client("one", "idle"));
    await elsewhere.waitFor();
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

  check("the outcome is read out and the keyboard keeps its place, also when the socket is faster", async () => {
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    const said = (text) => page.getByRole("status").getByText(text).waitFor({ state: "attached" });
    let reply = { status: 503, json: { detail: "The instance's agent is away." } };
    let before = () => {};
    await page.route("**/api/clients/*/answers", async (route) => {
      await before();
      await route.fulfill(reply);
    });
    await show("/dashboard", [asking("one", permission("q1", "ls"))]);
    const approve = card("one").getByRole("button", { name: /^Approve/ });
    const press = async (id) => {
      await told.asked(id);
      await approve.focus();
      await page.keyboard.press("Enter");
    };
    await press("q1");
    await card("one").getByText("agent is away").waitFor();
    await until("the focus is where it was", async () => (await focused()) === "Approve");
    reply = { status: 200, json: {} };
    // The heading, where the focus goes, is above what is seen of the page: it stays there.
    await page.setViewportSize({ width: 360, height: 240 });
    await approve.evaluate((button) => button.scrollIntoView({ block: "start" }));
    const heading = card("one").getByRole("heading", { name: "one" });
    const bottom = () => heading.evaluate((element) => element.getBoundingClientRect().bottom);
    assert.ok((await bottom()) < 0);
    await press("q1");
    await said("Tidy up on one: Answered. The run goes on.");
    await until("the focus is on the card", async () => (await focused()) === "one");
    assert.ok((await bottom()) < 0, "the page scrolled to the heading");
    await page.setViewportSize({ width: 1280, height: 800 });
    await update(asking("one", permission("q2", "ls")));
    before = async () => {
      await update(client("one", "busy"));
      await page.locator(".question").waitFor({ state: "detached" });
    };
    await press("q2");
    await until("the focus is on the card again", async () => (await focused()) === "one");
    // Somebody else answers.
    await update(asking("one", permission("q3", "ls")));
    await page.locator('[data-question="q3"]').waitFor();
    await update(client("one", "busy"));
    await said("Bash: answered elsewhere, or given up.");
    await page.unroute("**/api/clients/*/answers");
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
