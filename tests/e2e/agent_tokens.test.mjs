// What a token of an agent is good for, and for how long: real processes, real time.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ask, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

const expiryMs = 2_000;  // A tunnel is closed that long after its token has expired.

describe("agent tokens", { concurrency: 1, timeout: 120_000 }, () => {
  let scene, cookie;
  before(async () => {
    scene = await Scene.start("agent_tokens");
    cookie = await scene.signIn();
  });
  after(() => scene?.stop());

  const create = async (terms) => {
    const answer = await scene.api("POST", "/api/tokens", { cookie, body: JSON.stringify({ name: "made", ...terms }) });
    return { status: answer.status, ...JSON.parse(answer.body) };
  };

  it("a token limited to ids registers these and is refused others, with the reason and no storm", async () => {
    const token = await scene.token("two", "--instance", "first", "--instance", "second");
    for (const id of ["first", "second"]) {
      const agent = await scene.startAgent(await scene.origin(id), { token });
      await agent.ready();
      await agent.stop();
    }
    const agent = await scene.startAgent(await scene.origin("third"), { token });
    const [line] = await agent.line(/refused: .*limited to other ids: enrol with this id, or use one of first, second\).*next attempt in \d+ s/);
    assert.ok(Number(/in (\d+) s/.exec(line)[1]) >= 300, line);
    assert.equal(agent.lines.filter((text) => /connecting to/.test(text)).length, 1);
    await agent.stop();
    const list = JSON.parse((await scene.api("GET", "/clients", { cookie })).body);
    assert.ok(!JSON.stringify(list).includes("third"));
  });

  it("a token is revoked once: the command says so, and the audit log has it once", async () => {
    const [, id] = (await scene.token("gone")).split("_");
    assert.equal(await scene.berth("token", "revoke", id), `revoked ${id}\n`);
    assert.equal(await scene.berth("token", "revoke", id), `was revoked already: ${id}\n`);
    const events = (await scene.berth("audit", "--json", "--action", "token_revoke")).trim().split("\n");
    assert.equal(events.filter((line) => line.includes(id)).length, 1);
  });

  it("a token that expires closes its tunnel within 2 s, the agent says so and stays away", async () => {
    const expiresAt = Date.now() + 5_000;
    const made = await create({ expires_at: new Date(expiresAt).toISOString() });
    assert.equal(made.status, 201);
    const origin = await scene.origin("brief");
    const agent = await scene.startAgent(origin, { token: made.token });
    await agent.ready();
    const way = await scene.subdomainWay("brief", cookie);
    assert.equal((await ask(way.options("/"))).status, 200);
    const said = agent.line(/refused: .*the token has expired.*next attempt in (\d+) s/);
    const [, wait] = await within(expiresAt - Date.now() + expiryMs, "the agent says that its token expired", said);
    assert.ok(Date.now() >= expiresAt - 100);
    assert.ok(Number(wait) >= 300);
    assert.ok((await ask(way.options("/"))).status >= 500);
    await agent.stop();
    const again = await scene.startAgent(origin, { token: made.token });
    await again.line(/refused: .*does not accept the token/);
    await again.stop();
  });

  it("an agent that is refused takes the token that its file has next, without a restart", async () => {
    const [old, other] = [await create({ name: "old" }), await create({ name: "other" })];
    const agent = await scene.startAgent(await scene.origin("renewed"), { token: old.token });
    await agent.ready();
    const file = join(scene.folder, "renewed.token");
    const advice = new RegExp(`refused: .*put a new one into ${file.replaceAll(".", "\\.")}, and it is used at once`);
    assert.equal((await scene.api("DELETE", `/api/tokens/${old.id}`, { cookie })).status, 204);
    await agent.line(advice);
    const back = agent.nextLine(/connected to .* as renewed/);
    writeFileSync(file, `${other.token}\n`);
    await within(5_000, "the agent is back", back);
    await agent.stop();
  });

  it("no token is made that ends at once", async () => {
    const before = await scene.berth("token", "ls");
    for (const [text, why] of [["30", /"30" has no unit; write 30d or 30h/], ["30ms", /a second at least/], ["0d", /a second at least/], ["soon", /--expires: /], ["", /--expires: "" is no duration/]]) {
      await assert.rejects(scene.berth("token", "create", "--name", "brief", "--expires", text), { code: 2, stderr: why }, text);
    }
    assert.equal(await scene.berth("token", "ls"), before);
  });

  it("lists and the command line show what a token is limited to", async () => {
    const soon = await create({ name: "soon", instance_ids: ["a-1", "a-2"], expires_in: 3600 });
    const { tokens } = JSON.parse((await scene.api("GET", "/api/tokens", { cookie })).body);
    const shown = tokens.find(({ id }) => id === soon.id);
    assert.deepEqual(shown.instance_ids, ["a-1", "a-2"]);
    const left = Date.parse(shown.expires_at) - Date.now();
    assert.ok(left > 3_500_000 && left <= 3_600_000, shown.expires_at);
    assert.deepEqual(tokens.find(({ name }) => name === "two").instance_ids, ["first", "second"]);
    const lines = (await scene.berth("token", "ls")).split("\n");
    assert.match(lines[0], /EXPIRES +REVOKED +INSTANCES +NAME/);
    assert.ok(lines.some((line) => line.includes(shown.expires_at) && line.includes("a-1,a-2")));
  });

  it("terms that make no sense make no token", async () => {
    for (const terms of [
      { instance_ids: "a" }, { instance_ids: ["A b"] }, { instance_ids: [1] }, { expires_in: 0 }, { expires_in: 1.5 },
      { expires_at: "tomorrow" }, { expires_at: "2020-01-01T00:00:00.000Z" }, { expires_in: 60, expires_at: "2100-01-01T00:00:00.000Z" },
      { expire_in: 60 }, { name: "" }, { name: 5 },
    ]) {
      assert.equal((await create(terms)).status, 400, JSON.stringify(terms));
    }
    await assert.rejects(scene.token("x", "--expires", "soon"));
    await assert.rejects(scene.token("x", "--instance", "not an id"));
  });
});
