"""What berth shall reach: ratios within one run, each with the bar that was set for it."""

import dataclasses
import typing

from tunnels import GO_TUNNELS, RUST_TUNNELS


@dataclasses.dataclass(frozen=True)
class Bar:
    """`value` gets a function from (subject, metric) to the median in the bar's load."""
    load: str
    text: str
    value: typing.Callable
    relation: str  # "<=", ">=" or "<"
    limit: float

    def is_met(self, value):
        if self.relation == "<":
            return value < self.limit
        return value <= self.limit if self.relation == "<=" else value >= self.limit


def _ratio(metric, peer):
    return lambda of: of("berth", metric) / of(peer, metric)


def _added(metric):
    """What berth adds to direct, as a multiple of what nginx adds."""
    return lambda of: ((of("berth", metric) - of("direct", metric)) /
                       (of("nginx", metric) - of("direct", metric)))


def _own(metric, scale=1):
    return lambda of: of("berth", metric) / scale


MEMORY = "memory_mib"
REQUESTS, REQUEST_CPU = "requests_per_second", "cpu_us_per_request"
BULK, BULK_CPU = "gib_per_second", "cpu_s_per_gib"


def _bars():
    load = "http-1k-c64"
    yield Bar(load, "CPU ÷ nginx", _ratio(REQUEST_CPU, "nginx"), "<=", 1.05)
    yield Bar(load, "requests/s ÷ nginx", _ratio(REQUESTS, "nginx"), ">=", 1.1)
    yield Bar(load, "CPU ÷ nginx-default", _ratio(REQUEST_CPU, "nginx-default"), "<=", 1.05)
    yield Bar(load, "requests/s ÷ nginx-default", _ratio(REQUESTS, "nginx-default"), ">=", 1.1)
    yield Bar(load, "requests/s ÷ ssh", _ratio(REQUESTS, "ssh"), ">=", 3)
    for tunnels, cpu in ((GO_TUNNELS, 0.5), (RUST_TUNNELS, 0.9)):
        for peer in tunnels:
            yield Bar(load, f"requests/s ÷ {peer}", _ratio(REQUESTS, peer), ">=", 1.3)
            yield Bar(load, f"CPU ÷ {peer}", _ratio(REQUEST_CPU, peer), "<=", cpu)
    yield Bar(load, "requests/s ÷ seed", _ratio(REQUESTS, "seed"), ">=", 25)
    yield Bar(load, "CPU ÷ seed", _ratio(REQUEST_CPU, "seed"), "<=", 1 / 40)
    for load in ("http-1k-c64", "bulk-down-256m"):
        yield Bar(load, "memory ÷ seed", _ratio(MEMORY, "seed"), "<=", 1 / 100)
    for suffix, most in (("", 1.4), ("-tls", 2.2)):
        yield Bar(f"http-1k-c1{suffix}", "added p50 ÷ what nginx adds", _added("p50_us"), "<=", most)
    for direction in ("down", "up"):
        for suffix, least, cpu, seconds in (("", 2.5, 0.4, 1.5), ("-tls", 1.8, 0.5, 2.4)):
            load = f"bulk-{direction}-256m{suffix}"
            yield Bar(load, "GiB/s ÷ ssh", _ratio(BULK, "ssh"), ">=", least)
            yield Bar(load, "CPU ÷ ssh", _ratio(BULK_CPU, "ssh"), "<=", cpu)
            yield Bar(load, "GiB/s ÷ nginx", _ratio(BULK, "nginx"), ">=", 0.9)
            yield Bar(load, "CPU s/GiB", _own(BULK_CPU), "<=", seconds)
    for load in ("ws-echo-64-c16", "ws-echo-64k-c8"):
        yield Bar(load, "round trips/s ÷ nginx", _ratio("round_trips_per_second", "nginx"), ">=", 1.5)
    yield Bar("trickle", "first byte, ms added",
              lambda of: (of("berth", "first_byte_us") - of("direct", "first_byte_us")) / 1000,
              "<=", 2)
    for peer in ("nginx", "nginx-default"):
        yield Bar("beside-downloads", f"p50 ÷ {peer}", _ratio("p50_us", peer), "<", 1)
    yield Bar("bulk-down-256m-40ms", "Mbit/s ÷ ssh", _ratio("mbit_per_second", "ssh"), ">=", 3)
    for suffix, most in (("", 6), ("-tls", 24)):
        yield Bar(f"idle-agents{suffix}", "hub KiB/agent", _own("hub_kib_per_agent"), "<=", most)
        yield Bar(f"idle-agents{suffix}", "% of a core for 20,000",
                  _own("core_percent_per_20000"), "<=", 3)
    yield Bar("reconnect-1000-tls", "s until all are registered", _own("all_registered_s"), "<=", 3)
    yield Bar("page", "cold load ÷ direct", _ratio("cold_load_ms", "direct"), "<=", 1.1)
    yield Bar("page-20mbit", "cold MB", _own("cold_kb", 1000), "<=", 1.3)
    yield Bar("page-20mbit", "cold: times sooner than direct",
              lambda of: of("direct", "cold_load_ms") / of("berth", "cold_load_ms"), ">=", 2)


BARS = list(_bars())


def judge(medians):
    """[{load, bar, relation, limit, value, met}] for those bars whose figures are there; `medians` is
    {(load, subject, metric): value}."""
    rows = []
    for bar in BARS:
        try:
            value = bar.value(lambda subject, metric: medians[bar.load, subject, metric])
        except (KeyError, ZeroDivisionError):
            continue
        rows.append({"load": bar.load, "bar": bar.text, "relation": bar.relation,
                     "limit": bar.limit, "value": value, "met": bar.is_met(value)})
    return rows
