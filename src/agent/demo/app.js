'use strict';
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
