// The page where a user answers an agent that wants to be enrolled, as the user sees it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lookAt } from "./lib/look.mjs";
import { saidAgain } from "./lib/said_again.mjs";
import { Stage } from "./lib/stage.mjs";

const markup = '<img src=x onerror="document.title=1">';

describe("the page that enrols agents", { concurrency: 1 }, () => {
  let stage, page;
  before(async () => {
    stage = await Stage.start("enroll");
    page = await stage.context.newPage();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const look = (name) => lookAt(stage, page, name);
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  /** An agent asks: what the hub gave it. */
  async function ask(fields = {}) {
    const answer = await fetch(`${stage.hub.url}/api/enrolments`, {
      method: "POST",
      body: JSON.stringify({ machine: "laptop.example.org", instance_id: "laptop", agent_version: "1.0", platform: "linux x86_64", ...fields }),
    });
    assert.equal(answer.status, 201);
    return answer.json();
  }

  async function poll(started) {
    for (;;) {
      const answer = await fetch(`${stage.hub.url}/api/enrolments/poll`, {
        method: "POST", body: JSON.stringify({ device_secret: started.device_secret }),
      });
      if (answer.status !== 429) return answer.json();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  check("without a session it leads to sign-in and comes back with its code, which no address keeps", async () => {
    const started = await ask();
    await page.goto(`${started.verification_url}#${started.user_code}`);
    await page.waitForURL(`${stage.hub.url}/login?next=/enroll`);
    const code = new URL(await stage.hub.loginLink()).hash;
    await page.getByLabel("Sign-in link").fill(code);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(`${stage.hub.url}/enroll`);
    await page.getByText("laptop.example.org", { exact: true }).waitFor();
    await page.getByText("127.0.0.1", { exact: true }).waitFor();
    await page.getByText(started.user_code, { exact: true }).waitFor();
    assert.ok(stage.recorder.requests.every(({ url }) => !url.split("#")[0].includes(started.user_code)));
    await look("agent");
    await page.getByRole("button", { name: "Deny" }).click();
    await page.getByText("The agent on laptop.example.org gets nothing").waitFor();
    assert.equal((await poll(started)).status, "denied");
    await look("denied");
  });

  check("a typed code shows the machine, whose words are only text; approved, its agent gets a token", async () => {
    const started = await ask({ machine: markup, platform: "a".repeat(100) });
    await page.goto(`${stage.hub.url}/enroll`);
    await look("code");
    await page.getByLabel("Code").fill(started.user_code.toLowerCase().replace("-", ""));
    assert.equal(await page.getByLabel("Code").inputValue(), started.user_code);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(markup).waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.match(await page.title(), /Enrol/);
    await look("markup");
    assert.ok(await page.getByRole("checkbox").isChecked());
    await page.getByLabel("The agent's token works").selectOption({ label: "for 30 days" });
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText(`berth agent --hub ${stage.hub.url} --id laptop`).waitFor();
    await look("approved");
    const answer = await poll(started);
    assert.equal(answer.status, "approved");
    assert.deepEqual(answer.instance_ids, ["laptop"]);
    const days = (Date.parse(answer.expires_at) - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days <= 30, String(days));
  });

  check("an unknown code says so and may be corrected", async () => {
    const started = await ask();
    assert.equal(page.url(), `${stage.hub.url}/enroll`, "only the fragment changes");
    await page.goto(`${stage.hub.url}/enroll#BCDF-GHJK`);
    await page.getByText("No agent waits with this code").waitFor();
    assert.equal(page.url(), `${stage.hub.url}/enroll`);
    await look("unknown");
    await page.getByLabel("Code").fill(started.user_code);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("laptop.example.org", { exact: true }).waitFor();
  });

  check("what is no whole code is told at its field", async () => {
    await page.goto("about:blank");
    await page.goto(`${stage.hub.url}/enroll`);
    const code = page.getByLabel("Code");
    for (const typed of ["", "BCDF"]) {
      await code.fill(typed);
      await code.press("Enter");
      await page.getByRole("alert").waitFor();
      assert.equal(await code.evaluate((input) => input.ariaInvalid), "true");
      const id = await code.getAttribute("aria-describedby");
      assert.equal(await page.locator(`#${id}`).innerText(), "Type the eight letters that the agent's terminal shows.");
      assert.ok(await code.evaluate((input) => input === document.activeElement));
      await saidAgain(page, () => code.press("Enter"));
    }
    await look("no-code");
  });

  check("a reload keeps the agent until it is answered; afterwards, and for another visit, there is none", async () => {
    const started = await ask();
    await page.goto("about:blank");
    await page.goto(`${stage.hub.url}/enroll#${started.user_code}`);
    const machine = page.getByText("laptop.example.org", { exact: true });
    await machine.waitFor();
    await page.reload();
    await machine.waitFor();
    assert.equal(page.url(), `${stage.hub.url}/enroll`);
    await page.getByRole("link", { name: "All instances" }).click();
    await page.getByRole("link", { name: "Add an instance" }).click();
    const code = page.getByLabel("Code");
    await code.waitFor();
    await page.getByRole("link", { name: "All instances" }).waitFor();
    await code.fill(started.user_code);
    await code.press("Enter");
    await machine.waitFor();
    await page.reload();
    await machine.waitFor();
    await page.getByRole("button", { name: "Deny" }).press("Enter");
    await page.getByText("gets nothing").waitFor();
    await page.getByRole("button", { name: "Another code" }).press("Enter");
    assert.equal(await code.inputValue(), "");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Enrol an agent");
    await page.reload();
    await code.waitFor();
    // For the next check.
    await code.fill((await ask()).user_code);
    await code.press("Enter");
    await machine.waitFor();
  });

  check("the page works by keyboard alone, and its content policy had nothing to complain of", async () => {
    await page.getByRole("heading", { name: "Enrol an agent" }).focus();
    await page.keyboard.press("Tab");
    assert.ok(await page.getByRole("checkbox").evaluate((box) => box === document.activeElement));
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("is enrolled").waitFor();
    await page.getByRole("link", { name: "All instances", exact: true }).waitFor();
    const complaints = stage.recorder.console.filter(({ text }) => /Content.Security.Policy/i.test(text));
    assert.deepEqual(complaints, []);
  });
});
