"""The stage: a temporary folder and the processes that run in it.

Whatever a Stage starts is measured through it, and ended when it closes, children included.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

IS_ROOT = os.geteuid() == 0

# Nothing of the caller's: no proxies, no options of berth in variables, no configuration in $HOME.
CLEAN = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "LANG": "C.UTF-8"}


OPENSSL_CONF = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1.3
Ciphersuites = TLS_AES_128_GCM_SHA256
"""


def wait_until(what, check, seconds=15):
    """Calls `check` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def is_open(address):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


def _parents():
    """{pid: parent} of every process."""
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    return parents


def _stat(pid):
    """The fields of /proc/PID/stat after the name, from the state on; None if it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2:].split()


class Process:
    """A running program, with all its descendants."""

    def __init__(self, name, popen, log):
        self.name = name
        self.pid = popen.pid
        self.log = log
        self._popen = popen

    def check(self):
        """True; raises if it has ended, with the end of what it said."""
        if self._popen.poll() is not None:
            raise RuntimeError(f"{self.name} ended ({self._popen.returncode}):\n{self.said()[-2000:]}")
        return True

    def said(self):
        return self.log.read_text(errors="replace")

    def _family(self):
        parents = _parents()
        family, grew = {self.pid}, True
        while grew:
            children = {pid for pid, parent in parents.items() if parent in family} - family
            family |= children
            grew = bool(children)
        return family

    def cpu_seconds(self):
        """User and system time of the family: those that run, and those that have been reaped."""
        self.check()
        ticks = 0
        for pid in self._family():
            fields = _stat(pid)
            if fields:
                ticks += sum(int(field) for field in fields[11:15])
        return ticks / TICK

    def resident_bytes(self):
        """Of the process itself, without its children."""
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    def forget_peak(self):
        """Peaks of memory begin anew, for the family."""
        for pid in self._family():
            try:
                pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
            except OSError:  # It has ended, or has given up its rights and hides.
                pass

    def peak_bytes(self):
        """The most that was resident since then, summed over the family."""
        total = 0
        for pid in self._family():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            peak = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
            total += int(peak[1]) * 1024 if peak else 0
        return total

    def stop(self):
        if self._popen.poll() is None:
            os.killpg(self.pid, signal.SIGTERM)
            try:
                self._popen.wait(3)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._popen.wait()


class Stage:
    """Use it in a `with` statement."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-bench-"))
        self.folder.chmod(0o711)  # What runs as another user finds its files, and lists nothing.
        self._processes = []
        self._once = {}
        self._given = set()  # Ports.
        self.far_prefix = []  # Of the command of whatever stands on the far side of a link.
        # One suite for all: see bench/wire.h.
        self._environment = {**CLEAN, "HOME": str(self.folder),
                             "OPENSSL_CONF": str(self.folder / "openssl.cnf")}
        (self.folder / "openssl.cnf").write_text(OPENSSL_CONF)
        (self.folder / "openssl.cnf").chmod(0o644)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_folder(self, name):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def once(self, name, make):
        """What `make` returns for a new folder of that name; made at the first call."""
        if name not in self._once:
            self._once[name] = make(self.make_folder(name))
        return self._once[name]

    def start(self, name, *command, far=False, environment=None):
        """Starts a program in a process group of its own; its output goes to a file. `far`: beyond
        the link, if there is one."""
        log = self.folder / f"{name}.log"
        prefix = self.far_prefix if far else []
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [str(part) for part in [*prefix, *command]], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, cwd=self.folder, env={**self._environment, **(environment or {})},
                start_new_session=True)
        process = Process(name, popen, log)
        self._processes.append(process)
        return process

    def stop(self, process):
        self._processes.remove(process)
        process.stop()

    def stop_all(self):
        """What runs; folders stay. A name can then be used again."""
        while self._processes:
            self._processes.pop().stop()
        self.far_prefix = []

    def start_on(self, address, name, *command, **options):
        """The same as start, and waits until it listens at `address`: (host, port), or a port of
        this side's loopback."""
        if isinstance(address, int):
            address = ("127.0.0.1", address)
        process = self.start(name, *command, **options)
        wait_until(f"{name} at {address}", lambda: process.check() and is_open(address))
        return process

    def run(self, *command):
        """Runs a program to its end; returns what it printed."""
        done = subprocess.run(
            [str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, cwd=self.folder, env=self._environment, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed ({done.returncode}): {done.stderr[-2000:]}")
        return done.stdout

    def free_port(self):
        """A port that nobody listens on, outside the range that outgoing connections use."""
        low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        for port in range(20000, min(low, 32768)):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port not in self._given:
                self._given.add(port)
                return port
        raise RuntimeError("no free port")
