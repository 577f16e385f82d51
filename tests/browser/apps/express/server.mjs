// A server-rendered application: sessions in a cookie, forms answered by redirects, messages shown
// once, uploads. Everything is addressed from the root, as most such applications do.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import express from "express";
import session from "express-session";
import multer from "multer";

const app = express();
const upload = multer({ storage: multer.memoryStorage() });

function escape(text) {
  return String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function render(request, response, body) {
  const { flash } = request.session;
  delete request.session.flash;
  const user = request.session.user ?? "nobody";
  response.send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>express</title>
<link rel="stylesheet" href="/static/style.css"><script src="/static/app.js" defer></script></head>
<body><nav><a href="/">Start</a> <a href="/private">Private</a> <a href="/login">Sign in</a></nav>
<p id="flash">${escape(flash ?? "")}</p><p id="user">${escape(user)}</p><p id="theme">${escape(theme(request))}</p>
${body}</body></html>`);
}

function theme(request) {
  return /(?:^|; )theme=([^;]*)/.exec(request.headers.cookie ?? "")?.[1] ?? "none";
}

// The address as the browser sees it, for redirects that are absolute.
function absolute(request, path) {
  return `${request.protocol}://${request.headers.host}${path}`;
}

app.use("/static", express.static(fileURLToPath(new URL("static", import.meta.url)), { maxAge: 0 }));
app.use(session({ secret: "only a test", resave: false, saveUninitialized: false }));
app.use(express.urlencoded({ extended: false }));
// The usual check against forgery: who posts must come from here.
app.use((request, response, next) => {
  const { origin, host } = request.headers;
  if (request.method === "GET" || (origin !== undefined && new URL(origin).host === host)) return next();
  response.status(403).send(`posted from ${escape(origin)}`);
});

app.get("/", (request, response) => {
  const items = (request.session.items ?? []).map((item) => `<li>${escape(item)}</li>`).join("");
  render(request, response, `<ul>${items}</ul>
<form method="post" action="/items"><input name="item"><button>Add</button></form>
<form method="post" action="/items/clear"><button>Clear</button></form>
<form method="post" action="/upload" enctype="multipart/form-data">
<input type="file" name="file"><input name="note" value="a note"><button>Upload</button></form>
<form method="post"><button formaction="/logout">Sign out</button></form>
<img id="set" src="/static/missing.svg" srcset="/static/pixel.svg 1x" alt="pixel">`);
});
app.post("/items", (request, response) => {
  (request.session.items ??= []).push(request.body.item);
  request.session.flash = `added ${request.body.item}`;
  response.redirect(303, "/");
});
app.post("/items/clear", (request, response) => {
  request.session.items = [];
  request.session.flash = "cleared";
  response.redirect(303, "../");
});
app.post("/upload", upload.single("file"), (request, response) => {
  const digest = createHash("sha256").update(request.file.buffer).digest("hex");
  request.session.flash = `${request.file.originalname} ${request.file.size} ${digest} ${request.body.note}`;
  response.redirect(request.get("referer"));
});

app.get("/login", (request, response) => {
  const next = escape(request.query.next ?? "/");
  render(request, response, `<form method="post"><input name="user"><input type="hidden" name="next" value="${next}">
<button>Enter</button></form>`);
});
app.post("/login", (request, response, next) => {
  const { user, next: target } = request.body;
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = user;
    response.redirect(absolute(request, target));
  });
});
app.post("/logout", (request, response, next) => {
  request.session.destroy((error) => {
    if (error) return next(error);
    response.clearCookie("connect.sid").clearCookie("theme").redirect("/");
  });
});
app.get("/private", (request, response) => {
  if (request.session.user === undefined) return response.redirect("/login?next=/private");
  render(request, response, `<h1>private to ${escape(request.session.user)}</h1>`);
});

app.get("/api/me", (request, response) => response.json({ user: request.session.user ?? null }));
app.get("/report", (request, response) => {
  response.attachment("report.html").type("html").send('<a href="/">not to be touched</a>');
});

const server = app.listen(0, "127.0.0.1", () => console.log(`ready http://127.0.0.1:${server.address().port}/`));
