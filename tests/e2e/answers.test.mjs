// Which answers the hub passes to an agent.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../browser/lib/wait.mjs";
import { FakeAgent } from "./lib/fake_agent.mjs";
import { Scene } from "./lib/scene.mjs";

describe("answers", { timeout: 60_000 }, () => {
  let scene, cookie, agent;
  before(async () => {
    scene = await Scene.start("answers");
    cookie = await scene.signIn();
    agent = await FakeAgent.connect(scene, "box", await scene.token("box", "--instance", "box"));
  });
  after(async () => {
    agent?.drop();
    await scene?.stop();
  });

  const ask = (question) =>
    agent.report([{ id: "s", state: "needs_you", is_busy: true, needs_you: true, question: { kind: "permission", tool: "Write", ...question } }]);
  const shown = async () => JSON.parse((await scene.api("GET", "/clients/box", { cookie })).body).metadata.sessions?.[0]?.question;
  const answer = async (allow) => answerTo((await shown()).id, allow);
  async function answerTo(question, allow) {
    const body = JSON.stringify({ session_id: "s", question_id: question, allow });
    const { status, body: text } = await scene.api("POST", "/api/clients/box/answers", { cookie, body });
    return { status, ...JSON.parse(text) };
  }

  it("what is shown in part cannot be allowed", async () => {
    await ask({ id: "long", text: '{"content":"x… (60014 bytes in all)', is_cut: true });
    await until("the question", async () => (await shown())?.id === "long");
    assert.equal((await shown()).is_cut, true);
    const refused = await answer(true);
    assert.equal(refused.status, 409);
    assert.match(refused.detail, /too long to be shown whole.*open its session/);
    // Anything but: the next message that the agent hears is that it is denied.
    const denied = answer(false);
    const told = await agent.hear("answer");
    assert.equal(told.allow, false);
    await agent.say({ type: "answer_result", request_id: told.request_id, outcome: "sent" });
    assert.equal((await denied).status, 200);
  });

  it("what was sent and not confirmed may have arrived; what could not be given did not", async () => {
    await ask({ id: "open", text: "{}" });
    await until("the question", async () => (await shown())?.id === "open");
    for (const [outcome, status, title] of [["unconfirmed", 504, "Not confirmed"], ["failed", 502, "Not answered"], ["gone", 409, "Answered elsewhere"]]) {
      const given = answer(true);
      const told = await agent.hear("answer");
      await agent.say({ type: "answer_result", request_id: told.request_id, outcome, message: "as the test wants it" });
      const said = await given;
      assert.deepEqual([said.status, said.title], [status, title]);
    }
  });

  it("an agent that goes away with an answer may have given it", async () => {
    await ask({ id: "taken", text: "{}" });
    await until("the question", async () => (await shown())?.id === "taken");
    const given = answer(true);
    await agent.hear("answer");
    agent.drop();
    const said = await given;
    assert.equal(said.status, 504);
    assert.match(said.detail, /the agent went away/);
    assert.equal((await answerTo("taken", true)).status, 503);
    agent = await FakeAgent.connect(scene, "box", await scene.token("box again", "--instance", "box"));
  });

  it("what is shown whole can be", async () => {
    await ask({ id: "short", text: '{"content":"x"}' });
    await until("the question", async () => (await shown())?.id === "short");
    const allowed = answer(true);
    const told = await agent.hear("answer");
    assert.equal(told.allow, true);
    await agent.say({ type: "answer_result", request_id: told.request_id, outcome: "sent" });
    assert.equal((await allowed).status, 200);
  });
});
