"""Generators that mean harm are refused by name or let in by a trial, and nobody else notices."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time

import mido
import numpy as np
import onnx
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config.preset import bundled_names, load_preset
from engine.config.request import EngineConfig
from engine.dsp.path_state import KIND_WINDOW
from engine.dsp.settings import Settings
from engine.errors import DoubledropError, GeneratorError, PresetError, ProviderError
from engine.host.network import NetworkSession
from engine.host.session import begin_session
from engine.models import executors as inference
from engine.models import onnx_model, trial, trial_process
from engine.models.deadline import DEADLINE, interruptible
from engine.models.executors import Background, Recorded, Scheduled
from engine.models.generator import IdentityGenerator, OnnxGenerator, open_generator
from engine.models.loading import load_slots
from engine.models.onnx_check import check
from engine.models.quarantine import Quarantine
from engine.offline.unpaced import Unpaced, offline_board
from tests import hostile
from tests.program import doubledrop, started

SLOW = {"endless while it is loaded"}
TRIED = {name for name, says in hostile.SAYS.items() if says.startswith(hostile.SHOWN)}


@pytest.fixture
def nothing_known(own_cache, monkeypatch):
    """No generator has been tried."""
    monkeypatch.setattr(trial, "_passed", set())
    monkeypatch.setattr(trial, "_failed", {})


@pytest.mark.parametrize("name", [name for name in hostile.SAYS if name not in TRIED])
def test_a_hostile_generator_is_refused_by_name_before_it_runs(name, tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "admit", lambda path, digest: None)  # the example is ours to check
    file = hostile.preset(tmp_path, name) / "generator.onnx"
    with pytest.raises(PresetError, match=hostile.SAYS[name]):
        OnnxGenerator(file, "cpu", threads=1)


def test_what_only_a_run_shows_is_found_in_another_process(tmp_path, nothing_known, monkeypatch):
    """Side by side; the one that never ends is ended."""
    monkeypatch.setattr(trial, "RUN_S", 4.0)
    names = sorted(TRIED - SLOW)
    files = [hostile.preset(tmp_path, name) / "generator.onnx" for name in names]
    loaded = load_slots([str(file) for file in files], "cpu")
    found = {names[slot]: str(fault) for slot, fault in loaded.faults.items()}
    assert set(found) == set(names)
    for name, fault in found.items():
        if name == "endless":
            assert "no answer within 4 s" in fault
        else:
            assert "failed its first run" in fault
    assert all(isinstance(one, IdentityGenerator) for one in loaded.generators)


def test_a_trial_that_takes_memory_is_ended(tmp_path, nothing_known, monkeypatch):
    """By what is resident, where the system lets a process claim what it likes."""
    monkeypatch.setattr(trial, "MEMORY", 8 << 20)
    file = hostile.preset(tmp_path, "memory when it hears music") / "generator.onnx"
    with pytest.raises(PresetError, match="more than 8 MiB of memory"):
        OnnxGenerator(file, "cpu", threads=1)


def test_a_generator_that_is_merely_slow_is_let_in(model_path, monkeypatch):
    """One that has done right by then need not be run at all widths within the deadline."""
    widths = []
    call = OnnxGenerator.__call__
    monkeypatch.setattr(
        OnnxGenerator, "__call__", lambda it, x, p: widths.append(p) or call(it, x, p)
    )
    data = model_path("flat").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert trial_process.run(model_path("flat"), digest) == ""
    assert widths[-6:] == [280.0, 280.0, 480.0, 480.0, 984.0, 984.0]  # behind its example
    widths.clear()
    monkeypatch.setattr(trial_process, "ENOUGH_S", 0.0)
    assert trial_process.run(model_path("flat"), digest) == ""
    assert widths[-2:] == [280.0, 280.0]
    assert 480.0 not in widths


def test_a_verdict_belongs_to_the_bytes(model_path, tmp_path, nothing_known):
    """Known by their hash; a file that is swapped for another is tried as that one."""
    good, file = model_path("flat").read_bytes(), tmp_path / "generator.onnx"
    file.write_bytes(good)
    digest = hashlib.sha256(good).hexdigest()
    assert not trial.is_known(digest)
    assert OnnxGenerator(file, "cpu", threads=1).digest == digest
    assert trial.is_known(digest)
    file.write_bytes(hostile.GENERATORS["an output of another shape"]())
    with pytest.raises(PresetError, match="first run"):
        OnnxGenerator(file, "cpu", threads=1)
    other = "0" * 64
    file.write_bytes(good)
    with pytest.raises(PresetError, match="changed meanwhile"):  # between reading and trying
        trial.admit(file, other)


def test_a_generator_that_is_known_is_not_tried_again(model_path, nothing_known, monkeypatch):
    OnnxGenerator(model_path("flat"), "cpu", threads=1)
    monkeypatch.setattr(trial, "_passed", set())  # another process, later
    monkeypatch.setattr(trial, "try_out", lambda files: pytest.fail("tried again"))
    OnnxGenerator(model_path("flat"), "cpu", threads=1)
    for name in bundled_names():
        open_generator(load_preset(name).model, "cpu", threads=1)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 20))
def test_damaged_files_are_read_or_refused(seed, times):
    """Bytes changed, taken out and put in anywhere: an error of ours, or a file that is whole."""
    rng, data = random.Random(seed), bytearray(WHOLE)
    for _ in range(times):
        at = rng.randrange(len(data))
        match rng.randrange(3):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randrange(1, 50)]
            case 2:
                data[at:at] = rng.randbytes(rng.randrange(1, 50))
    said = ""
    try:
        check(bytes(data), "generator.onnx")
    except DoubledropError as fault:
        said = str(fault)
    assert not said or said.isprintable()


WHOLE = hostile.model(
    [
        hostile.node("Neg", "image", to="x"),
        hostile.node("Neg", "x", to="generated"),
    ],
    [hostile.numbers("size", 1, 2, 3)],
)


def test_names_in_a_file_reach_no_terminal_as_they_are(tmp_path):
    model = onnx.load_from_string(hostile.GENERATORS["Loop"]())
    model.graph.node[0].op_type = "Loop"
    model.graph.node[0].domain = "\x1b[2Jevil\u202e" * 50
    (tmp_path / "generator.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(PresetError) as caught:
        OnnxGenerator(tmp_path / "generator.onnx", "cpu")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


# What one slot does to the others.


def test_whatever_is_wrong_with_a_slot_the_others_play(tmp_path, model_path, monkeypatch):
    real = onnx_model.read_model
    faults = [
        MemoryError("no memory"),
        RecursionError("deep"),
        UnicodeError("bytes"),
        OSError(5, "x"),
    ]

    def load(path):
        if path.name.startswith("fault"):
            raise faults[int(path.stem[-1])]
        return real(path)

    monkeypatch.setattr(onnx_model, "read_model", load)
    models = [str(tmp_path / f"fault{n}.onnx") for n in range(len(faults))]
    loaded = load_slots([*models, str(model_path("flat"))], "auto")
    assert sorted(loaded.faults) == list(range(len(faults)))
    assert loaded.provider != "nothing"
    assert isinstance(loaded.generators[-1], OnnxGenerator)
    assert all("plays dry" in text for text in loaded.said)


def test_all_slots_may_be_broken_but_a_provider_that_was_asked_for_has_to_be_there(
    tmp_path, model_path
):
    loaded = load_slots([str(tmp_path / "none.onnx")] * 2, "cuda")
    assert (loaded.provider, sorted(loaded.faults)) == ("nothing", [0, 1])
    with pytest.raises(ProviderError):
        load_slots([str(tmp_path / "none.onnx"), str(model_path("flat"))], "coreml")


class Fails:
    """A generator that does what it is told to, from a certain call on."""

    def __init__(self, act, calls=2):
        through = IdentityGenerator()
        self.front_end, self.level_db, self.view = through.front_end, through.level_db, 0
        self.longest_s = 1.0
        self._act, self._calls = act, calls

    def __call__(self, image, period):
        self._calls -= 1
        if self._calls < 0:
            self._act()
        return image


RATE, BLOCK = 12000, 128
WORKS = Fails(None, 1 << 60)


def played(generators, seconds, rng, quarantines=(), runner=None):
    """Two slots that are crossed, faster than real time; how wet the second was, hop by hop."""
    settings_ = Settings(use="phrase")
    config = EngineConfig(["x"] * len(generators), "cpu", 240.0, 0.0, settings_, sides=(0, 1))
    with offline_board(config) as shared:
        live = begin_session(shared, RATE, BLOCK, (2, 2), config, 0)
        shared.kinds[:] = KIND_WINDOW
        shared.call(cross=0.5)
        said = []
        session = NetworkSession(
            shared, generators, config, runner, tell=said.append, quarantines=quarantines
        )
        unpaced, wet = Unpaced(shared, live), []
        for _ in range(round(seconds * RATE / BLOCK)):
            unpaced.exchange(0.1 * rng.standard_normal((2, BLOCK), np.float32))
            session.advance()
            wet.append(float(shared.slots["wet"][-1]))
            time.sleep(0.0005)
        session.close()
        return np.array(wet), said, shared.network.faults


def a_second_of_wet(wet):
    """Longest time for which the effect was away, once it was there."""
    first = int(np.argmax(wet == 1.0))
    away, longest = 0, 0
    for place in wet[first:]:
        away = 0 if place == 1.0 else away + 1
        longest = max(longest, away)
    return longest * BLOCK / RATE


def test_a_slot_that_hangs_for_ever_costs_the_others_nothing(rng, monkeypatch):
    monkeypatch.setattr(inference, "_GIVEN_UP_S", 0.3)
    release, why = threading.Event(), []
    quarantine = [Quarantine(why.append), Quarantine(why.append)]
    bad = Fails(release.wait)
    try:
        wet, _, _ = played([bad, WORKS], 5.0, rng, quarantine)
    finally:
        release.set()
    assert [one.is_out for one in quarantine] == [True, False]
    assert why == ["its generator does not answer, and cannot be ended"]
    assert wet.max() == 1.0
    assert a_second_of_wet(wet) <= 1.0


def test_a_slot_that_fails_twice_is_out_and_the_next_session_knows_it(rng):
    def fail():
        raise ValueError("no such luck")

    why = []
    quarantine = [Quarantine(why.append), Quarantine()]
    bad = Fails(fail, calls=0)
    wet, said, faults = played([bad, WORKS], 4.0, rng, quarantine)
    assert why == ["its generator failed while running (no such luck), 2 times"]
    assert faults == 2
    assert said[0].startswith("slot 1: generator: failed while running (no such luck)")
    assert a_second_of_wet(wet) <= 1.0
    calls = bad._calls
    played([bad, WORKS], 1.0, rng, quarantine)
    assert bad._calls == calls
    assert not quarantine[1].is_out


def test_a_performance_goes_on_without_a_slot_that_fails(rng):
    def fail():
        raise GeneratorError("generator", "gave up", cure="None.")

    quarantine = [Quarantine(), Quarantine()]
    wet, *_ = played(
        [Fails(fail), WORKS], 3.0, rng, runner=lambda slot, _: Scheduled(0, quarantine[slot])
    )
    assert quarantine[0].is_out
    assert a_second_of_wet(wet) == 0.0
    alone = Scheduled(0)
    alone.submit(fail, 0)
    with pytest.raises(GeneratorError, match="gave up"):
        alone.collect(0)
    alone.close()


def test_a_take_runs_the_jobs_that_gave_an_image_and_no_others():
    """What was heard for each of them is heard again, whatever came between."""
    heard, replay = [], Recorded([10, 24], Quarantine())
    for now in range(0, 40, 2):
        replay.collect(now)
        if replay.idle():
            replay.submit(lambda now=now: heard.append(now), now)
        replay.collect(now)
    replay.close()
    assert heard == [10, 24]


def test_time_in_which_everything_stood_still_is_not_held_against_a_slot(monkeypatch):
    """A laptop that slept, a debugger: one look after a long time is one look."""
    clock = [0.0]
    monkeypatch.setattr(inference.time, "monotonic", lambda: clock[0])
    release = threading.Event()
    background = Background()
    background.submit(lambda: release.wait() and None, 0)
    for now in (1.0, 2.0, 600.0):
        clock[0] = now
        assert background.collect(0) is None
    assert not background.is_out
    for _ in range(100):
        clock[0] += 0.1
        background.collect(0)
    assert background.is_out
    release.set()
    background.close()


def test_an_inference_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    """ONNX Runtime is told to stop between two operators, and runs again afterwards."""
    monkeypatch.setattr(trial, "admit", lambda path, digest: None)
    generator = OnnxGenerator(
        hostile.preset(tmp_path, "endless when it hears music") / "generator.onnx", "cpu", threads=1
    )
    generator.longest_s = 0.3
    music = np.full((80, 128), 0.3, np.float32)
    with pytest.raises(GeneratorError, match=r"has not answered for 0\.3 s"):
        generator(music, 80.0)
    assert np.array_equal(generator(0 * music, 80.0), 0 * music)


def test_memory_that_is_asked_for_on_stage_is_not_given(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "admit", lambda path, digest: None)
    file = hostile.preset(tmp_path, "memory when it hears music") / "generator.onnx"
    generator = OnnxGenerator(file, "cpu", threads=1)
    with pytest.raises(GeneratorError, match="failed while running"):
        generator(np.full((80, 128), 0.3, np.float32), 80.0)


def test_ctrl_c_does_not_wait_for_machine_code():
    release = threading.Event()

    def interrupt():
        time.sleep(0.05)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        interruptible(lambda: release.wait(60.0))
    release.set()


def test_what_runs_in_time_is_not_ended():
    ended = []
    with DEADLINE.within(0.02, lambda: ended.append("late")):
        time.sleep(0.2)
    with DEADLINE.within(5.0, lambda: ended.append("never")):
        pass
    assert ended == ["late"]


# What the commands say.


def test_presets_lists_what_cannot_be_loaded(tmp_path):
    broken = hostile.preset(tmp_path, "Loop")
    done = doubledrop("presets", "downbeat-filter", broken, tmp_path / "none", "--json")
    assert done.returncode == 0
    states = [row["state"] for row in json.loads(done.stdout)]
    assert states[0].startswith("ready on")
    assert "control flow (Loop)" in states[1]
    assert "not found" in states[2]


def test_rig_check_says_which_slots_would_play_dry(tmp_path):
    slots = [
        load_preset("downbeat-filter").folder,
        *(hostile.preset(tmp_path, n) for n in ("Loop", "If")),
    ]
    rig = tmp_path / "rig.toml"
    rig.write_text("".join(f'[[slots]]\npreset = "{folder}"\n' for folder in slots))
    done = doubledrop("rig", "check", rig)
    assert done.returncode == 2
    assert "slot 2 plays dry" in done.stderr
    assert "slot 3 plays dry" in done.stderr
    assert "slot 1" not in done.stderr


def test_a_render_with_a_hostile_preset_is_one_line(tmp_path):
    sf.write(tmp_path / "in.wav", np.zeros((4800, 2)), 48000)
    preset = hostile.preset(tmp_path, "external data")
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(tmp_path / "score.mid")
    for more in ((), ("--midi", tmp_path / "score.mid")):
        files = tmp_path / "in.wav", tmp_path / "out.wav"
        done = doubledrop("render", *files, "--preset", preset, "--bpm", 120, *more)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "external data" in done.stderr
    assert not (tmp_path / "out.wav").exists()


def test_a_rig_of_nothing_but_broken_slots_plays_dry(tmp_path):
    sf.write(tmp_path / "in.wav", 0.1 * np.ones((9600, 2)), 48000, subtype="FLOAT")
    rig = tmp_path / "rig.toml"
    rig.write_text(f'[[slots]]\npreset = "{hostile.preset(tmp_path, "If")}"\n')
    done = doubledrop(
        "render", tmp_path / "in.wav", tmp_path / "out.wav", "--rig", rig, "--bpm", 120
    )
    assert done.returncode == 0, done.stderr
    assert "slot 1 plays dry" in done.stderr
    assert sf.info(tmp_path / "out.wav").frames == 9600


def test_a_hostile_preset_in_a_process_of_its_own_leaves_no_traceback(tmp_path, own_cache):
    preset = hostile.preset(tmp_path, "an operator that does not exist")
    done = started("play", "--input", "demo", "--output", tmp_path / "x.wav", "--preset", preset)
    assert done.returncode == 2
    assert "failed its first run" in done.stderr
    assert "Traceback" not in done.stderr
