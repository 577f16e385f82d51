// What a process uses, from /proc.
import { readFileSync, writeFileSync } from "node:fs";

function field(pid, name) {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text);
  if (match === null) throw new Error(`no ${name} of process ${pid}`);
  return Number(match[1]) * 1024;
}

/** What a process has in memory now. */
export function residentBytes(pid) {
  return field(pid, "VmRSS");
}

/** Watches how far the memory of a process grows beyond what it is now. */
export class MemoryWatch {
  constructor(pid) {
    this.pid = pid;
    writeFileSync(`/proc/${pid}/clear_refs`, "5");  // The peak starts over.
    this.before = field(pid, "VmRSS");
  }

  get growth() {
    return field(this.pid, "VmHWM") - this.before;
  }
}
