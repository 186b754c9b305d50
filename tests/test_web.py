"""The stage page: a real session on the demo feed, its web process, and browsers without eyes."""

from __future__ import annotations

import os
import signal
import struct
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from engine.host.status import look
from engine.state.shared_status import BANDS, IMAGES
from tests.web import Browser, come_in, request, stage_with_page, until


@pytest.fixture(scope="module")
def show(model_path):
    with stage_with_page(*[model_path("flat")] * 2) as it:
        it.cookies = {role: come_in(it.port, token) for role, token in it.tokens.items()}
        yield it


@pytest.fixture
def browser(show):
    with Browser(show.port, show.cookies["play"]) as it:
        yield it


def test_a_snapshot_comes_first_and_then_what_has_changed(show, browser):
    first = browser.hear(lambda _: True)
    assert (first["type"], first["protocol"], first["role"]) == ("snapshot", 1, "play")
    assert [slot["name"] for slot in first["state"]["slots"]] == ["downbeat-filter"] * 2
    assert first["state"]["controls"]["wet"] == ["cc16"]
    second = browser.hear(lambda _: True)
    assert second["type"] == "patch"
    assert "slots" not in second["set"]  # they are as they were
    assert second["n"] > first["n"]
    browser.sees(lambda state: state["in"]["lufs"] > -60.0)


def test_a_command_is_acknowledged_once_it_is_in_the_shared_state_and_then_heard(show, browser):
    number = browser.does("turn", "wet", 0.25)
    assert show.shared.controls.wet == 0.25
    assert browser.becomes(number)["type"] == "heard"
    browser.sees(lambda state: state["knobs"]["wet"] == 0.25)


def test_a_slot_is_heard_when_its_bar_has_come(show, browser):
    browser.sees(lambda state: state["active"] == 0 and state["called"] is None)
    number = browser.does("press", "slot2")
    assert browser.becomes(number)["type"] == "heard"
    assert show.shared.active == 1
    browser.sees(lambda state: state["active"] == 1)
    again = browser.does("press", "slot1")
    browser.does("press", "slot1")  # a second press makes it immediate
    browser.hear(lambda message: message.get("id") == again and message["type"] == "heard")


