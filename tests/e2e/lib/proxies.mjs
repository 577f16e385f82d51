// Forward proxies as companies have them: HTTP CONNECT and SOCKS5, both with credentials. Names are
// theirs to look up: every name is this machine.
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";

class Proxy {
  /** Where the proxy was asked to connect to, and with which credentials: {target, user}. */
  asked = [];
  #sockets = new Set();

  constructor(server) {
    this.server = server;
    server.on("connection", (socket) => this.keep(socket));
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = this.server.address().port;
    return this;
  }

  keep(socket) {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** Joins `socket` to `port` of this machine; `tell` says so to the one who asked. */
  join(socket, port, tell) {
    const other = connect({ port, host: "127.0.0.1" });
    this.keep(other);
    other.once("connect", () => {
      tell();
      socket.pipe(other).pipe(socket);
    });
    other.on("close", () => socket.destroy());
    socket.on("close", () => other.destroy());
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** An HTTP proxy that wants `credentials` ("user:password"). */
export function startHttpProxy(credentials) {
  const proxy = new Proxy(createHttpServer());
  proxy.server.on("connect", (request, socket) => {
    const [, coded] = /^Basic (.+)$/.exec(request.headers["proxy-authorization"] ?? "") ?? [];
    const user = coded && Buffer.from(coded, "base64").toString();
    proxy.asked.push({ target: request.url, user });
    if (user !== credentials) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    proxy.join(socket, Number(request.url.split(":")[1]), () => socket.write("HTTP/1.1 200 Connection established\r\n\r\n"));
  });
  return proxy.listen();
}

/** A SOCKS5 proxy (RFC 1928, 1929) that wants `credentials`. */
export function startSocksProxy(credentials) {
  const proxy = new Proxy(createServer());
  proxy.server.on("connection", (socket) => {
    let bytes = Buffer.alloc(0);
    let user;
    let step = 0;
    const take = (size) => {
      const part = bytes.subarray(0, size);
      bytes = bytes.subarray(size);
      return part;
    };
    const steps = [
      () => {
        if (bytes.length < 2 || bytes.length < 2 + bytes[1]) return false;
        const methods = take(2 + bytes[1]).subarray(2);
        socket.write(Buffer.from([5, methods.includes(2) ? 2 : 0xff]));
        return true;
      },
      () => {
        if (bytes.length < 2 || bytes.length < 3 + bytes[1]) return false;
        const nameSize = bytes[1];
        const size = 3 + nameSize + bytes[2 + nameSize];
        if (bytes.length < size) return false;
        const all = take(size);
        user = `${all.subarray(2, 2 + nameSize)}:${all.subarray(3 + nameSize)}`;
        socket.write(Buffer.from([1, user === credentials ? 0 : 1]));
        return true;
      },
      () => {
        if (bytes.length < 5 || bytes.length < 7 + bytes[4]) return false;
        const all = take(7 + bytes[4]);
        const target = `${all.subarray(5, 5 + all[4])}:${all.readUInt16BE(5 + all[4])}`;
        proxy.asked.push({ target: all[3] === 3 ? target : `address type ${all[3]}`, user });
        socket.off("data", read);
        proxy.join(socket, all.readUInt16BE(5 + all[4]), () => socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])));
        return true;
      },
    ];
    const read = (piece) => {
      bytes = Buffer.concat([bytes, piece]);
      while (step < steps.length && steps[step]()) ++step;
    };
    socket.on("data", read);
  });
  return proxy.listen();
}
