// The sample applications below apps/: each a process with a folder of its own, an instance for an
// agent to publish.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, start } from "./processes.mjs";

const apps = resolve(dirname(fileURLToPath(import.meta.url)), "../apps");
const modules = resolve(apps, "../node_modules");

class App {
  constructor(name, kind, { folder, logs }) {
    Object.assign(this, { name, kind, logs });
    this.home = join(folder, name);
    this.database = join(this.home, "none.db");
    this.files = join(this.home, "files");
    mkdirSync(this.home);
  }

  /** What server.mjs is told on its command line. */
  async arguments() {
    return [this.files];
  }

  async start() {
    const args = [join(apps, this.kind, "server.mjs"), ...(await this.arguments())];
    this.child = start(this.name, process.execPath, args, { env: process.env, logs: this.logs });
    const [, url] = await this.child.line(/^ready (\S+?)\/?$/);
    this.url = url;
    return this;
  }

  /** Ends the server and starts another one at the same address, where the application allows it. */
  async restart() {
    await this.child.stop();
    await this.start();
  }
}

/** A dev server works on a copy of the application, which the tests edit. */
class DevApp extends App {
  async arguments() {
    if (this.port === undefined) {
      cpSync(join(apps, this.kind), this.files, { recursive: true });
      // A real folder, because the server keeps what it has made of the dependencies inside it.
      mkdirSync(join(this.files, "node_modules"));
      symlinkSync(join(modules, "vue"), join(this.files, "node_modules/vue"));
      this.port = await freePort();
    }
    return [this.files, String(this.port)];
  }

  /** Saves a change to a source file, as an editor would. */
  edit(file, from, to) {
    const path = join(this.files, file);
    const old = readFileSync(path, "utf8");
    const text = old.replace(from, to);
    if (old.search(from) < 0) throw new Error(`nothing to edit in ${file}: ${from}`);
    writeFileSync(path, text);
  }
}

/** Starts the application of that kind as the instance `name`; ready when this resolves. */
export function startApp(kind, stage, name = kind) {
  const Kind = kind === "vite" ? DevApp : App;
  return new Kind(name, kind, { folder: stage.folder, logs: stage.output }).start();
}
