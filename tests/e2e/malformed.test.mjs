// Broken, smuggling and oversized requests against the hub's own socket, with an instance behind it
// that must see none of them; and a hostile hub against the agent, which must reach its instance
// only.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { berth } from "../browser/lib/hub.mjs";
import { HostileHub } from "./lib/hostile_hub.mjs";
import { ask, pairs, patience, RawConnection, readAll, within } from "./lib/http.mjs";
import { Scene } from "./lib/scene.mjs";

/** The table that the unit tests use too: {where, status, name, bytes}. */
function table() {
  const program = process.env.BERTH_MALFORMED_REQUESTS ?? join(dirname(berth), "tests/malformed_requests");
  const lines = execFileSync(program, { encoding: "utf8", maxBuffer: 1 << 26 }).trim().split("\n");
  return lines.map((line) => {
    const [where, status, name, hex] = line.split(" ");
    return { where, status: Number(status), name: name.replaceAll("-", " "), bytes: Buffer.from(hex ?? "", "hex") };
  });
}

describe("the hub", { timeout: 180_000 }, () => {
  let scene;
  let origin;
  let host;
  let cookie;
  let hubCookie;

  before(async () => {
    scene = await Scene.start("malformed");
    origin = await scene.instance("box");
    // Only after the whole body: an answer to its head would be in order, and hide the refusal.
    origin.on("/broken", (request, response) => request.resume().on("end", () => response.end("whole")));
    hubCookie = await scene.signIn();
    ({ host, cookie } = await scene.subdomainWay("box", hubCookie));
  });
  after(() => scene?.stop());

  // The requests of the table are for this host.
  const placeholder = "Host: example.test\r\n";
  /** The bytes for the instance's own address and with our session, so that only their form is wrong. */
  const signed = (bytes) =>
    Buffer.from(bytes.toString("latin1").replaceAll(placeholder, `Host: ${host}\r\nCookie: ${cookie}\r\nOrigin: http://${host}\r\n`), "latin1");
  const good = (number) => signed(Buffer.from(`GET /good/${number} HTTP/1.1\r\n${placeholder}\r\n`));

  /** Sends `bytes` and a good request behind them; nothing of it may be served but a refusal. */
  async function refused(bytes, status, number, size) {
    const before = origin.seen.length;
    const connection = await RawConnection.to(scene.port);
    await connection.write(Buffer.concat([signed(bytes), good(`behind/${number}`)]), size);
    const answer = await connection.until(/^HTTP\/1\.1 \d+[^]*\r\n\r\n/);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /\r\nconnection: close\r\n/);
    await within(patience, "the end of the connection", connection.ended);
    assert.equal(connection.received.toString("latin1").indexOf("HTTP/1.1 ", 1), -1);
    connection.close();
    return origin.seen.slice(before).map(({ url }) => url);
  }

  /** A good request on a new connection reaches the instance once. */
  async function served(number, size) {
    const before = origin.seen.length;
    const connection = await RawConnection.to(scene.port);
    await connection.write(good(number), size);
    assert.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    connection.close();
    // The head of a request whose body is broken may have been on its way while that was refused.
    const seen = origin.seen.slice(before).map(({ url }) => url).filter((url) => url !== "/broken");
    assert.deepEqual(seen, [`/good/${number}`]);
  }

  it("check 15: every malformed and smuggling request of the table is refused, and the next good one is served once", async () => {
    const cases = table();
    assert.ok(cases.filter(({ where }) => where === "head").length >= 60);
    for (const [number, { where, status, name, bytes }] of cases.entries()) {
      try {
        const seen = await refused(bytes, status, number);
        // Where only the body is broken, the instance may have seen the head: of that request alone.
        assert.deepEqual(seen.filter((url) => where === "head" || url !== "/broken"), []);
        await served(number);
      } catch (error) {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      }
    }
  });

  it("check 15: they are refused byte by byte as well", async () => {
    for (const [number, { where, status, name, bytes }] of table().entries()) {
      if (bytes.length > 1000) continue;
      try {
        const seen = await refused(bytes, status, `slow/${number}`, 1);
        assert.deepEqual(seen.filter((url) => where === "head" || url !== "/broken"), []);
      } catch (error) {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      }
    }
    await served("slow", 1);
  });

  it("check 16: what is too large is refused, and the hub goes on", async () => {
    const get = (target, fields = "") => Buffer.from(`GET ${target} HTTP/1.1\r\n${placeholder}${fields}\r\n`);
    const post = (body) => Buffer.from(`POST /broken HTTP/1.1\r\n${placeholder}Transfer-Encoding: chunked\r\n\r\n${body}`);
    const much = (count, text) => text.repeat(count);
    const cases = [
      ["a head of 1 MiB", 431, get("/", `X-A: ${much(1 << 20, "a")}\r\n`)],
      ["a head of many fields of 8 KiB", 431, get("/", much(20, `X-A: ${much(8192, "a")}\r\n`))],
      ["a target of 1 MiB", 414, get(`/${much(1 << 20, "a")}`)],
      ["10,000 fields", 431, get("/", much(10_000, "X-A: b\r\n"))],
      ["10,000 empty fields", 431, get("/", much(10_000, "a:\r\n"))],
      ["a trailer of 1 MiB", 413, post(`0\r\nX-A: ${much(1 << 20, "a")}\r\n\r\n`)],
      ["10,000 trailers", 413, post(`0\r\n${much(10_000, "X-A: b\r\n")}\r\n`)],
      ["a chunk extension of 1 MiB", 413, post(`5;${much(1 << 20, "a")}\r\nhello\r\n0\r\n\r\n`)],
    ];
    for (const [number, [name, status, bytes]] of cases.entries()) {
      try {
        const seen = await refused(bytes, status, `large/${number}`);
        assert.deepEqual(seen.filter((url) => url !== "/broken"), []);
        await served(`large/${number}`);
      } catch (error) {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      }
    }
    assert.equal(scene.hub.child.process.exitCode, null);
  });

  it("check 16: 200 connections that send a good head, one byte a packet, are all served once", async () => {
    const before = origin.seen.length;
    await Promise.all(Array.from({ length: 200 }, async (_, number) => {
      const connection = await RawConnection.to(scene.port);
      await connection.write(good(`packets/${number}`), 1);
      assert.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
      connection.close();
    }));
    const urls = origin.seen.slice(before).map(({ url }) => url);
    assert.equal(urls.length, 200);
    assert.equal(new Set(urls).size, 200);
  });

  it("check 16: a chunked body, one byte a packet, with extensions and trailers arrives whole", async () => {
    const arrived = new Promise((resolve) => origin.on("/packets", async (request, response) => {
      const body = await readAll(request);
      response.end();
      resolve({ body: body.toString(), trailers: request.trailers });
    }));
    const connection = await RawConnection.to(scene.port);
    await connection.write(signed(Buffer.from(`POST /packets HTTP/1.1\r\n${placeholder}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6;x="y"\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n`)), 1);
    assert.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    connection.close();
    const got = await arrived;
    assert.equal(got.body, "hello world");
    assert.deepEqual(Object.keys(got.trailers), []);
  });

  it("check 15: escapes in the part of a path that routes lead nowhere", async () => {
    const hub = `localhost:${scene.port}`;
    const before = origin.seen.length;
    const escapes = ["%00", "%0d", "%0a", "%0D%0A", "%2f", "%2F", "%5c", "%5C", "%2e%2e%2f", "%", "%2", "%zz"];
    for (const escape of escapes) {
      for (const path of [`/clients/b${escape}ox/proxy/`, `/clients/box${escape}/proxy/`, `/clients/${escape}box/proxy/x`, `/clients/box${escape}proxy/`, `/clients/box/proxy${escape}x`, `/clients${escape}box/proxy/`, `/api${escape}session`]) {
        const { status, headers } = await ask({ host: "127.0.0.1", port: scene.port, path, headers: { host: hub, cookie: hubCookie, connection: "keep-alive" } });
        assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
        // What no reader can take for something else may go on; the rest ends the connection.
        if (/^%(00|0d|0a|2f|5c)/i.test(escape)) assert.equal(headers.connection, "close", path);
      }
    }
    for (const path of ["/clients/box/proxy//evil.test/", "/clients//proxy/", "/clients/../clients/box/proxy/", "/clients/box/../box/proxy/", "/clients/BOX/proxy/", "/clients/box/proxy;x/"]) {
      const { status } = await ask({ host: "127.0.0.1", port: scene.port, path, headers: { host: hub, cookie: hubCookie } });
      assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    }
    assert.equal(origin.seen.length, before);
  });

  it("check 15: fields that an instance could take for the framing do not reach it", async () => {
    const body = `POST /framing HTTP/1.1\r\n${placeholder}Content_Length: 30\r\nTransfer_Encoding: chunked\r\nCONTENT-LENGTH: 5\r\n\r\nhello`;
    const connection = await RawConnection.to(scene.port);
    await connection.write(signed(Buffer.from(body)));
    assert.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    connection.close();
    const { rawHeaders } = origin.seen.at(-1);
    const framing = pairs(rawHeaders).filter(([name]) => /^(content.length|transfer.encoding)$/.test(name));
    assert.deepEqual(framing, [["content-length", "5"]]);
  });

  it("check 15: hostile paths go nowhere but to the instance, as they are, or are refused", async () => {
    let strays = 0;
    const decoy = createServer((socket) => {
      ++strays;
      socket.destroy();
    });
    await new Promise((resolve) => decoy.listen(0, "127.0.0.1", resolve));
    const other = `127.0.0.1:${decoy.address().port}`;
    for (const path of [`/@${other}/`, `/%2f%2f${other}/`, `/..//${other}/`, `/;@${other}`, `/?//${other}/`, `/:@${other}/`, `/%00`, `/a/../../b`, `/%2e%2e/`]) {
      const before = origin.seen.length;
      const { status } = await ask({ host: "127.0.0.1", port: scene.port, path, headers: { host, cookie } });
      const seen = origin.seen.slice(before).map(({ url }) => url);
      if (status === 400) assert.deepEqual(seen, [], path);
      else assert.deepEqual([status, seen], [200, [path]]);
    }
    decoy.close();
    assert.equal(strays, 0);
  });
});

