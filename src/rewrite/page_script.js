// The first script of every page of an instance (path mode), so that an interface written for the
// root of its own origin works under the prefix: each way in which a program can name a URL puts
// root-relative ones under the prefix, and what an origin shares is split by instance. In subdomain
// mode only the storage items are set. Joined after runtime_common.js, see there for `config`, and
// worker_script.js: in a worker nothing of this runs but the last line.

// Writing the items first: the page's own scripts read them as soon as they run.
function setItems() {
  config.localStorage.forEach(function (item) {
    window.localStorage.setItem(item[0], item[1]);
  });
}

// A Storage that holds only the keys of this instance, as an exotic object like the real one.
function makeStorage(real) {
  var proto = Object.getPrototypeOf(real);
  function ownKeys() {
    return Object.keys(real).filter(hasNamespace).map(withoutNamespace);
  }
  var methods = {
    getItem: function (key) {
      return real.getItem(withNamespace(key));
    },
    setItem: function (key, value) {
      real.setItem(withNamespace(key), value);
    },
    removeItem: function (key) {
      real.removeItem(withNamespace(key));
    },
    key: function (index) {
      var key = ownKeys()[Number(index) || 0];
      return key === undefined ? null : key;
    },
    clear: function () {
      ownKeys().forEach(methods.removeItem);
    }
  };
  function isItem(key) {
    return isString(key) && !(key in proto) && methods.getItem(key) !== null;
  }
  return new Proxy(Object.create(proto), {
    get: function (target, key) {
      if (Object.prototype.hasOwnProperty.call(methods, key)) return methods[key];
      if (key === 'length') return ownKeys().length;
      return isItem(key) ? methods.getItem(key) : proto[key];
    },
    set: function (target, key, value) {
      if (!isString(key)) return Reflect.set(target, key, value);
      methods.setItem(key, value);
      return true;
    },
    has: function (target, key) {
      return key in proto || isItem(key);
    },
    deleteProperty: function (target, key) {
      if (!isString(key)) return Reflect.deleteProperty(target, key);
      methods.removeItem(key);
      return true;
    },
    defineProperty: function (target, key, descriptor) {
      if (!isString(key)) return Reflect.defineProperty(target, key, descriptor);
      methods.setItem(key, descriptor.value);
      return true;
    },
    ownKeys: ownKeys,
    getOwnPropertyDescriptor: function (target, key) {
      if (!isItem(key)) return undefined;
      return { value: methods.getItem(key), writable: true, enumerable: true, configurable: true };
    }
  });
}

function patchStorage() {
  var areas = [];
  ['localStorage', 'sessionStorage'].forEach(function (name) {
    try {
      var real = window[name];
      if (!real) return;
      var mine = makeStorage(real);
      areas.push([real, mine]);
      Object.defineProperty(window, name, {
        configurable: true,
        enumerable: true,
        get: function () {
          return mine;
        }
      });
    } catch (error) {
      return;
    }
  });
  // Storage.prototype.setItem.call(localStorage, ...): the browser's own knows only its own areas.
  ['getItem', 'setItem', 'removeItem', 'key', 'clear'].forEach(function (name) {
    patch(window.Storage && window.Storage.prototype, name, function (original) {
      return function () {
        var method = original;
        for (var i = 0; i < areas.length; i++) {
          if (areas[i][1] === this) method = this[name];
        }
        return method.apply(this, arguments);
      };
    });
  });
  if (!window.StorageEvent) return;
  var key = Object.getOwnPropertyDescriptor(window.StorageEvent.prototype, 'key');
  // Other instances' changes are not this page's business. First listener, so nobody sees them.
  window.addEventListener('storage', function (event) {
    var name = key && key.get.call(event);
    if (isString(name) && !hasNamespace(name)) event.stopImmediatePropagation();
  }, true);
  patchGetter(window.StorageEvent.prototype, 'key', function (get) {
    return function () {
      return withoutNamespace(get.call(this));
    };
  });
  patchGetter(window.StorageEvent.prototype, 'storageArea', function (get) {
    return function () {
      var area = get.call(this);
      areas.forEach(function (pair) {
        if (pair[0] === area) area = pair[1];
      });
      return area;
    };
  });
}

