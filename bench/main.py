"""The driver of script/bench: runs every load on every subject, in interleaved rounds."""

import argparse
import fnmatch
import os
import pathlib
import signal
import subprocess
import sys

import chart
import report
import tunnels
from berth import Berth
from fleet import fleet_loads
from loads import Context, content_loads
from page import page_loads
from place import Place, Programs
from stage import Stage
from subjects import (ConfigurableHttpProxy, Direct, Haproxy, Nginx, NginxDefault, Seed, Ssh)

SUBJECTS = {"direct": Direct, "nginx": Nginx, "nginx-default": NginxDefault, "haproxy": Haproxy,
            "ssh": Ssh, "chp": ConfigurableHttpProxy, "seed": Seed, **tunnels.present(), "berth": Berth}
LOADS = [*content_loads(), *fleet_loads(), *page_loads()]


def parse_arguments():
    def names_of(known):
        def parse(text):
            chosen = []
            for pattern in text.split(","):
                found = fnmatch.filter(known, pattern)
                if not found:
                    raise argparse.ArgumentTypeError(f"{pattern!r} is none of {', '.join(known)}")
                chosen += found
            return [name for name in known if name in chosen]
        return parse

    def at_least_one(text):
        if int(text) < 1:
            raise argparse.ArgumentTypeError("at least 1")
        return int(text)

    loads = [load.name for load in LOADS]
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measures berth beside what it is compared with.",
        epilog="Names may be patterns, as 'http-*'.")
    parser.add_argument("--only", type=names_of(loads), default=loads, metavar="LOAD,...",
                        help=f"of {', '.join(loads)}")
    parser.add_argument("--subjects", type=names_of(list(SUBJECTS)), default=list(SUBJECTS),
                        metavar="NAME,...", help=f"of {', '.join(SUBJECTS)}")
    parser.add_argument("--rounds", type=at_least_one, default=5, metavar="N", help="default 5")
    parser.add_argument("--seconds", type=at_least_one, default=4, metavar="S",
                        help="of each load in each round (default 4)")
    parser.add_argument("--json", metavar="FILE",
                        help="write the figures there too; - for standard output")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("build/bench"),
                        metavar="FOLDER", help="for bench.json and chart.svg (default build/bench)")
    for field in Programs.__dataclass_fields__:
        parser.add_argument(f"--{field}", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


class NoSubject:
    """Stands for a subject that a load starts by itself."""

    def __init__(self, name):
        self.name = name


def measure_load(load, arguments, context, subjects, results):
    """All rounds of a load; `subjects` is {name: Subject}. One that fails is left out from there on."""
    on = dict(subjects)
    for number in range(arguments.rounds + 1):
        for name, subject in list(on.items()):
            try:
                if number == 0:
                    load.warm_up(context, subject)
                    continue
                say(f"{load.name}, round {number} of {arguments.rounds}: {name}")
                results.add(load.name, name, load.measure(context, subject, arguments.seconds))
            except (OSError, RuntimeError, ValueError, KeyError,
                    subprocess.SubprocessError) as failure:
                say(f"{load.name} on {name} failed: {failure}")
                results.fail(load.name, name, str(failure))
                del on[name]


def names_for(load, arguments):
    return [name for name in arguments.subjects
            if (name in load.subjects if load.subjects else SUBJECTS[name].can(load))]


def measure_setting(setting, arguments, stage, programs, results):
    """The loads of a setting. Subjects are started when the first load needs them."""
    loads = [load for load in LOADS if load.setting == setting and load.name in arguments.only]
    loads = [load for load in loads if names_for(load, arguments)]
    if not loads:
        return
    try:
        context = Context(stage, programs, Place(stage, programs, setting))
    except (OSError, RuntimeError, subprocess.SubprocessError) as failure:
        say(f"left out: {', '.join(load.name for load in loads)}: {failure}")
        for load in loads:
            results.fail(load.name, "all", str(failure))
        return
    subjects = {}
    for load in loads:
        names = names_for(load, arguments)
        if load.stands_alone:
            measure_load(load, arguments, context, {name: NoSubject(name) for name in names}, results)
            continue
        for name in names:
            if name not in subjects:
                try:
                    subjects[name] = SUBJECTS[name](context.place)
                except (OSError, RuntimeError, subprocess.SubprocessError) as failure:
                    say(f"{name} did not start: {failure}")
                    results.fail(load.name, name, f"did not start: {failure}")
                    subjects[name] = None
        measure_load(load, arguments, context,
                     {name: subjects[name] for name in names if subjects[name]}, results)


def write_output(arguments, machine, results):
    arguments.output.mkdir(parents=True, exist_ok=True)
    subtitle = (f"{machine['processor']}, {machine['cores']} cores; medians of {arguments.rounds} "
                "rounds, the line is the spread")
    (arguments.output / "chart.svg").write_text(chart.draw(results.blocks(), subtitle))
    with (arguments.output / "bench.json").open("w") as out:
        report.write_json(machine, results, out)
    to_stdout = arguments.json == "-"
    print(results.table(), file=sys.stderr if to_stdout else sys.stdout)
    if to_stdout:
        report.write_json(machine, results, sys.stdout)
    elif arguments.json:
        with open(arguments.json, "w") as out:
            report.write_json(machine, results, out)


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # The stage is cleared on the way out.
    umask = os.umask(0o077)
    programs = Programs(**{field: getattr(arguments, field)
                           for field in Programs.__dataclass_fields__})
    machine = report.machine(programs, arguments.rounds, arguments.seconds)
    results = report.Results(tunnels.absent())
    say(results.absences())
    with Stage() as stage:
        for setting in dict.fromkeys(load.setting for load in LOADS):
            measure_setting(setting, arguments, stage, programs, results)
            stage.stop_all()
    os.umask(umask)
    write_output(arguments, machine, results)
    return 1 if results.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as failure:
        sys.exit(f"script/bench: {failure}")
