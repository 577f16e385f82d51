// A chat over Socket.IO, which begins with long polling and goes on over a WebSocket.
import { createServer } from "node:http";
import { Server } from "socket.io";

const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>socket.io</title><link rel="icon" href="data:,">
<script src="/socket.io/socket.io.js"></script></head>
<body><p id="transport"></p><ul></ul>
<script>
  const options = Object.fromEntries(new URLSearchParams(location.search));
  const socket = io(options.only ? { transports: [options.only] } : {});
  window.transports = [];
  function show(name) {
    transports.push(name);
    document.querySelector('#transport').textContent = name;
  }
  socket.io.on('open', () => {
    show(socket.io.engine.transport.name);
    socket.io.engine.on('upgrade', (transport) => show(transport.name));
  });
  socket.on('disconnect', () => show('none'));
  socket.on('said', (text) => {
    const line = document.createElement('li');
    line.textContent = text;
    document.querySelector('ul').append(line);
  });
</script></body></html>`;

const http = createServer((request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(page);
});
const io = new Server(http);
io.on("connection", (socket) => {
  socket.on("say", (text) => io.emit("said", text));
  socket.on("echo", (bytes, answer) => answer(bytes));
  socket.on("drop me", () => socket.conn.close());
});
io.of("/admin").on("connection", (socket) => socket.emit("hello", socket.nsp.name));
http.listen(0, "127.0.0.1", () => console.log(`ready http://127.0.0.1:${http.address().port}/`));
