// The commands of a page in docs/, so that a test types what the page says.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { start } from "./processes.mjs";

const docs = resolve(dirname(fileURLToPath(import.meta.url)), "../../../docs");

export class DocPage {
  /** `name` of the page; `places`: pairs of what stands there for an example, and what is meant here. */
  constructor(name, places) {
    this.name = name;
    this.text = readFileSync(join(docs, name), "utf8");
    for (const [example, here] of places) {
      if (!this.text.includes(example)) throw new Error(`${name} does not say ${example}`);
      this.text = this.text.replaceAll(example, here);
    }
    /** Its blocks of shell commands, in order. */
    this.blocks = [...this.text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
    this.taken = 0;
  }

  /** The next block, which must fit. */
  next(pattern) {
    const block = this.blocks[this.taken++];
    if (block === undefined || !pattern.test(block)) throw new Error(`${this.name}, block ${this.taken}: not ${pattern}:\n${block}`);
    return block;
  }

  /** The one block that fits, wherever it stands. */
  only(pattern) {
    const fitting = this.blocks.filter((block) => pattern.test(block));
    if (fitting.length !== 1) throw new Error(`${this.name}: ${fitting.length} blocks are ${pattern}`);
    return fitting[0];
  }
}

/** A shell that types `commands` and stays with the last one; `options` are those of start(). */
export function type(name, commands, options) {
  return start(name, "bash", ["-e", "-c", commands], options);
}
