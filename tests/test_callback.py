"""The callback as a device calls it: nothing of the allocator's, of locks or of the interpreter's
in it; what it does to sound, in blocks of any size."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.config.request import EngineConfig
from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import GainImage
from engine.dsp.latency import Trips
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.path_state import KIND_WINDOW
from engine.dsp.published import Publisher
from engine.dsp.settings import Settings
from engine.dsp.window import WindowSnapshot
from engine.effects.specs import BuiltinSpec, SlotStrip
from engine.host.callback import exchange
from engine.host.device_callback import callback
from engine.host.live_path import live_of, shape_of
from engine.host.packed import packed
from engine.host.session import begin_session
from engine.state import shared_state as b
from tests.feeds import db, gain_peaks, noise, sine
from tests.program import with_tests

RATE, BANDS = 48000, FrontEnd().n_mels
LIBRARY = Path(__file__).parent / "native" / "counting.c"
BLOCKS = [32, 64, 128, 256, 441, 480, 512, 0]


def stage(slots=1, block=128, rate=RATE, channels=2, trips=None, **settings):
    """Shared state and a session on it, in memory of this process, at full level."""
    strips = [SlotStrip(after=(BuiltinSpec("Gain"),))] * slots if trips else []
    config = EngineConfig([""] * slots, "cpu", 120.0, 0.0, Settings(**settings), strips=strips)
    shared = b.private(shape_of(config))
    form = rate, block, (channels, channels), config, 0
    live = begin_session(shared, *form, *([trips] if trips else []))
    shared.device.level_now = 1.0
    shared.kinds[:] = KIND_WINDOW
    return shared, live


def image(rows, rate=RATE, noisy=False):
    """Gains of columns from the beginning of the feed on, dB, (columns, bands)."""
    hop, width = FrontEnd().at(rate).hop, len(rows)
    level = np.full(width, 0.01, np.float32)
    source = WindowSnapshot(rows, level, 0.0, hop, width * hop, 10.0 * rate, float(width), False)
    made = np.full_like(rows, 1e-4) if noisy else None
    return GainImage(rows, rows, made, level, source)


def flat(gain_db, columns=700, **form):
    return image(np.full((columns, BANDS), gain_db, np.float32), **form)


def played(live, shared, feed, block):
    """The feed through callbacks, (channels, n); of varying sizes for a block of 0."""
    rng, out, at = np.random.default_rng(1), [], 0
    while at < feed.shape[-1]:
        n = block or int(rng.integers(1, 700))
        given = np.ascontiguousarray(feed[:, at : at + n].T)
        taken = np.zeros((len(given), len(feed)), np.float32)
        exchange(given, taken, live)
        out.append(taken.T.copy())
        at += n
    late = shared.device.behind + LOOKAHEAD
    return np.concatenate(out, axis=-1)[:, late:]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("synthesis", [512, 256])
def test_latency_is_declared_and_so_it_is(block, synthesis):
    shared, live = stage(block=block, synthesis=synthesis)
    hop = 128
    own = synthesis - (np.gcd(block, hop) if block else 0)
    assert shared.device.behind + LOOKAHEAD == own + LOOKAHEAD
    impulse = np.zeros((2, 8192), np.float32)
    impulse[:, 3000] = 0.25
    out = played(live, shared, impulse, block)
    assert int(np.argmax(np.abs(out[0]))) == 3000


@pytest.mark.parametrize("rate", [44100, 96000])
def test_it_is_so_at_other_rates_and_with_a_look_ahead(rate):
    shared, live = stage(block=160, rate=rate, lookahead_ms=23)
    impulse = np.zeros((2, 30000), np.float32)
    impulse[:, 9000] = 0.25
    out = played(live, shared, impulse, 160)
    assert int(np.argmax(np.abs(out[0]))) == 9000


@pytest.mark.parametrize("block", BLOCKS)
def test_without_a_gain_it_is_the_feed(block, rng):
    shared, live = stage(block=block)
    Publisher(shared.published, 0).image(flat(0.0), 0)
    feed = 0.5 * noise(rng, 3.0, RATE)
    out = played(live, shared, feed, block)
    assert shared.slots["wet"][0] == 1.0
    assert db(np.mean((out - feed[:, : out.shape[-1]]) ** 2) / np.mean(feed**2)) <= -125


@pytest.mark.parametrize("block", BLOCKS)
def test_6_db_are_6_db(block, rng):
    shared, live = stage(block=block)
    Publisher(shared.published, 0).image(flat(6.0), 0)
    feed = 0.2 * noise(rng, 3.0, RATE)
    out, wanted = played(live, shared, feed, block), 10 ** (6 / 20) * feed
    inner = slice(RATE // 2, out.shape[-1])
    error = np.mean((out[:, inner] - wanted[:, inner][:, : out[:, inner].shape[-1]]) ** 2)
    assert db(error / np.mean(wanted**2)) <= -100


@pytest.mark.parametrize("block", BLOCKS)
def test_a_column_is_heard_where_it_lies(block):
    shared, live = stage(block=block)
    rows = np.zeros((700, BANDS), np.float32)
    rows[200] = 12.0
    Publisher(shared.published, 0).image(image(rows), 0)
    hop = FrontEnd().at(RATE).hop
    feed = np.repeat(0.1 * sine(1000.0, 4.0, RATE), 2, axis=0)
    out = played(live, shared, feed, block)
    (peak,) = gain_peaks(out, feed[:, : out.shape[-1]], hop)
    assert abs(peak - 200 * hop) <= 128


@pytest.mark.parametrize("block", BLOCKS)
def test_a_feed_that_is_cut_is_silent_soon_and_silence_stays(block, rng):
    shared, live = stage(block=block)
    Publisher(shared.published, 0).image(flat(6.0, noisy=True), 0)
    feed = 0.2 * noise(rng, 2.0, RATE)
    feed[:, RATE:] = 0.0
    out = played(live, shared, feed, block)
    assert np.abs(out[:, RATE // 2 : RATE]).max() > 0.05
    assert np.abs(out[:, RATE + RATE // 10 :]).max() <= 1e-3
    shared, live = stage(block=block)
    Publisher(shared.published, 0).image(flat(6.0, noisy=True), 0)
    assert not played(live, shared, np.zeros((2, RATE), np.float32), block).any()


@pytest.mark.parametrize("channels", [1, 2])
def test_the_device_hears_what_the_interpreter_does(channels, rng):
    """Through the function that PortAudio calls, with the one pointer that it passes on."""
    feed = 0.2 * noise(rng, 0.5, RATE, channels)
    out = []
    for compiled in (False, True):
        shared, live = stage(channels=channels)
        Publisher(shared.published, 0).image(flat(3.0), 0)
        where, parts = packed(live), []
        call = ctypes.CFUNCTYPE(
            ctypes.c_int32,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_uint64,
            ctypes.c_void_p,
            ctypes.c_uint64,
            ctypes.c_void_p,
        )(callback.address)
        for at in range(0, feed.shape[-1] - 127, 128):
            given = np.ascontiguousarray(feed[:, at : at + 128].T)
            taken = np.zeros((128, channels), np.float32)
            if compiled:
                call(given.ctypes.data, taken.ctypes.data, 128, None, 4, where.ctypes.data)
            else:
                exchange(given, taken, live)
            parts.append(taken)
        out.append(np.concatenate(parts))
        assert shared.device.flags == compiled * len(parts)
    assert np.array_equal(*out)
    assert np.abs(out[0]).max() > 0.1


def test_where_the_effects_are_away_the_sound_goes_on_without_them(rng):
    """And with them again: no step beyond what the fade takes."""
    trips = Trips(None, 0)
    shared, live = stage(trips=trips)
    Publisher(shared.published, 0).image(flat(0.0), 0)
    assert shared.device.behind == 384 + 128 + 32
    feed = np.repeat(0.2 * sine(220.0, 1.5, RATE), 2, axis=0)
    out = []
    for i, at in enumerate(range(0, feed.shape[-1] - 127, 128)):
        taken = np.zeros((128, 2), np.float32)
        exchange(np.ascontiguousarray(feed[:, at : at + 128].T), taken, live)
        out.append(taken.T.copy())
        made = shared.device.made
        if not 200 <= i < 300:  # the effect turns the sound over
            sound = sum(shared.read(ring, made - 128, 128) for ring in shared.shares)
            shared.write(shared.effected, made - 128, -sound)
            shared.effects.made = made
    sound = np.concatenate(out, axis=-1)[:, shared.device.behind + LOOKAHEAD :]
    fed = feed[:, : sound.shape[-1]]
    assert sound[:, 8000:24000] == pytest.approx(-fed[:, 8000:24000], abs=1e-4)
    assert sound[:, 27000:37000] == pytest.approx(fed[:, 27000:37000], abs=1e-4)
    assert sound[:, 41000:] == pytest.approx(-fed[:, 41000:], abs=1e-4)
    assert shared.device.gaps == 1
    fade = 2 * 0.05 / 32  # from one sign to the other within the cushion
    assert np.abs(np.diff(sound)).max() < np.abs(np.diff(fed)).max() + 1.2 * fade


_COUNTED = """
import ctypes, json, sys
import numpy as np
from engine.dsp.published import Publisher
from engine.host.device_callback import callback
from engine.host.packed import packed
from tests.test_callback import flat, stage
library = ctypes.CDLL(sys.argv[1])
library.an_offender.restype = ctypes.c_void_p
counts, found = np.zeros(2, np.int64), {}
def count(address, given, taken, live, times):
    where = packed(live)
    library.run(ctypes.c_void_p(address), given.ctypes.data_as(ctypes.c_void_p),
                taken.ctypes.data_as(ctypes.c_void_p), ctypes.c_ulong(len(given)),
                where.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(times),
                counts.ctypes.data_as(ctypes.c_void_p))
    return counts.tolist()
