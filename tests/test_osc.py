"""OSC: addresses that stay as they are, subscriptions, syncs, and packets of any kind."""

from __future__ import annotations

import json
import re
import socket
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from engine.cli.osc import osc_place
from engine.control.mapping import BUTTONS, DEFAULT, part_of, slot_of, targets
from engine.errors import UsageError
from engine.host.observer import SetStatus
from engine.host.shown import shown
from engine.osc.addresses import Asked, asked, told
from engine.osc.osc_server import LEASE_S, MOST_PEERS, OscServer, packet
from engine.osc.query import answered, nodes
from engine.processes.surface import SurfaceProcess
from engine.state.shared_status import SharedStatus
from tests.test_screen import show
from tests.test_songs import PARTS
from tests.web import PATIENCE_S, until

HERE = ("127.0.0.1", 5000)
REFERENCE = Path(__file__).parent.parent / "docs" / "reference" / "osc.md"


def state(**changed):
    return shown(replace(show(), songs=SetStatus(PARTS, 1, None), **changed), DEFAULT)


class Desk:
    """A desk whose packets are caught."""

    def __init__(self, **changed):
        self.status = SharedStatus(None, only_read=False)
        self.show(**changed)
        self.asked, self.sent = [], []
        self.it = OscServer(self.status, self.asked.append, self._send, {"127.0.0.1"})
        self.it.refresh(0.0)

    def show(self, **changed):
        self.status.status.put(json.dumps(state(**changed)).encode())

    def _send(self, data, place):
        message = OscMessage(data)
        self.sent.append((place, message.address, message.params))

    def hear(self, address, *values, place=HERE, now_s=10.0):
        self.it.hear(packet(address, values), place, now_s)
        return self.asked[-1] if self.asked else None

    def told(self, address):
        return [values for _, its, values in self.sent if its == address]


@pytest.mark.parametrize(
    ("address", "values", "wanted"),
    [
        ("wet", [0.25], Asked("turn", "wet", 0.25)),
        ("crossfader", [1], Asked("turn", "crossfader", 1.0)),
        ("macro/2", [0.5], Asked("turn", "macro2", 0.5)),
        ("amount/16", [0.0], Asked("turn", "amount16", 0.0)),
        ("tap", [], Asked("press", "tap")),
        ("kill", [1.0], Asked("press", "kill")),
        ("kill", [0.0], None),
        ("slot", [3], Asked("press", "slot3")),
        ("slot/3", [], Asked("press", "slot3")),
        ("slot/3", [0], None),
        ("part/next", [], Asked("press", "part-next")),
        ("part/12", [True], Asked("press", "part12")),
        ("nudge", [-2], Asked("nudge", "", -2.0)),
    ],
)
def test_what_an_address_asks_for(address, values, wanted):
    assert asked(f"/doubledrop/{address}", values) == wanted


@pytest.mark.parametrize(
    ("address", "values"),
    [
        *(("wet", []), ("wet", [1.5]), ("wet", ["loud"]), ("wet", [float("nan")])),
        *(("slot", [0]), ("slot", [17]), ("slot", [1.5]), ("slot/17", []), ("amount/17", [1.0])),
        *(("nudge", []), ("nudge", [1e9]), ("explode", []), ("tap", ["x"]), ("wet/../kill", [1])),
    ],
)
def test_what_it_does_not(address, values):
    with pytest.raises(ValueError, match=r"wanted|address"):
        asked(f"/doubledrop/{address}", values)


def test_every_control_has_an_address_and_the_table_names_all():
    """What is frozen: addresses may come, and none may go."""
    table = REFERENCE.read_text("utf-8")
    named = set(re.findall(r"`(/doubledrop/[^`\s]+)", table))
    for target in (*BUTTONS, "wet", "level", "crossfader", "nudge"):
        address = f"/doubledrop/{target.replace('-', '/')}"
        assert address in named
        assert asked(address, [1.0]) is not None
    reached = {asked("/doubledrop/" + re.sub(r"(\d+)$", r"/\1", t), [1.0]) for t in numbered()}
    assert {one.target for one in reached} == numbered()
    for address in told(state()):
        assert re.sub(r"/\d+$", "/N", address) in named


def numbered():
    """Targets with a number in them, which can be called or turned."""
    found = {t for t in targets() if re.search(r"\d$", t)}
    return {t for t in found if slot_of(t) is not None or part_of(t) or t[0] in "am"}


