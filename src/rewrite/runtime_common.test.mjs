// What the script does in pages and workers alike: node --test src/rewrite/runtime_common.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { P, run } from './script_testing.mjs';

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
