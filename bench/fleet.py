"""Loads about the hub itself: many agents, many dashboards, how soon it is there.

Each round has a hub of its own, because what an earlier round left in it would hide what this one
takes.
"""

import json
import resource
import selectors
import socket
import subprocess
import time

from berth import Hub, connect
from loads import Load
from place import Setting


class Agents:
    """bench/agents_load.cc: agents that nobody uses. Use it in a `with` statement."""

    def __init__(self, context, hub):
        self._popen = subprocess.Popen(
            [str(part) for part in (
                context.programs.tools / "agents_load", "--port", hub.port, "--tls",
                "on" if context.place.tls else "off", "--token-file", hub.token_file(), "-H",
                f"Host: {hub.authority}")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._popen.stdin.close()
        self._popen.wait(30)
        self._popen.stdout.close()

    def tell(self, command):
        """Returns its answer."""
        self._popen.stdin.write(command + "\n")
        self._popen.stdin.flush()
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError("the agents broke off")
        return json.loads(line)

    def check(self):
        if self._popen.poll() is not None:
            raise RuntimeError("the agents broke off")


class FleetLoad(Load):
    subjects = ("berth",)
    stands_alone = True

    def warm_up(self, context, subject):
        pass

    def measure(self, context, subject, seconds):
        # A limit raised here is the hub's too.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        hub = Hub(context.place, f"{self.name}-hub", f"{self.name}-{time.monotonic_ns()}")
        try:
            return self.run_on(context, hub, seconds)
        finally:
            context.stage.stop(hub.process)

    def run_on(self, context, hub, seconds):
        raise NotImplementedError


class Idle(FleetLoad):
    """Registered agents that nobody uses, as many as the file descriptors of a process allow: memory,
    then CPU time while nothing happens but pings."""
    first = 50  # Registered beforehand: what the hub needs once is not counted.

    def __init__(self, wanted, setting=Setting()):
        super().__init__("idle-agents", setting)
        self._wanted = wanted

    def run_on(self, context, hub, seconds):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        count = min(self._wanted, most - 500)
        kernel = _socket_kib()
        with Agents(context, hub) as agents:
            agents.tell(f"add {self.first}")
            before = hub.process.resident_bytes()
            took = agents.tell(f"add {count}")["seconds"]
            time.sleep(12)  # Until the pings, which come 10 s after the last word, are spread.
            grown = hub.process.resident_bytes() - before
            cpu, started = hub.process.cpu_seconds(), time.monotonic()
            time.sleep(max(20, seconds))
            cpu = (hub.process.cpu_seconds() - cpu) / (time.monotonic() - started)
            agents.check()
            kernel = _socket_kib() - kernel
        return {"hub_kib_per_agent": grown / 1024 / count,
                "core_percent_per_20000": cpu * 100 * 20000 / count,
                "agents": count, "registered_per_second": count / took,
                "socket_kib_per_agent": kernel / count}


def _socket_kib():
    """What the kernel holds for the TCP sockets of this namespace, both ends; pages of 4 KiB."""
    with open("/proc/net/sockstat") as file:
        line = next(line for line in file if line.startswith("TCP:")).split()
    return int(line[line.index("mem") + 1]) * 4


class Reconnect(FleetLoad):
    """Agents that are cut off and come back all at once, as when a hub restarts."""

    def __init__(self, count, setting):
        super().__init__(f"reconnect-{count}", setting)
        self._count = count

    def run_on(self, context, hub, seconds):
        with Agents(context, hub) as agents:
            agents.tell(f"add {self._count}")
            before = hub.process.cpu_seconds()
            took = agents.tell("reset")["seconds"]
            cpu = hub.process.cpu_seconds() - before
        return {"all_registered_s": took, "registered_per_second": self._count / took,
                "cpu_us_per_registration": cpu * 1e6 / self._count}


class StatusToDashboards(FleetLoad):
    """An agent's status, until the last of so many open dashboards has been told."""

    def __init__(self, count):
        super().__init__(f"status-{count}")
        self._count = count

    def run_on(self, context, hub, seconds):
        dashboards = [self._open(hub) for _ in range(self._count)]
        times = []
        with Agents(context, hub) as agents, selectors.DefaultSelector() as selector:
            for one in dashboards:
                selector.register(one, selectors.EVENT_READ)
            agents.tell("add 1")
            until = time.monotonic() + max(seconds, 2)
            number = 0
            self._drain(selector, 1.0)
            before = hub.process.cpu_seconds()
            while time.monotonic() < until:
                number += 1
                status = ("idle", "busy")[number % 2].encode()
                sent = agents.tell(f"status 0 {status.decode()}")["sent_at_ns"]
                self._await_all(selector, b'"status":"' + status + b'"')
                times.append((time.monotonic_ns() - sent) / 1e6)
                time.sleep(0.15)  # The hub gathers what changes within 100 ms of the last news.
            cpu = hub.process.cpu_seconds() - before
        for one in dashboards:
            one.close()
        times.sort()
        return {"all_told_ms": times[len(times) // 2],
                "all_told_p99_ms": times[int(len(times) * 0.99)],
                "cpu_us_per_dashboard": cpu * 1e6 / len(times) / self._count}

    def _open(self, hub):
        one = socket.create_connection(("127.0.0.1", hub.port), timeout=10)
        one.sendall((f"GET /ws/connect?type=browser HTTP/1.1\r\nHost: {hub.authority}\r\n"
                     "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     f"Origin: {hub.url}\r\nCookie: {hub.cookie}\r\n\r\n").encode())
        answer = one.recv(4096)
        if not answer.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"the dashboard's socket was refused: {answer[:100]!r}")
        text = b'{"type":"get_clients"}'
        one.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        return one

    def _drain(self, selector, quiet):
        while ready := selector.select(quiet):
            for key, _ in ready:
                key.fileobj.recv(65536)

    def _await_all(self, selector, text):
        seen, told = {}, set()
        deadline = time.monotonic() + 10
        while len(told) < self._count:
            for key, _ in selector.select(1):
                data = key.fileobj.recv(65536)
                if not data:
                    raise RuntimeError("the hub closed a dashboard's socket")
                seen[key.fd] = seen.get(key.fd, b"") + data
                if text in seen[key.fd]:
                    told.add(key.fd)
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {len(told)} dashboards were told within 10 s; one saw "
                                   f"{next(iter(seen.values()), b'')!r}")


class StartUp(Load):
    """From starting the hub until it answers, and the agent until the first answer of the instance."""
    subjects = ("berth",)
    stands_alone = True

    def __init__(self):
        super().__init__("start-up")

    def warm_up(self, context, subject):
        pass

    def measure(self, context, subject, seconds):
        # A folder with data in it, and an agent that has been there before: the usual start.
        hub = Hub(context.place, "start-up-hub", "start-up")
        token = hub.token_file()
        agent = hub.start_agent("start-up-agent", "files", context.place.origins["files"], token,
                                "--adapter", "generic")
        route = hub.open("files")
        context.stage.stop(agent)
        context.stage.stop(hub.process)
        command = [str(part) for part in (
            context.programs.berth, "hub", "--listen", f"127.0.0.1:{hub.port}", "--data", hub.data,
            "--public-url", hub.url, "--apps-domain", "localhost")]
        started = time.monotonic()
        hub.process = context.stage.start("start-up-hub", *command)
        _poll(lambda: _status(hub.port, {"Host": hub.authority}))
        hub_ms = (time.monotonic() - started) * 1e3
        started = time.monotonic()
        agent = hub.start_agent("start-up-agent", "files", context.place.origins["files"], token,
                                "--adapter", "generic")
        _poll(lambda: _status(hub.port, route.fields(), "/1k.bin") == 200)
        agent_ms = (time.monotonic() - started) * 1e3
        context.stage.stop(agent)
        context.stage.stop(hub.process)
        return {"hub_ready_ms": hub_ms, "agent_ready_ms": agent_ms}


def _poll(check):
    deadline = time.monotonic() + 15
    while not check():
        if time.monotonic() > deadline:
            raise RuntimeError("not ready within 15 s")
        time.sleep(0.0005)


def _status(port, fields, path="/"):
    connection = connect(port, False)
    try:
        connection.request("GET", path, headers=fields)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def fleet_loads():
    return [Idle(20000), Idle(20000, Setting(tls=True)), Reconnect(1000, Setting(tls=True)),
            StatusToDashboards(200), StartUp()]
