// Twelve ways in which a hostile page may try to get at another origin. Each runs in that page with
// {base, name, secret}: the origin it tries, which instance that is ("hub" for none), and what lies in
// the storage of the victim's pages. Each resolves to what it got, or "" for nothing; at the page's own
// origin each gets something. They stand alone: the browser takes their text.

/** Reading the answers, and changing things without reading. */
async function byFetch({ base, name }) {
  const read = async (path, init) => {
    try {
      const response = await fetch(base + path, { credentials: "include", ...init });
      const text = await response.text();
      return response.type === "opaque" || text === "" ? "" : text;
    } catch {
      return "";
    }
  };
  const changes = [
    ["/api/tokens", { method: "POST", body: '{"name":"stolen"}' }],
    ["/api/session", { method: "DELETE" }],
    ["/clients/vera/disconnect", { method: "POST" }],
    ["/api/clients/vera/shares", { method: "POST", body: '{"kind":"everyone","role":"operator"}' }],
  ];
  const got = [await read("/words"), await read("/clients"), await read("/api/session", { mode: "no-cors" })];
  for (const [path, init] of changes) {
    got.push(await read(path, init));
    if (name !== "mallory" && init.method === "POST") got.push(await read(path, { ...init, mode: "no-cors" }));
  }
  navigator.sendBeacon(`${base}/api/tokens`, '{"name":"stolen"}');
  return got.filter(Boolean).join("\n");
}

/** A form that posts JSON-like text into a frame. */
async function byForm({ base }) {
  const got = [];
  for (const [path, field, value] of [["/api/tokens", '{"name":"stolen","x":"', '"}'], ["/api/clients/vera/shares", '{"kind":"everyone","role":"operator","x":"', '"}'], ["/clients/vera/disconnect", "", ""]]) {
    const frame = Object.assign(document.createElement("iframe"), { name: `form${Math.random()}` });
    const form = Object.assign(document.createElement("form"), { action: base + path, method: "post", target: frame.name, enctype: "text/plain" });
    form.append(Object.assign(document.createElement("input"), { name: field, value }));
    document.body.append(frame, form);
    const loaded = new Promise((resolve) => frame.addEventListener("load", () => frame.contentWindow.location.href !== "about:blank" && resolve(), { capture: true }));
    const crossed = new Promise((resolve) => setTimeout(resolve, 1000));
    form.submit();
    await Promise.race([loaded.catch(() => {}), crossed]);
    try {
      const text = frame.contentDocument?.body?.innerText ?? "";
      if (frame.contentWindow.location.href !== "about:blank") got.push(text);
    } catch {
      // Another origin: nothing to read.
    }
    frame.remove();
    form.remove();
  }
  return got.filter(Boolean).join("\n");
}

/** An image of the other origin, also as a request that might change something. */
async function byImage({ base }) {
  const load = (path) => new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(`${path} ${image.width}x${image.height}`);
    image.onerror = () => resolve("");
    image.src = base + path;
  });
  const got = [];
  for (const path of ["/pixel.gif", "/icon.svg", "/clients/vera/disconnect", "/auth/logout"]) got.push(await load(path));
  return got.filter(Boolean).join("\n");
}

async function byWebSocket({ base }) {
  const open = (path) => new Promise((resolve) => {
    const socket = new WebSocket(base.replace("http", "ws") + path);
    socket.onopen = () => resolve(`${path} opened`);
    socket.onerror = () => resolve("");
  });
  const got = [];
  for (const path of ["/ws", "/ws/connect?type=browser", "/clients/vera/proxy/ws"]) got.push(await open(path));
  return got.filter(Boolean).join("\n");
}

async function byEventSource({ base }) {
  const open = (path) => new Promise((resolve) => {
    const source = new EventSource(base + path, { withCredentials: true });
    const end = (text) => {
      source.close();
      resolve(text);
    };
    source.onmessage = ({ data }) => end(data);
    source.onerror = () => end("");
  });
  return (await Promise.all(["/events", "/clients"].map(open))).filter(Boolean).join("\n");
}

/** A frame to read, to lead elsewhere, or to lay over. */
async function byFrame({ base }) {
  const got = [];
  for (const path of ["/", "/dashboard", "/login"]) {
    const frame = Object.assign(document.createElement("iframe"), { src: base + path });
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
    document.body.append(frame);
    await loaded;
    try {
      got.push(frame.contentDocument.body.innerText);
    } catch {
      // Another origin: what reached it is in the victim's log.
    }
    frame.remove();
  }
  return got.filter(Boolean).join("\n");
}

