import assert from "node:assert/strict";
import { mock, test, type TestContext } from "node:test";
import { keepSocket, type Link } from "./socket";

/** The hub's end of every socket that the page opened. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;
  constructor() {
    FakeSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push((JSON.parse(text) as { type: string }).type);
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  breaks(code = 1006): void {
    this.close();
    this.onclose?.({ code });
  }
}

/** A page whose time, hub and window are the test's: `wake` is somebody who looks at it. */
function openPage(t: TestContext, onEnded = () => {}, onState: (link: Link) => void = () => {}): { wake: () => void; last: () => FakeSocket } {
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 1);
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { hidden: false, querySelector: () => null });
  FakeSocket.all = [];
  Object.assign(globalThis, { window, document, WebSocket: FakeSocket });
  const mayRetry = () => Promise.resolve(true);
  const end = keepSocket("ws://hub", { onMessage: () => {}, onState, onEnded, mayRetry });
  t.after(() => {
    end();
    mock.timers.reset();
    mock.restoreAll();
  });
  return { wake: () => window.dispatchEvent(new Event("focus")), last: () => FakeSocket.all.at(-1)! };
}

test("a hub that accepts and says nothing is asked less and less often", (t) => {
  const { last } = openPage(t);
  /** How long the page waits after a connection that ends so. */
  const waits = (say: boolean): number => {
    const before = FakeSocket.all.length;
    last().open();
    if (say) last().say({ type: "client_list", clients: [] });
    last().breaks();
    for (let ms = 0; ; ms += 10) {
      if (FakeSocket.all.length > before) return ms;
      mock.timers.tick(10);
    }
  };
  assert.deepEqual([1, 2, 3, 4, 5].map(() => waits(false)), [250, 500, 1_000, 1_500, 1_500]);
  assert.deepEqual([waits(true), waits(false)], [250, 500]);
});

test("a list that is still coming is not given up because somebody looks", (t) => {
  const { wake, last } = openPage(t);
  const socket = last();
  socket.open();
  socket.say({ type: "client_list", clients: [], more: true });
  for (let second = 0; second < 60; second += 10) {
    wake();
    mock.timers.tick(10_000);
    socket.say({ type: "client_update", client: {} });
  }
  assert.equal(last(), socket);
  assert.deepEqual(socket.sent, ["get_clients"]);
  socket.say({ type: "client_list_end" });
  wake();
  assert.deepEqual(socket.sent, ["get_clients", "ping"]);
  mock.timers.tick(3_000);
  assert.equal(socket.readyState, 3);
});

test("a list that stops coming is given up", (t) => {
  const { last } = openPage(t);
  const socket = last();
  socket.open();
  socket.say({ type: "client_list", clients: [], more: true });
  mock.timers.tick(20_000);
  assert.deepEqual(socket.sent, ["get_clients", "ping"]);
  mock.timers.tick(10_000);
  assert.equal(socket.readyState, 3);
});

test("once the list is there, silence is noticed soon by who looks", (t) => {
  const { last } = openPage(t);
  const socket = last();
  socket.open();
  socket.say({ type: "client_list", clients: [] });
  mock.timers.tick(8_000);
  assert.deepEqual(socket.sent, ["get_clients", "ping"]);
  socket.say({ type: "pong" });
  Object.assign(document, { hidden: true });
  socket.say({ type: "client_vitals", clients: [] });
  mock.timers.tick(19_000);
  assert.deepEqual(socket.sent, ["get_clients", "ping"]);
  Object.assign(document, { hidden: false });
  socket.say({ type: "client_vitals", clients: [] });
  mock.timers.tick(8_000);
  mock.timers.tick(4_000);
  assert.equal(socket.readyState, 3);
});

test("a session that is over is told once, and not tried again", (t) => {
  const onEnded = mock.fn();
  const { wake, last } = openPage(t, onEnded);
  const socket = last();
  socket.open();
  socket.breaks(1008);
  wake();
  mock.timers.tick(60_000);
  assert.equal(onEnded.mock.callCount(), 1);
  assert.equal(last(), socket);
});

test("a page that is one too many says so, and asks again every 15 seconds at most", (t) => {
  const states: Link[] = [];
  const { last } = openPage(t, undefined, (link) => states.push(link));
  const refuse = (): void => {
    last().open();
    last().breaks(1013);
  };
  refuse();
  mock.timers.tick(14_990);
  assert.equal(FakeSocket.all.length, 1);
  mock.timers.tick(10);
  assert.equal(FakeSocket.all.length, 2);
  refuse();
  mock.timers.tick(15_000);
  last().open();
  last().say({ type: "client_list", clients: [] });
  assert.deepEqual(states, ["crowded", "crowded", "up"]);
});
