// The instances that the page knows, and who is to be told when one changes. Messages are gathered
// and applied once a frame, or now and then without frames; whoever watches one instance hears of no other.
import { apply, isWhole, type Instance, type Instances } from "./instances";

const hiddenMs = 250;

export class InstanceStore {
  #all = new Map<string, Instance>();
  #queue: unknown[] = [];
  #scheduled = false;
  #watchers = new Map<string, Set<() => void>>();
  #listeners = new Set<() => void>();
  #unlisted = new Set<string>();
  /** Whether a list has come, as a whole. */
  isLoaded = false;

  get all(): Instances {
    return this.#all;
  }

  get(id: string): Instance | undefined {
    return this.#all.get(id);
  }

  /** Begins with what was known earlier, before anybody watches. */
  fill(all: Instances): void {
    this.#all = new Map(all);
  }

  /** One message of the hub. */
  hear(message: unknown): void {
    this.#queue.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    const flush = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.#flush();
    };
    const frame = requestAnimationFrame(flush);
    // A page that nobody sees, or that is hidden before its frame, has none; its title should change all the same.
    const timer = setTimeout(flush, hiddenMs);
  }

  #flush(): void {
    this.#scheduled = false;
    const messages = this.#queue;
    this.#queue = [];
    const changed = new Set<string>();
    let isNew = false;
    for (const message of messages) {
      for (const id of apply(this.#all, message, this.#unlisted)) changed.add(id);
      if (!this.isLoaded && isWhole(message)) {
        this.isLoaded = true;
        isNew = true;
      }
    }
    for (const id of changed) {
      for (const watcher of [...(this.#watchers.get(id) ?? [])]) watcher();
    }
    if (changed.size > 0 || isNew) for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `changed` after that instance changed; returns what ends it. */
  watch(id: string, changed: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(changed));
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  /** Calls `changed` after any change, once for all of a frame; returns what ends it. */
  listen(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }
}
