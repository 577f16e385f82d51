"""The place where subjects stand: with or without TLS, on one machine or with a link in between.

There are two sides. Near are the load and whatever it asks: a proxy, the hub, sshd. Far is the origin,
with the agent or the ssh client beside it. Without a link, both are this machine's loopback. With one,
the far side is a network namespace of its own, and bench/link.cc carries the packets.
"""

import dataclasses
import os
import pathlib
import subprocess

from stage import IS_ROOT, wait_until

NEAR, FAR = "10.254.0.1", "10.254.0.2"
BIG_FILE = 256 << 20
STREAMS = 8  # Of the loads that move BIG_FILE in parts.

# Options of bench_link, and the size of a packet.
LINKS = {
    "40ms": (["--delay-ms", "20"], 9000),  # One way, so 40 ms there and back.
    "lossy": (["--delay-ms", "25", "--mbit", "20", "--loss", "1"], 1500),
    "20mbit": (["--delay-ms", "25", "--mbit", "20"], 1500),
}


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is the same for all subjects of a comparison."""
    tls: bool = False  # Between the load and what it asks, and in the tunnel if there is one.
    link: str = ""  # A key of LINKS.


@dataclasses.dataclass(frozen=True)
class Programs:
    """Where the programs are that the bench runs."""
    berth: pathlib.Path
    nginx: pathlib.Path
    haproxy: pathlib.Path
    sshd: pathlib.Path
    chp: pathlib.Path  # configurable-http-proxy, which node runs.
    node: pathlib.Path
    claudecodeui: pathlib.Path  # The folder that it is installed in.
    tools: pathlib.Path  # A folder: bench_origin, ws_load, ...


class Link:
    """A far namespace, and the link to it. One at a time, and only for root."""

    def __init__(self, stage, programs, name):
        if not IS_ROOT:
            raise RuntimeError("a link needs root: it is made of network namespaces")
        options, mtu = LINKS[name]
        self._holder = stage.start("far-side", "unshare", "--net", "sleep", "infinity")
        self.prefix = ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]
        home = os.readlink("/proc/self/ns/net")
        wait_until("a network namespace",
                   lambda: os.readlink(f"/proc/{self._holder.pid}/ns/net") != home)
        self._link = stage.start("link", programs.tools / "bench_link", "--far", self._holder.pid,
                                 *options)
        wait_until("the link", lambda: self._link.check() and "ready" in self._link.said())
        for prefix, device, own, other in (([], "near", NEAR, FAR),
                                           (self.prefix, "far", FAR, NEAR)):
            for words in ("link set lo up", f"link set {device} mtu {mtu} up",
                          f"addr add {own} peer {other} dev {device}"):
                subprocess.run([*prefix, "ip", *words.split()], check=True)


def make_certificate(folder):
    """A certificate for all names here, signed by itself. Returns the files (certificate, key)."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         f"subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:{NEAR},IP:{FAR}",
         "-keyout", key, "-out", certificate], check=True, capture_output=True)
    (folder / "both.pem").write_text(certificate.read_text() + key.read_text())
    return certificate, key


def start_nginx(stage, programs, name, http_block, address, port, far=False):
    """One worker: what it stands beside is one process too."""
    folder = stage.make_folder(name)
    config = folder / "nginx.conf"
    config.write_text(f"""
{"user root;" if IS_ROOT else ""}
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; client_max_body_size 0;
  ssl_protocols TLSv1.3;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {http_block}
}}
""")
    return stage.start_on((address, port), name, programs.nginx, "-e", "stderr", "-p", folder, "-c",
                          config, far=far)


class Place:
    """Starts the origins when made: "files" (nginx with static files) and "tools" (bench/origin.cc:
    WebSocket echo, uploads, trickling responses)."""

    def __init__(self, stage, programs, setting):
        self.stage = stage
        self.programs = programs
        self.tls = setting.tls
        self.link = Link(stage, programs, setting.link) if setting.link else None
        stage.far_prefix = self.link.prefix if self.link else []
        # Where each side reaches the other, and where what must be reached from there listens.
        self.near, self.far = (NEAR, FAR) if self.link else ("127.0.0.1", "127.0.0.1")
        self.any = "0.0.0.0" if self.link else "127.0.0.1"
        self.certificate, self.key = stage.once("certificate", make_certificate)
        self.files = stage.once("www", _make_files)
        self.origins = self._start_origins(False)  # {name: port}
        self.tls_origins = self._start_origins(True) if self.tls else {}

    def _start_origins(self, tls):
        ports = {"files": self.stage.free_port(), "tools": self.stage.free_port()}
        suffix = "-tls" if tls else ""
        block = (f"server {{ {self.listen(self.any, ports['files'], tls)} "
                 f"root {self.files}; }}")
        start_nginx(self.stage, self.programs, f"origin-files{suffix}", block, self.far,
                    ports["files"], far=True)
        files = [self.certificate, self.key] if tls else []
        self.stage.start_on((self.far, ports["tools"]), f"origin-tools{suffix}",
                            self.programs.tools / "bench_origin", self.any, ports["tools"], *files,
                            far=True)
        return ports

    def listen(self, address, port, tls):
        """Of an nginx `server`."""
        if not tls:
            return f"listen {address}:{port} backlog=4096;"
        return (f"listen {address}:{port} ssl backlog=4096; ssl_certificate {self.certificate}; "
                f"ssl_certificate_key {self.key};")


def _make_files(folder):
    (folder / "1k.bin").write_bytes(os.urandom(1024))
    for name, size in (("256m.bin", BIG_FILE), ("32m.bin", BIG_FILE // STREAMS),
                       ("8m.bin", 8 << 20)):
        with (folder / name).open("wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))
    folder.chmod(0o711)
    return folder
