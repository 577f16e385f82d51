"""What is known at the end: medians with their spread, as a table and as JSON."""

import json
import os
import platform
import statistics
import subprocess

LABELS = {
    "requests_per_second": "requests/s",
    "round_trips_per_second": "round trips/s",
    "p50_us": "p50 µs",
    "p99_us": "p99 µs",
    "cpu_us_per_request": "CPU µs/request",
    "cpu_us_per_round_trip": "CPU µs/round trip",
    "gib_per_second": "GiB/s",
    "cpu_s_per_gib": "CPU s/GiB",
    "hub_kib_per_agent": "hub KiB/agent",
}


class Results:
    def __init__(self):
        self._values = {}  # {(load, subject, metric): [a value per round]}, in order of arrival.

    def add(self, load, subject, metrics):
        for metric, value in metrics.items():
            self._values.setdefault((load, subject, metric), []).append(value)

    def rows(self):
        return [{"load": load, "subject": subject, "metric": metric,
                 "median": statistics.median(values), "min": min(values), "max": max(values)}
                for (load, subject, metric), values in self._values.items()]

    def table(self):
        """Text: a block per load, a line per subject, each figure as "median (min-max)"."""
        blocks = {}
        for row in self.rows():
            if "/" not in row["metric"]:  # CPU of single processes is in the JSON.
                lines = blocks.setdefault(row["load"], {})
                lines.setdefault(row["subject"], {})[row["metric"]] = row
        return "\n".join(_block(load, lines) for load, lines in blocks.items())


def _block(load, lines):
    metrics = list(dict.fromkeys(metric for line in lines.values() for metric in line))
    cells = [[load, *(LABELS.get(metric, metric) for metric in metrics)]]
    for subject, line in lines.items():
        cells.append([subject, *(_cell(line.get(metric)) for metric in metrics)])
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    text = ""
    for row in cells:
        text += row[0].ljust(widths[0])
        text += "".join("   " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))
        text += "\n"
    return text


def _cell(row):
    if row is None:
        return "-"
    return f"{_number(row['median'])} ({_number(row['min'])}-{_number(row['max'])})"


def _number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine(programs, rounds, seconds):
    """What the figures depend on."""
    def version_of(*command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")),
                     platform.machine())
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) >> 20
    return {
        "processor": model, "cores": os.cpu_count(), "memory_gib": memory,
        "kernel": platform.release(), "load_average_at_start": os.getloadavg()[0],
        "berth": version_of(programs.berth, "version"), "nginx": version_of(programs.nginx, "-v"),
        "ssh": version_of("ssh", "-V"), "rounds": rounds, "seconds": seconds,
    }


def write_json(machine_, results, out):
    json.dump({"machine": machine_, "rows": results.rows()}, out, indent=1)
    out.write("\n")