/** A window to read. */
async function byWindow({ base }) {
  const got = [];
  for (const path of ["/", "/dashboard", "/clients"]) {
    const opened = window.open(base + path);
    for (let turn = 0; turn < 15; ++turn) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      try {
        if (opened.location.href !== "about:blank") got.push(opened.document.body.innerText);
      } catch {
        // Another origin.
      }
      if (got.at(-1)) break;
    }
    try {
      opened.close();
    } catch {
      // Cut off.
    }
  }
  return got.filter(Boolean).join("\n");
}

/** A service worker at the root, which would see every request of the origin. */
async function byServiceWorker({ base }) {
  const got = [];
  for (const options of [{}, { scope: "/" }, { scope: `${base}/` }]) {
    try {
      const registration = await navigator.serviceWorker.register(`${base}/sw.js`, options);
      got.push(registration.scope);
      await registration.unregister();
    } catch {
      // Refused.
    }
  }
  return got.join("\n");
}

/** Names are per origin: what is said at home is heard at home only. */
async function byBroadcastChannel({ name }) {
  const [mouth, ear] = [new BroadcastChannel("probe"), new BroadcastChannel("probe")];
  const heard = new Promise((resolve) => (ear.onmessage = ({ data }) => resolve(data)));
  mouth.postMessage("from mallory");
  const got = await heard;
  mouth.close();
  ear.close();
  return name === "mallory" ? got : "";
}

/** What vera's pages stored, and cookies thrown at the whole site. */
async function byStorage({ name, secret }) {
  localStorage.setItem("own", "mallory's");
  const cached = await caches.match("/secret").then((found) => found?.text() ?? "");
  const all = [...Object.values(localStorage), ...Object.values(sessionStorage), decodeURIComponent(document.cookie), cached].join("\n");
  const databases = (await indexedDB.databases()).map((one) => one.name).join();
  const site = location.hostname.split(".").slice(-2).join(".");
  for (const cookie of ["__Host-berth_session", "__Host-berth_instance", "berth_session", "berth_instance"]) {
    for (const value of ["0", "x".repeat(64)]) {
      for (const domain of [site, `apps.${site}`]) document.cookie = `${cookie}=${value}; domain=${domain}; path=/`;
      document.cookie = `${cookie}=${value}; domain=${site}; path=/api`;
    }
  }
  if (name === "mallory") return localStorage.getItem("own") ?? "";
  return all.includes(secret) || databases.includes("secret") ? all : "";
}

/** Messages to whatever page there is: a frame, a window, a window led on. */
async function byMessage({ base, name }) {
  const frame = Object.assign(document.createElement("iframe"), { src: `${base}/` });
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  frame.contentWindow.postMessage("from mallory", "*");
  const opened = window.open(`${base}/`);
  const led = window.open("/");
  await new Promise((resolve) => setTimeout(resolve, 500));
  led.location = `${base}/`;
  const isHome = name === "mallory";
  // A window that is cut off says that it is closed, once its page has come.
  const inReach = () => [opened, led].filter((target) => !target.closed);
  for (let turn = 0; turn < 150 && inReach().length > 0 && !(isHome && turn === 15); ++turn) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const target of inReach()) target.postMessage("from mallory", "*");
  }
  const got = inReach().map(() => "a window is in reach\n").join("");
  for (const target of [opened, led]) if (isHome) target.close();
  frame.remove();
  return got;
}

async function bySharedWorker({ base }) {
  try {
    const worker = new SharedWorker(`${base}/shared.js`);
    return await new Promise((resolve) => {
      worker.port.onmessage = ({ data }) => resolve(String(data));
      worker.onerror = () => resolve("");
    });
  } catch {
    return "";
  }
}

export const attacks = {
  "fetch": byFetch,
  "form post": byForm,
  "img": byImage,
  "WebSocket": byWebSocket,
  "EventSource": byEventSource,
  "iframe": byFrame,
  "window.open": byWindow,
  "service worker at /": byServiceWorker,
  "BroadcastChannel": byBroadcastChannel,
  "storage": byStorage,
  "postMessage": byMessage,
  "SharedWorker": bySharedWorker,
};
