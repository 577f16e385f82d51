// What pages and workers share. The program joins the files:
//
//     (function berth(config) { runtime_common.js; worker_script.js; page_script.js })({...});
//
// so these are the statements of one function, with `config` =
//   prefix        "/clients/ID/proxy", or "" in subdomain mode, where nothing is patched
//   localStorage  [[key, value], ...] to be there before the page's own scripts run
//   basename      whether to set window.__ROUTER_BASENAME__
//
// ES5 without anything that older browsers cannot parse; comments are whole lines, because the build
// strips them.
'use strict';

var P = config.prefix;
var scope = typeof window === 'undefined' ? self : window;
// The location of a worker made from a blob has no host, but an origin.
var HOST = scope.location.host || String(scope.location.origin).replace(/^.*\/\//, '');
var IS_SECURE = /^(?:blob:)?https:/i.test(scope.location.href);
// In front of every name that one origin shares between instances: storage keys, caches, databases.
var NAMESPACE = 'berth:' + P + ':';

// A root-relative path under the prefix; one that lies there already stays.
function fixPath(path) {
  var second = path.charAt(1);
  if (path.charAt(0) !== '/' || second === '/' || second === '\\') return path;
  if (path.lastIndexOf(P, 0) === 0) {
    var next = path.charAt(P.length);
    if (next === '' || next === '/' || next === '?' || next === '#') return path;
  }
  return P + path;
}

// A host as location.host spells it: in lower case, without the port that the scheme has anyway.
function normalHost(scheme, host) {
  var isSecure = scheme ? /^(?:https|wss):$/i.test(scheme) : IS_SECURE;
  return host.toLowerCase().replace(isSecure ? /:(?:443)?$/ : /:(?:80)?$/, '');
}

// Any URL as a program gives it: root-relative, or absolute at this very host.
function fix(url) {
  if (typeof URL === 'function' && url instanceof URL) url = url.href;
  if (typeof url !== 'string') return url;
  var start = /^\s*/.exec(url)[0];
  var text = url.slice(start.length);
  if (text.charAt(0) === '/' && text.charAt(1) !== '/') return start + fixPath(text);
  var parts = /^((?:https?|wss?):)?\/\/([^\/?#\\]*)([^?#]*)(.*)$/i.exec(text);
  if (!parts || normalHost(parts[1], parts[2]) !== HOST) return url;
  return (parts[1] || '') + '//' + parts[2] + fixPath(parts[3] || '/') + parts[4];
}

function isOwn(url) {
  return new URL(url, scope.location.href).pathname.lastIndexOf(P + '/', 0) === 0;
}

// Replaces owner[name] by make(original), if it is there. Never throws: one missing feature must not
// keep the others from being patched.
function patch(owner, name, make) {
  try {
    if (!owner || typeof owner[name] !== 'function') return;
    var original = owner[name];
    var replacement = make(original);
    var descriptor = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, {
      value: replacement,
      writable: true,
      configurable: true,
      enumerable: descriptor ? descriptor.enumerable : true
    });
  } catch (error) {
    return;
  }
}

// Runs each step although another failed: storage may be denied, an interface be odd.
function runAll(steps) {
  steps.forEach(function (step) {
    try {
      step();
    } catch (error) {
      if (scope.console) scope.console.warn('berth: ' + step.name, error);
    }
  });
}

// Lets change(args) edit the arguments of the method owner[name].
function patchArguments(owner, name, change) {
  patch(owner, name, function (original) {
    return function () {
      var args = Array.prototype.slice.call(arguments);
      change(args);
      return original.apply(this, args);
    };
  });
}

// Fixes the argument at `index` of a method.
function patchUrl(owner, name, index) {
  patchArguments(owner, name, function (args) {
    if (args.length > index) args[index] = fix(args[index]);
  });
}

// Fixes the first argument of a constructor; statics, instanceof and subclasses keep working.
function patchConstructor(name, change) {
  patch(scope, name, function (Original) {
    var wrapper = new Proxy(Original, {
      construct: function (target, args, newTarget) {
        var copy = Array.prototype.slice.call(args);
        if (copy.length > 0) change(copy);
        return Reflect.construct(target, copy, newTarget === wrapper ? target : newTarget);
      }
    });
    try {
      Object.defineProperty(Original.prototype, 'constructor', {
        value: wrapper, writable: true, configurable: true
      });
    } catch (error) {
      return wrapper;
    }
    return wrapper;
  });
}

// Replaces the getter of owner[name] by make(originalGetter).
function patchGetter(owner, name, make) {
  try {
    var descriptor = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!descriptor || !descriptor.get || !descriptor.configurable) return;
    descriptor.get = make(descriptor.get);
    Object.defineProperty(owner, name, descriptor);
  } catch (error) {
    return;
  }
}

function isString(value) {
  return typeof value === 'string';
}

function withNamespace(name) {
  return NAMESPACE + name;
}

function hasNamespace(name) {
  return isString(name) && name.lastIndexOf(NAMESPACE, 0) === 0;
}

function withoutNamespace(name) {
  return hasNamespace(name) ? name.slice(NAMESPACE.length) : name;
}

function patchRequests() {
  var NativeRequest = scope.Request;
  function fixInput(args) {
    var input = args[0];
    if (NativeRequest && input instanceof NativeRequest) {
      var url = fix(input.url);
      if (url !== input.url) args[0] = new NativeRequest(url, input);
    } else {
      args[0] = fix(input);
    }
  }
  patchConstructor('Request', fixInput);
  patchArguments(scope, 'fetch', fixInput);
  if (scope.Cache) {
    ['add', 'match', 'matchAll', 'put', 'delete', 'keys'].forEach(function (name) {
      patchArguments(scope.Cache.prototype, name, function (args) {
        if (args.length > 0) fixInput(args);
      });
    });
    patchArguments(scope.Cache.prototype, 'addAll', function (args) {
      args[0] = Array.prototype.map.call(args[0], function (entry) {
        var one = [entry];
        fixInput(one);
        return one[0];
      });
    });
    // An error page or a redirect to a sign-in, stored once, would be served for ever.
    patch(scope.Cache.prototype, 'put', function (original) {
      return function (request, response) {
        var isGood = response && ((response.ok && !response.redirected) ||
                                  response.type === 'opaque');
        if (response && response.type !== undefined && !isGood) return Promise.resolve();
        return original.call(this, request, response);
      };
    });
  }
}

// Each instance has caches of its own, although they share the origin's.
function patchCaches() {
  if (!scope.CacheStorage) return;
  var proto = scope.CacheStorage.prototype;
  var open = proto.open;
  var keys = proto.keys;
  var has = proto.has;
  ['open', 'has', 'delete'].forEach(function (name) {
    patchArguments(proto, name, function (args) {
      args[0] = withNamespace(args[0]);
    });
  });
  patch(proto, 'keys', function (original) {
    return function () {
      return original.call(this).then(function (names) {
        return names.filter(hasNamespace).map(withoutNamespace);
      });
    };
  });
  patch(proto, 'match', function () {
    return function (request, options) {
      var storage = this;
      function matchIn(name) {
        return open.call(storage, name).then(function (cache) {
          return cache.match(request, options);
        });
      }
      if (options && options.cacheName !== undefined) {
        var only = withNamespace(options.cacheName);
        return has.call(storage, only).then(function (exists) {
          return exists ? matchIn(only) : undefined;
        });
      }
      return keys.call(storage).then(function (names) {
        return names.filter(hasNamespace).reduce(function (found, name) {
          return found.then(function (response) {
            return response || matchIn(name);
          });
        }, Promise.resolve(undefined));
      });
    };
  });
}

function patchDatabases() {
  var proto = scope.IDBFactory && scope.IDBFactory.prototype;
  ['open', 'deleteDatabase'].forEach(function (name) {
    patchArguments(proto, name, function (args) {
      if (args.length > 0) args[0] = withNamespace(args[0]);
    });
  });
  patch(proto, 'databases', function (original) {
    return function () {
      return original.call(this).then(function (list) {
        return list.filter(function (entry) {
          return hasNamespace(entry.name);
        }).map(function (entry) {
          return { name: withoutNamespace(entry.name), version: entry.version };
        });
      });
    };
  });
  function strip(get) {
    return function () {
      return withoutNamespace(get.call(this));
    };
  }
  patchGetter(scope.IDBDatabase && scope.IDBDatabase.prototype, 'name', strip);
  patchConstructor('BroadcastChannel', function (args) {
    args[0] = withNamespace(args[0]);
  });
  patchGetter(scope.BroadcastChannel && scope.BroadcastChannel.prototype, 'name', strip);
  patchArguments(scope.LockManager && scope.LockManager.prototype, 'request', function (args) {
    if (isString(args[0])) args[0] = withNamespace(args[0]);
  });
}

// Browsers take these for "/" alone, so the hub renames them (src/hub/proxy_path.h); the instance's
// scripts see the names that it gave.
function swapStart(text, from, to) {
  return isString(text) && text.lastIndexOf(from, 0) === 0 ? to + text.slice(from.length) : text;
}

function keptCookie(name) {
  return swapStart(name, '__Host-', '__Secure-berth-host-');
}

function shownCookie(name) {
  return swapStart(name, '__Secure-berth-host-', '__Host-');
}

// Unlike document.cookie, this sets a cookie for "/" unless told otherwise.
function patchCookieStore() {
  var proto = scope.CookieStore && scope.CookieStore.prototype;
  ['set', 'delete'].forEach(function (name) {
    patchArguments(proto, name, function (args) {
      if (args.length === 0) return;
      var options = {};
      if (args.length > 1 || typeof args[0] !== 'object') {
        options.name = args[0];
        if (name === 'set') options.value = args[1];
      } else {
        for (var key in args[0]) options[key] = args[0][key];
      }
      options.name = keptCookie(options.name);
      options.path = fixPath(String(options.path || '/'));
      args.splice(0, args.length, options);
    });
  });
  function show(found) {
    if (Array.isArray(found)) return found.map(show);
    if (found && isString(found.name)) found.name = shownCookie(found.name);
    return found;
  }
  ['get', 'getAll'].forEach(function (name) {
    patch(proto, name, function (original) {
      return function (wanted) {
        var isObject = wanted && typeof wanted === 'object';
        var kept = isObject ? Object.assign({}, wanted) : keptCookie(wanted);
        if (isObject && isString(wanted.name)) kept.name = keptCookie(wanted.name);
        return (arguments.length ? original.call(this, kept) : original.call(this)).then(show);
      };
    });
  });
}

// Each instance has a folder of its own in the origin's private file system.
function patchFiles() {
  patch(scope.StorageManager && scope.StorageManager.prototype, 'getDirectory', function (original) {
    return function () {
      return original.call(this).then(function (root) {
        return root.getDirectoryHandle(encodeURIComponent(NAMESPACE), { create: true });
      });
    };
  });
}

function patchNotifications() {
  var proto = scope.ServiceWorkerRegistration && scope.ServiceWorkerRegistration.prototype;
  function fixOptions(args) {
    if (!args[1] || typeof args[1] !== 'object') return;
    var options = {};
    for (var key in args[1]) options[key] = args[1][key];
    ['icon', 'badge', 'image'].forEach(function (key) {
      if (isString(options[key])) options[key] = fix(options[key]);
    });
    if (Array.isArray(options.actions)) {
      options.actions = options.actions.map(function (action) {
        var copy = {};
        for (var key in action) copy[key] = action[key];
        if (isString(copy.icon)) copy.icon = fix(copy.icon);
        return copy;
      });
    }
    args[1] = options;
  }
  patchArguments(proto, 'showNotification', fixOptions);
  if (typeof window !== 'undefined') patchConstructor('Notification', fixOptions);
}

function patchXhr() {
  patchUrl(scope.XMLHttpRequest && scope.XMLHttpRequest.prototype, 'open', 1);
  patchUrl(scope.Navigator && scope.Navigator.prototype, 'sendBeacon', 0);
}

// The agent puts this script in front of a worker's text. A text that the page makes itself, as a
// blob, never passes the agent: a second blob with this script in front takes its place.
function patchWorkers() {
  var blobs = {};
  var create = scope.URL && scope.URL.createObjectURL;
  patch(scope.URL, 'createObjectURL', function (original) {
    return function (object) {
      var url = original.apply(this, arguments);
      if (scope.Blob && object instanceof scope.Blob) blobs[url] = { blob: object, url: '' };
      return url;
    };
  });
  patch(scope.URL, 'revokeObjectURL', function (original) {
    return function (url) {
      var entry = blobs[url];
      delete blobs[url];
      if (entry && entry.url) original.call(this, entry.url);
      return original.apply(this, arguments);
    };
  });
  function fixWorker(url) {
    var fixed = fix(url);
    var entry = isString(fixed) && blobs[fixed];
    if (!entry) return fixed;
    if (!entry.url) {
      var text = '(' + berth + ')(' + JSON.stringify({ prefix: P, localStorage: [] }) + ');\n';
      var blob = new scope.Blob([text, entry.blob], { type: entry.blob.type });
      entry.url = create.call(scope.URL, blob);
    }
    return entry.url;
  }
  ['Worker', 'SharedWorker'].forEach(function (name) {
    patchConstructor(name, function (args) {
      args[0] = fixWorker(args[0]);
    });
  });
}

function patchConnections() {
  ['WebSocket', 'EventSource'].forEach(function (name) {
    patchConstructor(name, function (args) {
      args[0] = fix(args[0]);
    });
  });
}
