"""Loads of a real browser: the first page of a real claudecodeui, cold and warm, over loopback and
over a link between the browser and whatever it asks."""

import json
import os
import pathlib

from berth import Hub
from loads import Load
from place import Setting
from stage import wait_until

HERE = pathlib.Path(__file__).parent


class Page(Load):
    """Cold: an empty browser. Warm: the page once more, in a new tab. Each round has a profile of its
    own; the hub has been asked for the page before. Bytes are those of the network, heads included."""
    subjects = ("direct", "berth")
    stands_alone = True

    def __init__(self, setting=Setting()):
        super().__init__(f"page-{setting.link}" if setting.link else "page", setting)
        self._started = None

    def warm_up(self, context, subject):
        if self._started is not context.place:
            self._start(context)
            self._started = context.place
        self.measure(context, subject, 1)

    def measure(self, context, subject, seconds):
        profile = context.stage.make_folder(f"profile-{os.urandom(6).hex()}")
        target = {"direct": self._direct, "berth": self._berth}[subject.name]
        text = context.stage.run(
            *(context.stage.far_prefix if context.place.link else []), context.programs.node,
            HERE / "page_load.mjs", profile, context.place.near, json.dumps(target))
        return json.loads(text.splitlines()[-1])

    def _start(self, context):
        """The instance, a hub and its agent, all on the near side: the link is the browser's."""
        stage, place = context.stage, context.place
        port = stage.free_port()
        home = stage.make_folder(f"instance-{port}")
        self._instance = stage.start(
            f"instance-{port}", context.programs.node, HERE / "instance.mjs", home, place.any, port,
            environment={"BERTH_CLAUDECODEUI": str(context.programs.claudecodeui)})
        wait_until("claudecodeui", lambda: self._instance.check() and
                   "bench instance ready: " in self._instance.said(), 90)
        said = self._instance.said()
        token = said.split("bench instance ready: ", 1)[1].split()[0]
        self._direct = {"url": f"http://localhost:{port}/", "token": token}
        hub = Hub(place, f"page-hub-{port}")
        hub.start_agent(f"page-agent-{port}", "ui", port, hub.token_file(), "--adapter",
                        "claudecodeui", environment={"DATABASE_PATH": str(home / "db" / "auth.db")})
        route = hub.open("ui")
        self._berth = {"url": f"http://{route.host}/", "cookie": route.cookie}


def page_loads():
    return [Page(), Page(Setting(link="20mbit"))]
