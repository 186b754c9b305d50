"""Genres on the stage: what line-in and line-out are called, and slots that the music calls."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest
from pydantic import ValidationError

from engine.config.rig import Rig, Slot
from engine.config.rig_genres import Genres, genre_rules
from engine.config.rig_slot import When
from engine.control.switching import Switching
from engine.dsp.tempo import Tempo
from engine.genres import features
from engine.genres.genre_process import shares
from engine.genres.meter import HEARD_S, LEAST_S, Line
from engine.genres.watch import GenreWatch, Named
from engine.host.music_calls import MusicCalls
from engine.state import shared_state as b

RATE = 48000


class Called:
    """A classifier that says what it was asked for."""

    genres = "soft", "loud"

    def __init__(self):
        self.rows = []

    def __call__(self, rows):
        self.rows += list(rows)
        return np.tile([0.25, 0.75], (len(rows), 1))


@pytest.fixture
def stage():
    """A stage whose device has opened its first session."""
    shared = b.create()
    shared.device.rate, shared.device.inputs, shared.device.session = RATE, 1, 1
    return shared


def play(shared, sound, line):
    """Let the device hear and play a sound, half a second at a time."""
    step, device = RATE // 2, shared.device
    for first in range(0, len(sound), step):
        part = np.tile(sound[first : first + step], (b.CHANNELS, 1)).astype(np.float32)
        shared.write(shared.feed, device.heard, part)
        shared.write(shared.out, device.played, 0.5 * part)
        device.heard += part.shape[-1]
        device.played += part.shape[-1]
        line.hear()


@pytest.mark.parametrize("side", ["heard", "played"])
def test_a_line_hears_its_last_seconds(stage, rng, side):
    line, t = Line(stage, side), np.arange(20 * RATE) / RATE
    assert line.hear() == 1
    hum = 0.2 * np.sin(2 * np.pi * 220 * t)
    play(stage, hum[: 3 * RATE], line)
    assert line.features() is None  # too little
    play(stage, 0.1 * rng.normal(size=20 * RATE), line)
    found = line.features()
    assert found is not None
    place = features.NAMES.index("centroid")
    whole = features.summary(features.frames(0.1 * rng.normal(size=2 * features.RATE)))
    assert found[place] == pytest.approx(whole[place], rel=0.1)  # nothing of the hum is left
    assert HEARD_S < 20.0
    assert LEAST_S > 3.0
    play(stage, np.zeros(20 * RATE), line)
    assert line.features() is None
    assert shares(line, Called()) == {}


def test_a_line_begins_anew_with_a_session(stage, rng):
    line, ear = Line(stage, "heard"), Called()
    line.hear()
    play(stage, 0.1 * rng.normal(size=6 * RATE), line)
    assert shares(line, ear) == {"soft": 0.25, "loud": 0.75}
    assert len(ear.rows) == 1
    stage.device.session = 2
    assert line.hear() == 2
    assert line.features() is None


def test_a_line_without_a_session_has_nothing():
    assert Line(b.create(), "heard").hear() == 0


def test_a_slot_is_called_by_the_music():
    slots = [Slot(preset="downbeat-filter"), Slot(preset="downbeat-filter")]
    slots[1] = slots[1].model_copy(update={"when": When(genre="liquid", for_bars=4)})
    told, tempo, switching = [], Tempo(174.0), Switching(2)
    rig = Rig(slots=slots, genres=Genres(show=False))
    music = MusicCalls(b.create(), rig, True, told.append)
    assert music.watch is not None  # a rule needs it, whether it is shown or not
    bar_s = 4 * 60 / tempo.bpm
    for bars in (0.5, 4.4):
        music.hear(bars * bar_s, tempo, switching, Named({"liquid": 0.9}))
        assert switching.pending is None
    music.hear(4.6 * bar_s, tempo, switching, Named({"liquid": 0.9}))
    assert switching.pending.slot == 1
    assert switching.pending.at_s == pytest.approx(5 * bar_s)  # as [switch] says
    assert told == ["slot 2 is called: liquid for 4 bars"]
    music.hear(5.0 * bar_s, tempo, switching, Named({}))
    music.hear(6.0 * bar_s, tempo, switching, Named({"liquid": 0.9}))
    music.hear(10.0 * bar_s, tempo, switching, Named({"liquid": 0.9}))
    assert switching.pending.at_s is not None  # a second call would have made it immediate


def test_nothing_listens_without_need():
    slots = [Slot(preset="downbeat-filter")]
    shown, hidden = (Rig(slots=slots, genres=Genres(show=show)) for show in (True, False))
    for rig, live, listens in ((shown, True, True), (hidden, True, False), (shown, False, False)):
        music = MusicCalls(b.create(), rig, live, print)
        assert music.watch is None
        music.show()
        assert (music.watch is not None) == listens
        assert music.words == ""


def test_who_watches_is_told_of_genres_that_are_not_there(stage, monkeypatch):
    told, heard = [], []
    watch = GenreWatch(stage, note=told.append, wanted=("liquid", "polka"))
    lines = [
        b'{"genres": ["liquid", "metal"]}',
        b'{"session": 1, "line_in": {"liquid": 0.82}, "line_out": {}, "cost_s": 0.004}',
        b'{"session": 7, "line_in": {"metal": 1.0}, "line_out": {}, "cost_s": 0.004}',
        b'{"session": 1, "line_in": {"metal": 2.0}, "line_out": {}, "cost_s": 0.004}',
    ]
    monkeypatch.setattr(watch, "_helper", Spoken(lines))
    watch.fetch(heard.append)
    assert told == ["no genre 'polka': the classifier knows liquid, metal"]
    assert [named.words for named in heard] == ["in: liquid 82 %"]  # of another session, or odd: no
    assert watch.cost_s == 0.004


class Spoken:
    """A helper that has said some lines."""

    def __init__(self, lines):
        self.lines = lines

    def hear(self, meaning):
        for line in self.lines:
            try:
                yield meaning(json.loads(line))
            except ValidationError:
                continue


def test_a_rig_says_when():
    text = (
        '[[slots]]\npreset = "a"\nwhen = { genre = "liquid", for_bars = 8 }\n[genres]\nshow = false'
    )
    rig = Rig.model_validate(tomllib.loads(text))
    assert [(r.slot, r.genre, r.for_bars) for r in genre_rules(rig.slots)] == [(0, "liquid", 8.0)]
    for wrong in ('when = { genre = "" }', 'when = { genre = "x", for_bars = 0 }', "when = 3"):
        with pytest.raises(ValueError, match="when"):
            Rig.model_validate(tomllib.loads(f'[[slots]]\npreset = "a"\n{wrong}'))


def test_a_line_that_was_away_begins_anew(stage, rng):
    line = Line(stage, "heard")
    line.hear()
    play(stage, 0.1 * rng.normal(size=6 * RATE), line)
    assert line.features() is not None
    stage.device.heard += stage.feed.shape[-1]  # the ring has gone round
    line.hear()
    assert line.features() is None
