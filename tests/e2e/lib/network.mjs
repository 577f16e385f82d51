// A network of two machines on this one: here, and in a network namespace, joined by a cable that
// can be cut so that packets vanish and nobody is told. Needs root.
import { execFileSync } from "node:child_process";

const ip = (...args) => execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });

export class Network {
  /** A network, or the reason why there is none here. */
  static make() {
    const one = new Network();
    const tag = `b${process.pid}`;
    one.name = `berth-e2e-${process.pid}`;
    one.cable = [`${tag}a`, `${tag}b`];
    const net = `10.213.${process.pid % 250}`;
    one.here = `${net}.1`;
    one.there = `${net}.2`;
    try {
      ip("netns", "add", one.name);
    } catch (error) {
      return `no network namespaces here: ${error.message.trim().split("\n").at(-1)}`;
    }
    try {
      ip("link", "add", "name", one.cable[0], "type", "veth", "peer", "name", one.cable[1], "netns", one.name);
      ip("addr", "add", `${one.here}/30`, "dev", one.cable[0]);
      ip("link", "set", one.cable[0], "up");
      one.#inside("addr", "add", `${one.there}/30`, "dev", one.cable[1]);
      one.#inside("link", "set", one.cable[1], "up");
      one.#inside("link", "set", "lo", "up");
      process.once("exit", () => one.remove());
    } catch (error) {
      one.remove();
      return `no virtual cables here: ${error.message.trim().split("\n").at(-1)}`;
    }
    return one;
  }

  #inside(...args) {
    return ip("-netns", this.name, ...args);
  }

  /** What runs a command on the other machine. */
  get prefix() {
    return ["ip", "netns", "exec", this.name];
  }

  /** From now on every packet goes to a machine that does not exist. */
  cut() {
    const nobody = "02:00:00:00:00:99";
    ip("neigh", "replace", this.there, "lladdr", nobody, "nud", "permanent", "dev", this.cable[0]);
    this.#inside("neigh", "replace", this.here, "lladdr", nobody, "nud", "permanent", "dev", this.cable[1]);
  }

  mend() {
    ip("neigh", "del", this.there, "dev", this.cable[0]);
    this.#inside("neigh", "del", this.here, "dev", this.cable[1]);
  }

  remove() {
    if (this.isGone) return;
    this.isGone = true;
    ip("netns", "del", this.name);  // The cable goes with it.
  }
}
