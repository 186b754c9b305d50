"""The judge: what it hears, what it is deaf to, and that an equaliser does not fool it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InputError
from tests.datasets import BEAT, loop, tilted
from train.data.dataset import RATE
from train.judge import content, features
from train.judge.classifiers import eq_deaf, mfcc, recall
from train.judge.cnn import Cnn
from train.judge.controls import crest_db, crest_match, eq_match
from train.judge.statistics import by_track
from train.judge.view import augmented, levelled, long_term_db, view


def views(rng, hard, bright_db, count):
    return [view(loop(rng, hard, bright_db), RATE) for _ in range(count)]


def test_a_track_is_one_witness():
    figure = by_track([1.0] * 98 + [0.0] * 2, ["a"] * 98 + ["b", "c"])
    assert figure.mean == pytest.approx(1 / 3)
    assert (figure.low, figure.high) == (0.0, 1.0)
    assert figure.tracks == 3


def test_the_interval_narrows_with_tracks(rng):
    names = [f"{i}" for i in range(400)]
    values = (rng.random(400) < 0.7).astype(float).tolist()
    few, many = by_track(values[:25], names[:25]), by_track(values, names)
    assert many.low <= 0.7 <= many.high
    assert many.high - many.low < 0.5 * (few.high - few.low)


@pytest.mark.parametrize("bright_db", [12.0, -12.0])
def test_the_eq_deaf_classifier_is_deaf_to_eq(rng, bright_db):
    sound = loop(rng, hard=True)
    one, other = view(sound, RATE), view(tilted(sound, bright_db), RATE)
    apart = np.abs(features.eq_deaf_statistics(one) - features.eq_deaf_statistics(other))
    different = features.eq_deaf_statistics(view(loop(rng, hard=False), RATE))
    texture = np.abs(features.eq_deaf_statistics(one) - different)
    assert apart.mean() < 0.02 * texture.mean()
    heard = np.abs(features.mfcc_statistics(one) - features.mfcc_statistics(other))
    assert heard.max() > 10.0


def test_only_hearing_classifiers_tell_genres_that_differ_by_an_equaliser(rng):
    train = views(rng, True, -6.0, 10) + views(rng, True, 6.0, 10)
    held = views(rng, True, -6.0, 8) + views(rng, True, 6.0, 8)
    labels, held_labels = np.repeat([0, 1], 10), np.repeat([0, 1], 8)
    scores = {}
    for classifier in (mfcc(), eq_deaf(), Cnn()):
        classifier.fit(train, labels, [f"{i}" for i in range(20)], rng)
        scores[classifier.name] = np.mean(recall(classifier.target_share(held), held_labels))
    assert scores["mfcc"] == 1.0
    assert scores["cnn"] >= 0.9
    assert scores["eq_deaf"] <= 0.8


def test_all_classifiers_tell_genres_that_differ_in_texture(rng):
    labels, held_labels = np.repeat([0, 1], 10), np.repeat([0, 1], 8)
    train, held = (
        [view(loop(rng, hard, rng.uniform(-6, 6)), RATE) for hard in np.repeat([0, 1], n)]
        for n in (10, 8)
    )
    for classifier in (mfcc(), eq_deaf(), Cnn()):
        classifier.fit(train, labels, [f"{i}" for i in range(20)], rng)
        assert min(recall(classifier.target_share(held), held_labels)) >= 0.85, classifier.name


def test_augmentation_keeps_the_tone_and_moves_the_time(rng):
    image = view(loop(rng, hard=True), RATE)
    moved = augmented(image, rng)
    assert moved.shape == image.shape
    assert np.abs(long_term_db([moved]) - long_term_db([image])).mean() < 1.0
    assert np.abs(moved - image).mean() > 2.0


def test_eq_match_gives_the_wanted_spectrum(rng):
    wanted = long_term_db(views(rng, False, 6.0, 4))
    own = [loop(rng, hard=True), loop(rng, hard=True)]
    matched = eq_match(wanted, RATE)(own)
    got, before = (long_term_db([view(s, RATE) for s in sounds]) for sounds in (matched, own))
    middle = slice(8, -4)
    after_db, before_db = (np.abs(x - wanted)[middle].mean() for x in (got, before))
    assert after_db < 1.0
    assert before_db > 2 * after_db


def test_crest_match_reaches_the_wanted_crest(rng):
    sound = loop(rng, hard=True)
    for wanted in (crest_db(sound) - 3, crest_db(sound) + 2):
        assert crest_db(crest_match(sound, wanted, RATE)) == pytest.approx(wanted, abs=0.2)


def test_silence_cannot_be_judged():
    with pytest.raises(InputError, match="audible"):
        levelled(np.zeros((1, RATE), np.float32))


def test_content_measures_know_the_same_music_from_other_music(rng):
    sound = loop(rng, hard=False)
    other = np.roll(loop(rng, hard=False), round(0.37 * BEAT * RATE), axis=-1)
    same, tone, wrong = (content.mono(x, RATE) for x in (sound, tilted(sound, 9.0), other))
    onsets = content.onsets_s(same)
    assert len(onsets) >= 12
    assert content.onset_scores(onsets, content.onsets_s(tone))[0] > 0.9
    assert content.onset_scores(onsets, content.onsets_s(wrong))[0] < 0.5
    notes = content.notes(same)
    assert notes.shape == (len(same) // 256, 88)
    assert content.correlation(notes, content.notes(tone)) > 0.9
    assert content.correlation(notes, content.notes(wrong)) < 0.6
    assert content.correlation(content.chroma(same), content.chroma(tone)) > 0.9


def test_a_note_lands_on_its_key_and_in_its_time():
    t = np.arange(3 * 22050) / 22050
    sound = sum(np.sin(2 * np.pi * 440 * k * t) / k for k in range(1, 6)) * (t > 1.0) * (t < 2.0)
    notes = content.notes((0.2 * sound).astype(np.float32))
    strength = notes[:, 48]  # A4 is the 49th key
    assert strength.argmax() * 256 / 22050 == pytest.approx(1.5, abs=0.5)
    assert notes[round(1.5 * 22050 / 256)].argmax() == 48
    assert strength[: round(0.9 * 22050 / 256)].max() < 0.2
