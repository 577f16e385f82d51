"""The loads: what is asked of a subject, and what is measured while it answers.

A load is run once per round and subject. It returns how much work was done, in its own unit, and
its metrics; the CPU time per unit is added by Load.measure. Here are those that ask for an origin's
content; fleet.py has those about many agents, page.py those of a browser.
"""

import dataclasses
import json
import pathlib
import subprocess

from place import BIG_FILE, STREAMS, Setting

HERE = pathlib.Path(__file__).parent
GIB = 1 << 30


class Load:
    """`cpu_metric` names CPU time per unit of work, `cpu_scale` is what a second of it counts.
    `setting` is where it takes place; `subjects` the names of those that it makes sense for."""
    subjects = None  # All.
    stands_alone = False  # Whether it starts what it measures by itself.
    cpu_metric = ""
    cpu_scale = 1e6

    def __init__(self, name, setting=Setting()):
        self.name = name + ("-tls" if setting.tls and not setting.link else "")
        self.setting = setting

    def run(self, context, subject, seconds):
        """Returns (units of work, {metric: value}); the first metric is the one for the chart."""
        raise NotImplementedError

    def warm_up(self, context, subject):
        """Before the first round: opens connections, fills caches."""
        self.run(context, subject, 1)

    def measure(self, context, subject, seconds):
        """Returns {metric: value}; CPU also per process, as "METRIC/PROCESS"."""
        subject.forget_peak()
        before = subject.cpu_seconds()
        units, metrics = self.run(context, subject, seconds)
        after = subject.cpu_seconds()
        if self.cpu_metric and before:
            spent = {name: (after[name] - before[name]) * self.cpu_scale / units for name in after}
            metrics[self.cpu_metric] = sum(spent.values())
            for name, value in spent.items():
                metrics[f"{self.cpu_metric}/{name}"] = value
        if before:
            metrics["memory_mib"] = subject.peak_mib()
        return metrics


def _as_arguments(fields):
    arguments = []
    for name, value in fields.items():
        arguments += ["-H", f"{name}: {value}"]
    return arguments


def run_json(context, *command):
    """Runs a load program to its end; returns the JSON of its last line."""
    return json.loads(context.stage.run(*command).splitlines()[-1])


def _tool(context, name, route, fields, *options):
    """Runs one of the tools of bench/ against a route."""
    return run_json(context, context.programs.tools / name, "--host", route.address, "--port",
                    route.port, "--tls", "on" if route.tls else "off", *options,
                    *_as_arguments(fields))


def _percentiles(result):
    return {key: result[key] for key in ("p50_us", "p99_us", "p999_us")}


class SmallRequests(Load):
    """GET of 1 KiB over so many kept-alive connections, with wrk."""
    cpu_metric = "cpu_us_per_request"

    def __init__(self, connections, setting=Setting()):
        super().__init__(f"http-1k-c{connections}", setting)
        self._connections = connections

    def run(self, context, subject, seconds):
        route = subject.routes["files"]
        result = run_json(context, "wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s", "-s",
                          HERE / "wrk_report.lua", *_as_arguments(route.fields()),
                          f"{route.scheme}://{route.address}:{route.port}/1k.bin")
        if result["failed"] or not result["requests"]:
            raise RuntimeError(f"some failed: {result}")
        return result["requests"], {
            "requests_per_second": result["requests"] / result["seconds"], **_percentiles(result)}


class Bulk(Load):
    """256 MiB in one body, or in several at once, on new connections; again while there is time."""
    cpu_metric = "cpu_s_per_gib"
    cpu_scale = 1

    def __init__(self, direction, streams=1, setting=Setting(), size=BIG_FILE):
        name = f"bulk-{direction}-{size >> 20}m" + (f"-s{streams}" if streams > 1 else "")
        super().__init__(f"{name}-{setting.link}" if setting.link else name, setting)
        self._is_up = direction == "up"
        self._streams = streams
        self._size = size

    def run(self, context, subject, seconds):
        moved, spent = 0, 0.0
        while spent < seconds:
            result = self._move(context, subject)
            moved += result["bytes"]
            spent += result["seconds"]
        metrics = {"gib_per_second": moved / GIB / spent}
        if self.setting.link:
            metrics = {"mbit_per_second": moved * 8 / 1e6 / spent}
        return moved / GIB, metrics

    def warm_up(self, context, subject):
        if not self.setting.link:
            self._move(context, subject)

    def _move(self, context, subject):
        part = self._size // self._streams
        if self._is_up:
            route = subject.routes["tools"]
            return _tool(context, "bulk_load", route, route.fields_with_origin(), "--up", "on",
                         "--path", "/sink", "--streams", self._streams, "--size", part)
        route = subject.routes["files"]
        return _tool(context, "bulk_load", route, route.fields(), "--path",
                     f"/{part >> 20}m.bin", "--streams", self._streams, "--size", part)


class WebSocketEcho(Load):
    """Messages sent and awaited one at a time on each of so many connections."""
    cpu_metric = "cpu_us_per_round_trip"

    def __init__(self, size, connections, setting=Setting()):
        short = f"{size >> 10}k" if size >= 1024 else str(size)
        super().__init__(f"ws-echo-{short}-c{connections}", setting)
        self._arguments = ["--connections", connections, "--size", size]

    def run(self, context, subject, seconds):
        route = subject.routes["tools"]
        result = _tool(context, "ws_load", route, route.fields_with_origin(), "--seconds", seconds,
                       *self._arguments)
        return result["round_trips"], {
            "round_trips_per_second": result["round_trips"] / result["seconds"],
            **_percentiles(result)}


class Trickle(Load):
    """A response whose chunks come 10 ms apart: when its first byte is there, and each chunk."""

    def __init__(self, setting=Setting()):
        super().__init__("trickle", setting)

    def run(self, context, subject, seconds):
        route = subject.routes["tools"]
        result = _tool(context, "trickle_load", route, route.fields(), "--seconds", seconds)
        return result.pop("responses"), result


class BesideDownloads(Load):
    """Small requests, while two downloads of 40 MB/s run through the same tunnel."""

    def __init__(self, setting=Setting()):
        super().__init__("beside-downloads", setting)

    def run(self, context, subject, seconds):
        route = subject.routes["files"]
        result = _tool(context, "beside_load", route, route.fields(), "--seconds", seconds)
        return result["requests"], {
            **_percentiles(result), "downloads_mb_per_second": result["bytes_per_second"] / 1e6}


@dataclasses.dataclass(frozen=True)
class Context:
    """What a load works with."""
    stage: object
    programs: object
    place: object


def content_loads():
    loads = []
    for setting in (Setting(), Setting(tls=True)):
        loads += [SmallRequests(count, setting) for count in (1, 16, 64, 256)]
        loads += [Bulk(direction, streams, setting)
                  for streams in (1, STREAMS) for direction in ("down", "up")]
        loads += [WebSocketEcho(64, 1, setting), WebSocketEcho(64, 16, setting),
                  WebSocketEcho(64 << 10, 8, setting), Trickle(setting), BesideDownloads(setting)]
    # A tunnel over a network is never without TLS: an agent refuses that.
    loads.append(Bulk("down", setting=Setting(True, "40ms")))
    loads.append(Bulk("down", setting=Setting(True, "lossy"), size=8 << 20))
    return loads
