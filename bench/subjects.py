"""The subjects: ways for a browser to reach an origin, each started on free ports of loopback.

Every subject leads to the same two origins: "files" (nginx with static files) and "tools"
(bench/origin.cc: WebSocket echo, and a sink for uploads). A Subject's processes are those between
the load and the origin; neither the load nor the origins count.
"""

import dataclasses
import http.client
import json
import os
import pathlib
import pwd
import shutil
import urllib.parse

from stage import wait_until

ORIGINS = ("files", "tools")
BIG_FILE = 256 << 20
IS_ROOT = os.geteuid() == 0


@dataclasses.dataclass(frozen=True)
class Programs:
    """Where the programs are that the bench runs."""
    berth: pathlib.Path
    nginx: pathlib.Path
    sshd: pathlib.Path
    tools: pathlib.Path  # A folder: bench_origin, ws_load.


@dataclasses.dataclass(frozen=True)
class Route:
    """How to ask for something of one origin: connect to 127.0.0.1:`port`, send these fields."""
    port: int
    host: str
    cookie: str = ""

    def fields(self):
        return {"Host": self.host, **({"Cookie": self.cookie} if self.cookie else {})}

    def fields_with_origin(self):
        """For what a page's script sends: uploads, WebSockets."""
        return {**self.fields(), "Origin": f"http://{self.host}"}


def _start_nginx(stage, programs, name, http_block, port):
    """One worker, because each of the others is one thread too."""
    folder = stage.make_folder(name)
    config = folder / "nginx.conf"
    config.write_text(f"""
{"user root;" if IS_ROOT else ""}
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {http_block}
}}
""")
    return stage.start_on(port, name, programs.nginx, "-e", "stderr", "-p", folder, "-c", config)


def start_origins(stage, programs):
    """Returns {origin: port}."""
    ports = {origin: stage.free_port() for origin in ORIGINS}
    www = stage.make_folder("www")
    (www / "1k.bin").write_bytes(os.urandom(1024))
    with (www / "256m.bin").open("wb") as file:
        for _ in range(BIG_FILE >> 20):
            file.write(os.urandom(1 << 20))
    _start_nginx(stage, programs, "origin-files",
                 f"server {{ listen 127.0.0.1:{ports['files']} backlog=4096; root {www}; }}",
                 ports["files"])
    stage.start_on(ports["tools"], "origin-tools", programs.tools / "bench_origin", ports["tools"])
    return ports


def _start_reverse_proxy(stage, programs, name, origin_ports):
    """nginx as people configure it in front of a web application. Returns it and its ports."""
    ports = {origin: stage.free_port() for origin in ORIGINS}
    block = "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n"
    for origin in ORIGINS:
        block += f"""
  upstream {origin} {{ server 127.0.0.1:{origin_ports[origin]}; keepalive 256;
    keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{ports[origin]} backlog=4096; location / {{
    proxy_pass http://{origin}; proxy_http_version 1.1; proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    proxy_max_temp_file_size 0; proxy_request_buffering off;
  }} }}"""
    return _start_nginx(stage, programs, name, block, ports["tools"]), ports


class Subject:
    """Starts when made; `routes` has a Route for each origin."""

    def __init__(self):
        self.processes = []
        self.routes = {}

    def _route_plainly(self, ports):
        self.routes = {origin: Route(port, f"127.0.0.1:{port}") for origin, port in ports.items()}

    def cpu_seconds(self):
        """{process name: seconds since it started}."""
        return {process.name: process.cpu_seconds() for process in self.processes}


class Direct(Subject):
    """No proxy at all: what the load and the origin can do."""

    def __init__(self, _stage, _programs, origin_ports):
        super().__init__()
        self._route_plainly(origin_ports)


class Nginx(Subject):
    """A reverse proxy beside the origin: no tunnel."""

    def __init__(self, stage, programs, origin_ports):
        super().__init__()
        proxy, ports = _start_reverse_proxy(stage, programs, "nginx", origin_ports)
        self.processes = [proxy]
        self._route_plainly(ports)


