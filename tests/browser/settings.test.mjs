// The pages under /settings as a user sees them: tokens, sessions, people, the audit log. A hub with
// its owner and a member, each in a browser of their own.
import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { ask } from "../e2e/lib/http.mjs";
import { Receiver } from "../e2e/lib/push_service.mjs";
import { refusal } from "./lib/fake_hub_socket.mjs";
import { lookAt } from "./lib/look.mjs";
import { saidAgain } from "./lib/said_again.mjs";
import { Stage } from "./lib/stage.mjs";
import { until } from "./lib/wait.mjs";

const markup = '<img src=x onerror="document.title=1">';

describe("the settings pages", { concurrency: 1 }, () => {
  let stage, page, member;
  before(async () => {
    stage = await Stage.start("settings");
    page = await stage.signIn();
    member = await stage.otherBrowser("mia");
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const look = (name) => lookAt(stage, page, name);
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  const go = async (tab, path) => {
    await tab.goto(`${stage.hub.url}/settings/${path}`);
    await tab.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  };
  const row = (tab, table, text) => tab.getByRole("table", { name: table }).getByRole("row", { name: text });
  const button = (of, name) => of.getByRole("button", { name, exact: true });
  const dialog = (tab) => tab.getByRole("dialog");

  /** Status of an API call with that bearer token. */
  const asked = async (token, path) =>
    (await fetch(stage.hub.url + path, { headers: { authorization: `Bearer ${token}` } })).status;

  check("the tabs are pages: links, Back and a reload work", async () => {
    await page.goto(`${stage.hub.url}/dashboard`);
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("heading", { name: "Agent tokens" }).waitFor();
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.waitForURL(`${stage.hub.url}/settings/sessions`);
    await page.getByRole("heading", { name: "Your sessions" }).waitFor();
    assert.equal(await page.title(), "Sessions · berth");
    await page.reload();
    await page.getByRole("heading", { name: "Your sessions" }).waitFor();
    await page.getByRole("link", { name: "Audit log" }).click();
    await page.getByRole("heading", { name: "Audit log" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Your sessions" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Sessions" }).getAttribute("aria-current"), "page");
  });

  check("an agent token is made with limits, shown once, works, and is revoked after a question", async () => {
    await go(page, "tokens");
    await page.getByText("No agent token yet").waitFor();
    await page.getByText("No API token yet").waitFor();
    await look("no-tokens");
    await button(page, "New agent token").click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill(`attic ${markup}`);
    await dialog(page).getByLabel("Only for these instances").fill("attic, cellar");
    await dialog(page).getByLabel("Holds").selectOption({ label: "for 30 days" });
    await look("new-agent-token");
    await button(dialog(page), "Create").click();
    const token = await dialog(page).getByRole("textbox", { name: "Token" }).inputValue();
    assert.match(token, /^ao_[0-9a-f]{16}_[0-9a-f]{64}$/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "new-token");
    // It would be lost.
    for (let i = 0; i < 3; ++i) await page.keyboard.press("Escape");
    assert.equal(await dialog(page).getByRole("textbox", { name: "Token" }).inputValue(), token);
    const kept = dialog(page).getByRole("alert").getByText("Copy it first, or press Done.");
    await kept.waitFor();
    await stage.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await button(dialog(page), "Copy").click();
    await dialog(page).getByText("Copied.").waitFor();
    assert.equal(await kept.count(), 0);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
    await look("agent-token-once");
    await button(dialog(page), "Done").click();
    const made = row(page, "Agent tokens", "attic");
    await made.getByText("attic, cellar").waitFor();
    await made.getByText(markup).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.ok(!(await page.content()).includes(token), "the token is still on the page");
    await look("tokens");
    // Escape changes nothing and gives the focus back.
    await made.getByRole("button", { name: /^Revoke/ }).focus();
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    assert.match(await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? ""), /^Revoke attic/);
    await page.keyboard.press("Enter");
    await button(dialog(page), "Revoke").click();
    await page.getByText("No agent token yet").waitFor();
    await page.getByRole("status").filter({ hasText: "is revoked" }).waitFor();
    await until("the focus is at the heading", () => page.evaluate(() => document.activeElement?.id === "agent-tokens"));
  });

  check("what is wrong with a token is said where it is made", async () => {
    await button(page, "New agent token").click();
    assert.ok(await button(dialog(page), "Create").isDisabled());
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("wrong");
    await dialog(page).getByLabel("Only for these instances").fill("Not/an/id");
    // However often it is sent, it is asked for once, and the keyboard stays where it is.
    const held = [];
    await page.route("**/api/tokens", (route) => held.push(route));
    await page.keyboard.press("Enter");
    await until("it is asked for", () => held.length > 0);
    await page.keyboard.press("Enter");
    await button(dialog(page), "Create").click({ force: true });
    await page.getByLabel("Only for these instances").focus();
    await held[0].fallback();
    await dialog(page).getByRole("alert").waitFor();
    assert.equal(held.length, 1);
    assert.equal(await page.evaluate(() => document.activeElement.id), "token-instances");
    await page.unroute("**/api/tokens");
    await button(dialog(page), "Create").press("Enter");
    await dialog(page).getByRole("alert").waitFor();
    assert.equal(await dialog(page).evaluate((element) => element.contains(document.activeElement) && document.activeElement.textContent), "Create");
    await button(dialog(page), "Cancel").click();
    await page.getByText("No agent token yet").waitFor();
  });

  check("an API token has the scopes that were chosen, and ends when it is revoked", async () => {
    await button(page, "New API token").click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("script");
    await button(dialog(page), "Create").click();
    await dialog(page).getByText("Choose at least one scope").waitFor();
    await dialog(page).getByLabel(/^instances:read/).check();
    await look("new-api-token");
    await button(dialog(page), "Create").click();
    const token = await dialog(page).getByRole("textbox", { name: "Token" }).inputValue();
    await page.keyboard.press("Control+C");
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    await row(page, "API tokens", "script").getByText("instances:read").waitFor();
    assert.equal(await asked(token, "/clients"), 200);
    assert.equal(await asked(token, "/api/tokens"), 403);
    // While it is being revoked nothing closes the dialog, which then says how that went.
    let fail;
    await page.route("**/api/api-tokens/*", (route) => {
      fail = () => route.fulfill(refusal(502, "Not reachable", "Not this time."));
    });
    await button(page, "Revoke script").click();
    await button(dialog(page), "Revoke").press("Enter");
    await until("it is asked for", () => fail !== undefined);
    for (let i = 0; i < 3; ++i) await page.keyboard.press("Escape");
    assert.ok(await button(dialog(page), "Cancel").isDisabled());
    await fail();
    await dialog(page).getByRole("alert").getByText("Not this time.").waitFor();
    // Where the keyboard was, in the dialog.
    assert.equal(await dialog(page).evaluate((element) => element.contains(document.activeElement) && document.activeElement.textContent), "Revoke");
    await page.unroute("**/api/api-tokens/*");
    await button(dialog(page), "Cancel").click();
    await button(page, "Revoke script").click();
    await button(dialog(page), "Revoke").click();
    await page.getByText("No API token yet").waitFor();
    assert.equal(await asked(token, "/clients"), 401);
  });

  check("sessions: the current one is marked; one other is ended, then all others", async () => {
    const others = [];
    for (let i = 0; i < 3; ++i) {
      const [, code] = (await stage.hub.loginLink()).split("#");
      const answer = await fetch(`${stage.hub.url}/api/session`, {
        method: "POST", body: JSON.stringify({ code }), headers: { origin: stage.hub.url, "user-agent": `curl/${i}${markup}` },
      });
      others.push(answer.headers.get("set-cookie").split(";")[0]);
    }
    const { host, port } = new URL(stage.hub.url);
    const status = async (cookie) => (await ask({ host: "127.0.0.1", port, path: "/clients", headers: { host, cookie } })).status;
    assert.equal(await status(others[0]), 200);
    await go(page, "sessions");
    const rows = page.getByRole("table", { name: "Sessions" }).locator("tbody tr");
    await until("four sessions", async () => await rows.count() === 4);
    await look("sessions");
    assert.equal(await rows.filter({ hasText: "this one" }).count(), 1);
    await rows.filter({ hasText: "curl" }).first().getByRole("button").click();
    await button(dialog(page), "End session").click();
    await until("three sessions", async () => await rows.count() === 3);
    await button(page, "End all others").click();
    await button(dialog(page), "End all others").click();
    await until("one session", async () => await rows.count() === 1);
    for (const cookie of others) assert.equal(await status(cookie), 401);
    assert.equal(await button(page, "End all others").count(), 0);
  });

  check("a page that the browser kept as it was is loaded again", async () => {
    await go(page, "sessions");
    await page.evaluate(() => {
      window.isOld = true;
      window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    });
    await until("the page is new", () => page.evaluate(() => window.isOld === undefined).catch(() => false));
    await page.getByRole("heading", { name: "Your sessions" }).waitFor();
  });

  check("people: the owner changes roles and signs people out; members see names", async () => {
    await go(member, "people");
    await member.getByRole("row", { name: "mia" }).waitFor();
    assert.equal(await member.getByRole("button", { name: /Make|everywhere/ }).count(), 0);
    await go(page, "people");
    const mia = row(page, "People", "mia");
    await mia.getByText("member", { exact: true }).waitFor();
    await look("people");
    await button(mia, "Make owner: mia").click();
    await button(dialog(page), "Make owner").click();
    await mia.getByText("owner", { exact: true }).waitFor();
    await member.reload();
    await member.getByRole("button", { name: "Make member: mia" }).waitFor();
    await button(mia, "Make member: mia").click();
    await button(dialog(page), "Make member").click();
    await mia.getByText("member", { exact: true }).waitFor();
    // The hub's own reason is read out, and the question stays.
    await page.getByRole("button", { name: /^Make member/ }).click();
    await button(dialog(page), "Make member").click();
    await dialog(page).getByRole("alert").getByText("cannot be changed").waitFor();
    await button(dialog(page), "Cancel").click();
    await button(mia, "Sign out everywhere: mia").click();
    await button(dialog(page), "Sign out everywhere").click();
    await page.getByText("mia is signed out everywhere").waitFor();
    // Signed out, the page does nothing more and says how to go on; it can be left, too.
    await button(member, "Make member: mia").click();
    await button(dialog(member), "Make member").click();
    const way = dialog(member).getByRole("alert").getByRole("link", { name: "Sign in" });
    assert.equal(await way.getAttribute("href"), "/login?next=%2Fsettings%2Fpeople");
    await button(dialog(member), "Cancel").click();
    await button(member, "Sign out").click();
    await member.waitForURL(`${stage.hub.url}/login`);
    await member.goto(`${stage.hub.url}/settings/people`);
    await member.waitForURL((url) => url.pathname === "/login" && url.searchParams.get("next") === "/settings/people");
  });

  check("the audit log is filtered, tells the exact time, and goes further back", async () => {
    await go(page, "audit");
    await row(page, "Audit log", "role change").first().waitFor();
    await look("audit");
    const rows = page.getByRole("table", { name: "Audit log" }).locator("tbody tr");
    const all = await rows.count();
    const exact = await rows.first().locator("time").getAttribute("title");
    assert.match(exact, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    await page.getByLabel("What", { exact: true }).selectOption({ label: "role change" });
    await until("the role changes alone", async () => await rows.count() === 2);
    await page.getByLabel("Who", { exact: true }).fill("nobody of this name");
    await page.getByText("No event fits").waitFor();
    await page.getByLabel("Who", { exact: true }).fill("");
    await page.getByLabel("What", { exact: true }).selectOption({ label: "all" });
    await until("all again", async () => await rows.count() === all);
    await page.getByLabel("Instance", { exact: true }).fill("no-such-instance");
    await page.getByText("No event fits").waitFor();
    await page.getByLabel("Instance", { exact: true }).fill("");
    await page.getByLabel("Result", { exact: true }).selectOption({ label: "ok" });
    const good = rows.filter({ has: page.getByRole("cell", { name: "ok", exact: true }) });
    await until("what went well, alone", async () => (await good.count()) > 0 && (await good.count()) === (await rows.count()));
    assert.equal(await button(page, "Further back").count(), 0);
    // The hub tells of a hundred at a time: each of these calls writes one.
    for (let i = 0; i < 110; ++i) {
      const answer = await page.request.fetch(`${stage.hub.url}/api/sessions`, { method: "DELETE", headers: { origin: stage.hub.url } });
      assert.equal(answer.status(), 204);
    }
    await page.reload();
    await until("a hundred events", async () => await rows.count() === 100);
    await button(page, "Further back").press("Enter");
    await until("all events", async () => await rows.count() > 110);
    assert.equal(await button(page, "Further back").count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement.id), "audit");
    // When a filter's events do not come, those of the last filter do not stay in their place.
    await page.reload();
    await until("a hundred events", async () => await rows.count() === 100);
    await page.route("**/api/audit?*", (route) => route.abort());
    await page.getByLabel("What", { exact: true }).selectOption({ label: "role change" });
    await page.getByRole("alert").getByText("The hub does not answer.").waitFor();
    await page.unroute("**/api/audit?*");
    let end;
    await page.route("**/api/audit?*", (route) => {
      end = () => route.abort();
    });
    await button(page, "Try again").press("Enter");
    await page.getByRole("alert").getByText("Trying again…").waitFor();
    assert.equal(await page.getByText("Loading…").count(), 0, "said once");
    await until("it is asked for", () => end !== undefined);
    end();
    await page.getByRole("alert").getByText("The hub does not answer.").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Try again");
    await page.unroute("**/api/audit?*");
    await button(page, "Try again").click();
    await until("the role changes alone", async () => await rows.count() === 2);
  });

  check("words of the audit log stay whole beside a long detail, and a very long name breaks", async () => {
    const event = (seq, changes) => ({
      seq, at: "2026-11-30T12:00:00.000Z", actor_id: 1, actor: "anna@example.org", action: "token_create", result: "denied",
      instance_id: "annas-laptop", address: "2001:db8:85a3:1234:5678:8a2e:370:7334", detail: "detail ".repeat(60), hash: "", ...changes,
    });
    const tell = async (...events) => {
      await page.route("**/api/audit?*", (route) => route.fulfill({ json: { events, actions: [], has_more: false } }));
      await go(page, "audit");
      await row(page, "Audit log", "token create").first().waitFor();
    };
    /** How many lines that word takes. */
    const lines = (word) => page.getByRole("table", { name: "Audit log" }).getByText(word).first().evaluate((element, wanted) => {
      const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
      const range = document.createRange();
      const start = text.data.indexOf(wanted);
      range.setStart(text, start);
      range.setEnd(text, start + wanted.length);
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
    }, word);
    await page.setViewportSize({ width: 1280, height: 900 });
    await tell(event(1, {}));
    for (const word of ["anna@example.org", "token", "denied", "laptop", "2001:db8:85a3:1234:5678:8a2e:370:7334"]) {
      assert.equal(await lines(word), 1, word);
    }
    await page.unroute("**/api/audit?*");
    await tell(event(1, { actor: "w".repeat(39), instance_id: "i".repeat(63), detail: "d".repeat(200) }));
    for (const width of [360, 700, 1000, 1180, 1280, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `at ${width}`);
    }
    await page.unroute("**/api/audit?*");
  });

  check("signed in again, a member comes back, and reads what they did themselves", async () => {
    await member.getByLabel("Sign-in link").fill(await stage.hub.loginLink("mia"));
    await member.getByRole("button", { name: "Sign in" }).click();
    await member.waitForURL(`${stage.hub.url}/settings/people`);
    await go(member, "audit");
    await row(member, "Audit log", "sign in").first().waitFor();
    const names = await member.getByRole("table", { name: "Audit log" }).locator("tbody tr td:nth-child(2)").allTextContents();
    assert.deepEqual([...new Set(names)], ["mia"]);
  });

  check("a place to be told of events is added, tested and removed", async () => {
    const ntfy = await Receiver.start();
    try {
      await go(page, "notifications");
      await page.getByText("Nobody is told yet").waitFor();
      await look("no-notifications");
      await button(page, "Add").click();
      await dialog(page).getByRole("combobox", { name: "Where" }).selectOption("ntfy");
      await dialog(page).getByRole("textbox", { name: "Name" }).fill(`phone ${markup}`);
      await dialog(page).getByRole("textbox", { name: "Address" }).fill("http://example.com/topic");
      const quiet = dialog(page).getByRole("textbox", { name: "Quiet hours" });
      await quiet.fill("29:00-07:00");
      await button(dialog(page), "Add").click();
      assert.ok(await quiet.evaluate((input) => input.validity.patternMismatch && input === document.activeElement));
      await quiet.fill("22:00-07:00");
      await look("new-notification");
      assert.deepEqual(await dialog(page).getByRole("button").allInnerTexts(), ["Cancel", "Add"]);
      await button(dialog(page), "Add").click();
      // At the field, by the field's name.
      await dialog(page).getByRole("alert").filter({ hasText: /^Address.*https/ }).waitFor();
      assert.equal(await dialog(page).locator("[aria-invalid]").getAttribute("id"), "target-url");
      await look("refused-notification");
      await dialog(page).getByRole("textbox", { name: "Address" }).fill(`${ntfy.url}/topic`);
      await button(dialog(page), "Add").click();
      const made = row(page, "Notification targets", "phone");
      await made.getByText("22:00-07:00").waitFor();
      await made.getByText(markup).waitFor();
      // However often it is pressed, one is sent.
      let send;
      await page.route("**/test", (route) => {
        assert.equal(send, undefined);
        send = () => route.fallback();
      });
      await made.getByRole("button", { name: /^Test/ }).press("Enter");
      await until("it is asked for", () => send !== undefined);
      const testing = made.getByRole("button", { name: /^Testing .*…$/ });
      await testing.press("Enter");
      assert.equal(await testing.innerText(), "Testing…");
      assert.ok(await testing.evaluate((element) => element === document.activeElement));
      await look("testing");
      send();
      await page.getByRole("status").filter({ hasText: "A test was sent" }).waitFor();
      await page.unroute("**/test");
      assert.equal(JSON.parse((await ntfy.wait(1))[0].body).topic, "topic");
      ntfy.answer = { status: 500 };
      await made.getByRole("button", { name: /^Test/ }).click();
      await page.getByRole("alert").filter({ hasText: "it answered 500" }).waitFor();
      await look("notifications");
      await made.getByRole("button", { name: /^Change/ }).click();
      assert.equal(await dialog(page).getByRole("textbox", { name: "Address" }).count(), 0, "where it is stays");
      await dialog(page).getByRole("textbox", { name: "Name" }).fill("pager");
      await dialog(page).getByRole("checkbox", { name: "a run finished" }).check();
      await dialog(page).getByRole("checkbox", { name: "a session needs you" }).uncheck();
      await dialog(page).getByRole("textbox", { name: "Quiet hours" }).fill("");
      await look("change-notification");
      await button(dialog(page), "Save").click();
      await page.getByRole("status").filter({ hasText: '"pager" is changed.' }).waitFor();
      const changed = row(page, "Notification targets", "pager");
      await changed.waitFor();
      assert.deepEqual((await changed.getByRole("cell").allTextContents()).slice(1, 3), ["failed, finished", "none"]);
      await changed.getByRole("button", { name: /^Change/ }).click();
      assert.ok(await dialog(page).getByRole("checkbox", { name: "a run finished" }).isChecked());
      await button(dialog(page), "Cancel").click();
      await changed.getByRole("button", { name: /^Remove/ }).click();
      await button(dialog(page), "Remove").click();
      await page.getByText("Nobody is told yet").waitFor();
    } finally {
      await ntfy.stop();
    }
  });

  check("a refusal of a place is shown whatever the form asks for, and no secret of another kind is sent", async () => {
    const bodies = [];
    const refused = page.getByRole("alert").getByText("Secret is too long.");
    await page.route("**/api/notifications/targets", async (route) => {
      if (route.request().method() !== "POST") return route.fallback();
      bodies.push(route.request().postDataJSON());
      return route.fulfill(refusal(400, "Invalid", "Secret is too long."));
    });
    await go(page, "notifications");
    await button(page, "Add").click();
    const field = (name) => dialog(page).getByRole("textbox", { name });
    const kind = dialog(page).getByRole("combobox", { name: "Where" });
    await kind.selectOption("ntfy");
    await field("Name").fill("phone");
    await field("Address").fill("https://example.com/topic");
    await field("Secret").fill("of-ntfy");
    await button(dialog(page), "Add").click();
    await refused.waitFor();
    assert.equal(await dialog(page).locator("[aria-invalid]").getAttribute("id"), "target-secret");
    await kind.selectOption("slack");
    assert.equal(await refused.count(), 0, "it was about another kind");
    await button(dialog(page), "Add").click();
    await refused.waitFor();
    assert.deepEqual(bodies.map(({ secret }) => secret), ["of-ntfy", undefined]);
    for (const box of await dialog(page).getByRole("checkbox").all()) await box.uncheck();
    await button(dialog(page), "Add").click();
    await page.getByRole("alert").getByText("Choose at least one event.").waitFor();
    await saidAgain(page, () => button(dialog(page), "Add").click());
    await button(dialog(page), "Cancel").click();
    await page.unroute("**/api/notifications/targets");
  });

  check("of two readings of a list the later one counts, whichever answer comes first", async () => {
    await go(page, "notifications");
    let late;
    await page.route("**/api/notifications/targets", async (route) => {
      if (route.request().method() !== "GET" || late !== undefined) return route.fallback();
      const asked = route.fetch();
      late = async () => route.fulfill({ response: await asked });
    });
    for (const name of ["first", "second"]) {
      await button(page, "Add").click();
      await dialog(page).getByRole("combobox", { name: "Where" }).selectOption("ntfy");
      await dialog(page).getByRole("textbox", { name: "Name" }).fill(name);
      await dialog(page).getByRole("textbox", { name: "Address" }).fill(`https://127.0.0.1:9/${name}`);
      await button(dialog(page), "Add").click();
      await dialog(page).waitFor({ state: "detached" });
    }
    await row(page, "Notification targets", "second").waitFor();
    await Promise.all([page.waitForResponse("**/api/notifications/targets"), late()]);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    assert.equal(await row(page, "Notification targets", "second").count(), 1);
    await page.unroute("**/api/notifications/targets");
    for (const name of ["first", "second"]) {
      await button(page, `Remove ${name}`).click();
      await button(dialog(page), "Remove").click();
    }
    await page.getByText("Nobody is told yet").waitFor();
  });

  check("who ends the session that they use here is told of nothing here any more", async () => {
    const tab = await stage.otherBrowser("noa");
    const api = (method, path, body) => tab.evaluate(async ([verb, where, content]) => {
      const headers = { "content-type": "application/json", "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
      return (await fetch(where, { method: verb, headers, body: content })).json();
    }, [method, path, body && JSON.stringify(body)]);
    const keys = createECDH("prime256v1");
    const { id } = await api("POST", "/api/notifications/targets", {
      kind: "webpush", name: "This browser", url: "https://127.0.0.1:9/push", events: ["needs_you"],
      p256dh: keys.generateKeys("base64url"), auth: randomBytes(16).toString("base64url"),
    });
    await tab.evaluate((own) => localStorage.setItem("berth-own-target", own), id);
    // What the hub does not end goes on, with all that belongs to it.
    await tab.route("**/api/session", (route) => (route.request().method() === "DELETE" ? route.abort() : route.fallback()));
    await button(tab, "Sign out").press("Enter");
    await tab.getByRole("alert").getByText("The hub does not answer.").waitFor();
    assert.equal(await tab.evaluate(() => document.activeElement.textContent), "Sign out");
    assert.equal((await api("GET", "/api/notifications/targets")).targets.length, 1);
    assert.equal(await tab.evaluate(() => localStorage.getItem("berth-own-target")), id);
    await tab.unroute("**/api/session");
    await go(tab, "sessions");
    await row(tab, "Sessions", "this one").getByRole("button").click();
    await button(dialog(tab), "Sign out").click();
    await tab.waitForURL(`${stage.hub.url}/login`);
    assert.equal(await tab.evaluate(() => localStorage.getItem("berth-own-target")), null);
    await tab.goto(await stage.hub.loginLink("noa"));
    await tab.waitForURL(`${stage.hub.url}/dashboard`);
    assert.deepEqual((await api("GET", "/api/notifications/targets")).targets, []);
  });

  check("when the hub does not answer each page says so, and tries again", async () => {
    await page.route("**/api/people", (route) => route.abort());
    await go(page, "people");
    await page.getByRole("alert").getByText("The hub does not answer.").waitFor();
    await look("people-failed");
    const again = button(page, "Try again");
    await again.press("Enter");
    await page.getByRole("alert").getByText("The hub does not answer.").waitFor();
    assert.ok(await again.evaluate((element) => element === document.activeElement));
    await page.unroute("**/api/people");
    await again.press("Enter");
    await row(page, "People", "mia").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "people");
  });
});
