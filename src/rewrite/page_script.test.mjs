// What the script does in a page: node --test src/rewrite/page_script.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { makeBrowser, P, run, script } from './script_testing.mjs';

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

test('a page knows its worker by the address that it gave', () => {
  class ServiceWorker {
    constructor(url) { this.real = new URL(url, 'https://hub.example').href; }
    get scriptURL() { return this.real; }
  }
  const browser = Object.assign(makeBrowser(), { ServiceWorker });
  let seen;
  browser.ServiceWorkerContainer.prototype.register = (url) => { seen = new ServiceWorker(url).scriptURL; };
  run({ prefix: P, localStorage: [] }, browser);
  const register = (code) => vm.runInContext(`new ServiceWorkerContainer().register(${code})`, browser);
  for (const code of [`'/sw.js?v=1'`, `'https://hub.example/sw.js?v=1'`, `new URL('/sw.js?v=1', location.href)`]) {
    register(code);
    assert.equal(seen, 'https://hub.example/sw.js?v=1');
  }
  register(`'${P}/own.js'`);
  assert.equal(seen, `https://hub.example${P}/own.js`);
  assert.equal(new ServiceWorker(`${P}/sw.js`).scriptURL, `https://hub.example${P}/sw.js`);
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