def test_who_subscribes_is_told_all_and_then_what_changes():
    desk = Desk()
    desk.hear("/doubledrop/subscribe")
    assert desk.told("/doubledrop/state/wet") == [[1.0]]
    assert desk.told("/doubledrop/state/song") == [["one"]]
    assert desk.told("/doubledrop/state/slot") == [[1]]
    desk.sent.clear()
    desk.show(wet=0.5)
    desk.it.refresh(11.0)
    assert [(address, values) for _, address, values in desk.sent] == [
        ("/doubledrop/state/wet", [0.5])
    ]
    desk.show(wet=0.6)
    desk.it.refresh(10.0 + LEASE_S + 1.0)  # it was not renewed
    assert len(desk.sent) == 1
    desk.hear("/doubledrop/subscribe", now_s=100.0)
    desk.hear("/doubledrop/unsubscribe", now_s=100.0)
    desk.sent.clear()
    desk.show(wet=0.7)
    desk.it.refresh(101.0)
    assert desk.sent == []


def test_a_sync_is_answered_once_what_was_asked_before_is_done():
    desk = Desk()
    command = desk.hear("/doubledrop/wet", 0.3)
    assert (command["do"], command["target"], command["at"]) == ("turn", "wet", 10.0)
    assert command["value"] == pytest.approx(0.3)
    desk.hear("/doubledrop/sync", 77)
    desk.it.refresh(10.1)
    assert desk.told("/doubledrop/synced") == []
    desk.show(wet=0.3)
    desk.it.answer({"client": 1, "id": command["id"], "ack": True})
    desk.it.refresh(10.2)
    assert desk.told("/doubledrop/synced") == [[77]]
    assert desk.told("/doubledrop/state/wet") == [[pytest.approx(0.3)]]
    desk.hear("/doubledrop/wet", 0.4)
    desk.hear("/doubledrop/sync", 78)
    desk.it.refresh(12.0)  # nobody answers: it is not waited for for ever
    assert desk.told("/doubledrop/synced") == [[77], [78]]


def test_what_is_wrong_is_told_with_its_cure():
    desk = Desk()
    desk.hear("/doubledrop/wett", 0.5)
    desk.hear("/doubledrop/slot/9")
    answer = {"client": 1, "id": 1, "error": "slot 9 is empty", "cure": "The rig has 3 slots."}
    desk.it.answer(answer)
    assert desk.told("/doubledrop/error") == [
        ["/doubledrop/wett", "there is no such address", "See docs/reference/osc.md."],
        ["/doubledrop/slot/9", "slot 9 is empty", "The rig has 3 slots."],
    ]


def test_a_stranger_is_neither_heard_nor_sent_anything():
    desk = Desk()
    for address in ("/doubledrop/panic", "/doubledrop/subscribe", "/doubledrop/nothing"):
        desk.hear(address, place=("192.168.1.66", 9000))
    desk.it.refresh(11.0)
    assert (desk.asked, desk.sent) == ([], [])
    for port in range(100):
        desk.hear("/doubledrop/subscribe", place=("127.0.0.1", 6000 + port))
    desk.sent.clear()
    desk.show(wet=0.1)
    desk.it.refresh(11.0)
    assert len(desk.sent) == MOST_PEERS


def test_bundles_are_taken_apart():
    bundle = OscBundleBuilder(IMMEDIATELY)
    for address in ("/doubledrop/tap", "/doubledrop/kill"):
        bundle.add_content(OscMessageBuilder(address).build())
    desk = Desk()
    desk.it.hear(bundle.build().dgram, HERE, 10.0)
    assert [command["target"] for command in desk.asked] == ["tap", "kill"]


def test_ten_thousand_packets_of_any_kind_do_no_harm(rng):
    desk = Desk()
    whole = [packet("/doubledrop/wet", [0.5]), packet("/doubledrop/slot", [2]), b"#bundle\0" * 3]
    whole += [packet("/doubledrop/sync", [1]), packet("/doubledrop/subscribe", [])]
    for n in range(10_000):
        data = bytearray(whole[n % len(whole)])
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(len(data))] = rng.integers(256)
        cut = rng.integers(len(data) + 1) if n % 3 == 0 else len(data)
        desk.it.hear(bytes(data[:cut]) + bytes(rng.bytes(n % 5)), HERE, 10.0 + n / 1000)
        if n % 50 == 0:
            desk.it.refresh(10.0 + n / 1000)
    for command in desk.asked:
        assert command["do"] in ("turn", "press", "nudge")
        assert np.isfinite(command["value"])
    desk.asked.clear()
    desk.hear("/doubledrop/mute", now_s=50.0)
    assert desk.asked[-1]["target"] == "mute"


