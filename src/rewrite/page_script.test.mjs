// Runs the script of pages and workers in node's vm against small stand-ins of the
// browser's interfaces: node --test src/rewrite/page_script.test.mjs
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const P = '/clients/x/proxy';

// As the program joins them.
function script(config) {
  const source = ['runtime_common.js', 'worker_script.js', 'page_script.js'].map(read).join('');
  return `(function berth(config){\n${source}})(${JSON.stringify(config)});`;
}

function run(config, globals) {
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

// A constructor and methods that write down what they were given.
function makeBrowser() {
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

function page(config = {}) {
  const browser = run(
    { prefix: P, localStorage: [['auth-token', 'a.b.c']], basename: true, ...config },
    makeBrowser());
  const last = (code) => {
    vm.runInContext(code, browser);
    return browser.calls.at(-1).slice(1);
  };
  return { browser, last, eval: (code) => vm.runInContext(code, browser) };
}

test('every way to name a URL leads under the prefix', () => {
  const { last, eval: run } = page();
  assert.deepEqual(last(`fetch('/api/x', 1)`), [`${P}/api/x`, 1]);
  assert.deepEqual(last(`fetch('${P}/api/x')`), [`${P}/api/x`]);
  assert.deepEqual(last(`fetch(new URL('/x', location.href))`), [`https://hub.example${P}/x`]);
  assert.deepEqual(last(`fetch(new Request('https://hub.example${P}/x'))`).length, 1);
  assert.deepEqual(last(`new Request('/x')`), [`${P}/x`]);
  assert.deepEqual(last(`new WebSocket('wss://hub.example/ws?token=')`),
    [`wss://hub.example${P}/ws?token=`]);
  assert.deepEqual(last(`new WebSocket('wss://other.example/ws', 'p')`),
    ['wss://other.example/ws', 'p']);
  assert.deepEqual(last(`new EventSource('/events')`), [`${P}/events`]);
  assert.deepEqual(last(`new Worker('/w.js')`), [`${P}/w.js`]);
  assert.deepEqual(last(`new Worker('blob:x')`), ['blob:x']);
  assert.deepEqual(last(`new XMLHttpRequest().open('GET', '/x', true)`), ['GET', `${P}/x`, true]);
  assert.deepEqual(last(`new Navigator().sendBeacon('/x')`), [`${P}/x`]);
  assert.deepEqual(last(`open('/x')`), [`${P}/x`]);
  assert.deepEqual(last(`new Element().setAttribute('SRC', '/x')`), ['SRC', `${P}/x`]);
  assert.deepEqual(last(`new Element().setAttribute('title', '/x')`), ['title', '/x']);
  assert.deepEqual(last(`new ServiceWorkerContainer().register('/sw.js', {scope: '/'})`)
    .map((value) => JSON.stringify(value)), [`"${P}/sw.js"`, `{"scope":"${P}/"}`]);
  assert.equal(run(`var i = new HTMLImageElement(); i.src = '/x'; i.src`), `${P}/x`);
  for (const url of ['//h/x', 'x', '#x', 'data:,/x', 'https://h/x', '/\\\\h']) {
    assert.deepEqual(last(`fetch('${url}')`), [url.replace('\\\\', '\\')]);
  }
});

test('this host is known however it is spelt', () => {
  const { last } = page();
  for (const host of ['wss://hub.example:443', 'wss://hub.example:', 'WSS://HUB.example',
    '//Hub.Example:443', 'ws://hub.example:80']) {
    assert.deepEqual(last(`new WebSocket('${host}/?token=1')`), [`${host}${P}/?token=1`]);
  }
  for (const host of ['wss://hub.example:80', 'wss://hub.example:4433', 'ws://hub.example:443',
    '//hub.example:80']) {
    assert.deepEqual(last(`new WebSocket('${host}/')`), [`${host}/`]);
  }
  const other = makeBrowser();
  other.location = { host: 'hub.example:8080', href: `http://hub.example:8080${P}/` };
  run({ prefix: P, localStorage: [] }, other);
  for (const url of ['//HUB.example:8080/x', '//hub.example:80/x', '//hub.example/x']) other.fetch(url);
  assert.deepEqual(other.calls.map(([, url]) => url),
    [`//HUB.example:8080${P}/x`, '//hub.example:80/x', '//hub.example/x']);
});

test('a navigation from the root is led under the prefix, a download is not one', () => {
  const browser = makeBrowser();
  let navigate;
  browser.navigation = { addEventListener: (type, listener) => { navigate = listener; } };
  run({ prefix: P, localStorage: [] }, browser);
  const go = (more) => navigate({
    destination: { url: 'https://hub.example/report' }, cancelable: true, navigationType: 'push',
    downloadRequest: null, preventDefault() { browser.calls.push(['prevented']); }, ...more,
  });
  for (const downloadRequest of ['', 'report.txt']) go({ downloadRequest });
  assert.deepEqual(browser.calls, []);
  go({});
  assert.deepEqual(browser.calls, [['prevented'], ['assign', `https://hub.example${P}/report`]]);
});

test('wrapped constructors look like the originals', () => {
  const { eval: run } = page();
  assert.equal(run(`new WebSocket('/x') instanceof WebSocket`), true);
  assert.equal(run(`WebSocket.OPEN`), 1);
  assert.equal(run(`class S extends WebSocket {}; new S('/x') instanceof S`), true);
  assert.equal(run(`new S('/x').url`), `${P}/x`);
  assert.equal(run(`new WebSocket('/x').constructor === WebSocket`), true);
});

test('history keeps the slash of the prefix', () => {
  const { last } = page();
  assert.deepEqual(last(`new History().pushState(null, '', '/')`), [null, '', `${P}/`]);
  assert.deepEqual(last(`new History().pushState(null, '', '${P}')`), [null, '', `${P}/`]);
  assert.deepEqual(last(`new History().pushState(null, '', '${P}?a#b')`), [null, '', `${P}/?a#b`]);
  assert.deepEqual(last(`new History().replaceState(null, '', '/session/1')`),
    [null, '', `${P}/session/1`]);
  assert.deepEqual(last(`new History().pushState(null, '')`), [null, '']);
});

test('srcset candidates are fixed one by one', () => {
  const { last } = page();
  const set = (value) => last(`new Element().setAttribute('srcset', '${value}')`)[1];
  assert.equal(set('/a 1x, /b 2x'), `${P}/a 1x, ${P}/b 2x`);
  assert.equal(set('/a 1x,/b 2x'), `${P}/a 1x,${P}/b 2x`);
  assert.equal(set('data:image/jpeg;base64,/9j/ 1x, /b'), `data:image/jpeg;base64,/9j/ 1x, ${P}/b`);
  assert.equal(set('/a, /b'), `${P}/a, ${P}/b`);
});

test('storage is split by instance and holds the items first', () => {
  const browser = makeBrowser();
  const real = browser.localStorage;
  real['berth:/clients/y/proxy:theirs'] = '1';
  real.hub = '2';
  const context = run(
    { prefix: P, localStorage: [['auth-token', 'a.b.c']], basename: true }, browser);
  const eval_ = (code) => vm.runInContext(code, context);
  assert.equal(eval_(`localStorage.getItem('auth-token')`), 'a.b.c');
  assert.equal(eval_(`localStorage['auth-token']`), 'a.b.c');
  assert.equal(eval_(`localStorage.length`), 1);
  eval_(`localStorage.theme = 'dark'; localStorage.setItem('n', 1)`);
  assert.equal(real[`berth:${P}:theme`], 'dark');
  assert.deepEqual([...eval_(`Object.keys(localStorage)`)], ['auth-token', 'theme', 'n']);
  assert.equal(eval_(`localStorage.key(1)`), 'theme');
  assert.equal(eval_(`localStorage.key(9)`), null);
  assert.equal(eval_(`'theme' in localStorage && !('hub' in localStorage)`), true);
  assert.equal(eval_(`delete localStorage.theme; localStorage.theme`), undefined);
  assert.equal(eval_(`localStorage.getItem('hub')`), null);
  eval_(`Storage.prototype.setItem.call(localStorage, 'n', 2)`);
  assert.equal(real[`berth:${P}:n`], '2');
  assert.equal(eval_(`Storage.prototype.getItem.call(localStorage, 'n')`), '2');
  assert.equal(eval_(`Storage.prototype.getItem.call(sessionStorage, 'n')`), null);
  eval_(`localStorage.clear()`);
  assert.deepEqual(Object.keys(real), ['berth:/clients/y/proxy:theirs', 'hub']);
  assert.equal(eval_(`window.__ROUTER_BASENAME__`), P);
});

test('cookies, databases and channels are the instance\'s own', () => {
  const { last } = page();
  assert.deepEqual(last(`new Document().cookie = 'a=b; path=/; secure'`), [`a=b; path=${P}/; secure`]);
  assert.deepEqual(last(`new IDBFactory().open('db', 1)`), [`berth:${P}:db`, 1]);
  assert.deepEqual(last(`new BroadcastChannel('c')`), [`berth:${P}:c`]);
});

test('cookies for "/" alone are kept under another name, and scripts see theirs', () => {
  const { browser, last } = page();
  assert.deepEqual(last(`new Document().cookie = ' __Host-a=__Host-b; Secure; Path=/'`), [`__Secure-berth-host-a=__Host-b; Secure; Path=${P}/`]);
  browser.kept = 'x=__Secure-berth-host-y; __Secure-berth-host-a=b; __Secure-c=d';
  assert.equal(vm.runInContext('new Document().cookie', browser), 'x=__Secure-berth-host-y; __Host-a=b; __Secure-c=d');
});

test('a second copy of the script changes nothing', () => {
  const { browser, last } = page();
  const config = { prefix: P, localStorage: [['auth-token', 'other']], basename: false };
  vm.runInContext(script(config), browser);
  assert.equal(vm.runInContext(`localStorage.getItem('auth-token')`, browser), 'a.b.c');
  assert.deepEqual(last(`fetch('/x')`), [`${P}/x`]);
});

test('in subdomain mode only the items are set', () => {
  const { browser, last } = page({ prefix: '' });
  assert.equal(browser.localStorage.getItem('auth-token'), 'a.b.c');
  assert.deepEqual(last(`fetch('/x')`), ['/x']);
  assert.equal(browser.__ROUTER_BASENAME__, undefined);
});

test('a missing interface keeps nothing else from being patched', () => {
  const browser = makeBrowser();
  for (const name of ['WebSocket', 'CacheStorage', 'Cache', 'IDBFactory', 'sessionStorage',
    'ServiceWorkerContainer', 'History', 'Document', 'Navigator']) delete browser[name];
  Object.defineProperty(browser, 'localStorage', { get() { throw new Error('denied'); } });
  const context = run({ prefix: P, localStorage: [['a', 'b']] }, browser);
  vm.runInContext(`fetch('/x')`, context);
  assert.deepEqual(browser.calls.at(-1), ['fetch', `${P}/x`]);
});

function worker() {
  const calls = [];
  const stores = new Map();
  class Cache {
    constructor() { this.entries = new Map(); }
    addAll(list) { calls.push(['addAll', ...list]); return Promise.resolve(); }
    put(request, response) { this.entries.set(request, response); return Promise.resolve(); }
    match(request) { return Promise.resolve(this.entries.get(request)); }
  }
  class CacheStorage {
    open(name) {
      if (!stores.has(name)) stores.set(name, new Cache());
      return Promise.resolve(stores.get(name));
    }
    has(name) { return Promise.resolve(stores.has(name)); }
    delete(name) { return Promise.resolve(stores.delete(name)); }
    keys() { return Promise.resolve([...stores.keys()]); }
    match() { throw new Error('searches every cache of the origin'); }
  }
  class Clients {
    openWindow(url) { calls.push(['openWindow', url]); }
    matchAll() {
      return Promise.resolve([{ url: `https://hub.example${P}/a` },
        { url: 'https://hub.example/dashboard' }, { url: 'https://hub.example/clients/xy/proxy/' }]);
    }
  }
  class ServiceWorkerRegistration {
    showNotification(...args) { calls.push(['notify', ...args]); }
  }
  const globals = {
    calls, stores, URL, console, Cache, CacheStorage, Clients, ServiceWorkerRegistration,
    location: { host: 'hub.example', href: `https://hub.example${P}/sw.js?proxyBase=${P}` },
    caches: new CacheStorage(), clients: new Clients(),
    registration: new ServiceWorkerRegistration(),
    fetch: (...args) => calls.push(['fetch', ...args]),
    importScripts: (...args) => calls.push(['importScripts', ...args]),
  };
  globals.self = globals;
  run({ prefix: P, localStorage: [] }, globals);
  return globals;
}

test('a service worker stays under its prefix', async () => {
  const self = worker();
  self.fetch('/api/x');
  self.importScripts('/a.js', 'b.js');
  self.clients.openWindow('/session/1');
  self.registration.showNotification('t', { icon: '/i.png', body: '/b' });
  assert.deepEqual(self.calls.map((call) => JSON.stringify(call)), [
    `["fetch","${P}/api/x"]`, `["importScripts","${P}/a.js","b.js"]`,
    `["openWindow","${P}/session/1"]`, `["notify","t",{"icon":"${P}/i.png","body":"/b"}]`]);
  assert.deepEqual((await self.clients.matchAll()).map((client) => client.url),
    [`https://hub.example${P}/a`]);
});

test('a service worker has caches of its own', async () => {
  const self = worker();
  self.stores.set('hub', new self.Cache());
  self.stores.set('berth:/clients/y/proxy:v1', new self.Cache());
  const cache = await self.caches.open('v1');
  await cache.addAll(['/manifest.json']);
  assert.deepEqual(self.calls.at(-1), ['addAll', `${P}/manifest.json`]);
  assert.deepEqual([...await self.caches.keys()], ['v1']);
  assert.equal(await self.caches.has('v1'), true);
  assert.equal(await self.caches.has('hub'), false);

  await cache.put('/a', { ok: true, redirected: false, type: 'basic' });
  await cache.put('/b', { ok: false, redirected: false, type: 'basic' });
  await cache.put('/c', { ok: true, redirected: true, type: 'basic' });
  await cache.put('https://cdn/d', { ok: false, redirected: false, type: 'opaque' });
  assert.deepEqual([...cache.entries.keys()], [`${P}/a`, 'https://cdn/d']);
  assert.ok(await self.caches.match('/a'));
  assert.ok(await self.caches.match('/a', { cacheName: 'v1' }));
  assert.equal(await self.caches.match('/a', { cacheName: 'v2' }), undefined);
  assert.equal(await self.caches.match('/b'), undefined);
  for (const name of await self.caches.keys()) await self.caches.delete(name);
  assert.deepEqual([...self.stores.keys()], ['hub', 'berth:/clients/y/proxy:v1']);
});

test('a worker names URLs from the root as its page does', () => {
  const { globals: self } = ordinaryWorker({ host: 'hub.example' });
  self.fetch('/api/x');
  self.importScripts('/a.js', 'b.js');
  new self.WebSocket('wss://hub.example/ws');
  new self.Worker('/nested.js');
  assert.deepEqual(self.calls, [['fetch', `${P}/api/x`], ['importScripts', `${P}/a.js`, 'b.js'],
    ['WebSocket', `wss://hub.example${P}/ws`], ['Worker', `${P}/nested.js`]]);
});

function ordinaryWorker(location) {
  const calls = [];
  const globals = {
    calls, URL, console, location,
    fetch: (...args) => calls.push(['fetch', ...args]),
    importScripts: (...args) => calls.push(['importScripts', ...args]),
  };
  for (const name of ['WebSocket', 'Worker']) {
    globals[name] = class { constructor(...args) { calls.push([name, ...args]); } };
  }
  globals.self = globals;
  run({ prefix: P, localStorage: [] }, globals);
  return { globals };
}

test('a worker that the page made as a blob is patched too', async () => {
  const browser = makeBrowser();
  const made = new Map();
  class FakeUrl extends URL {}
  FakeUrl.createObjectURL = (blob) => {
    const url = `blob:https://hub.example/${made.size}`;
    made.set(url, blob);
    return url;
  };
  FakeUrl.revokeObjectURL = (url) => made.delete(url);
  Object.assign(browser, { URL: FakeUrl, Blob });
  run({ prefix: P, localStorage: [] }, browser);

  const text = 'new WebSocket("wss://hub.example/ws")';
  const url = browser.URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  new browser.SharedWorker(url, 'name');
  new browser.SharedWorker(url);
  const [first, second] = browser.calls;
  assert.equal(first[2], 'name');
  assert.equal(first[1], second[1]);
  assert.notEqual(first[1], url);
  const blob = made.get(first[1]);
  assert.equal(blob.type, 'text/javascript');

  // Such a worker's location has an origin and no host.
  const { globals: self } = ordinaryWorker({ host: '', origin: 'https://hub.example' });
  const fresh = { ...self, calls: [], WebSocket: class { constructor(to) { fresh.calls.push(to); } } };
  delete fresh.__berth_prefix;
  fresh.self = fresh;
  vm.runInContext(await blob.text(), vm.createContext(fresh));
  assert.deepEqual(fresh.calls, [`wss://hub.example${P}/ws`]);

  browser.URL.revokeObjectURL(url);
  assert.equal(made.size, 0);
});

test('style sheets that scripts write name URLs from the root', () => {
  class Node {
    get textContent() { return this.text; }
    set textContent(text) { this.text = text; }
    appendChild(node) { this.text = node.data; }
  }
  class HTMLStyleElement extends Node {}
  class HTMLDivElement extends Node {}
  class CSSStyleSheet { insertRule(...args) { this.rule = args; } }
  const browser = Object.assign(makeBrowser(), { HTMLStyleElement, CSSStyleSheet });
  run({ prefix: P, localStorage: [] }, browser);

  const style = new HTMLStyleElement();
  style.textContent = '@import "/a.css"; b{src:url(/c) url( "/d" ) url(e) url(//f/g) url(data:,/h)}';
  assert.equal(style.textContent, `@import "${P}/a.css"; ` +
    `b{src:url(${P}/c) url( "${P}/d" ) url(e) url(//f/g) url(data:,/h)}`);
  style.textContent = style.textContent.slice(0, 20 + P.length);
  assert.equal(style.textContent.split(P).length, 2);
  style.appendChild({ nodeType: 3, data: 'a{src:url(/b)}' });
  assert.equal(style.textContent, `a{src:url(${P}/b)}`);
  const other = new HTMLDivElement();
  other.textContent = 'url(/b)';
  assert.equal(other.textContent, 'url(/b)');
  const sheet = new CSSStyleSheet();
  sheet.insertRule("a{src:url('/b')}", 1);
  assert.deepEqual(sheet.rule, [`a{src:url('${P}/b')}`, 1]);
});

// The origin's cookies and private files, with what was done to them.
function shared() {
  const cookies = [];
  const folders = [];
  class CookieStore {
    set(...args) { cookies.push(['set', ...args]); }
    delete(...args) { cookies.push(['delete', ...args]); }
    get(...args) { cookies.push(['get', ...args]); return Promise.resolve({ name: '__Secure-berth-host-a', value: 'b' }); }
    getAll(...args) { cookies.push(['getAll', ...args]); return Promise.resolve([{ name: '__Secure-berth-host-a', value: 'b' }, { name: 'c', value: '' }]); }
  }
  class StorageManager {
    getDirectory() {
      return Promise.resolve({
        getDirectoryHandle(name, options) { folders.push([name, options]); return Promise.resolve(name); },
      });
    }
  }
  return { cookies, folders, globals: { CookieStore, StorageManager } };
}

for (const [kind, start] of [
  ['page', (globals) => { globals.window = globals; }],
  ['worker', (globals) => { globals.self = globals; }],
]) {
  test(`a ${kind} has cookies and files of its own`, async () => {
    const { cookies, folders, globals } = shared();
    Object.assign(globals, { URL, console, location: { host: 'hub.example', href: `https://hub.example${P}/` }, addEventListener() {} });
    start(globals);
    run({ prefix: P, localStorage: [] }, globals);
    const store = new globals.CookieStore();
    store.set('a', 'b');
    store.set({ name: 'a', value: 'b', path: '/x', sameSite: 'lax' });
    store.set({ name: 'a', value: 'b', path: `${P}/y/` });
    store.delete('a');
    store.delete({ name: 'a' });
    assert.deepEqual(cookies.map((call) => JSON.parse(JSON.stringify(call))), [
      ['set', { name: 'a', value: 'b', path: `${P}/` }],
      ['set', { name: 'a', value: 'b', path: `${P}/x`, sameSite: 'lax' }],
      ['set', { name: 'a', value: 'b', path: `${P}/y/` }],
      ['delete', { name: 'a', path: `${P}/` }],
      ['delete', { name: 'a', path: `${P}/` }],
    ]);
    cookies.length = 0;
    store.set('__Host-a', 'b');
    assert.equal((await store.get('__Host-a')).name, '__Host-a');
    await store.get({ name: '__Host-a', url: '/' });
    assert.deepEqual((await store.getAll()).map(({ name }) => name), ['__Host-a', 'c']);
    assert.deepEqual(cookies.map((call) => JSON.parse(JSON.stringify(call))), [
      ['set', { name: '__Secure-berth-host-a', value: 'b', path: `${P}/` }],
      ['get', '__Secure-berth-host-a'],
      ['get', { name: '__Secure-berth-host-a', url: '/' }],
      ['getAll'],
    ]);
    assert.equal(await new globals.StorageManager().getDirectory(), encodeURIComponent(`berth:${P}:`));
    assert.equal(JSON.stringify(folders[0][1]), '{"create":true}');
  });
}
