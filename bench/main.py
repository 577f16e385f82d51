"""The driver of script/bench: runs every load on every subject, in interleaved rounds."""

import argparse
import dataclasses
import os
import pathlib
import signal
import sys

import report
from loads import LOADS
from stage import Stage
from subjects import SUBJECTS, Programs, start_origins


@dataclasses.dataclass(frozen=True)
class Context:
    stage: Stage
    programs: Programs


def parse_arguments():
    def names_of(known):
        def parse(text):
            names = text.split(",")
            for name in names:
                if name not in known:
                    raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
            return [name for name in known if name in names]
        return parse

    def at_least_one(text):
        if int(text) < 1:
            raise argparse.ArgumentTypeError("at least 1")
        return int(text)

    loads = [load.name for load in LOADS]
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measures berth beside what it is compared with.")
    parser.add_argument("--only", type=names_of(loads), default=loads, metavar="LOAD,...",
                        help=f"of {', '.join(loads)}")
    parser.add_argument("--subjects", type=names_of(list(SUBJECTS)), default=list(SUBJECTS),
                        metavar="NAME,...", help=f"of {', '.join(SUBJECTS)}")
    parser.add_argument("--rounds", type=at_least_one, default=5, metavar="N", help="default 5")
    parser.add_argument("--seconds", type=at_least_one, default=4, metavar="S",
                        help="of each load in each round (default 4)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there; - for standard output")
    for program in ("berth", "nginx", "sshd", "tools"):
        parser.add_argument(f"--{program}", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(arguments, context, subjects, results):
    for load in LOADS:
        if load.name not in arguments.only:
            continue
        on = {name: subject for name, subject in subjects.items()
              if not load.subjects or name in load.subjects}
        for number in range(arguments.rounds + 1):
            for name, subject in on.items():
                try:
                    if number == 0:
                        load.warm_up(context, subject)
                        continue
                    say(f"{load.name}, round {number} of {arguments.rounds}: {name}")
                    results.add(load.name, name, load.measure(context, subject, arguments.seconds))
                except (OSError, RuntimeError) as failure:
                    raise RuntimeError(f"{load.name} on {name}: {failure}") from failure


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # The stage is cleared on the way out.
    os.umask(0o077)
    programs = Programs(arguments.berth, arguments.nginx, arguments.sshd, arguments.tools)
    machine = report.machine(programs, arguments.rounds, arguments.seconds)
    results = report.Results()
    with Stage() as stage:
        origin_ports = start_origins(stage, programs)
        subjects = {name: SUBJECTS[name](stage, programs, origin_ports)
                    for name in arguments.subjects}
        measure(arguments, Context(stage, programs), subjects, results)
    to_stdout = arguments.json == "-"
    print(results.table(), file=sys.stderr if to_stdout else sys.stdout)
    if to_stdout:
        report.write_json(machine, results, sys.stdout)
    elif arguments.json:
        with open(arguments.json, "w") as out:
            report.write_json(machine, results, out)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except RuntimeError as failure:
        sys.exit(f"script/bench: {failure}")
