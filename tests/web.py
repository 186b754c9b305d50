"""A stage with its page, and a browser without eyes: what tests of the page have in common."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from websockets.sync.client import connect

from engine.config.request import DeviceConfig, EngineConfig
from engine.config.rig import Rig
from engine.config.rig_slot import Slot
from engine.dsp.settings import Settings
from engine.host.controller import Controller
from engine.host.observer import Observer
from engine.host.stage_page import StagePage
from engine.host.status_publisher import PAGE_S, StatusPublisher
from engine.host.supervisor import Supervisor
from engine.host.surfaces import StageSurfaces
from engine.io.sources import demo_feed
from engine.web.place import PagePlace

PATIENCE_S = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(true: Callable[[], Any]) -> Any:
    """Wait for something; what it gave."""
    ends = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < ends
        time.sleep(0.01)
    return found


@contextmanager
def stage_with_page(
    *models: Path, names: Sequence[str] = ("downbeat-filter",) * 2
) -> Iterator[Any]:
    """Slots on the demo feed, in real time, with a page."""
    feed, tempo = demo_feed()
    config = EngineConfig(list(map(str, models)), "cpu", tempo.bpm, tempo.downbeat_s, Settings())
    files = {"feed": str(feed), "kept": "", "loop": True, "seconds": 600.0}
    stage = Supervisor(DeviceConfig("demo", "none", None, 128, True, config, **files))
    rig = Rig(slots=[Slot(preset=name) for name in names]).at_tempo(tempo.bpm)
    controller = Controller(stage.shared, rig, tempo.downbeat_s, tell=stage.note, feed_is_file=True)
    place = PagePlace(port=free_port())
    surfaces = StageSurfaces(stage.shared, controller)
    page = StagePage(place, surfaces, controller.came, stage.note)
    publisher = None
    try:
        stage.start()
        publisher = StatusPublisher(Observer(stage, controller, None, rig).look, stage.note)
        controller.changed, publisher.publish = publisher.changed, surfaces.publish
        publisher.period_s = PAGE_S
        controller.commands.delay = lambda: int(str(stage.device["device_samples"]))
        controller.start()
        publisher.start()
        until(lambda: page.process.is_serving)
        yield SimpleNamespace(
            stage=stage,
            shared=stage.shared,
            controller=controller,
            page=page,
            surfaces=surfaces,
            publisher=publisher,
            port=place.port,
            tokens={role: link.rpartition("#")[2] for role, link in page.links.items()},
        )
    finally:
        if publisher is not None:
            publisher.stop()
        controller.stop()
        surfaces.stop()
        stage.stop()


def request(
    port: int, method: str, path: str, body: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer; a header is given as ``sec_fetch_site``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data


def come_in(port: int, token: str) -> str:
    """The cookie that a link gives."""
    origin = f"http://127.0.0.1:{port}"
    status, headers, _ = request(
        port, "POST", "/login", json.dumps({"token": token}), origin=origin
    )
    assert status == 200
    return headers["set-cookie"].partition(";")[0]


class Browser:
    """Speaks the protocol, and keeps the state as a page does."""

    def __init__(self, port: int, cookie: str) -> None:
        headers = {"Cookie": cookie}
        self._connection = connect(
            f"ws://127.0.0.1:{port}/socket",
            origin=f"http://127.0.0.1:{port}",
            additional_headers=headers,
            open_timeout=PATIENCE_S,
            close_timeout=0.2,
            proxy=None,
        )
        self.socket = self._connection.__enter__()
        self.state: dict[str, Any] = {}
        self.said: list[dict[str, Any]] = []
        self.rows: list[bytes] = []
        self.number = 0
        self.ahead_s = 0.0

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def hear(self, wanted: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Messages until there is one like that; it."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < ends
            data = self.socket.recv(timeout=PATIENCE_S)
            if isinstance(data, bytes):
                self.rows.append(data)
                continue
            message = json.loads(data)
            self.said.append(message)
            if message["type"] == "snapshot":
                self.state = message["state"]
            elif message["type"] == "patch":
                self.state |= message["set"]
            if wanted(message):
                return message

    def sees(self, wanted: Callable[[dict[str, Any]], Any]) -> None:
        """Messages until the state is like that."""
        if not (self.state and wanted(self.state)):
            self.hear(lambda _: self.state and wanted(self.state))

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def ask(self, do: str, target: str = "", value: float = 0.0, age_s: float = 0.0) -> int:
        """A command that was meant so long ago; its number."""
        self.number += 1
        at = time.monotonic() - age_s
        self.send(type="command", id=self.number, do=do, target=target, value=value, at=at)
        return self.number

    def does(self, do: str, target: str = "", value: float = 0.0) -> int:
        """Ask until it is done: a busy machine may be too late with it, and then it is dropped."""
        while True:
            number = self.ask(do, target, value)
            answer = self.becomes(number)
            if answer["type"] == "ack":
                return number
            assert "ms old: dropped" in answer["error"]

    def becomes(self, number: int) -> dict[str, Any]:
        """The first that is said of a command."""
        return self.hear(lambda message: message.get("id") == number)
