"""The subjects that are always there: ways for a browser to reach an origin.

A Subject starts when made, at a Place. Its processes are those between the load and the origin;
neither the load nor the origins count. tunnels.py has those that need a program of somebody else's
on PATH, berth.py has ours.
"""

import dataclasses
import os
import pathlib
import pwd
import shutil

from place import start_nginx
from stage import IS_ROOT, wait_until

ORIGINS = ("files", "tools")


@dataclasses.dataclass(frozen=True)
class Route:
    """How to ask for something of one origin: connect to address:port, send these fields."""
    port: int
    host: str
    cookie: str = ""
    address: str = "127.0.0.1"
    tls: bool = False

    def fields(self):
        return {"Host": self.host, **({"Cookie": self.cookie} if self.cookie else {})}

    def fields_with_origin(self):
        """For what a page's script sends: uploads, WebSockets."""
        return {**self.fields(), "Origin": f"{self.scheme}://{self.host}"}

    @property
    def scheme(self):
        return "https" if self.tls else "http"


class Subject:
    """`routes` has a Route for each origin."""

    def __init__(self):
        self.processes = []
        self.routes = {}

    @classmethod
    def can(cls, load):
        """Whether it is made for such a load at all."""
        return True

    def route_plainly(self, place, ports, address="127.0.0.1"):
        self.routes = {origin: Route(port, f"{address}:{port}", "", address, place.tls)
                       for origin, port in ports.items()}

    def cpu_seconds(self):
        """{process name: seconds since it started}."""
        return {process.name: process.cpu_seconds() for process in self.processes}

    def forget_peak(self):
        for process in self.processes:
            process.forget_peak()

    def peak_mib(self):
        """What was resident at most since forget_peak(), summed over the processes."""
        return sum(process.peak_bytes() for process in self.processes) / (1 << 20)


class Direct(Subject):
    """No proxy at all: what the load and the origin can do."""

    def __init__(self, place):
        super().__init__()
        self.route_plainly(place, place.tls_origins if place.tls else place.origins, place.far)


def start_front(place, name, targets, is_tuned=True):
    """nginx in front of a web application: tuned for one, or with nothing but what carries its requests and
    WebSockets; `targets` is {origin: address}. Returns it and its ports."""
    ports = {origin: place.stage.free_port() for origin in ORIGINS}
    idle = "''" if is_tuned else "close"
    direct = "proxy_max_temp_file_size 0; proxy_request_buffering off;" if is_tuned else ""
    block = f"map $http_upgrade $connection_upgrade {{ default upgrade; '' {idle}; }}\n"
    for origin in ORIGINS:
        target = targets[origin]
        if is_tuned:
            block += (f"upstream {origin} {{ server {target}; keepalive 256; "
                      "keepalive_requests 100000000; }\n")
            target = origin
        block += f"""
  server {{ {place.listen("127.0.0.1", ports[origin], place.tls)} location / {{
    proxy_pass http://{target}; proxy_http_version 1.1; proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    {direct}
  }} }}
"""
    return start_nginx(place.stage, place.programs, name, block, "127.0.0.1", ports["tools"]), ports


def origin_addresses(place):
    return {origin: f"{place.far}:{port}" for origin, port in place.origins.items()}


class Nginx(Subject):
    """A reverse proxy without a tunnel, which keeps its connections to the origin (`keepalive`) and puts no body
    into a file."""

    def __init__(self, place):
        super().__init__()
        proxy, ports = start_front(place, "nginx", origin_addresses(place))
        self.processes = [proxy]
        self.route_plainly(place, ports)


class NginxDefault(Subject):
    """`proxy_pass` as it comes: a connection per request, and bodies that their reader is slow to take, or
    that are uploads, go through files."""

    def __init__(self, place):
        super().__init__()
        proxy, ports = start_front(place, "nginx-default", origin_addresses(place), False)
        self.processes = [proxy]
        self.route_plainly(place, ports)


class Haproxy(Subject):
    """One thread, because each of the others has one event loop too."""

    def __init__(self, place):
        super().__init__()
        ports = {origin: place.stage.free_port() for origin in ORIGINS}
        tls = ""
        if place.tls:
            tls = f" ssl crt {place.certificate.parent}/both.pem ssl-min-ver TLSv1.3"
        text = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  http-reuse always
"""
        for origin in ORIGINS:
            text += f"""
frontend {origin}
  bind 127.0.0.1:{ports[origin]}{tls}
  default_backend to-{origin}
backend to-{origin}
  server one {place.far}:{place.origins[origin]}
