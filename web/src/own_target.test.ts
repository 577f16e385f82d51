import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionInfo } from "./api";
import { addOwnTarget, leaveOwnTarget, lostChoices, noteChoices, renewOwnTarget } from "./own_target";

const place = { url: "https://push.example/1", p256dh: "key", auth: "secret" };

/** A browser with a subscription, and what is done to it and to the hub. */
function browser({ isAnswered = true, isSubscribed = true, targets = [] as object[], url = place.url, id = "0123456789abcdef" } = {}) {
  const kept = new Map<string, string>();
  const done: string[] = [];
  const subscription = {
    toJSON: () => ({ endpoint: url, keys: { p256dh: place.p256dh, auth: place.auth } }),
    unsubscribe: () => Promise.resolve(done.push("unsubscribe") > 0),
  };
  const pushManager = { getSubscription: () => Promise.resolve(isSubscribed ? subscription : null) };
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    value: { serviceWorker: { getRegistration: () => Promise.resolve({ pushManager }) } },
  });
  Object.assign(globalThis, {
    Notification: { permission: "granted" },
    document: { querySelector: () => null },
    localStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    },
    fetch: (path: string, { method, body }: { method: string; body?: string }) => {
      const json = { headers: { "content-type": "application/json" } };
      if (method === "GET") return Promise.resolve(new Response(JSON.stringify({ targets }), json));
      done.push(body === undefined ? `${method} ${path}` : `${method} ${path} ${body}`);
      if (!isAnswered) return Promise.reject(new Error("away"));
      return Promise.resolve(method === "POST" ? new Response(JSON.stringify({ id }), json) : new Response(null, { status: 204 }));
    },
  });
  return { kept, done };
}

const session = (user: number, expiresAt: number): SessionInfo => ({ user, name: "", isHubOwner: false, pathMode: false, hasSubdomains: false, expiresAt });
const posted = (choices: object): string => `POST /api/notifications/targets ${JSON.stringify({ kind: "webpush", ...choices, ...place })}`;

test("who signs out is told of nothing here any more", async () => {
  const { kept, done } = browser();
  await addOwnTarget({ name: "phone", events: ["failed"] }, place);
  await leaveOwnTarget();
  assert.deepEqual(done.slice(1), ["unsubscribe"]);
  assert.equal(kept.size, 0);
});

test("a browser that kept the id alone leaves as well", async () => {
  const { kept, done } = browser();
  kept.set("berth-own-target", "0123456789abcdef");
  await renewOwnTarget(session(1, 100));
  await leaveOwnTarget();
  assert.deepEqual(done, ["unsubscribe"]);
  assert.equal(kept.size, 0);
});

test("the browser's subscription ends also where the hub was never told of it", async () => {
  const unknown = browser();
  await leaveOwnTarget();
  assert.deepEqual(unknown.done, ["unsubscribe"]);
});

test("a browser is told again once its user signed in again: with what they chose, and once", async () => {
  const { done } = browser();
  await renewOwnTarget(session(1, 100));
  await addOwnTarget({ name: "phone", events: ["failed"], quiet_hours: "22:00-07:00", utc_offset: "+02:00" }, place);
  noteChoices("0123456789abcdef", { name: "my phone", quiet_hours: null });
  noteChoices("another", { name: "tablet" });
  assert.equal(done.splice(0).length, 1);
  for (let page = 0; page < 2; page += 1) await renewOwnTarget(session(1, 200));
  assert.deepEqual(done.splice(0), [posted({ name: "my phone", events: ["failed"], quiet_hours: null, utc_offset: "+02:00" })]);
  await renewOwnTarget(session(2, 300));
  assert.deepEqual(done, [], "somebody else");
});

test("what was changed or removed from elsewhere stays so", async () => {
  const own = { id: "0123456789abcdef", name: "theirs", events: ["offline"], quiet_hours: null, utc_offset: null };
  const targets: object[] = [own];
  const { kept, done } = browser({ targets });
  await renewOwnTarget(session(1, 100));
  await addOwnTarget({ name: "phone", events: ["failed"] }, place);
  await renewOwnTarget(session(1, 100));
  done.splice(0);
  targets.splice(0);  // Ended with its session.
  await renewOwnTarget(session(1, 200));
  assert.deepEqual(done.splice(0), [posted({ name: "theirs", events: ["offline"], quiet_hours: null })]);
  targets.push({ ...own, events: ["finished"], quiet_hours: "22:00-07:00", utc_offset: "+02:00" });  // It has expired.
  await renewOwnTarget(session(1, 300));
  assert.deepEqual(done.splice(0), [posted({ name: "theirs", events: ["finished"], quiet_hours: "22:00-07:00", utc_offset: "+02:00" })]);
  targets.splice(0);
  await renewOwnTarget(session(1, 300));
  assert.equal(kept.size, 0);
  await renewOwnTarget(session(1, 400));
  assert.deepEqual(done, []);
});

test("a subscription that the browser replaced is told instead of the old one, whether the hub still has that or not", async () => {
  const old = { id: "0123456789abcdef", name: "phone", events: ["failed"] };
  const first = browser();
  await renewOwnTarget(session(1, 100));
  await addOwnTarget({ name: "phone", events: ["failed"] }, place);
  const own = first.kept.get("berth-own-target") ?? "";
  const url = "https://push.example/2";
  for (const targets of [[old], []]) {
    const { kept, done } = browser({ url, targets, id: "fedcba9876543210" });
    kept.set("berth-own-target", own);
    await renewOwnTarget(session(1, 100));
    const body = { kind: "webpush", name: "phone", events: ["failed"], ...place, url };
    assert.deepEqual(done, [
      `POST /api/notifications/targets ${JSON.stringify(body)}`, "DELETE /api/notifications/targets/0123456789abcdef",
    ]);
    assert.match(kept.get("berth-own-target") ?? "", /"fedcba9876543210".*push.example\/2/);
  }
});

test("a browser that dropped its subscription says what it was for, also once the hub gave it up", async () => {
  const { kept } = browser();
  await renewOwnTarget(session(1, 100));
  await addOwnTarget({ name: "phone", events: ["failed"] }, place);
  assert.equal(await lostChoices(), undefined);
  const own = kept.get("berth-own-target") ?? "";
  const dropped = browser({ isSubscribed: false });
  dropped.kept.set("berth-own-target", own);
  await renewOwnTarget(session(1, 100));
  assert.deepEqual(await lostChoices(), { name: "phone", events: ["failed"] });
  Object.assign(globalThis, { Notification: { permission: "denied" } });
  assert.equal(await lostChoices(), undefined);
  await renewOwnTarget(session(2, 100));
  Object.assign(globalThis, { Notification: { permission: "granted" } });
  assert.equal(await lostChoices(), undefined, "somebody else's");
});

test("a renewal that fails is tried again; without a subscription there is none", async () => {
  const { kept } = browser();
  await renewOwnTarget(session(1, 100));
  await addOwnTarget({ name: "phone", events: ["failed"] }, place);
  const own = kept.get("berth-own-target") ?? "";
  for (const [isAnswered, isSubscribed, asked] of [[false, true, 2], [true, false, 0]] as const) {
    const again = browser({ isAnswered, isSubscribed });
    again.kept.set("berth-own-target", own);
    for (let page = 0; page < 2; page += 1) await renewOwnTarget(session(1, 200));
    assert.equal(again.done.length, asked);
    assert.equal(again.kept.get("berth-own-target"), own);
  }
});
