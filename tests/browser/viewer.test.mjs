// Somebody with whom a real claudecodeui is shared as a viewer, in a browser of her own: the page
// shows what is there, and what she writes into it does not arrive.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Recorder } from "./lib/chromium.mjs";
import { Stage } from "./lib/stage.mjs";
import * as ui from "./lib/ui.mjs";
import { until } from "./lib/wait.mjs";

describe("a viewer of a real claudecodeui", { concurrency: 1 }, () => {
  let stage, alpha, his, hers, recorder, origin;
  before(async () => {
    stage = await Stage.start("viewer");
    alpha = await stage.realInstance("alpha");
    await alpha.register();
    alpha.session = await alpha.createSession("claude", "words of alpha");
    const agent = await stage.hub.startAgent(alpha);
    await agent.line(/signed in to the instance/);
    const dashboard = await stage.signIn();
    const other = await stage.otherBrowser("vera");
    const shared = await dashboard.evaluate(async () => {
      const headers = { "x-berth-page": document.querySelector('meta[name="berth-page"]').content };
      const body = JSON.stringify({ kind: "user", login: "vera", role: "viewer" });
      return (await fetch("/api/clients/alpha/shares", { method: "POST", body, headers })).status;
    });
    assert.equal(shared, 201);
    recorder = new Recorder(other.context());
    his = await stage.context.newPage();
    hers = await other.context().newPage();
    for (const page of [his, hers]) origin = await stage.open(page, alpha);
  }, { timeout: 90_000 });
  after(() => stage?.stop(), { timeout: 60_000 });
  const check = (name, body) => it(name, { timeout: 90_000 }, () => stage.check(name, body));
  const running = async () => (await alpha.api("GET", "/api/providers/sessions/running")).data.sessions.length;

  /** Opens the session anew, with the history that the instance has of it. */
  const look = async (page) => {
    await page.goto(`${origin}/session/${alpha.session}`);
    await ui.seeProjects(page, alpha);
  };
  /** The model's answer of that number in the session. */
  const answer = (page, number) => page.getByText(/Mock answer/).nth(number - 1);
  const ends = () => until("the run ends", async () => (await running()) === 0);

  check("the page shows the projects, the session and its history, without a sign-in", async () => {
    await look(his);
    await ui.say(his, "good morning");
    await answer(his, 1).waitFor();
    await ends();
    await look(hers);
    await hers.getByText("good morning").first().waitFor();
    await answer(hers, 1).waitFor();
  });

  check("what she says does not arrive: the instance begins no run", async () => {
    const sent = () => recorder.socketsTo("/ws").flatMap((socket) => socket.sent).filter((frame) => frame.includes("words of vera"));
    await ui.say(hers, "words of vera");
    await until("her browser has sent it", () => sent().length > 0);
    // The owner's come later, and are all that the session has.
    await ui.say(his, "words of the owner");
    await answer(his, 2).waitFor();
    await ends();
    for (const page of [his, hers]) {
      await look(page);
      await page.getByText("words of the owner").first().waitFor();
      await answer(page, 2).waitFor();
      assert.equal(await page.getByText("words of vera").count(), 0);
    }
  });

  check("her terminal starts nothing", async () => {
    await ui.showTab(hers, "Shell");
    await until("its socket", () => recorder.socketsTo("/shell").length > 0);
    await ui.showTab(his, "Shell");
    // What the owner gets there: the session's own program, in a terminal.
    await until("the owner's terminal", () => ui.shellOutput(stage.recorder, `${origin}/`).includes(alpha.project));
    assert.equal(ui.shellOutput(recorder, `${origin}/`), "");
  });
});