shared, live = stage(slots=2)
for slot in range(2):
    Publisher(shared.published, slot).image(flat(3.0, noisy=True), 0)
given = (0.1 * np.random.default_rng(0).standard_normal((128, 2))).astype(np.float32)
taken = np.zeros((128, 2), np.float32)
found["plays"] = count(callback.address, given, taken, live, 400)
shared.call(slot=1, fade_s=0.5)
found["fades"] = count(callback.address, given, taken, live, 400)
assert shared.active == 1 and shared.device.callbacks == 800 and np.abs(taken).max() > 0.01
found["offends"] = count(library.an_offender(), given, taken, live, 3)
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD, and the names of glibc")
def test_the_callback_allocates_nothing_and_takes_no_lock(tmp_path):
    compiler = shutil.which("gcc") or shutil.which("g++") or shutil.which("cc")
    assert compiler, "a C compiler"
    library = tmp_path / "counting.so"
    options = ["-shared", "-fPIC", "-O1", "-x", "c", str(LIBRARY), "-o", str(library), "-ldl"]
    subprocess.run([compiler, *options], check=True)
    words = [sys.executable, "-c", _COUNTED, str(library)]
    environment = with_tests() | {"LD_PRELOAD": str(library)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {"plays": [0, 0], "fades": [0, 0], "offends": [6, 3]}


def test_what_is_packed_has_to_be_whole():
    shared, live = stage()
    assert packed(live).shape == (len(packed(live)), 5)
    with pytest.raises(ValueError, match="not contiguous"):
        packed((np.zeros((4, 4))[:, ::2],))
    assert (
        live_of(shared, EngineConfig([""], "cpu", 120.0, 0.0, Settings())).path.state["hop"][0]
        == 128
    )
    assert os.environ["NUMBA_CACHE_DIR"]
