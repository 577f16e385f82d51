// The files of the sample instance (demo_instance.h): one page, its style, its script, its picture.
// All addresses in them are root-absolute, as in most web UIs, so that they exercise rewriting.
#pragma once

#include <string_view>

namespace berth::agent {

inline constexpr std::string_view kDemoPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sample instance</title>
<link rel="icon" href="/logo.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script src="/app.js" defer></script>
</head>
<body>
<header>
<img src="/logo.svg" width="40" height="40" alt="">
<div>
<h1>Sample instance</h1>
<p>It came to you through the hub. Everything below talks to it the same way.</p>
</div>
</header>
<main>
<section>
<h2>WebSocket</h2>
<p>What you send comes back. <span class="state" id="socket-state">connecting</span></p>
<form id="echo"><input id="line" aria-label="Message" placeholder="Say something" autocomplete="off">
<button>Send</button></form>
<ol id="echoes" aria-live="polite"></ol>
</section>
<section>
<h2>Event stream</h2>
<p>One event a second. <span class="state" id="stream-state">connecting</span></p>
<p class="number" id="ticks">0</p>
</section>
<section>
<h2>Upload</h2>
<p>The instance counts what arrives and tells its SHA-256.</p>
<form id="upload"><input type="file" id="file" aria-label="File"><button>Upload</button></form>
<progress id="progress" max="1" value="0" hidden></progress>
<pre id="uploaded" hidden></pre>
</section>
<section>
<h2>What the instance sees</h2>
<p>The head of a <code>fetch</code>, as it arrived. <button id="look">Look</button></p>
<pre id="seen" hidden></pre>
</section>
</main>
</body>
</html>
)html";

inline constexpr std::string_view kDemoStyle = R"css(:root {
  color-scheme: light dark;
  --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --paper: #ffffff; --ground: #f4f6f9;
  --accent: #1f6f78;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --soft: #97a3b4; --line: #2d3644; --paper: #1a212b; --ground: #12171e;
    --accent: #58b3bd; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; gap: 1rem; align-items: center; max-width: 60rem; margin: 0 auto;
  padding: 2rem 1rem 0; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 0; font-size: 1rem; }
p { margin: .25rem 0; color: var(--soft); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
  gap: 1rem; max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1rem; min-width: 0; }
form { display: flex; gap: .5rem; margin: .75rem 0; }
input { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .6rem; }
button { font: inherit; color: var(--paper); background: var(--accent); border: 0;
  border-radius: .5rem; padding: .4rem .9rem; cursor: pointer; }
button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
ol { margin: 0; padding-left: 1.25rem; max-height: 12rem; overflow: auto; overflow-wrap: anywhere; }
pre { margin: .5rem 0 0; padding: .6rem; background: var(--ground); border-radius: .5rem;
  overflow: auto; font-size: .85rem; }
progress { width: 100%; accent-color: var(--accent); }
.number { font-size: 3rem; font-variant-numeric: tabular-nums; color: var(--ink); }
.state { color: var(--accent); }
)css";

inline constexpr std::string_view kDemoScript = R"js('use strict';
const $ = (id) => document.getElementById(id);

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(`${scheme}//${location.host}/echo`);
  socket.onopen = () => { $('socket-state').textContent = 'connected'; };
  socket.onclose = () => {
    $('socket-state').textContent = 'disconnected, trying again';
    setTimeout(connect, 1000);
  };
  socket.onmessage = (event) => {
    const item = document.createElement('li');
    item.textContent = event.data;
    $('echoes').append(item);
    item.scrollIntoView({block: 'nearest'});
  };
  $('echo').onsubmit = (event) => {
    event.preventDefault();
    if (socket.readyState !== WebSocket.OPEN || !$('line').value) return;
    socket.send($('line').value);
    $('line').value = '';
  };
}
connect();

const events = new EventSource('/events');
events.onopen = () => { $('stream-state').textContent = 'connected'; };
events.onerror = () => { $('stream-state').textContent = 'disconnected, trying again'; };
events.onmessage = (event) => { $('ticks').textContent = event.data; };

$('upload').onsubmit = (event) => {
  event.preventDefault();
  const file = $('file').files[0];
  if (!file) return;
  const request = new XMLHttpRequest();
  request.open('POST', '/upload');
  request.upload.onprogress = (progress) => {
    $('progress').hidden = false;
    $('progress').value = progress.total ? progress.loaded / progress.total : 0;
  };
  request.onload = () => { show('uploaded', request.responseText); };
  request.onerror = () => { show('uploaded', 'The upload failed.'); };
  request.send(file);
};

$('look').onclick = async () => {
  const answer = await fetch('/api/request');
  show('seen', JSON.stringify(await answer.json(), null, 2));
};

function show(id, text) {
  $(id).hidden = false;
  $(id).textContent = text;
}
)js";

inline constexpr std::string_view kDemoLogo =
    R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">
<rect width="40" height="40" rx="10" fill="#1f6f78"/>
<path d="M8 26h24l-4 6H12zM19 8h2v16h-2zM22 10l9 13h-9z" fill="#fff"/>
</svg>
)svg";

}  // namespace berth::agent
