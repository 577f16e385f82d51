// What both ends of the tunnel of version 1 (docs/protocol.md) do with heads and bodies.

const HOP_BY_HOP = new Set(["connection", "host", "keep-alive", "proxy-connection", "te", "trailer",
  "transfer-encoding", "upgrade", "content-length"]);

/** [[name, value], ...] of Node's flat list, without what is about one connection or the length of a
    body, which is told anew. */
export function toPairs(rawHeaders) {
  const pairs = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!HOP_BY_HOP.has(rawHeaders[i].toLowerCase())) pairs.push([rawHeaders[i], rawHeaders[i + 1]]);
  }
  return pairs;
}

/** Calls `done` with the whole body, a Buffer. */
export function readBody(stream, done) {
  const pieces = [];
  stream.on("data", (piece) => pieces.push(piece));
  stream.on("end", () => done(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)));
}
