"""The subject that all this is for: a hub with a signed-in browser, and agents."""

import http.client
import json
import re
import ssl
import urllib.parse

from stage import wait_until
from subjects import ORIGINS, Route, Subject


def connect(port, tls, address="127.0.0.1"):
    if not tls:
        return http.client.HTTPConnection(address, port, timeout=10)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(address, port, timeout=10, context=context)


class Hub:
    """A berth hub; subdomain mode."""

    def __init__(self, place, name, data=None, options=()):
        self._place = place
        self._stage = place.stage
        self._berth = place.programs.berth
        self.data = self._stage.folder / f"{data or name}-data"
        # The public URL says the port, so it must be known beforehand.
        self.port = self._stage.free_port()
        # Agents come from beyond a link with TLS only; over the other links there are browsers only.
        host = place.near if place.link and place.tls else "localhost"
        self.authority = f"{host}:{self.port}"
        self.url = f"{'https' if place.tls else 'http'}://{self.authority}"
        files = ["--tls-cert", place.certificate, "--tls-key", place.key] if place.tls else []
        self.process = self._stage.start(
            name, self._berth, "hub", "--listen", f"{place.any}:{self.port}", "--data", self.data,
            "--public-url", self.url, "--apps-domain", "localhost", *files, *options)
        wait_until("berth hub", self._is_ready)
        link = self._stage.run(self._berth, "login-link", "--data", self.data)
        code = re.search(r"#(\S+)", link).group(1)
        self.cookie = self._sign_in(self.authority, "/api/session", code)

    def _is_ready(self):
        return self.process.check() and "berth hub ready: " in self.process.said()

    def token_file(self):
        """A file with a new token."""
        text = self._stage.run(self._berth, "token", "create", "--data", self.data,
                               "--name", "bench")
        file = self._stage.folder / f"token-{self.port}"
        file.touch(mode=0o600)
        file.write_text(re.search(r"ao_\w+", text).group(0))
        return file

    def start_agent(self, name, instance, instance_port, token_file, *options, far=False,
                    environment=None):
        """`instance` is also its host name."""
        return self._stage.start(
            name, self._berth, "agent", "--hub", self.url, "--token-file", token_file, "--id", instance,
            "--instance", f"http://127.0.0.1:{instance_port}", *options, far=far,
            environment={"SSL_CERT_FILE": str(self._place.certificate),
                         "XDG_STATE_HOME": str(self._stage.folder / f"state-{self.port}"),
                         **(environment or {})})

    def _post(self, authority, path, body, cookie=""):
        connection = connect(self.port, self._place.tls)
        connection.request("POST", path, json.dumps(body), {
            "Host": authority, "Content-Type": "application/json",
            "Origin": f"{urllib.parse.urlsplit(self.url).scheme}://{authority}",
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
                                        self.cookie)
            return json.loads(text)["url"] if response.status == 200 else None
        url = urllib.parse.urlsplit(wait_until(f"instance {instance}", ask))
        cookie = self._sign_in(url.netloc, "/.berth/session", url.fragment)
        route = Route(self.port, url.netloc, cookie, "127.0.0.1", self._place.tls)
        wait_until(f"an answer of {instance}", lambda: self.answers(route))
        return route

    def answers(self, route):
        """An agent registers before it has found its instance; until then the hub answers 502."""
        connection = connect(self.port, self._place.tls)
        connection.request("HEAD", "/", headers=route.fields())
        status = connection.getresponse().status
        connection.close()
        return status < 500


class Berth(Subject):
    """Hub and agents. An agent serves one instance: there is one per origin."""

    def __init__(self, place):
        super().__init__()
        self.hub = Hub(place, "hub", f"hub-{place.tls}-{bool(place.link)}")
        token = self.hub.token_file()
        self.processes = [self.hub.process]
        for origin in ORIGINS:
            self.processes.append(self.hub.start_agent(
                f"agent-{origin}", origin, place.origins[origin], token, "--adapter", "generic",
                far=True))
        try:
            self.routes = {origin: self.hub.open(origin) for origin in ORIGINS}
        except RuntimeError as failure:
            raise RuntimeError(f"{failure}; the agent said:\n"
                               f"{self.processes[1].said()[-1000:]}") from failure
