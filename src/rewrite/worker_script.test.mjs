// What the script does in a worker, of whatever kind: node --test src/rewrite/worker_script.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { makeBrowser, P, run } from './script_testing.mjs';

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
