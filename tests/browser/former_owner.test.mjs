// An id that was somebody else's, in a database of before ids stayed their first owner's: what its address left
// in a browser is gone before the new owner's page is there.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./lib/stage.mjs";

/** In the page of the old instance: a worker of the whole address, and something in every kind of storage. */
async function plant() {
  await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  await navigator.serviceWorker.ready;
  localStorage.setItem("words", "ada's");
  await (await caches.open("words")).put("/words", new Response("ada's"));
  await new Promise((resolve) => { indexedDB.open("words").onsuccess = resolve; });
  await fetch("/kept");
  await fetch("/", { method: "HEAD" });
}

/** What is there, in the page of the new one. */
async function found() {
  return {
    title: document.title,
    kept: await (await fetch("/kept", { cache: "force-cache" })).text(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    isControlled: navigator.serviceWorker.controller !== null,
    words: localStorage.getItem("words"),
    caches: await caches.keys(),
    databases: (await indexedDB.databases()).map(({ name }) => name),
  };
}

function serve(name) {
  return ({ url }) => {
    if (url === "/sw.js") return { headers: { "content-type": "text/javascript" }, body: "self.onfetch = () => {};" };
    if (url === "/kept") return { headers: { "content-type": "text/plain", "cache-control": "max-age=3600, immutable" }, body: name };
    return { body: `<!doctype html><title>${name}</title><h1>${name}</h1>` };
  };
}

describe("an id that became somebody else's", { concurrency: 1 }, () => {
  let stage, page, ben, box;
  before(async () => {
    stage = await Stage.start("former-owner");
    box = await stage.plainInstance("box", serve("ada"), { owner: "ada" });
    box.agent = await stage.hub.startAgent(box);
    page = await stage.signIn("ada");
    ben = await stage.otherBrowser("ben");
    await stage.card(page, "box").getByRole("button", { disabled: false }).first().waitFor();
  }, { timeout: 60_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 60_000 }, () => stage.check(name, body));

  const api = (tab, method, path, body) => tab.evaluate(async ([how, where, what]) => {
    const headers = { "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
    return (await fetch(where, { method: how, headers, ...(what && { body: JSON.stringify(what) }) })).status;
  }, [method, path, body]);

  check("as long as it is the same one's, what they stored stays", async () => {
    await stage.open(page, box);
    await page.evaluate(plant);
    await stage.open(page, box);
    const { kept, workers, words, caches, databases } = await page.evaluate(found);
    assert.deepEqual({ kept, workers, words, caches, databases }, { kept: "ada", workers: 1, words: "ada's", caches: ["words"], databases: ["words"] });
  });

  check("the next owner's page meets no worker, no storage and no cached file of the old one", async () => {
    await page.goto(`${stage.hub.url}/dashboard`);
    await box.agent.stop();
    await stage.card(page, "box").getByText("Offline").first().waitFor();
    assert.equal(await api(page, "DELETE", "/api/clients/box"), 204);
    await stage.hub.giveUpId("box");
    const next = await stage.plainInstance("box", serve("ben"), { owner: "ben" });
    const agent = await stage.hub.startAgent(next);
    await agent.line(/connected to .* as /);
    await stage.card(ben, "box").getByRole("button", { disabled: false }).first().waitFor();
    assert.equal(await api(ben, "POST", "/api/clients/box/shares", { kind: "user", login: "ada", role: "operator" }), 201);
    await stage.card(page, "box").getByRole("button", { disabled: false }).first().waitFor();
    await stage.open(page, next);
    assert.deepEqual(await page.evaluate(found), {
      title: "ben", kept: "ben", workers: 0, isControlled: false, words: null, caches: [], databases: [],
    });
  });
});
