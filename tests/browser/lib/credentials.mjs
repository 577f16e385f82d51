// Looks for anything in the browser that the instance would accept as a credential.

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
  // What looks most like a token first: a JSON web token, then the longest.
  return [...found]
    .sort((a, b) => b.split(".").length - a.split(".").length || b.length - a.length)
    .slice(0, maxCandidates);
}

async function accepts(url, headers = {}) {
  const response = await fetch(url, { headers });
  const type = response.headers.get("content-type") ?? "";
  await response.arrayBuffer();
  return response.status === 200 && type.includes("json");
}

/** Those of `words` that `instance` accepts: as bearer token, in the query, or as an API key. */
export async function accepted(instance, words) {
  const good = [];
  const queue = [...words];
  const worker = async () => {
    for (let word = queue.pop(); word !== undefined; word = queue.pop()) {
      const user = `${instance.url}/api/auth/user`;
      if (
        (await accepts(user, { authorization: `Bearer ${word}` })) ||
        (await accepts(`${user}?token=${encodeURIComponent(word)}`))
      ) {
        good.push(word);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return good;
}
