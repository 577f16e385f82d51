// For tests: the script of pages and workers in node's vm, against small stand-ins of the browser's
// interfaces.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** The prefix of the instance whose page or worker it is. */
export const P = '/clients/x/proxy';

/** As the program joins them. */
export function script(config) {
  const source = ['runtime_common.js', 'worker_script.js', 'page_script.js'].map(read).join('');
  return `(function berth(config){\n${source}})(${JSON.stringify(config)});`;
}

/** Runs it in a world of these globals, which it gives back. */
export function run(config, globals) {
  const context = vm.createContext(globals);
  vm.runInContext(script(config), context);
  return context;
}

class Storage {
  // As the browser's, its methods know none but real ones.
  #isReal = true;
  getItem(key) { return this.#isReal && Object.hasOwn(this, key) ? this[key] : null; }
  setItem(key, value) { if (this.#isReal) this[key] = String(value); }
  removeItem(key) { delete this[key]; }
  key(index) { return Object.keys(this)[index] ?? null; }
  clear() { for (const key of Object.keys(this)) delete this[key]; }
  get length() { return Object.keys(this).length; }
}

/** The globals of a page; its constructors and methods write down in `calls` what they were given. */
export function makeBrowser() {
  const calls = [];
  const note = (name) => function (...args) {
    calls.push([name, ...args]);
    return Promise.resolve();
  };
  const kind = (name) => {
    const made = class { constructor(...args) { calls.push([name, ...args]); this.url = args[0]; } };
    Object.defineProperty(made, 'name', { value: name });
    made.OPEN = 1;
    return made;
  };
  class OwnStorage extends Storage {}
  const globals = {
    calls, URL, console, Storage: OwnStorage,
    location: { host: 'hub.example', href: `https://hub.example${P}/`,
                assign: note('assign'), replace: note('replace') },
    localStorage: new OwnStorage(), sessionStorage: new OwnStorage(),
    fetch: note('fetch'), open: note('open'),
    Request: kind('Request'), WebSocket: kind('WebSocket'), EventSource: kind('EventSource'),
    Worker: kind('Worker'), SharedWorker: kind('SharedWorker'), Audio: kind('Audio'),
    BroadcastChannel: kind('BroadcastChannel'), Notification: kind('Notification'),
    XMLHttpRequest: class {}, Navigator: class {}, History: class {}, Element: class {},
    HTMLImageElement: class {}, ServiceWorkerContainer: class {}, CacheStorage: class {},
    Cache: class {}, IDBFactory: class {}, Document: class {},
    addEventListener() {},
  };
  globals.XMLHttpRequest.prototype.open = note('xhr');
  globals.Navigator.prototype.sendBeacon = note('beacon');
  globals.History.prototype.pushState = note('push');
  globals.History.prototype.replaceState = note('replace');
  globals.Element.prototype.setAttribute = note('setAttribute');
  globals.ServiceWorkerContainer.prototype.register = note('register');
  globals.IDBFactory.prototype.open = note('idb');
  Object.defineProperty(globals.HTMLImageElement.prototype, 'src', {
    configurable: true, get() { return this.real; }, set(value) { this.real = value; },
  });
  Object.defineProperty(globals.Document.prototype, 'cookie', {
    configurable: true, get() { return globals.kept ?? ''; }, set(value) { calls.push(['cookie', value]); },
  });
  globals.window = globals;
  return globals;
}