def test_a_real_process_is_spoken_with_over_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    status, stop = SharedStatus.create(), threading.Event()
    place = {"address": "127.0.0.1", "port": port, "allowed": ["127.0.0.1"]}
    status.facts.put(json.dumps({"osc": place}).encode())
    status.status.put(json.dumps(state()).encode())
    process = SurfaceProcess("engine.osc.osc_process", "OSC", status.path, lambda text: None)

    def serve():
        while not stop.wait(0.005):
            for command in process.commands():
                status.status.put(json.dumps(state(wet=command.value)).encode())
                process.answer({"client": command.client, "id": command.id, "ack": True})

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        until(lambda: process.is_serving)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE_S)
            for data in (b"\0\1nonsense", packet("/doubledrop/wet", [0.25])):
                client.sendto(data, ("127.0.0.1", port))
            client.sendto(packet("/doubledrop/sync", [5]), ("127.0.0.1", port))
            heard = {}
            while "/doubledrop/synced" not in heard:
                message = OscMessage(client.recv(4096))
                heard[message.address] = message.params
        assert heard["/doubledrop/synced"] == [5]
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as line:
            line.sendall(f"GET /?HOST_INFO HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            said = b"".join(iter(lambda: line.recv(4096), b""))
        assert json.loads(said.partition(b"\r\n\r\n")[2])["OSC_PORT"] == port
        assert heard["/doubledrop/state/wet"] == [0.25]
    finally:
        stop.set()
        thread.join()
        process.stop()
        status.close()


def asks(line, host="127.0.0.1:9000"):
    head, _, data = answered(
        f"{line}\r\nHost: {host}\r\n\r\n".encode(), told(state()), 9000
    ).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(data) if data else None


def test_programs_find_the_addresses_by_themselves():
    status, root = asks("GET / HTTP/1.1")
    assert (status, root["FULL_PATH"]) == (200, "/")
    ours = root["CONTENTS"]["doubledrop"]["CONTENTS"]
    assert ours["wet"] == {
        "FULL_PATH": "/doubledrop/wet",
        "TYPE": "f",
        "ACCESS": 2,
        "RANGE": [{"MIN": 0.0, "MAX": 1.0}],
    }
    assert ours["state"]["CONTENTS"]["bpm"]["VALUE"] == [174.0]
    assert sorted(ours["slot"]["CONTENTS"]) == ["1", "2", "3"]
    assert asks("GET /doubledrop/state/bpm?VALUE HTTP/1.1") == (200, {"VALUE": [174.0]})
    for address in nodes(told(state())):
        assert asks(f"GET {address} HTTP/1.1")[0] == 200
        writes = not address.startswith("/doubledrop/state/")
        if writes and address.rpartition("/")[2] not in ("subscribe", "unsubscribe", "sync"):
            assert asked(address, [1.0]) is not None


@pytest.mark.parametrize(
    ("line", "host", "status"),
    [
        ("GET /doubledrop/nothing HTTP/1.1", "127.0.0.1:9000", 404),
        ("GET /doubledrop/wet?VALUE HTTP/1.1", "127.0.0.1:9000", 204),
        ("GET /doubledrop/wet?CODE HTTP/1.1", "127.0.0.1:9000", 400),
        ("POST /doubledrop/wet HTTP/1.1", "127.0.0.1:9000", 405),
        ("GET / HTTP/1.1", "evil.example:9000", 421),
        ("GET /%2e%2e/%2e%2e HTTP/1.1", "127.0.0.1:9000", 404),
        ("nonsense", "127.0.0.1:9000", 400),
    ],
)
def test_a_request_that_is_none_is_refused(line, host, status):
    assert asks(line, host)[0] == status


@pytest.mark.parametrize(
    ("osc", "allowed", "said"),
    [
        ("lan", [], "--osc-allow"),
        ("", ["192.168.1.7"], "--osc-allow"),
        (None, ["192.168.1.7"], "--osc-allow"),
        ("lan", ["somebody"], "--osc-allow"),
        ("wan", [], "--osc"),
    ],
)
def test_the_network_is_heard_only_by_name(osc, allowed, said):
    with pytest.raises(UsageError, match=said):
        osc_place(osc, 9000, allowed)
    assert osc_place(None, 9000, []) is None
