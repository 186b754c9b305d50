"""One publisher of status: whoever reads it sees the same, and takes nothing from anybody."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from engine.dsp.limiter import limit
from engine.dsp.true_peak import TABLE
from engine.host.status import look, take_peaks
from engine.host.status_publisher import StatusPublisher
from tests.feeds import sine
from tests.test_screen import observed  # noqa: F401  (a fixture)


@pytest.fixture
def loud(observed, monkeypatch):  # noqa: F811
    """A stage through which one block too loud has gone; time stands still there."""
    stage, _, observer = observed
    shared = stage.shared
    still = SimpleNamespace(monotonic=lambda: 1000.0)
    monkeypatch.setattr("engine.host.observer.time", still)
    shared.device.peak_in, shared.device.peak_out = 1.0, 0.5
    limit(sine(1000.0, 0.1, 48000, 2.0), shared.ahead, shared.ceiling, TABLE)
    return stage, observer


def until(true):
    ends = time.monotonic() + 20.0
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_a_look_takes_nothing_away(loud):
    stage, _ = loud
    first, second = look(stage), look(stage)
    assert first.peak_in_db == second.peak_in_db == 0.0
    assert first.limited_db == second.limited_db < -5.0
    taken = take_peaks(stage.shared)
    assert (taken.in_db, taken.limited_db) == (0.0, first.limited_db)
    assert look(stage).peak_in_db < -90.0
    assert look(stage).limited_db == 0.0


def test_all_readers_see_the_light_that_one_block_has_lit(loud):
    stage, observer = loud
    looks = []
    publisher = StatusPublisher(observer.look, stage.events.append)
    publisher.publish = looks.append
    publisher.start()
    try:
        until(lambda: len(looks) > 2)
        readers = [[publisher.latest for _ in range(5)] for _ in range(3)]
        look(stage)
    finally:
        publisher.stop()
    for seen in (show for shows in readers for show in shows):
        assert seen.clip
        assert seen.limit
        assert seen.limited_db < -5.0
    assert sum(show.status.peak_in_db == 0.0 for show in looks) == 0  # the first look had it


def test_what_was_done_is_seen_at_once(observed):  # noqa: F811
    stage, controller, observer = observed
    publisher = StatusPublisher(observer.look, stage.events.append)
    publisher.start()
    try:
        controller.mapper.turn("wet", 0.25)
        publisher.changed()
        until(lambda: publisher.latest.wet == 0.25)
    finally:
        publisher.stop()


def test_an_observer_that_fails_is_told_of_once_and_asked_again(observed):  # noqa: F811
    _, _, observer = observed
    told, looks = [], []

    def sees():
        looks.append(1)
        if 1 < len(looks) < 5:
            raise RuntimeError("no")
        return observer.look()

    publisher = StatusPublisher(sees, told.append)
    first = publisher.latest
    publisher.start()
    try:
        until(lambda: publisher.latest is not first)
    finally:
        publisher.stop()
    assert told == ["status: RuntimeError: no"]
