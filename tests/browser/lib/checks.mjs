// The checks that every way to an instance must pass. Each is told the world; they run in this order
// on two tabs, because the last ones judge everything that happened before.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as baseline from "./baseline.mjs";
import { accepted, candidates } from "./credentials.mjs";
import * as ui from "./ui.mjs";
import { until } from "./wait.mjs";

const bigFile = Number(process.env.BERTH_BIG_FILE ?? 150 * 1024 * 1024);

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Waits until `file` is there with as many bytes as expected, and compares them. */
async function arrived(file, bytes, deadlineMs) {
  await until(`${file} is whole`, () => existsSync(file) && statSync(file).size === bytes.length, deadlineMs);
  assert.equal(sha256(readFileSync(file)), sha256(bytes));
}

/** `url` relative to the instance it belongs to; undefined for other hosts. */
function within(world, url) {
  for (const instance of [world.alpha, world.beta]) {
    const base = world.address(instance)?.replace(/^http/, "");
    const rest = url.replace(/^(ws|http)/, "");
    if (base !== undefined && rest.startsWith(base)) return rest.slice(base.length).split(/[?#]/)[0];
  }
  return undefined;
}

export const checks = {
  "the project list appears without a sign-in": async (world) => {
    world.page = await world.open(world.alpha);
    await ui.seeProjects(world.page, world.alpha);
    await until("the chat socket", () => world.recorder.socketsTo("/ws").length > 0);
  },

  "a session opened from the list stays on the instance's address": async (world) => {
    const { page, alpha } = world;
    await ui.chooseSession(page, alpha, /first words of alpha/);
    await page.waitForURL(`${world.address(alpha)}session/${alpha.session}`);
    const links = await page.evaluate(() =>
      [...document.querySelectorAll("a[href]")].map((a) => a.href).filter((href) => href.includes(location.host)),
    );
    for (const link of links) assert.ok(link.startsWith(world.address(alpha)), link);
  },

  "back and forward stay inside": async (world) => {
    const { page, alpha } = world;
    await page.goBack();
    await page.waitForURL(world.address(alpha));
    await page.goForward();
    await page.waitForURL(/\/session\//);
  },

  "an answer appears bit by bit": async (world) => {
    const { page, alpha } = world;
    await ui.say(page, "hello gated steps=3");
    // The stand-in goes on only when told to, so each piece was shown before the next one existed.
    for (let step = 1; step <= 3; ++step) {
      await page.getByText(`stub chunk ${step}/3`).first().waitFor();
      assert.equal(await page.getByText(`stub chunk ${step + 1}/3`).count(), 0);
      alpha.openGate(step);
    }
    await page.getByRole("button", { name: "Send", exact: true }).waitFor();
  },

  "formulas, diagrams and code render with their fonts": async (world) => {
    const { page } = world;
    await ui.say(page, "hello render steps=1");
    await page.locator(".katex").first().waitFor();
    await page.locator("svg[id^=mermaid], .mermaid svg").first().waitFor();
    await until("the formula's font", () =>
      page.evaluate(() => [...document.fonts].some((f) => f.family.includes("KaTeX") && f.status === "loaded")),
    );
  },

  "stop ends an answer": async (world) => {
    const { page, alpha } = world;
    await ui.say(page, "hello gated steps=9");
    const running = async () => (await alpha.api("GET", "/api/providers/sessions/running")).data.sessions.length;
    await until("the run starts", async () => (await running()) === 1);
    await page.getByRole("button", { name: /Stop/ }).first().click();
    await until("the run ends", async () => (await running()) === 0);
  },

  "a session's address opens that session again": async (world) => {
    const { page, alpha } = world;
    const address = `${world.address(alpha)}session/${alpha.session}`;
    await page.goto(address);
    await ui.seeProjects(page, alpha);
    await page.reload();
    await ui.seeProjects(page, alpha);
    assert.equal(page.url(), address);
    await page.getByPlaceholder(/ask Cursor/).waitFor();
  },

  "the terminal echoes": async (world) => {
    const { page, alpha, recorder } = world;
    await ui.showTab(page, "Shell");
    await until("the shell's prompt", () => ui.shellOutput(recorder, world.address(alpha)).includes("stub$"));
    await ui.typeInShell(page, "echo berth-$((40+2))\n");
    await until("the echo", () => ui.shellOutput(recorder, world.address(alpha)).includes("berth-42"));
  },

  "the terminal is still there after a reload": async (world) => {
    const { page, alpha, recorder } = world;
    const before = recorder.sockets.length;
    await page.reload();
    await ui.seeProjects(page, alpha);
    await ui.showTab(page, "Shell");
    const fresh = { sockets: [] };
    await until("the old output again", () => {
      fresh.sockets = recorder.sockets.slice(before);
      return ui.shellOutput(fresh, world.address(alpha)).includes("berth-42");
    });
  },

  "an uploaded file arrives and comes back byte for byte": async (world) => {
    const { page, alpha } = world;
    await ui.showTab(page, "Files");
    const bytes = randomBytes(1_000_003);
    await ui.upload(page, { name: "up.bin", mimeType: "application/octet-stream", buffer: bytes });
    const file = join(alpha.project, "up.bin");
    await arrived(file, bytes, 20_000);
    const id = await ui.projectId(page);
    const back = await ui.pageFetch(page, `/api/file-tree/projects/${id}/files/content?path=${encodeURIComponent(file)}`);
    assert.equal(back.status, 200);
    assert.equal(back.sha256, sha256(bytes));
  },

  "a large upload arrives whole": async (world) => {
    const { page, alpha, folder } = world;
    const bytes = Buffer.alloc(bigFile);
    for (let at = 0; at < bytes.length; at += 65536) randomBytes(64).copy(bytes, at);
    writeFileSync(join(folder, "big.bin"), bytes);
    await ui.upload(page, join(folder, "big.bin"));
    await arrived(join(alpha.project, "big.bin"), bytes, 120_000);
  },

  "a user's HTML file comes back unchanged": async (world) => {
    const { page, alpha } = world;
    const html = '<!doctype html><head></head><a href="/x">x</a>';
    const file = join(alpha.project, "page.html");
    writeFileSync(file, html);
    const id = await ui.projectId(page);
    const back = await ui.pageFetch(page, `/api/file-tree/projects/${id}/files/content?path=${encodeURIComponent(file)}`);
    assert.equal(back.text, html);
  },

  "a picture shows": async (world) => {
    const { page } = world;
    await page.getByText("picture.png").first().click();
    await until("the picture", () =>
      page.evaluate(() => [...document.images].some((i) => i.alt === "picture.png" && i.naturalWidth === 4)),
    );
    await page.keyboard.press("Escape");
  },

  "search results come as events": async (world) => {
    const { page } = world;
    const kinds = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const token = encodeURIComponent(localStorage.getItem("auth-token"));
          const source = new EventSource(`/api/providers/search/sessions?q=words&limit=5&token=${token}`);
          const seen = [];
          for (const type of ["title-results", "progress", "result", "done"]) {
            source.addEventListener(type, () => {
              seen.push(type);
              if (type === "done") {
                source.close();
                resolve(seen);
              }
            });
          }
          source.onerror = () => {
            source.close();
            resolve([...seen, "error"]);
          };
        }),
    );
    assert.ok(kinds.includes("done"), kinds.join());
    assert.ok(!kinds.includes("error"), kinds.join());
  },

  "a command that the model wants to run waits for the user": async (world) => {
    const { page, alpha } = world;
    const session = await alpha.createSession("claude", "claude words");
    const file = join(alpha.home, "touched");
    await page.goto(`${world.address(alpha)}session/${session}`);
    await ui.showTab(page, "Chat");
    await ui.say(page, `please USETOOL ${file} now`);
    await page.getByRole("button", { name: /Allow once/ }).first().click({ timeout: 30_000 });
    await page.getByText("tool finished").first().waitFor();
    assert.ok(existsSync(file));
  },

  "the service worker serves this address and no other": async (world) => {
    const { page, alpha } = world;
    assert.equal(await ui.controlledPage(page), world.address(alpha));
    await ui.seeProjects(page, alpha);
  },

  "the app can be installed": async (world) => {
    const { page, alpha } = world;
    const devtools = await world.context.newCDPSession(page);
    const { url, errors, data } = await devtools.send("Page.getAppManifest");
    assert.ok(url.startsWith(world.address(alpha)), url);
    assert.deepEqual(errors, []);
    const start = new URL(JSON.parse(data).start_url, url).href;
    assert.equal(start, world.address(alpha));
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors, []);
    await devtools.detach();
  },

  "two instances side by side keep to themselves": async (world) => {
    const { page, alpha, beta, recorder } = world;
    const other = await world.open(beta);
    await ui.seeProjects(other, beta);
    await page.goto(world.address(alpha));
    await ui.seeProjects(page, alpha);
    await page.evaluate(() => localStorage.setItem("probe", "alpha"));
    assert.equal(await other.evaluate(() => localStorage.getItem("probe")), null);
    // Each page asks for the running sessions every few seconds; two rounds of both after this.
    const polls = (instance) =>
      recorder.requests.filter(({ url }) => url.startsWith(`${world.address(instance)}api/providers/sessions/running`)).length;
    const before = [polls(alpha), polls(beta)];
    await until("both pages ask again", () => polls(alpha) >= before[0] + 2 && polls(beta) >= before[1] + 2, 30_000);
    await Promise.all([page.reload(), other.reload()]);
    await ui.seeProjects(page, alpha);
    await ui.seeProjects(other, beta);
    world.other = other;
  },

  "check 10: nothing in storage, cookies, addresses, headers, frames or pages is a credential of the instance": async (world) => {
    const words = await candidates(world.context, world.recorder);
    for (const instance of [world.alpha, world.beta]) {
      const { token, key } = instance;
      assert.deepEqual(await accepted(instance, [token, key]), [`bearer ${token}`, `key ${key}`, `keyQuery ${key}`, `query ${token}`]);
      const good = await accepted(instance, words);
      // Directly, the page has to hold the real token: this shows that the search finds one.
      if (world.mode === "direct") assert.deepEqual(good, [`bearer ${token}`, `query ${token}`]);
      else assert.deepEqual(good, []);
    }
  },

  "no request leaves the instance's address": async (world) => {
    const escaped = [...world.recorder.requests, ...world.recorder.sockets]
      .map(({ url }) => url)
      .filter((url) => /^(http|ws)s?:/.test(url))
      .filter((url) => /(^|\.)localhost$|^127\.0\.0\.1$/.test(new URL(url).hostname))
      .filter((url) => within(world, url) === undefined)
      .filter((url) => !world.hubPages?.(new URL(url)));
    assert.deepEqual([...new Set(escaped)], []);
  },

  "no request fails that does not fail directly": async (world) => {
    const unexpected = world.recorder.failures
      .filter(({ url }) => /localhost|127\.0\.0\.1/.test(new URL(url).hostname))
      .map(({ status, method, url }) => `${status} ${method} ${within(world, url) ?? url}`)
      .filter((line) => !baseline.failures.some((known) => known.test(line)));
    assert.deepEqual([...new Set(unexpected)], []);
  },

  "no error on the console that is not there directly": async (world) => {
    const unexpected = world.recorder.console
      // A failed load is judged by its request: by status above, and hosts elsewhere are unreachable.
      .filter(({ text }) => !text.startsWith("Failed to load resource:"))
      .map(({ text }) => text)
      .filter((text) => !baseline.consoleErrors.some((known) => known.test(text)));
    assert.deepEqual([...new Set(unexpected)], []);
  },
};
