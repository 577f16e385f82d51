// Peers that are slow on purpose, as a process of their own so that their number slows no other part
// of a test: node dribbler.mjs with its orders as JSON in DRIBBLER, [{kind, count, port, host, ca}].
// Each opens its connections, sends what begins something, and a byte now and then until it is
// closed. Prints "open" when all are, and "closed" when none is any more.
import { once } from "node:events";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { flag, frame, frameType, headerBlock } from "./http2.mjs";

const head = (host) => `GET /dribbled HTTP/1.1\r\nHost: ${host}\r\nX-A: `;

const tcp = ({ port }) => [connect(port, "127.0.0.1"), "connect"];
const tls = (order, protocol) => [tlsConnect({
  port: order.port, host: "127.0.0.1", servername: order.host.split(":")[0], ca: order.ca, ALPNProtocols: [protocol],
}), "secureConnect"];

/** How each kind begins, and what it goes on with. */
const kinds = {
  "a head": { open: tcp, begin: ({ host }) => head(host), byte: "a" },
  "a TLS handshake": { open: tcp, begin: () => Buffer.from([0x16, 3, 1, 2, 0, 1]), byte: "\0" },
  "a head in TLS": { open: (order) => tls(order, "http/1.1"), begin: ({ host }) => head(host), byte: "a" },
  "an HTTP/2 preface": { open: (order) => tls(order, "h2"), begin: () => "PRI * HTTP/2.0\r\n\r\n", byte: "" },
  "an HTTP/2 head": {
    open: (order) => tls(order, "h2"), byte: "",
    begin: () => Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameType.settings, 0, 0), frame(frameType.headers, flag.endStream, 1, headerBlock([[":method", "GET"]])),
    ]),
  },
};

async function play(order) {
  const { open, begin, byte } = kinds[order.kind];
  const sockets = [];
  const closed = [];
  while (sockets.length < order.count) {
    await Promise.all(Array.from({ length: Math.min(50, order.count - sockets.length) }, async () => {
      const [socket, event] = open(order);
      sockets.push(socket);
      closed.push(new Promise((resolve) => {
        for (const end of ["end", "close"]) socket.once(end, resolve);
      }));
      socket.on("error", () => {});
      socket.resume();
      await once(socket, event);
      socket.write(begin(order));
    }));
  }
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable && byte !== "") socket.write(byte);
  }, 1_000);
  const over = Promise.all(closed).then(() => clearInterval(timer));
  return { over };
}

const playing = await Promise.all(JSON.parse(process.env.DRIBBLER).map(play));
console.log("open");
await Promise.all(playing.map(({ over }) => over));
console.log("closed");
process.exit(0);