// A cookie that a script sets for "/" would reach every instance and the hub.
function patchCookies() {
  var owner = window.Document && window.Document.prototype;
  var descriptor = owner && Object.getOwnPropertyDescriptor(owner, 'cookie');
  if (!descriptor || !descriptor.set || !descriptor.configurable) return;
  var set = descriptor.set;
  var get = descriptor.get;
  descriptor.set = function (cookie) {
    var text = keptCookie(String(cookie).replace(/^\s+/, ''));
    set.call(this, text.replace(/(;\s*path\s*=\s*)(\/[^;]*)/ig, function (all, name, path) {
      return name + fixPath(path);
    }));
  };
  descriptor.get = function () {
    return get.call(this).split('; ').map(shownCookie).join('; ');
  };
  Object.defineProperty(owner, 'cookie', descriptor);
}

// Candidates of "/a.png 1x, /b.png 2x". A URL may hold commas, so it ends at white space.
function fixSrcset(value) {
  if (!isString(value)) return value;
  return value.replace(/([\s,]*)(?:(\S*,)(?=\s|$)|(\S+)([^,]*))/g,
      function (all, lead, alone, url, rest) {
        return alone ? lead + fixPath(alone) : lead + fixPath(url) + rest;
      });
}

function fixAttribute(element, name, value) {
  switch (String(name).toLowerCase()) {
    case 'src':
    case 'href':
    case 'action':
    case 'poster':
    case 'formaction':
    case 'xlink:href':
      return fix(value);
    case 'data':
      return element.localName === 'object' ? fix(value) : value;
    case 'srcset':
    case 'imagesrcset':
      return fixSrcset(value);
    default:
      return value;
  }
}

function patchElements() {
  var proto = window.Element && window.Element.prototype;
  patch(proto, 'setAttribute', function (original) {
    return function (name, value) {
      return original.call(this, name, fixAttribute(this, name, value));
    };
  });
  patch(proto, 'setAttributeNS', function (original) {
    return function (namespace, name, value) {
      return original.call(this, namespace, name, fixAttribute(this, name, value));
    };
  });
  function patchSetter(type, name) {
    var owner = window[type] && window[type].prototype;
    var descriptor = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!descriptor || !descriptor.set || !descriptor.configurable) return;
    var set = descriptor.set;
    var change = /srcset$/i.test(name) ? fixSrcset : fix;
    descriptor.set = function (value) {
      set.call(this, change(value));
    };
    Object.defineProperty(owner, name, descriptor);
  }
  var setters = {
    HTMLAnchorElement: ['href'],
    HTMLAreaElement: ['href'],
    HTMLBaseElement: ['href'],
    HTMLButtonElement: ['formAction'],
    HTMLEmbedElement: ['src'],
    HTMLFormElement: ['action'],
    HTMLFrameElement: ['src'],
    HTMLIFrameElement: ['src'],
    HTMLImageElement: ['src', 'srcset'],
    HTMLInputElement: ['src', 'formAction'],
    HTMLLinkElement: ['href', 'imageSrcset'],
    HTMLMediaElement: ['src'],
    HTMLObjectElement: ['data'],
    HTMLScriptElement: ['src'],
    HTMLSourceElement: ['src', 'srcset'],
    HTMLTrackElement: ['src'],
    HTMLVideoElement: ['poster']
  };
  Object.keys(setters).forEach(function (type) {
    setters[type].forEach(function (name) {
      patchSetter(type, name);
    });
  });
  patchConstructor('Audio', function (args) {
    args[0] = fix(args[0]);
  });
}

function fixCss(text) {
  if (!isString(text) || text.indexOf('/') < 0) return text;
  return text.replace(/(\burl\(\s*["']?|@import\s+["'])(\/[^"')\s]*)/ig,
      function (all, lead, path) {
        return lead + fixPath(path);
      });
}

