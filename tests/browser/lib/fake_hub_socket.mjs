// A dashboard socket of the test's own: the page's WebSocket is replaced before it loads, and the test
// says what the hub tells. Everything else of the page is real.

/** To be given to addInitScript: window.hubSocket.tell(message) is the hub's word, .sent what the page said. */
export function fakeHubSocket() {
  const RealSocket = window.WebSocket;
  const open = new Set();
  window.hubSocket = {
    sent: [],
    connections: 0,
    isUp: true,
    isFull: false,
    list: [],
    tell(message) {
      for (const one of open) one.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
    },
    /** The hub goes away (false) or comes back (true). */
    set(isUp) {
      this.isUp = isUp;
      if (!isUp) for (const one of [...open]) one.close();
    },
  };
  class FakeSocket {
    static OPEN = 1;
    readyState = 0;
    constructor(url) {
      if (!String(url).includes("/ws/connect")) return new RealSocket(url);
      setTimeout(() => {
        if (!window.hubSocket.isUp) {
          this.readyState = 3;
          this.onclose?.({ code: 1006 });
          return;
        }
        this.readyState = 1;
        window.hubSocket.connections += 1;
        open.add(this);
        this.onopen?.();
        if (window.hubSocket.isFull) this.close(1013);
      }, 0);
    }
    send(text) {
      const message = JSON.parse(text);
      window.hubSocket.sent.push(message);
      // Made when it is told: a list made earlier could undo what the test told in between.
      const answer = (make) => setTimeout(() => this.onmessage?.({ data: JSON.stringify(make()) }), 0);
      if (message.type === "get_clients") answer(() => ({ type: "client_list", clients: window.hubSocket.list }));
      if (message.type === "ping") answer(() => ({ type: "pong" }));
    }
    close(code = 1006) {
      if (!open.delete(this)) return;
      this.readyState = 3;
      this.onclose?.({ code });
    }
  }
  window.WebSocket = FakeSocket;
}

const minute = 60_000;

function iso(msAgo) {
  return new Date(Date.now() - msAgo).toISOString();
}

/** A client as the hub tells it. */
export function client(id, state = "idle", { metadata = {}, ...more } = {}) {
  return {
    id, user_id: 1, connected_at: iso(90 * minute), last_seen: iso(20_000), latency_ms: 12, role: "owner", owner: "ada",
    url: `http://${id}.localhost/`, path_url: `/clients/${id}/proxy/`, ...more,
    metadata: {
      hostname: "ada-laptop", project: "/home/ada/src/shop", status: state === "needs_you" || state === "error" ? "busy" : state,
      last_activity: iso(minute), platform: "linux", version: "1.37.3", adapter: "claudecodeui", agent_version: "0.1.0",
      state, state_since: iso(3 * minute), traffic: { in: 48_000, out: 3_400_000 }, ...metadata,
    },
  };
}

/** A permission that a session waits for. */
export function permission(id, command, msAgo = 12_000) {
  const text = JSON.stringify({ command, description: "Remove what the last build left behind" });
  return { id, kind: "permission", tool: "Bash", text, asked_at: iso(msAgo) };
}

/** A question with choices. */
export function choices(id) {
  const options = [{ label: "PostgreSQL", description: "the one that production has" }, { label: "SQLite", description: "nothing to install" }];
  const text = JSON.stringify({ questions: [{ question: "Which database should the tests use?", header: "Database", multiSelect: false, options }] });
  return { id, kind: "question", tool: "AskUserQuestion", text, asked_at: iso(4 * minute) };
}

/** An instance whose sessions wait with these questions, one each. */
export function asking(id, ...questions) {
  const sessions = questions.map((question, index) => ({
    id: `s${index + 1}`, title: "Tidy up", is_busy: true, needs_you: true, state: "needs_you", question,
  }));
  return client(id, "needs_you", { metadata: { sessions } });
}

/** What the hub says when it refuses a call; to be given to route.fulfill(). */
export function refusal(status, title, detail = "As the test wants it.") {
  return { status, json: { title, status, detail }, contentType: "application/problem+json" };
}

/** A small fleet with every state and every kind of text. */
export function fleet() {
  const session = (id, title, state, more = {}) => ({
    id, title, project: "/home/ada/src/shop", provider: "claude", is_busy: state !== "error", needs_you: state === "needs_you", state, since: iso(2 * minute), ...more,
  });
  return [
    client("ada-laptop", "needs_you", {
      metadata: {
        state_since: iso(12_000), labels: { team: "shop", place: "office" },
        sessions: [
          session("s1", "Fix the flaky checkout test", "needs_you", { reason: "Bash", question: permission("q1", "rm -rf build/cache && npm run build -- --filter=checkout") }),
          session("s2", "Write release notes", "busy"),
        ],
      },
    }),
    client("build-server", "busy", {
      metadata: { hostname: "build-01.example.net", project: "/srv/build/storefront", labels: { team: "platform" }, sessions: [session("s3", "Upgrade the bundler and everything that depends on it", "busy")] },
    }),
    client("gpu-box", "needs_you", {
      role: "operator", owner: "grace",
      metadata: { hostname: "gpu-box", project: "/data/experiments/ranking", labels: { team: "research" }, sessions: [session("s4", "Plan the data migration", "needs_you", { question: choices("q2") })] },
    }),
    client("staging", "error", { metadata: { hostname: "staging-2", sessions: [session("s5", "Nightly dependency update", "error", { error: "the model's endpoint answered 529" })] } }),
    client("workstation", "active", { metadata: { hostname: "ada-tower", labels: { team: "shop" } } }),
    client("demo", "idle", { role: "viewer", owner: "lin", path_url: "", metadata: { hostname: "demo-host", adapter: "generic", version: "", state_since: iso(26 * 60 * minute) } }),
    client("old-macbook", "offline", { latency_ms: 0, last_seen: iso(3 * 24 * 60 * minute), metadata: { hostname: "old-macbook", platform: "darwin", state_since: iso(3 * 24 * 60 * minute) } }),
  ];
}

/** Answers of GET /api/clients/ID/history. */
export function history() {
  const samples = Array.from({ length: 55 }, (_, index) => ({
    at: iso((55 - index) * minute), latency_ms: index === 20 ? null : 10 + Math.round(6 * Math.sin(index / 4) ** 2) + (index === 33 ? 40 : 0),
    bytes_in: 2_000 + (index % 7) * 800, bytes_out: 40_000 + Math.round(90_000 * Math.sin(index / 6) ** 2),
  }));
  const connections = [
    { connected_at: iso(90 * minute), address: "192.0.2.17" },
    { connected_at: iso(300 * minute), disconnected_at: iso(95 * minute), address: "192.0.2.17", reason: "the network changed" },
  ];
  return { connections, samples };
}
