"""Subjects made of other tunnels, for those whose programs are on PATH (script/bench-peers).

In the plain setting the load talks to the tunnel's own port; where a tunnel has no TLS for browsers,
nginx stands in front for it in the TLS setting, and the tunnel itself uses its own encryption.
"""

import shutil

from subjects import ORIGINS, Subject, start_front


class Tunnel(Subject):
    """Carries TCP from a port of the near side to each origin."""
    needs = ()  # The programs.

    def __init__(self, place):
        super().__init__()
        self.place = place
        self.stage = place.stage
        self.folder = self.stage.make_folder(type(self).__name__.lower())
        ports = {origin: self.stage.free_port() for origin in ORIGINS}
        self.start(ports)
        if place.tls:
            front, ports = start_front(place, f"{type(self).__name__.lower()}-nginx", {
                origin: f"127.0.0.1:{port}" for origin, port in ports.items()})
            self.processes.append(front)
        self.route_plainly(place, ports)

    def start(self, ports):
        """Starts both ends; each origin must appear at its port of 127.0.0.1."""
        raise NotImplementedError

    def server(self, port, *command):
        self.processes.append(self.stage.start_on((self.place.near, port), command[0] + "-server"
                                                  if len(self.needs) == 1 else command[0], *command))

    def client(self, ports, *command):
        """Started last: ready when the origins appear."""
        self.processes.append(self.stage.start_on(ports["tools"], command[0] + "-client"
                                                  if len(self.needs) == 1 else command[0], *command,
                                                  far=True))

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name


class Frp(Tunnel):
    needs = ("frps", "frpc")

    def start(self, ports):
        port = self.stage.free_port()
        tls = "true" if self.place.tls else "false"
        self.server(port, "frps", "-c", self.write(
            "frps.toml", f'bindAddr = "{self.place.near}"\nproxyBindAddr = "127.0.0.1"\n'
                         f"bindPort = {port}\nlog.level = \"error\"\n"))
        text = (f'serverAddr = "{self.place.near}"\nserverPort = {port}\nlog.level = "error"\n'
                f"transport.tls.enable = {tls}\n")
        for origin in ORIGINS:
            text += (f'[[proxies]]\nname = "{origin}"\ntype = "tcp"\nlocalIP = "127.0.0.1"\n'
                     f"localPort = {self.place.origins[origin]}\nremotePort = {ports[origin]}\n")
        self.client(ports, "frpc", "-c", self.write("frpc.toml", text))


class Rathole(Tunnel):
    """Its TLS wants a PKCS#12 file; Noise is what its users take."""
    needs = ("rathole",)

    def start(self, ports):
        port = self.stage.free_port()
        server = (f'[server]\nbind_addr = "{self.place.near}:{port}"\n'
                  'default_token = "bench"\n')
        client = f'[client]\nremote_addr = "{self.place.near}:{port}"\ndefault_token = "bench"\n'
        if self.place.tls:
            keys = dict(line.split(maxsplit=1) for line in self._keys())
            server += ('[server.transport]\ntype = "noise"\n[server.transport.noise]\n'
                       f'local_private_key = "{keys["private"]}"\n')
            client += ('[client.transport]\ntype = "noise"\n[client.transport.noise]\n'
                       f'remote_public_key = "{keys["public"]}"\n')
        for origin in ORIGINS:
            server += f'[server.services.{origin}]\nbind_addr = "127.0.0.1:{ports[origin]}"\n'
            client += (f'[client.services.{origin}]\n'
                       f'local_addr = "127.0.0.1:{self.place.origins[origin]}"\n')
        self.server(port, "rathole", "--server", self.write("server.toml", server))
        self.client(ports, "rathole", "--client", self.write("client.toml", client))

    def _keys(self):
        lines = [line.strip() for line in self.stage.run("rathole", "--genkey").splitlines()]
        lines = [line for line in lines if line]
        yield "private " + lines[lines.index("Private Key:") + 1]
        yield "public " + lines[lines.index("Public Key:") + 1]


class Bore(Tunnel):
    """A TCP connection of its own for each connection, and no encryption of any kind. Its clients
    come to a port that nobody can choose."""
    needs = ("bore",)

    @classmethod
    def can(cls, load):
        return not load.setting.tls

    def start(self, ports):
        self.server(7835, "bore", "server", "--bind-addr", self.place.near, "--min-port", "10000")
        for origin in ORIGINS:
            self.processes.append(self.stage.start_on(
                ports[origin], f"bore-client-{origin}", "bore", "local", self.place.origins[origin],
                "--local-host", "127.0.0.1", "--to", self.place.near, "--port", ports[origin],
                far=True))


class Chisel(Tunnel):
    """Encrypts in both settings: it carries SSH in a WebSocket."""
    needs = ("chisel",)

    def start(self, ports):
        port = self.stage.free_port()
        self.server(port, "chisel", "server", "--host", self.place.near, "--port", port,
                    "--reverse")
        self.client(ports, "chisel", "client", f"http://{self.place.near}:{port}",
                    *(f"R:127.0.0.1:{ports[origin]}:127.0.0.1:{self.place.origins[origin]}"
                      for origin in ORIGINS))


class Yamux(Tunnel):
    """The usual way of a tunnel in Go: a stream of yamux for each connection. Ours, of few lines
    (bench/yamux_tunnel/), because its relatives cannot be built everywhere."""
    needs = ("yamux-tunnel",)

    def start(self, ports):
        port = self.stage.free_port()
        tls = ["-cert", self.place.certificate, "-key", self.place.key] if self.place.tls else []
        self.server(port, "yamux-tunnel", "server", "-listen", f"{self.place.near}:{port}", *tls,
                    *(f"127.0.0.1:{ports[origin]}" for origin in ORIGINS))
        self.client(ports, "yamux-tunnel", "client", "-server", f"{self.place.near}:{port}",
                    *(["-tls"] if self.place.tls else []),
                    *(f"127.0.0.1:{self.place.origins[origin]}" for origin in ORIGINS))


GO_TUNNELS = {"frp": Frp, "chisel": Chisel, "yamux": Yamux}
RUST_TUNNELS = {"rathole": Rathole, "bore": Bore}


def present():
    """{name: class} of those whose programs are there."""
    return {name: tunnel for name, tunnel in {**GO_TUNNELS, **RUST_TUNNELS}.items()
            if not _lacks(tunnel)}


def absent():
    """{name: the programs that are missing} of the others."""
    return {name: _lacks(tunnel) for name, tunnel in {**GO_TUNNELS, **RUST_TUNNELS}.items()
            if _lacks(tunnel)}


def _lacks(tunnel):
    return [program for program in tunnel.needs if not shutil.which(program)]
