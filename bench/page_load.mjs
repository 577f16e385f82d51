// page_load.mjs PROFILE ADDRESS TARGET: loads a page in Chromium, cold and then warm, and prints what it
// took as a line of JSON. TARGET is JSON: {url, token} signs in with the instance's own token, {url,
// cookie} with a hub's. Every name leads to ADDRESS.
import { chromium } from "../tests/browser/node_modules/playwright-core/index.mjs";

const [profile, address, text] = process.argv.slice(2);
const target = JSON.parse(text);
const quietMs = 1000;
const mostMs = 60_000;

const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.BERTH_CHROMIUM ?? "/usr/bin/chromium",
  viewport: { width: 1280, height: 800 },
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    `--host-resolver-rules=MAP localhost ${address}, MAP *.localhost ${address}, MAP * ~NOTFOUND, EXCLUDE ${address}`,
  ],
});
if (target.token !== undefined) {
  await context.addInitScript((token) => localStorage.setItem("auth-token", token), target.token);
}
if (target.cookie !== undefined) {
  const [name, value] = target.cookie.split("=");
  await context.addCookies([{ name, value, url: target.url, httpOnly: true, sameSite: "Lax" }]);
}

/** One load in a new tab, until the network has been quiet for a while. */
async function load(name) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  let requests = 0;
  let bytes = 0;
  let last = Date.now();
  const count = (size) => {
    bytes += size;
    last = Date.now();
  };
  session.on("Network.requestWillBeSent", ({ request }) => {
    if (/^https?:/.test(request.url)) requests += 1;
    count(0);
  });
  session.on("Network.dataReceived", () => count(0));
  session.on("Network.loadingFinished", ({ encodedDataLength }) => count(encodedDataLength));
  const response = await page.goto(target.url, { timeout: mostMs });
  if (response.status() !== 200) throw new Error(`${target.url}: ${response.status()}`);
  const deadline = Date.now() + mostMs;
  while (Date.now() - last < quietMs && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  const loaded = await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventStart);
  const isSignedIn = await page.evaluate(() => document.querySelector("input[type=password]") === null);
  if (!isSignedIn) throw new Error(`${target.url}: the page asks for a password`);
  await page.close();
  return { [`${name}_load_ms`]: loaded, [`${name}_requests`]: requests, [`${name}_kb`]: bytes / 1000 };
}

try {
  console.log(JSON.stringify({ ...(await load("cold")), ...(await load("warm")) }));
} finally {
  await context.close();
}