"""
        config = place.stage.make_folder("haproxy") / "haproxy.cfg"
        config.write_text(text)
        self.processes = [place.stage.start_on(ports["tools"], "haproxy", place.programs.haproxy,
                                               "-db", "-f", config)]
        self.route_plainly(place, ports)


class ConfigurableHttpProxy(Subject):
    """JupyterHub's proxy, in Node.js; a process per origin, each with its default target."""

    def __init__(self, place):
        super().__init__()
        ports = {origin: place.stage.free_port() for origin in ORIGINS}
        tls = []
        if place.tls:
            tls = ["--ssl-cert", place.certificate, "--ssl-key", place.key]
        for origin, port in ports.items():
            self.processes.append(place.stage.start_on(
                port, f"chp-{origin}", place.programs.node, place.programs.chp, "--ip", "127.0.0.1",
                "--port", port, "--api-ip", "127.0.0.1", "--api-port", place.stage.free_port(),
                "--default-target", f"http://{place.far}:{place.origins[origin]}",
                "--log-level", "error", *tls))
        self.route_plainly(place, ports)


class Ssh(Subject):
    """nginx in front of `ssh -R`, with an sshd of our own. Root starts it as the user "proxy", which
    Debian has for daemons without a user of their own: then it lets nobody in as root, and needs no
    folder outside the stage. ("nobody" will not do: nss-systemd reports that account as locked.)"""

    def __init__(self, place):
        super().__init__()
        stage = place.stage
        folder = stage.make_folder("ssh")
        user = pwd.getpwnam("proxy") if IS_ROOT else pwd.getpwuid(os.getuid())
        for key in ("host_key", "user_key"):
            for file in (folder / key, folder / f"{key}.pub"):
                file.unlink(missing_ok=True)
            stage.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key)
        sshd = folder / "sshd"
        if not sshd.exists():
            shutil.copy(place.programs.sshd, sshd)
        port = stage.free_port()
        config = folder / "sshd_config"
        config.write_text(f"ListenAddress {place.near}\nPort {port}\nHostKey {folder}/host_key\n"
                          f"AuthorizedKeysFile {folder}/user_key.pub\nPidFile none\nUsePAM no\n"
                          "StrictModes no\nPasswordAuthentication no\nAllowTcpForwarding remote\n")
        as_other_user = []
        if IS_ROOT:
            as_other_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                             "--clear-groups"]
            folder.chmod(0o711)
            for name in ("host_key", "user_key.pub", "sshd", "sshd_config"):
                os.chown(folder / name, user.pw_uid, user.pw_gid)
        server = stage.start_on((place.near, port), "sshd", *as_other_user, sshd, "-D", "-e", "-f",
                                config)
        remote_ports = {origin: stage.free_port() for origin in ORIGINS}
        forwards = []
        for origin in ORIGINS:
            forwards += ["-R", f"127.0.0.1:{remote_ports[origin]}:127.0.0.1:"
                               f"{place.origins[origin]}"]
        tunnel = stage.start_on(
            remote_ports["tools"], "ssh", "ssh", "-F", "none", "-N", "-p", port,
            "-i", folder / "user_key", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "ExitOnForwardFailure=yes", *forwards, f"{user.pw_name}@{place.near}", far=True)
        proxy, ports = start_front(place, "ssh-nginx", {
            origin: f"127.0.0.1:{port}" for origin, port in remote_ports.items()})
        self.processes = [server, tunnel, proxy]
        self.route_plainly(place, ports)


class Seed(Subject):
    """The design that berth began with: version 1 of the protocol alone, in Node.js, of few lines of
    ours (bench/seed_tunnel/). Each body is one JSON message, so it has no streams and no WebSockets,
    and uploads that are not text would not survive."""

    @classmethod
    def can(cls, load):
        return load.name.startswith(("http-", "bulk-down-256m"))

    def __init__(self, place):
        super().__init__()
        stage, folder = place.stage, pathlib.Path(__file__).parent / "seed_tunnel"
        port = stage.free_port()
        files = [place.certificate, place.key] if place.tls else []
        hub = stage.start_on(port, "seed-hub", place.programs.node, folder / "hub.mjs", place.any,
                             port, *files)
        self.processes = [hub]
        for origin in ORIGINS:
            self.processes.append(stage.start(
                f"seed-client-{origin}", place.programs.node, folder / "client.mjs",
                f"{'wss' if place.tls else 'ws'}://{place.near}:{port}", origin, place.origins[origin],
                far=True, environment={"NODE_EXTRA_CA_CERTS": str(place.certificate)}))
            wait_until(f"the seed's client {origin}",
                       lambda: hub.check() and f"registered {origin}" in hub.said())
            self.routes[origin] = Route(port, f"{origin}.localhost:{port}", tls=place.tls)