describe("the agent", { timeout: 60_000 }, () => {
  let scene;
  let origin;
  let decoy;
  let strays = 0;
  let hub;

  before(async () => {
    scene = await Scene.start("hostile-hub");
    origin = await scene.origin("box");
    decoy = createServer((socket) => {
      ++strays;
      socket.destroy();
    });
    await new Promise((resolve) => decoy.listen(0, "127.0.0.1", resolve));
    hub = await HostileHub.start();
    origin.agent = await scene.startAgent(origin, { hub: hub.url });
    await within(patience, "the agent at the hostile hub", hub.registered);
    await origin.agent.ready();
  });
  after(async () => {
    decoy?.close();
    await scene?.stop();
    await hub?.stop();
  });

  it("check 20: it connects to its instance only, whatever path or authority the hub names", async () => {
    const other = `127.0.0.1:${decoy.address().port}`;
    const odd = [
      [`//${other}/`, 400], [`http://${other}/`, 400], [`https://${other}/`, 400], [`@${other}/`, 400], [`${other}`, 400],
      ["", 400], ["*", 400], ["/\\evil", 400], ["/a#b", 400], ["?x", 400],
      [`/@${other}/`, 200], [`/..//${other}`, 200], ["/fine", 200],
    ];
    for (const [path, status] of odd) {
      const before = origin.seen.length;
      const answer = await hub.request({ ":path": path, ":authority": other });
      // A path that HTTP/2 itself does not know is the end of that stream.
      if (answer.error === undefined) assert.equal(answer.status, status, path);
      else assert.equal(status, 400, path);
      const seen = origin.seen.slice(before);
      assert.deepEqual(seen.map(({ url }) => url), status === 200 ? [path] : []);
      for (const { rawHeaders } of seen) {
        assert.equal(rawHeaders[rawHeaders.findIndex((name) => /^host$/i.test(name)) + 1], new URL(origin.url).host);
      }
    }
    assert.equal(strays, 0);
  });

  it("check 20: it opens no tunnel of its own: CONNECT and TRACE are refused", async () => {
    const before = origin.seen.length;
    const other = `127.0.0.1:${decoy.address().port}`;
    const connected = await hub.request({ ":method": "CONNECT", ":authority": other });
    assert.ok(connected.error !== undefined || connected.status >= 400);
    const traced = await hub.request({ ":method": "TRACE", ":path": "/" });
    assert.ok(traced.error !== undefined || traced.status >= 400);
    assert.equal(origin.seen.length, before);
    assert.equal(strays, 0);
  });

  it("check 20: it follows no redirect", async () => {
    const location = `http://127.0.0.1:${decoy.address().port}/secret`;
    for (const status of [301, 302, 303, 307, 308]) {
      origin.on("/away", (request, response) => response.writeHead(status, { location }).end());
      const answer = await hub.request({ ":path": "/away" });
      assert.equal(answer.status, status);
      assert.equal(answer.headers.location, location);
    }
    assert.equal(strays, 0);
  });
});
