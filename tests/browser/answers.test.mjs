// What becomes of answers to what sessions ask, and how the page tells of it.
// The hub is real; what it tells of instances is the test's, and so is what becomes of an answer.
import assert from "node:assert/strict";
import { before, describe } from "node:test";
import { asking, client, permission, refusal } from "./lib/fake_hub_socket.mjs";
import { ToldPage } from "./lib/told_page.mjs";
import { until } from "./lib/wait.mjs";

describe("answers", { concurrency: 1 }, () => {
  const told = ToldPage.ofSuite("answers");
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
    reply = refusal(409, "Answered elsewhere");
    await approve.click();
    await card("one").getByText("Answered elsewhere, or given up: this question").waitFor();
    await update(waiting("fourth"));
    await told.asked("fourth");
    reply = refusal(503, "Not connected", "The instance's agent is away; answer again once it is back.");
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
    let reply = { status: 200, json: {} };
    await page.route("**/api/clients/*/answers", async (route) => {
      await update(client("one", "busy"));
      await page.locator(".question").waitFor({ state: "detached" });
      await told.drawn();
      await route.fulfill(reply);
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
    reply = refusal(409, "Answered elsewhere");
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
    end = (route) => route.fulfill(refusal(504, "Not confirmed", "The instance took too long to answer."));
    await update(waiting("late"));
    await told.asked("late");
    assert.equal(await elsewhere.count(), 0);
    await approve.click();
    await card("one").getByText("took too long to answer. Your answer may have arrived all the same.").waitFor();
    await inspect("in-doubt");
    end = (route) => route.fulfill(refusal(409, "Answered elsewhere"));
    await told.asked("late");
    await approve.click();
    await card("one").getByText("your answer arrived, or it was answered elsewhere or given up").waitFor();
    await update(client("one", "busy"));
    await page.locator('[data-question="late"]').waitFor({ state: "detached" });
    // A proxy before the hub does not know what became of it either.
    end = (route) => route.fulfill({ status: 502, body: "<h1>Bad gateway</h1>", contentType: "text/html" });
    await update(waiting("next"));
    await told.asked("next");
    assert.equal(await elsewhere.count(), 0);
    await approve.click();
    await card("one").getByText("The hub answered 502. Your answer may have arrived all the same.").waitFor();
    await update(client("one", "busy"));
    await page.locator('[data-question="next"]').waitFor({ state: "detached" });
    await update(waiting("last"));
    await told.asked("last");
    assert.equal(await elsewhere.count(), 0);
    await page.unroute("**/api/clients/*/answers");
  });

  check("only a question that is gone loses its buttons, and not for good if it is still asked", async () => {
    let reply = refusal(409, "Conflict", "Too many answers at once.");
    await page.route("**/api/clients/*/answers", (route) => route.fulfill(reply));
    await show("/dashboard", [asking("one", permission("q", "ls"))]);
    const approve = card("one").getByRole("button", { name: /^Approve/ });
    await told.asked("q");
    await approve.click();
    await card("one").getByText("Too many answers at once.").waitFor();
    assert.equal(await approve.count(), 1);
    reply = refusal(409, "Answered elsewhere");
    await told.asked("q");
    await approve.click();
    await card("one").getByText("Answered elsewhere, or given up: this question").waitFor();
    assert.equal(await approve.count(), 0);
    await card("one").getByText("still lists this question as open").waitFor();
    reply = { status: 200, json: {} };
    await told.asked("q");
    await approve.click();
    await card("one").getByText("Answered. The run goes on.").waitFor();
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

  check("while its web UI does not answer an instance says so, and takes no answer", async () => {
    let answers = 0;
    await page.route("**/api/clients/*/answers", (route) => {
      answers += 1;
      return route.fulfill({ status: 200, json: { outcome: "sent" } });
    });
    const withMark = (one, isSilent) => ({ ...one, metadata: { ...one.metadata, no_answer: isSilent } });
    const waiting = (isSilent) => withMark(asking("one", permission("q1", "ls")), isSilent);
    const idle = (isSilent) => withMark(client("two", "idle"), isSilent);
    const words = "The web UI does not answer";
    const doing = (id) => card(id).locator(".card-head").innerText();
    const shown = (id, pattern) => until(`${id} ${pattern}`, async () => pattern.test((await doing(id)).replace(/\s+/g, " ").trim()));
    await show("/dashboard", [waiting(true), idle(true)]);
    await shown("one", /^Needs you for 3 min The web UI does not answer$/);
    await shown("two", /^The web UI does not answer$/);
    await inspect("no-answer");
    const approve = card("one").getByRole("button", { name: "Approve Bash in Tidy up on one" });
    await approve.click({ force: true });
    await card("one").getByText("What you answer would not reach it").waitFor();
    assert.equal(await approve.getAttribute("aria-disabled"), "true");
    assert.equal(answers, 0);
    await update(waiting(undefined));
    await update(idle(undefined));
    await shown("one", /^Needs you for 3 min$/);
    await shown("two", /^Idle for 3 min$/);
    await told.asked("q1");
    await approve.click();
    await card("one").getByText("Answered. The run goes on.").waitFor();
    assert.equal(answers, 1);

    await show("/instances/two", [idle(true)]);
    await page.getByText("the web UI gives it no answer").waitFor();
    await inspect("instance-no-answer");
    await update(idle(undefined));
    await page.getByText("the web UI gives it no answer").waitFor({ state: "detached" });
    assert.deepEqual(await page.locator(".changes .state").allInnerTexts(), ["Idle", words]);
    await page.unroute("**/api/clients/*/answers");
  });

  check("the outcome is read out and the keyboard keeps its place, also when the socket is faster", async () => {
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    const said = (text) => page.getByRole("status").getByText(text).waitFor({ state: "attached" });
    let reply = refusal(503, "Not connected", "The instance's agent is away.");
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
});
