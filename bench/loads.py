"""The loads: what is asked of a subject, and what is measured while it answers.

A load is run once per round and subject. It returns how much work was done, in its own unit, and
its metrics; the CPU time per unit is added by Load.measure.
"""

import json
import pathlib
import socket
import subprocess
import time

from idle_agents import IdleAgents
from subjects import BIG_FILE, Hub

HERE = pathlib.Path(__file__).parent
GIB = 1 << 30
BUFFER = 1 << 20


class Load:
    """`cpu_metric` names CPU time per unit of work, `cpu_scale` is what a second of it counts."""
    subjects = None  # All.
    cpu_metric = ""
    cpu_scale = 1e6

    def __init__(self, name):
        self.name = name

    def run(self, context, subject, seconds):
        """Returns (units of work, {metric: value})."""
        raise NotImplementedError

    def warm_up(self, context, subject):
        """Before the first round: opens connections, fills caches."""
        self.run(context, subject, 1)

    def measure(self, context, subject, seconds):
        """Returns {metric: value}; CPU also per process, as "METRIC/PROCESS"."""
        before = subject.cpu_seconds()
        units, metrics = self.run(context, subject, seconds)
        after = subject.cpu_seconds()
        if self.cpu_metric and before:
            spent = {name: (after[name] - before[name]) * self.cpu_scale / units for name in after}
            metrics[self.cpu_metric] = sum(spent.values())
            for name, value in spent.items():
                metrics[f"{self.cpu_metric}/{name}"] = value
        return metrics


def _as_arguments(fields):
    arguments = []
    for name, value in fields.items():
        arguments += ["-H", f"{name}: {value}"]
    return arguments


def _run(command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
    return json.loads(done.stdout.splitlines()[-1])


class SmallRequests(Load):
    """GET of 1 KiB over so many kept-alive connections, with wrk."""
    cpu_metric = "cpu_us_per_request"

    def __init__(self, connections):
        super().__init__(f"http-1k-c{connections}")
        self._connections = connections

    def run(self, context, subject, seconds):
        route = subject.routes["files"]
        result = _run(["wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s", "-s",
                       HERE / "wrk_report.lua", *_as_arguments(route.fields()),
                       f"http://127.0.0.1:{route.port}/1k.bin"])
        if result["failed"] or not result["requests"]:
            raise RuntimeError(f"some failed: {result}")
        return result["requests"], {
            "requests_per_second": result["requests"] / result["seconds"],
            "p50_us": result["p50_us"],
            "p99_us": result["p99_us"],
        }


class Bulk(Load):
    """256 MiB in one message on a new connection, again and again while there is time."""
    cpu_metric = "cpu_s_per_gib"
    cpu_scale = 1

    def run(self, context, subject, seconds):
        moved, spent = 0, 0.0
        while spent < seconds:
            started = time.monotonic()
            self.move(subject)
            spent += time.monotonic() - started
            moved += BIG_FILE
        return moved / GIB, {"gib_per_second": moved / GIB / spent}

    def warm_up(self, context, subject):
        self.move(subject)

    def move(self, subject):
        raise NotImplementedError


def _send_head(route, method, path, fields):
    connection = socket.create_connection(("127.0.0.1", route.port), timeout=60)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    connection.sendall(("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode())
    return connection


class Download(Bulk):
    def __init__(self):
        super().__init__("bulk-down-256m")
        self._buffer = memoryview(bytearray(BUFFER))

    def move(self, subject):
        route = subject.routes["files"]
        with _send_head(route, "GET", "/256m.bin", route.fields()) as connection:
            size = connection.recv_into(self._buffer)
            first = bytes(self._buffer[:size])
            if not first.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"refused: {first[:200]!r}")
            total = size
            while size:
                size = connection.recv_into(self._buffer)
                total += size
        if total < BIG_FILE:
            raise RuntimeError(f"only {total} bytes came")


class Upload(Bulk):
    def __init__(self):
        super().__init__("bulk-up-256m")
        self._buffer = bytes(BUFFER)

    def move(self, subject):
        route = subject.routes["tools"]
        fields = {**route.fields_with_origin(), "Content-Length": BIG_FILE}
        with _send_head(route, "PUT", "/sink", fields) as connection:
            for _ in range(BIG_FILE // BUFFER):
                connection.sendall(self._buffer)
            answer = b""
            while data := connection.recv(65536):
                answer += data
        # The sink answers with the number of bytes that it read.
        if not answer.startswith(b"HTTP/1.1 200 ") or str(BIG_FILE).encode() not in answer:
            raise RuntimeError(f"refused: {answer[:300]!r}")


class WebSocketEcho(Load):
    """Messages sent and awaited one at a time on each of so many connections."""
    cpu_metric = "cpu_us_per_round_trip"

    def __init__(self, size, connections):
        super().__init__(f"ws-echo-{size}-c{connections}")
        self._arguments = ["--connections", connections, "--size", size]

    def run(self, context, subject, seconds):
        route = subject.routes["tools"]
        result = _run([context.programs.tools / "ws_load", "--port", route.port, "--seconds",
                       seconds, *self._arguments, *_as_arguments(route.fields_with_origin())])
        return result["round_trips"], {
            "round_trips_per_second": result["round_trips"] / result["seconds"],
            "p50_us": result["p50_us"],
            "p99_us": result["p99_us"],
        }


class Idle(Load):
    """Memory that registered, unused agents cost a hub. Each round has a hub of its own, because
    memory that an earlier round gave back to the allocator would hide what this one takes."""
    subjects = ("berth",)
    first = 50  # Registered beforehand: what the hub needs once is not counted.

    def __init__(self, count):
        super().__init__("idle-agents")
        self._count = count
        self._runs = 0

    def warm_up(self, context, subject):
        pass

    def run(self, context, subject, seconds):
        self._runs += 1
        hub = Hub(context.stage, context.programs, f"idle-hub-{self._runs}")
        with IdleAgents(hub, hub.make_token()) as agents:
            agents.add(self.first)
            time.sleep(0.5)
            before = hub.process.resident_bytes()
            agents.add(self._count)
            time.sleep(0.5)
            agents.check()
            grown = hub.process.resident_bytes() - before
        context.stage.stop(hub.process)
        return self._count, {"hub_kib_per_agent": grown / 1024 / self._count}


LOADS = [SmallRequests(1), SmallRequests(16), SmallRequests(64), Download(), Upload(),
         WebSocketEcho(64, 1), WebSocketEcho(64, 16), Idle(500)]
