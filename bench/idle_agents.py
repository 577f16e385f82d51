"""Idle agents: many registered tunnels to one hub, kept alive from one thread.

Speaks as much of the tunnel as an agent does that nobody uses: the upgrade, `register`, a first
ping, one status, and an answer to each ping of the hub.
"""

import json
import os
import resource
import selectors
import socket
import threading

TEXT, PING, PONG = 0x1, 0x9, 0xA


def _frame(opcode, payload):
    """A masked final frame of at most 65,535 bytes."""
    size = len(payload)
    head = bytes([0x80 | opcode])
    head += bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def _message(**fields):
    return _frame(TEXT, json.dumps(fields).encode())


class _Agent:
    def __init__(self, hub, token, name):
        self._name = name
        self._input = b""
        self.socket = socket.create_connection(("127.0.0.1", hub.port), timeout=10)
        self.socket.sendall(
            (f"GET /ws/connect HTTP/1.1\r\nHost: {hub.authority}\r\nConnection: Upgrade\r\n"
             "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: berth.h2\r\n"
             f"Authorization: Bearer {token}\r\nUser-Agent: berth/bench\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._input:
            self._receive()
        head, self._input = self._input.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise RuntimeError(f"tunnel refused: {head[:200]!r}")
        self.socket.sendall(_message(type="register", client_id=name, metadata={
            "hostname": name, "platform": "linux", "project": "/srv/project", "status": "idle"}))
        self._await_registered()
        self.socket.sendall(_frame(PING, b"12345678") +
                            _message(type="status_update", client_id=name, status="idle"))

    def _receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError(f"the hub closed the tunnel of {self._name}")
        self._input += data

    def _frames(self):
        """Takes the whole frames off the input."""
        while len(self._input) >= 2:
            opcode, size, at = self._input[0] & 0xF, self._input[1], 2
            if size == 126:
                size, at = int.from_bytes(self._input[2:4], "big"), 4
            if len(self._input) < at + size:
                return
            payload, self._input = self._input[at:at + size], self._input[at + size:]
            yield opcode, payload

    def _await_registered(self):
        while True:
            self._receive()
            for opcode, payload in self._frames():
                message = json.loads(payload) if opcode == TEXT else {}
                if message.get("type") == "registered":
                    if not message["success"]:
                        raise RuntimeError(f"registration refused: {message}")
                    return

    def serve(self):
        """Reads what has arrived; answers pings."""
        self._receive()
        for opcode, payload in self._frames():
            if opcode == PING:
                self.socket.sendall(_frame(PONG, payload))


class IdleAgents:
    """Use it in a `with` statement."""

    def __init__(self, hub, token):
        self._hub = hub
        self._token = token
        self._agents = []
        self._selector = selectors.DefaultSelector()
        self._is_open = True
        self._failure = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_open = False
        self._thread.join()
        for agent in self._agents:
            agent.socket.close()

    def add(self, count):
        """Opens that many more; returns when the last one is registered."""
        for _ in range(count):
            agent = _Agent(self._hub, self._token, f"idle-{len(self._agents)}")
            self._agents.append(agent)
            self._selector.register(agent.socket, selectors.EVENT_READ, agent)

    def check(self):
        """Raises if a tunnel has broken."""
        if self._failure:
            raise self._failure

    def _serve(self):
        while self._is_open and not self._failure:
            try:
                for key, _ in self._selector.select(0.1):
                    key.data.serve()
            except (OSError, RuntimeError) as failure:
                self._failure = failure