// Style sheets that scripts write, as dev servers and styling libraries do.
function patchStyles() {
  var proto = window.HTMLStyleElement && window.HTMLStyleElement.prototype;
  ['textContent', 'innerHTML', 'innerText'].forEach(function (name) {
    var owner = proto;
    while (owner && !Object.getOwnPropertyDescriptor(owner, name)) {
      owner = Object.getPrototypeOf(owner);
    }
    var descriptor = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!descriptor || !descriptor.set) return;
    var set = descriptor.set;
    descriptor.set = function (value) {
      set.call(this, fixCss(value));
    };
    descriptor.configurable = true;
    Object.defineProperty(proto, name, descriptor);
  });
  ['append', 'prepend', 'replaceChildren', 'appendChild', 'insertBefore'].forEach(function (name) {
    patchArguments(proto, name, function (args) {
      for (var i = 0; i < args.length; i++) {
        if (isString(args[i])) args[i] = fixCss(args[i]);
        if (args[i] && args[i].nodeType === 3) args[i].data = fixCss(args[i].data);
      }
    });
  });
  ['insertRule', 'replace', 'replaceSync'].forEach(function (name) {
    patchArguments(window.CSSStyleSheet && window.CSSStyleSheet.prototype, name, function (args) {
      args[0] = fixCss(args[0]);
    });
  });
}

function patchNavigation() {
  patchUrl(window, 'open', 0);
  ['pushState', 'replaceState'].forEach(function (name) {
    patchArguments(window.History && window.History.prototype, name, function (args) {
      if (args.length < 3 || args[2] === null || args[2] === undefined) return;
      var url = fix(args[2]);
      // A router's "/" becomes the bare prefix, which lies outside the service worker's scope and
      // would change the base of relative URLs: it gets its slash.
      if (isString(url)) {
        var parts = /^(?:https?:\/\/[^\/?#]*)?([^?#]*)/i.exec(url);
        if (parts[1] === P) url = parts[0] + '/' + url.slice(parts[0].length);
      }
      args[2] = url;
    });
  });
  // location.href = '/x' cannot be patched; where the browser announces navigations, redirect them.
  var navigation = window.navigation;
  if (!navigation || !navigation.addEventListener) return;
  navigation.addEventListener('navigate', function (event) {
    var target = event.destination && event.destination.url;
    var fixed = fix(target);
    // A download without a name has the empty one.
    if (fixed === target || !event.cancelable || event.formData ||
        isString(event.downloadRequest) || event.navigationType === 'traverse' ||
        event.navigationType === 'reload') {
      return;
    }
    event.preventDefault();
    if (event.navigationType === 'replace') {
      window.location.replace(fixed);
    } else {
      window.location.assign(fixed);
    }
  });
}

function absolute(url) {
  return new URL(url, window.location.href).href;
}

function patchServiceWorkers() {
  patchUrl(window.Worklet && window.Worklet.prototype, 'addModule', 0);
  var container = window.ServiceWorkerContainer && window.ServiceWorkerContainer.prototype;
  // From where a worker's script is to where the page asked for it.
  var asked = {};
  patchArguments(container, 'register', function (args) {
    var url = fix(args[0]);
    if (url !== args[0]) asked[absolute(url)] = absolute(args[0]);
    args[0] = url;
    if (args[1] && args[1].scope !== undefined) {
      var options = {};
      for (var key in args[1]) options[key] = args[1][key];
      options.scope = fix(options.scope);
      args[1] = options;
    }
  });
  // By this address workbox-window tells the page's own worker from a stranger's.
  patchGetter(window.ServiceWorker && window.ServiceWorker.prototype, 'scriptURL', function (get) {
    return function () {
      var url = get.call(this);
      return asked[url] || url;
    };
  });
  patchUrl(container, 'getRegistration', 0);
  patch(container, 'getRegistrations', function (original) {
    return function () {
      return original.call(this).then(function (registrations) {
        return registrations.filter(function (registration) {
          return isOwn(registration.scope);
        });
      });
    };
  });
}

function start() {
  if (P === '') return runAll([setItems]);
  // A page that is put together from parts may carry this script twice.
  if (Object.prototype.hasOwnProperty.call(window, '__berth_prefix')) return;
  Object.defineProperty(window, '__berth_prefix', { value: P });
  if (config.basename) window.__ROUTER_BASENAME__ = P;
  runAll([patchStorage, setItems, patchRequests, patchXhr, patchConnections, patchElements,
          patchStyles, patchNavigation, patchWorkers, patchServiceWorkers, patchCaches,
          patchDatabases, patchFiles, patchNotifications, patchCookies, patchCookieStore]);
}

if (typeof window === 'undefined') {
  startWorker();
} else {
  start();
}
