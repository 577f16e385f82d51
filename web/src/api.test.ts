import assert from "node:assert/strict";
import { test } from "node:test";
import { call, hubAway, isGone, isInDoubt, lacksProof, openInstance } from "./api";

/** What the user reads when the hub answers so. */
async function wordsFor(status: number, body: string): Promise<string> {
  Object.assign(globalThis, {
    document: { querySelector: () => null },
    fetch: () => Promise.resolve(new Response(body, { status, headers: { "content-type": "application/problem+json" } })),
  });
  return await call("GET", "/").then(
    () => "",
    (error: Error) => error.message,
  );
}

test("the hub's own words are shown where they say what to do", async () => {
  const problem = (title: string, detail: string) => JSON.stringify({ title, detail });
  assert.equal(await wordsFor(502, problem("Not answered", "The agent says: sign in there.")), "The agent says: sign in there.");
  assert.equal(await wordsFor(429, problem("Too many attempts", "Try again in 840 s.")), "Too many attempts. Try again in 840 s.");
  assert.equal(await wordsFor(404, problem("Not found", "There is nothing at this address.")), "The hub does not know this.");
});

test("an answer without words is explained by its status", async () => {
  for (const body of ["<h1>Bad gateway</h1>", "{}", "null", '{"detail":5}']) {
    assert.equal(await wordsFor(502, body), "The hub answered 502.");
  }
  assert.match(await wordsFor(429, ""), /^Too many attempts/);
  assert.equal(await wordsFor(503, "<h1>Down</h1>"), "The hub is not available.");
});

test("an answer may have arrived where no word came of it, or a proxy's; it is gone where the hub says so", async () => {
  const kinds: string[] = [];
  for (const [status, isHubs, title] of [
    [504, true, "Not confirmed"], [502, true, "Not answered"], [503, true, "Not connected"], [502, false, ""], [503, false, "Not connected"],
    [429, false, ""], [409, true, "Answered elsewhere"], [409, true, "Conflict"], [409, false, "Answered elsewhere"],
  ] as const) {
    const headers = { "content-type": isHubs ? "application/problem+json" : "application/json" };
    const body = JSON.stringify({ title, detail: "As the test wants it." });
    Object.assign(globalThis, {
      document: { querySelector: () => null },
      fetch: () => Promise.resolve(new Response(body, { status, headers })),
    });
    const error: unknown = await call("POST", "/").catch((reason: unknown) => reason);
    kinds.push(isInDoubt(error) ? "in doubt" : isGone(error) ? "gone" : "refused");
  }
  assert.deepEqual(kinds, ["in doubt", "refused", "refused", "in doubt", "in doubt", "refused", "gone", "refused", "refused"]);
  assert.equal(isInDoubt(hubAway()), true);
});

test("a page lacks the proof only where the hub asks for one", () => {
  const lacks = (pathMode: boolean, isSecureContext: boolean, content: string) => {
    Object.assign(globalThis, { isSecureContext, document: { querySelector: () => ({ content }) } });
    return lacksProof({ user: 1, name: "", isHubOwner: false, pathMode, hasSubdomains: false, expiresAt: 0 });
  };
  assert.equal(lacks(true, true, ""), true);
  assert.equal(lacks(true, true, "proof"), false);
  assert.equal(lacks(true, false, ""), false);
  assert.equal(lacks(false, true, ""), false);
});

test("an instance opens where the hub says, and nowhere where it does not say", async () => {
  const opened = (answer: unknown) => {
    Object.assign(globalThis, {
      document: { querySelector: () => null },
      location: { origin: "https://hub.example" },
      fetch: () => Promise.resolve(Response.json(answer)),
    });
    return openInstance("box").catch((error: Error) => error.message);
  };
  assert.equal(await opened({ url: "https://box.example/.berth/auth?next=/#code" }), "https://box.example/.berth/auth?next=/#code");
  for (const answer of [{}, { url: "" }, { url: 5 }, { url: "javascript:alert(1)" }, { url: "//box.example" }, null]) {
    assert.equal(await opened(answer), "The hub's answer is broken.", JSON.stringify(answer));
  }
});
