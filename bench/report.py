"""What is known at the end: medians with their spread, as a table and as JSON, and bars met or not."""

import json
import os
import platform
import statistics
import subprocess

import bars

LABELS = {
    "requests_per_second": "requests/s",
    "round_trips_per_second": "round trips/s",
    "p50_us": "p50 µs",
    "p99_us": "p99 µs",
    "p999_us": "p99.9 µs",
    "cpu_us_per_request": "CPU µs/request",
    "cpu_us_per_round_trip": "CPU µs/round trip",
    "gib_per_second": "GiB/s",
    "mbit_per_second": "Mbit/s",
    "cpu_s_per_gib": "CPU s/GiB",
    "memory_mib": "MiB",
    "first_byte_us": "first byte µs",
    "first_byte_p99_us": "p99 µs",
    "chunk_p50_us": "chunk p50 µs",
    "chunk_p99_us": "chunk p99 µs",
    "downloads_mb_per_second": "downloads MB/s",
    "hub_kib_per_agent": "hub KiB/agent",
    "socket_kib_per_agent": "sockets KiB/agent",
    "core_percent_per_20000": "% of a core/20,000",
    "agents": "agents",
    "registered_per_second": "registered/s",
    "all_registered_s": "all registered s",
    "cpu_us_per_registration": "CPU µs/registration",
    "all_told_ms": "all told ms",
    "all_told_p99_ms": "p99 ms",
    "cpu_us_per_dashboard": "CPU µs/dashboard",
    "hub_ready_ms": "hub ready ms",
    "agent_ready_ms": "agent ready ms",
    **{f"{kind}_{what}": f"{kind} {label}" for kind in ("cold", "warm") for what, label in (
        ("load_ms", "load ms"), ("requests", "requests"), ("kb", "kB"))},
}
YARDSTICKS = ("nginx", "ssh")


class Results:
    """`absent` names the subjects that cannot take part, each with the programs that it lacks."""

    def __init__(self, absent):
        self._absent = absent
        self._values = {}  # {(load, subject, metric): [a value per round]}, in order of arrival.
        self.failures = []  # (load, subject, what happened)

    def add(self, load, subject, metrics):
        for metric, value in metrics.items():
            self._values.setdefault((load, subject, metric), []).append(value)

    def fail(self, load, subject, failure):
        """Takes out what it had: figures of the rounds before would mislead."""
        self.failures.append((load, subject, failure))
        self._values = {key: values for key, values in self._values.items()
                        if key[:2] != (load, subject)}

    def rows(self):
        return [{"load": load, "subject": subject, "metric": metric,
                 "median": statistics.median(values), "min": min(values), "max": max(values)}
                for (load, subject, metric), values in self._values.items()]

    def bars(self):
        return bars.judge({key: statistics.median(values)
                           for key, values in self._values.items()})

    def blocks(self):
        """{load: {subject: {metric: row}}}, without CPU of single processes, which the JSON has."""
        blocks = {}
        for row in self.rows():
            if "/" not in row["metric"]:
                lines = blocks.setdefault(row["load"], {})
                lines.setdefault(row["subject"], {})[row["metric"]] = row
        return blocks

    def table(self):
        """Text: a block per load, a line per subject, each figure as "median (min-max)", with ratios
        of the first figure and of the CPU time; then what failed, and the bars."""
        text = "".join(_block(load, lines) + "\n" for load, lines in self.blocks().items())
        for load, subject, failure in self.failures:
            text += f"FAILED  {load} on {subject}: {failure}\n"
        return text + self.absences() + self._verdict()

    def absences(self):
        return "".join(f"not there: {name}, for want of {' and '.join(programs)}, which "
                       "script/bench-peers may build\n" for name, programs in self._absent.items())

    def _verdict(self):
        """The end: which bars of the loads that were run are met, missed, or without figures."""
        told = {(bar["load"], bar["bar"]): bar for bar in self.bars()}
        loads = {load for load, _, _ in self._values}
        lines = {"met": [], "MISSED": [], "no figures": []}
        for bar in bars.BARS:
            if bar.load in loads:
                known = told.get((bar.load, bar.text))
                kind = "no figures" if not known else "met" if known["met"] else "MISSED"
                figure = f" {_number(known['value'])}" if known else ""
                lines[kind].append(f"  {kind:10}  {bar.load}: {bar.text}{figure} "
                                   f"({bar.relation} {bar.limit:.3g})\n")
        if not any(lines.values()):
            return ""
        counts = ", ".join(f"{len(those)} {kind.lower()}" for kind, those in lines.items())
        return f"Bars: {counts}\n" + "".join(line for those in lines.values() for line in those)


def _block(load, lines):
    metrics = list(dict.fromkeys(metric for line in lines.values() for metric in line))
    cells = [[load, *(LABELS.get(metric, metric) for metric in metrics)]]
    for subject, line in lines.items():
        cells.append([subject, *(_cell(line.get(metric)) for metric in metrics)])
    cpu = next((metric for metric in metrics if metric.startswith("cpu_")), None)
    for metric in dict.fromkeys((metrics[0], cpu)):
        for peer in YARDSTICKS:
            if metric and len(lines) > 1 and metric in lines.get(peer, {}):
                label = "CPU" if metric == cpu else LABELS.get(metric, metric)
                cells[0].append(f"{label} ÷ {peer}")
                for row, line in zip(cells[1:], lines.values()):
                    row.append(_quotient(line.get(metric), lines[peer][metric]))
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    text = ""
    for row in cells:
        text += row[0].ljust(widths[0])
        text += "".join("   " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))
        text += "\n"
    return text


def _quotient(row, peer):
    if row is None or not peer["median"]:
        return "-"
    return f"{row['median'] / peer['median']:.2f}"


def _cell(row):
    if row is None:
        return "-"
    if row["min"] == row["max"]:
        return _number(row["median"])
    return f"{_number(row['median'])} ({_number(row['min'])}-{_number(row['max'])})"


def _number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def machine(programs, rounds, seconds):
    """What the figures depend on."""
    def version_of(*command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        return ((done.stdout + done.stderr).strip().splitlines() or ["?"])[0]
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")),
                     platform.machine())
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) >> 20
    with open("/proc/sys/net/ipv4/tcp_congestion_control") as file:
        congestion = file.read().strip()
    return {
        "processor": model, "cores": os.cpu_count(), "memory_gib": memory,
        "kernel": platform.release(), "congestion_control": congestion, "load_average_at_start": os.getloadavg()[0],
        "berth": version_of(programs.berth, "version"), "nginx": version_of(programs.nginx, "-v"),
        "haproxy": version_of(programs.haproxy, "-v"), "ssh": version_of("ssh", "-V"),
        "node": version_of(programs.node, "--version"), "rounds": rounds, "seconds": seconds,
    }


def write_json(machine_, results, out):
    json.dump({"machine": machine_, "rows": results.rows(), "bars": results.bars(), "failures": [
        {"load": load, "subject": subject, "what": what}
        for load, subject, what in results.failures]}, out, indent=1)
    out.write("\n")
