// Looks for anything in the browser that the instance would accept as a credential.
import assert from "node:assert/strict";

const tokenLike = /[A-Za-z0-9_-]{8,}(?:[.][A-Za-z0-9_-]+)*/g;
const maxCandidates = 3000;

/** All token-like strings in storage, cookies, URLs, response headers and page texts. */
export async function candidates(context, recorder) {
  const texts = [];
  const state = await context.storageState({ indexedDB: true });
  texts.push(JSON.stringify(state));
  for (const { url } of [...recorder.requests, ...recorder.sockets]) texts.push(decodeURIComponent(url.replace(/%(?![0-9a-f]{2})/gi, "%25")));
  for (const headers of recorder.headers) texts.push(Object.values(headers).join("\n"));
  for (const { received, sent } of recorder.sockets) texts.push([...received, ...sent].join("\n"));
  for (const page of context.pages()) {
    for (const frame of page.frames()) {
      if (!frame.url().startsWith("http")) continue;
      texts.push(await frame.content());
      texts.push(await frame.evaluate(() => JSON.stringify({ ...sessionStorage }) + document.cookie));
    }
  }
  const found = new Set();
  for (const text of texts) for (const [word] of text.matchAll(tokenLike)) found.add(word);
  assert.ok(found.size <= maxCandidates, `${found.size} strings are more than can be tried`);
  return [...found];
}

/** Each way in which claudecodeui takes a credential: the status with this one. */
const ways = {
  bearer: (url, word) => status(`${url}/api/auth/user`, { headers: { authorization: `Bearer ${word}` } }),
  query: (url, word) => status(`${url}/api/auth/user?token=${word}`),
  // With nothing to do: 400 with a key, 401 without.
  key: (url, word) => status(`${url}/api/agent`, { method: "POST", headers: { "x-api-key": word } }),
  keyQuery: (url, word) => status(`${url}/api/agent?apiKey=${word}`, { method: "POST" }),
};

async function status(url, init) {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  return response.status;
}

/** Those of `words` that `instance` accepts, each with how: "bearer WORD", "key WORD". */
export async function accepted(instance, words) {
  const good = [];
  const queue = [...words];
  const worker = async () => {
    for (let word = queue.pop(); word !== undefined; word = queue.pop()) {
      for (const [way, ask] of Object.entries(ways)) if ((await ask(instance.url, word)) !== 401) good.push(`${way} ${word}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return good.sort();
}