class Ssh(Subject):
    """nginx in front of `ssh -R`, with an sshd of our own. Root starts it as the user "proxy", which
    Debian has for daemons without a user of their own: then it lets nobody in as root, and needs no
    folder outside the stage. ("nobody" will not do: nss-systemd reports that account as locked.)"""

    def __init__(self, stage, programs, origin_ports):
        super().__init__()
        folder = stage.make_folder("ssh")
        user = pwd.getpwnam("proxy") if IS_ROOT else pwd.getpwuid(os.getuid())
        for key in ("host_key", "user_key"):
            stage.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key)
        sshd = pathlib.Path(shutil.copy(programs.sshd, folder / "sshd"))
        port = stage.free_port()
        config = folder / "sshd_config"
        config.write_text(f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\n"
                          f"AuthorizedKeysFile {folder}/user_key.pub\nPidFile none\nUsePAM no\n"
                          "StrictModes no\nPasswordAuthentication no\nAllowTcpForwarding remote\n")
        as_other_user = []
        if IS_ROOT:
            as_other_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                         "--clear-groups"]
            folder.chmod(0o711)
            for name in ("host_key", "user_key.pub", "sshd", "sshd_config"):
                os.chown(folder / name, user.pw_uid, user.pw_gid)
        server = stage.start_on(port, "sshd", *as_other_user, sshd, "-D", "-e", "-f", config)
        remote_ports = {origin: stage.free_port() for origin in ORIGINS}
        forwards = []
        for origin in ORIGINS:
            forwards += ["-R", f"127.0.0.1:{remote_ports[origin]}:127.0.0.1:{origin_ports[origin]}"]
        tunnel = stage.start_on(
            remote_ports["tools"], "ssh", "ssh", "-F", "none", "-N", "-p", port,
            "-i", folder / "user_key", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "ExitOnForwardFailure=yes", *forwards, f"{user.pw_name}@127.0.0.1")
        proxy, ports = _start_reverse_proxy(stage, programs, "ssh-nginx", remote_ports)
        self.processes = [server, tunnel, proxy]
        self._route_plainly(ports)


class Hub:
    """A berth hub with a signed-in browser."""

    def __init__(self, stage, programs, name):
        self._stage = stage
        self._berth = programs.berth
        self._data = stage.folder / f"{name}-data"
        self.process = stage.start(name, self._berth, "hub", "--listen", "127.0.0.1:0",
                                   "--data", self._data)
        self.url = wait_until("berth hub", self._find_url)
        self.authority = urllib.parse.urlsplit(self.url).netloc
        self.port = urllib.parse.urlsplit(self.url).port
        link = stage.run(self._berth, "login-link", "--data", self._data)
        self._cookie = self._sign_in(self.authority, "/api/session", link.strip().split("#")[1])

    def _find_url(self):
        self.process.check()
        for line in self.process.said().splitlines():
            if line.startswith("berth hub ready: "):
                return line.split(": ", 1)[1]
        return None

    def make_token(self):
        return self._stage.run(self._berth, "token", "create", "--data", self._data,
                               "--name", "bench").strip()

    def _post(self, authority, path, body, cookie=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", path, json.dumps(body), {
            "Host": authority, "Origin": f"http://{authority}", "Content-Type": "application/json",
            **({"Cookie": cookie} if cookie else {})})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response, text

    def _sign_in(self, authority, path, code):
        response, text = self._post(authority, path, {"code": code})
        if response.status != 204:
            raise RuntimeError(f"sign in at {authority}{path}: {response.status} {text!r}")
        return response.getheader("set-cookie").split(";")[0]

    def open(self, instance):
        """The Route to an instance's own origin, as a browser gets there: with a ticket."""
        def ask():
            response, text = self._post(self.authority, f"/api/clients/{instance}/open", {},
                                        self._cookie)
            return json.loads(text)["url"] if response.status == 200 else None
        url = urllib.parse.urlsplit(wait_until(f"instance {instance}", ask))
        cookie = self._sign_in(url.netloc, "/.berth/session", url.fragment)
        route = Route(self.port, url.netloc, cookie)
        wait_until(f"an answer of {instance}", lambda: self._answers(route))
        return route

    def _answers(self, route):
        """An agent registers before it has found its instance; until then the hub answers 502."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("HEAD", "/", headers=route.fields())
        status = connection.getresponse().status
        connection.close()
        return status < 500


class Berth(Subject):
    """Hub and agents, in subdomain mode. An agent serves one instance: there is one per origin."""

    def __init__(self, stage, programs, origin_ports):
        super().__init__()
        hub = Hub(stage, programs, "hub")
        token_file = stage.folder / "token"
        token_file.touch(mode=0o600)
        token_file.write_text(hub.make_token())
        self.processes = [hub.process]
        for origin in ORIGINS:
            self.processes.append(stage.start(
                f"agent-{origin}", programs.berth, "agent", "--hub", hub.url,
                "--token-file", token_file, "--id", origin, "--adapter", "generic",
                "--instance", f"http://127.0.0.1:{origin_ports[origin]}"))
        self.routes = {origin: hub.open(origin) for origin in ORIGINS}


SUBJECTS = {"direct": Direct, "nginx": Nginx, "ssh": Ssh, "berth": Berth}
