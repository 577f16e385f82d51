// How an agent gets to its hub: before the hub is there, through proxies, and after a link that went
// dead without a word.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { freePort } from "../browser/lib/processes.mjs";
import { Network } from "./lib/network.mjs";
import { startHttpProxy, startSocksProxy } from "./lib/proxies.mjs";
import { Scene, tlsOptions } from "./lib/scene.mjs";

const silenceMs = 21_000;  // A link that carries nothing is noticed by then: 20 s, and one to say so.

const smallInstance = fileURLToPath(new URL("lib/small_instance.mjs", import.meta.url));

describe("an agent on its way to the hub", { timeout: 120_000 }, () => {
  it("starts before the hub is there and gets connected when it is", async () => {
    const scene = await Scene.start("early", { isLate: true });
    try {
      const origin = await scene.origin("early");
      await scene.startHub();
      const token = await scene.token("early");
      await scene.hub.child.stop();
      const agent = await scene.startAgent(origin, { token });
      await agent.line(/hub away/);
      await scene.startHub();
      await agent.line(/connected to .* as early/);
    } finally {
      await scene.stop();
    }
  });

  describe("through a proxy", () => {
    // The agent never learns an address: only the proxies know where this name is.
    const name = "hub.berth.test";
    let scene;
    let origin;
    let proxies;
    let url;

    before(async () => {
      scene = await Scene.start("proxies", { options: (at) => tlsOptions(at, name, `DNS:${name}`) });
      url = `https://${name}:${scene.port}`;
      origin = await scene.origin("box");
      const credentials = "some one:p@ss/word";
      proxies = { http: await startHttpProxy(credentials), socks: await startSocksProxy(credentials) };
    });
    after(async () => {
      await scene?.stop();
      for (const proxy of Object.values(proxies ?? {})) await proxy.stop();
    });

    const user = "some%20one:p%40ss%2Fword";
    const environments = {
      "HTTP CONNECT, by HTTPS_PROXY": () => [proxies.http, { HTTPS_PROXY: `http://${user}@127.0.0.1:${proxies.http.port}` }],
      "HTTP CONNECT, by ALL_PROXY": () => [proxies.http, { ALL_PROXY: `http://${user}@127.0.0.1:${proxies.http.port}/` }],
      "SOCKS5, by ALL_PROXY": () => [proxies.socks, { ALL_PROXY: `socks5h://${user}@127.0.0.1:${proxies.socks.port}` }],
      "SOCKS5, by https_proxy": () => [proxies.socks, { https_proxy: `socks5h://${user}@127.0.0.1:${proxies.socks.port}`, HTTPS_PROXY: "http://127.0.0.1:1" }],
    };
    for (const [title, make] of Object.entries(environments)) {
      it(`connects over ${title}, with credentials`, async () => {
        const [proxy, env] = make();
        proxy.asked.length = 0;
        const agent = await scene.startAgent(origin, { hub: url, env: { ...scene.trust, ...env } });
        await agent.ready();
        assert.deepEqual(proxy.asked, [{ target: `${name}:${scene.port}`, user: "some one:p@ss/word" }]);
        await agent.stop();
      });
    }

    it("says so when the proxy refuses it, and never shows the password", async () => {
      for (const proxy of Object.values(proxies)) {
        const scheme = proxy === proxies.http ? "http" : "socks5h";
        const agent = await scene.startAgent(origin, { hub: url, env: { ...scene.trust, ALL_PROXY: `${scheme}://some%20one:guess123@127.0.0.1:${proxy.port}` } });
        const [line] = await agent.line(/hub away \(.*the proxy refuses the user name or the password.*/);
        assert.ok(!line.includes("guess123"));
        await agent.stop();
      }
    });

    it("goes around the proxy for NO_PROXY, and for this machine", async () => {
      const { http: proxy } = proxies;
      proxy.asked.length = 0;
      const env = { ...scene.trust, ALL_PROXY: `http://${user}@127.0.0.1:${proxy.port}` };
      // Nobody but the proxy knows the name, so that going around it fails.
      const around = await scene.startAgent(origin, { hub: url, env: { ...env, NO_PROXY: "example.org,.berth.test" } });
      await around.line(/hub away/);
      await around.stop();
      const local = await scene.startAgent(origin, { hub: `http://127.0.0.1:${await freePort()}`, env });
      await local.line(/hub away \(.*(refused|127\.0\.0\.1)/i);
      await local.stop();
      assert.deepEqual(proxy.asked, []);
    });
  });
});

describe("a link that drops every packet", { timeout: 120_000 }, () => {
  const network = Network.make();
  const skip = typeof network === "string" ? network : false;
  let scene;

  after(async () => {
    await scene?.stop();
    if (!skip) network.remove();
  });

  it("check 25: it is noticed by both sides within 20 s, and the agent is back once it carries again", { skip }, async () => {
    scene = await Scene.start("half-open", { address: network.here, options: (at) => tlsOptions(at, network.here, `IP:${network.here}`) });
    const port = 8080;
    const instance = { name: "far", url: `http://127.0.0.1:${port}` };
    const agent = await scene.startAgent(instance, {
      hub: `https://${network.here}:${scene.port}`,
      // Were NO_PROXY not minded, there would be no way to the hub.
      env: { ...scene.trust, ALL_PROXY: "http://127.0.0.1:1", NO_PROXY: `${network.here}/24` },
      prefix: network.prefix, command: [process.execPath, smallInstance, String(port)],
    });
    await agent.ready();
    const noticed = [agent.nextLine(/hub away/, silenceMs), scene.hub.child.nextLine(/instance far: tunnel from .* ended/, silenceMs)];
    network.cut();
    await Promise.all(noticed);
    const back = [agent.nextLine(/connected to .* as far/), scene.hub.child.nextLine(/instance far: connected from/)];
    network.mend();
    await Promise.all(back);
  });
});
