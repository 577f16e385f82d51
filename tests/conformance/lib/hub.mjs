// The hub that is looked at. It is started by BERTH_CONFORMANCE_HUB, a shell command; script/conformance
// sets it. It prints one line of JSON: {url, token, cookie, origin}: of /ws/connect, an instance's token, a
// signed-in browser, and the hub's pages.
//
// Rows marked "better" ask for more than the protocol demands; BERTH_CONFORMANCE_STRICT=0 leaves
// them out.
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { start, stopAll } from "../../browser/lib/processes.mjs";
import { Messages } from "../../e2e/lib/v1_messages.mjs";
import { openWebSocket } from "../../e2e/lib/websocket.mjs";

const command = process.env.BERTH_CONFORMANCE_HUB;
const isStrict = process.env.BERTH_CONFORMANCE_STRICT !== "0";
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** One row; the next waits for its end. */
export const row = (name, body) => it(name, { timeout: 60_000 }, body);
export const better = (name, body) => isStrict && row(`better: ${name}`, body);

/** The id of the instance that most rows are about. */
export const boxId = "box-4711";

/** `rows` of a hub that runs, by way of what they are given. */
export function describeHub(what, rows) {
  describe(`a hub of version 1: ${what}`, { concurrency: 1, skip: command === undefined && "no command given" }, () => {
    let hub;
    before(async () => {
      const logs = join(root, "build/test-output/conformance-hub", what);
      rmSync(logs, { recursive: true, force: true });
      mkdirSync(logs, { recursive: true });
      const child = start("hub", "sh", ["-c", `exec ${command}`], { env: process.env, logs });
      const [line] = await child.line(/^\{.*"url".*\}$/, 60_000);
      hub = JSON.parse(line);
    }, { timeout: 90_000 });
    after(() => stopAll());

    /** Where an instance of that id connects. */
    const place = (id) => ({ url: hub.url, token: hub.token, id });
    /** Options of a request of the signed-in browser. */
    function request(path, { method = "GET", headers = {} } = {}) {
      const { hostname, port, host } = new URL(hub.origin);
      return { host: hostname, port, method, path, headers: { host, cookie: hub.cookie, origin: hub.origin, ...headers } };
    }
    /** The same of one to an instance. */
    const proxied = (path, options, id = boxId) => request(`/clients/${id}/proxy${path}`, options);
    /** A dashboard socket of that browser. */
    async function dashboard() {
      const { end } = await openWebSocket(request("/ws/connect?type=browser"));
      return new Messages(end);
    }
    rows({ place, request, proxied, dashboard });
  });
}
