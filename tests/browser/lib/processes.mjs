// Child processes of a test: each in a process group of its own, its output kept in a log file, ready
// when it says so, and gone with all its children when the test is over.
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * The environment of a test's programs, with a HOME of the test's: nothing of whoever runs it, neither their options
 * of berth nor their folders, but with how many threads.
 */
export const clean = {
  PATH: process.env.PATH, LANG: "C.UTF-8",
  ...(process.env.BERTH_THREADS !== undefined && { BERTH_THREADS: process.env.BERTH_THREADS }),
};

const graceMs = 8_000;
const running = new Set();

/** A TCP port of 127.0.0.1 that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A started child. */
class Child {
  constructor(process, name) {
    this.process = process;
    this.name = name;
    this.exited = new Promise((resolve) => {
      process.once("exit", (code, signal) => resolve(code ?? signal));
      process.once("error", (error) => resolve(error.message));
    });
    this.lines = [];
    this.waiters = new Set();
  }

  see(line) {
    this.lines.push(line);
    if (this.lines.length > 2000) this.lines.shift();
    for (const waiter of this.waiters) waiter(line);
  }

  /** The match of the first line, past or to come, that fits `pattern`. */
  async line(pattern, deadlineMs = 30_000) {
    for (const line of this.lines) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    return this.nextLine(pattern, deadlineMs);
  }

  /** The same of lines to come only; to be called before what makes the child say so. */
  async nextLine(pattern, deadlineMs = 20_000) {
    let waiter;
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        waiter = (line) => {
          const match = pattern.exec(line);
          if (match !== null) resolve(match);
        };
        this.waiters.add(waiter);
        const last = () => this.lines.slice(-15).join("\n");
        timer = setTimeout(() => reject(new Error(`${this.name} never said ${pattern}:\n${last()}`)), deadlineMs);
        void this.exited.then((how) => reject(new Error(`${this.name} ended (${how}):\n${last()}`)));
      });
    } finally {
      this.waiters.delete(waiter);
      clearTimeout(timer);
    }
  }

  signal(name) {
    if (this.process.pid === undefined) return;
    try {
      process.kill(-this.process.pid, name);
    } catch {
      // The group is gone already.
    }
  }

  /** Ends the child and everything it started. */
  async stop(signal = "SIGTERM") {
    if (!running.delete(this)) return;
    this.signal(signal);
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    await this.exited;
    clearTimeout(timer);
    this.signal("SIGKILL");
  }
}

/** Starts a child; `logs` is the folder that keeps its output as NAME.log. */
export function start(name, command, args, { env, cwd, logs }) {
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const one = new Child(child, name);
  running.add(one);
  const log = createWriteStream(join(logs, `${name}.log`), { flags: "a" });
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(log, { end: false });
    createInterface({ input: stream }).on("line", (line) => one.see(line));
  }
  return one;
}

/** Ends whatever still runs. */
export async function stopAll() {
  await Promise.all([...running].map((child) => child.stop()));
}

process.once("exit", () => {
  for (const child of running) child.signal("SIGKILL");
});