@pytest.mark.parametrize(
    ("asked", "error", "cure"),
    [
        (("turn", "wett", 0.5), "is no knob", "wet"),
        (("turn", "wet", 1.5), "1.5 for wet", "0 to 1"),
        (("press", "slot9"), "slot 9 is empty", "2 slots"),
        (("press", "explode"), "is no button", "tap"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_to_do(browser, asked, error, cure):
    answer = browser.becomes(browser.ask(*asked))
    assert answer["type"] == "error"
    assert error in answer["error"]
    assert cure in answer["cure"]


def test_a_command_that_comes_too_late_is_dropped(show, browser):
    before = show.shared.controls.wet
    for age_s, said in ((0.31, "ms old: dropped"), (3600.0, "ms old: dropped"), (-1.0, "future")):
        answer = browser.becomes(browser.ask("turn", "wet", 0.77, age_s=age_s))
        assert answer["type"] == "error"
        assert said in answer["error"]
    assert show.shared.controls.wet == before


def test_how_soon_a_command_is_acknowledged(browser, figure):
    took_ms = []
    for _ in range(50):
        began = time.monotonic()
        browser.does("nudge", value=0.0)
        took_ms.append(1000.0 * (time.monotonic() - began))
    p50, p99 = np.percentile(took_ms, [50, 99])
    figure("command on the page → acknowledged, p50, p99", f"{p50:.1f}, {p99:.1f} ms")
    assert len(took_ms) == 50


def test_the_time_of_the_server_can_be_asked_for(browser):
    before = time.monotonic()
    browser.send(type="ping", sent=17.25)
    pong = browser.hear(lambda message: message["type"] == "pong")
    assert pong["sent"] == 17.25
    assert before <= pong["now"] <= time.monotonic()


def test_images_come_to_who_wants_them_and_to_nobody_else(show, browser):
    browser.hear(lambda message: message["type"] == "patch")
    assert browser.rows == []
    browser.send(type="images", on=True)
    browser.hear(lambda _: len(browser.rows) >= 4)
    ends = None
    for data in browser.rows:
        version, images, bands, first, count = struct.unpack_from("<BBHII", data)
        assert (version, images, bands) == (1, IMAGES, BANDS)
        assert len(data) == 12 + count * IMAGES * BANDS
        assert ends in (None, first)  # none is missing, none comes twice
        ends = first + count
    rows = np.frombuffer(browser.rows[-1][12:], np.uint8).reshape(-1, IMAGES, BANDS)
    assert rows[:, 0].max() > 60  # music
    gain = rows[:, 2] / 255.0 * 72.0 - 60.0
    assert np.median(gain) == pytest.approx(6.0, abs=0.5)  # what this generator does
    louder = (rows[:, 1].astype(int) - rows[:, 0])[(rows[:, 0] > 20) & (rows[:, 0] < 200)]
    assert np.median(louder) == pytest.approx(6.0 / 80.0 * 255.0, abs=2.0)
    browser.send(type="images", on=False)
    until(lambda: show.page.process.looking == 0)


def test_a_link_that_only_shows_does_nothing(show):
    before = show.shared.controls.wet
    with Browser(show.port, show.cookies["watch"]) as watcher:
        assert watcher.hear(lambda _: True)["role"] == "watch"
        answer = watcher.becomes(watcher.ask("turn", "wet", 0.5))
        assert answer["error"] == "this link may not play"
    assert show.shared.controls.wet == before


def test_to_open_the_page_changes_nothing(show):
    before = show.controller.mapper.wishes.knobs | {"slot": show.controller.switching.active}
    for role in ("watch", "play", "edit"):
        with Browser(show.port, show.cookies[role]) as it:
            it.hear(lambda message: message["type"] == "patch")
    assert (
        show.controller.mapper.wishes.knobs | {"slot": show.controller.switching.active} == before
    )


def test_cut_connections_leave_nothing_behind_and_replay_nothing(show):
    """What was on its way when a connection broke is not done later by anybody."""
    for cut in range(20):
        it = Browser(show.port, show.cookies["play"])
        if cut % 2:
            late = it.ask("turn", "level", cut / 100.0, age_s=0.5)
            assert it.becomes(late)["type"] == "error"
        else:
            it.does("turn", "level", cut / 100.0)
        it.socket.socket.close()  # without a word
    with Browser(show.port, show.cookies["play"]) as it:
        it.sees(lambda state: state["knobs"]["level"] == 0.18)
        it.does("turn", "level", 1.0)
        it.sees(lambda state: state["knobs"]["level"] == 1.0)


def test_a_browser_that_reads_nothing_holds_up_nobody(show, browser):
    with Browser(show.port, show.cookies["play"]) as deaf:
        for _ in range(100):
            deaf.send(type="ping", sent=1.0)
        browser.does("turn", "wet", 0.6)


def test_the_web_process_can_be_killed_and_the_music_does_not_notice(show):
    gaps, pid = look(show.stage).gaps, show.page.process.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: show.page.process.pid not in (None, pid) and show.page.process.is_serving)
    assert any("page ended" in event.text for event in show.stage.events)
    with Browser(show.port, show.cookies["play"]) as it:  # who had come in is still in
        it.does("turn", "wet", 1.0)
        it.sees(lambda state: state["knobs"]["wet"] == 1.0)
    assert look(show.stage).gaps == gaps


def test_the_web_process_is_small_gives_way_and_cannot_write_to_what_it_shows(show, figure):
    process = psutil.Process(show.page.process.pid)
    assert process.nice() == min(19, psutil.Process().nice() + 10)
    mib = process.memory_info().rss / 2**20
    figure("web process", f"{mib:.0f} MiB")
    assert mib <= 80.0
    path = str(show.surfaces.published.path)
    maps = [m for m in process.memory_maps(grouped=False) if m.path == path]
    assert maps
    assert all("w" not in m.perms for m in maps)


def test_a_browser_too_many_is_sent_away(show):
    many = [Browser(show.port, show.cookies["watch"]) for _ in range(16)]
    try:
        with Browser(show.port, show.cookies["watch"]) as late:
            with pytest.raises(ConnectionClosed) as closed:
                late.hear(lambda _: False)
            assert closed.value.rcvd.code == 1013
    finally:
        for one in many:
            one.socket.close()


def test_too_many_messages_end_the_connection(show):
    with Browser(show.port, show.cookies["play"]) as it:
        with suppress(ConnectionClosed):
            for _ in range(2000):
                it.send(type="ping", sent=0.0)
        with pytest.raises(ConnectionClosed) as closed:
            it.hear(lambda _: False)
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "null", "[]", '"x"', "{}", '{"type":"eval"}', '{"type":"ping"}'),
        *('{"type":"ping","sent":1e999}', '{"type":"ping","sent":NaN}'),
        '{"type":"ping","sent":1,"more":2}',
        '{"type":"images","on":1}',
        '{"type":"command","id":-1,"do":"press","target":"panic","at":0}',
        '{"type":"command","id":1,"do":"exec","target":"panic","at":0}',
        '{"type":"command","id":1,"do":"press","target":"../../etc","at":0}',
        '{"type":"command","id":1,"do":"turn","target":"wet","value":"1","at":[]}',
        "[" * 4000,
    ],
)
def test_what_is_no_message_is_refused(browser, text):
    browser.socket.send(text)
    answer = browser.hear(lambda message: message["type"] == "error")
    assert answer["cure"] == "Reload the page."
    assert "id" not in answer


def test_a_message_that_is_too_long_or_no_text_ends_the_connection(show):
    for data, code in (("x" * 20000, 1009), (b"\0" * 16, 1008)):
        with Browser(show.port, show.cookies["play"]) as it:
            it.socket.send(data)
            with pytest.raises(ConnectionClosed) as closed:
                it.hear(lambda _: False)
            assert closed.value.rcvd.code == code


def test_the_files_of_the_page_are_there_and_are_not_sent_twice(show):
    status, headers, data = request(show.port, "GET", "/", accept_encoding="gzip")
    assert status == 200
    assert headers["content-encoding"] == "gzip"
    assert data[:2] == b"\x1f\x8b"
    again = request(show.port, "GET", "/", if_none_match=headers["etag"])
    assert (again[0], again[2]) == (304, b"")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in headers
