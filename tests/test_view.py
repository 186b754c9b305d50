"""The stretch around "now" that a generator is shown, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.dsp.crop import AHEAD, Crop, shown_columns
from engine.dsp.frontend import FrontEnd
from engine.dsp.tempo import Tempo, bucket
from engine.dsp.window import PhraseWindow

RATE = 44100
ANALYSER = FrontEnd().at(RATE)
WIDTH = 128


def heard(window, seconds):
    """Columns whose first band is the time of their centre in seconds."""
    for centre in window.centres(round(seconds * RATE)):
        column = np.full(128, 20.0, np.float32)
        column[0] = centre / RATE
        window.push(column, 0.01)
    return window.snapshot()


@pytest.mark.parametrize("bpm", [120.0, 174.0, 175.0, 300.0])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97, 0.999])
def test_a_crop_holds_what_was_just_heard_and_then_the_phrase_before(bpm, share):
    tempo = Tempo(bpm)
    now = (2.0 + share) * tempo.phrase_s
    snapshot = heard(PhraseWindow(ANALYSER, tempo), now)
    crops = []
    Crop(WIDTH).restyle(lambda crop: crops.append(crop) or crop, snapshot, snapshot.db)
    newest_s, hop_s = snapshot.newest / RATE, snapshot.hop / RATE
    columns = np.arange(-(WIDTH - AHEAD - 1), AHEAD + 1)
    wanted = newest_s + columns * hop_s - tempo.phrase_s * (columns > 0)
    assert crops[0].shape == (WIDTH, 128)
    assert np.abs(crops[0][:, 0] - wanted).max() <= 0.51 * hop_s  # the seam of a broken period


@pytest.mark.parametrize("bpm", [174.0, 175.0, 300.0])
def test_every_gain_that_is_heard_was_drawn_for_its_place(bpm):
    """Three phrases, an inference every six columns: what is read ahead of now is never stale."""
    tempo, view = Tempo(bpm), Crop(WIDTH)
    window = PhraseWindow(ANALYSER, tempo)
    step = 6 * ANALYSER.hop / RATE
    for k in range(1, int(3 * tempo.phrase_s / step)):
        snapshot = heard(window, k * step)
        if snapshot.db.max() < 0:
            continue
        known, shown, made = view.restyle(
            lambda crop, k=k: np.full_like(crop, k), snapshot, snapshot.db
        )
        ahead = np.arange(-1, min(AHEAD, known.reach / known.hop) + 1)
        at = (known.newest - known.start) / known.hop + ahead
        places = np.rint(at % known.period).astype(int) % len(made)
        assert (made[places] == k).all()
        assert np.abs(shown[places, 0] - snapshot.db[places, 0]).max() <= 1.01 * step
    assert known.reach == pytest.approx(known.period * known.hop, rel=0.01)
    later = np.rint((at[1] + AHEAD + 8) % known.period).astype(int)
    phrase = round(tempo.phrase_s / step)
    assert k - phrase < made[later].max() < k - phrase + WIDTH / 6  # of a phrase ago, and kept


def test_the_first_crop_reaches_no_further_than_it_was_drawn():
    tempo = Tempo(175.0)
    snapshot = heard(PhraseWindow(ANALYSER, tempo), 1.2 * tempo.phrase_s)
    known, shown, made = Crop(WIDTH).restyle(lambda crop: crop + 1, snapshot, snapshot.db)
    assert AHEAD - 1 <= known.reach / known.hop <= AHEAD
    changed = (made != shown).any(axis=1)
    assert 0.5 * WIDTH < changed.sum() < WIDTH


def test_how_much_a_generator_is_shown():
    """Its crop on the stage; the whole window in ``late``, or where it asks for no crop."""
    spec, tempo = FrontEnd(), Tempo(175.0)
    whole = bucket(tempo.phrase_s * 44100 / 512)
    assert (
        shown_columns(128, spec, tempo, "phrase") == shown_columns(128, spec, tempo, "edge") == 128
    )
    assert (
        shown_columns(128, spec, tempo, "late") == whole == shown_columns(0, spec, tempo, "phrase")
    )


def test_half_of_the_past_of_a_crop_is_kept():
    """What lies left of that lacks context: it stays as it was drawn before, here as the feed."""
    tempo = Tempo(175.0)
    snapshot = heard(PhraseWindow(ANALYSER, tempo), 2.4 * tempo.phrase_s)
    drawn = lambda crop: np.full_like(crop, -1.0)  # noqa: E731
    known, _, made = Crop(WIDTH).restyle(drawn, snapshot, snapshot.db)
    newest = round((snapshot.newest - snapshot.start) / snapshot.hop)
    kept = np.flatnonzero((made == -1.0).all(axis=1))
    before = WIDTH - AHEAD - 1
    assert (kept.min(), kept.max()) == (newest - round(0.5 * before), newest + AHEAD)
    assert np.array_equal(made[: kept.min()], snapshot.db[: kept.min()])
    # Up to the last column that is drawn there is a gain, and none for the next.
    assert known.reach == AHEAD * snapshot.hop
    assert np.array_equal(known.level, snapshot.level)


def test_levels_are_those_of_the_time_that_a_place_was_drawn():
    tempo, view = Tempo(175.0), Crop(WIDTH)
    window = PhraseWindow(ANALYSER, tempo)
    snapshot = heard(window, 2.4 * tempo.phrase_s)
    first, _, _ = view.restyle(lambda crop: crop, snapshot, snapshot.db)
    later = replace(snapshot, level=snapshot.level + 1.0)
    again, _, _ = view.restyle(lambda crop: crop, later, later.db)
    newest = round((snapshot.newest - snapshot.start) / snapshot.hop)
    assert again.level[newest] == first.level[newest] + 1.0
    assert again.level[newest - WIDTH] == first.level[newest - WIDTH]
    view.forget()
    anew, _, _ = view.restyle(lambda crop: crop, later, later.db)
    assert np.array_equal(anew.level, later.level)
