"""The sound of one slot for one hop, in machine code: no allocation, no lock, no interpreter.

The frame that ends with the hop is transformed; a gain curve goes onto its spectrum, and noise
where the feed has no energy for a gain to act on; the outcome is brought to the slot's loudness and
mixed with the feed's own spectrum, with which it is in time; and it is put together again by
overlap-add. The phase is the feed's (Vande Veire et al. 2019, section 2.3), the transform the
low-delay one of :mod:`engine.dsp.stft`. Two channels go through one complex transform, for one
curve serves all of them: so the stereo image stays.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.loudness import MOST_DB, power_of
from engine.dsp.noise import GATE_HEADROOM, KNUTH, SILENCE, TABLE
from engine.dsp.transform import transform
from engine.machine_code import compiled, internal

_NEPER = float(np.log(10.0) / 20.0)  # of a decibel
_MOST = float(10 ** (MOST_DB / 20))


@internal()
def analyse(sounds, source, end):  # type: ignore[no-untyped-def]
    """The spectrum of the newest frame of a source, and the level of its last hop; once for all
    slots that it feeds.

    Args:
        sounds: of the signal path; its spectrum and levels are written.
        source: number of the feed, from 0.
        end: sample of the feed at which the frame ends.
    """
    state, plan = sounds.state[0], sounds.plan
    if sounds.analysed[source] == end:
        return
    sounds.analysed[source] = end
    hop, channels, rings = state.hop, state.channels, sounds.feed[source]
    ring, size = rings.shape[1], len(plan.analysis)
    recent = sounds.recent[source]
    row = (end // hop) % len(recent)
    for c in range(channels):
        power = np.float32(0.0)
        for i in range(end - hop, end):
            x = rings[c, i % ring]
            power += x * x
        recent[row, c] = power / np.float32(hop)
    first = (end - size) % ring
    head = min(size, ring - first)
    for pair in range(sounds.spectrum.shape[1]):
        for part in range(2):
            spectrum, channel = sounds.spectrum[source, pair, part], 2 * pair + part
            if channel >= channels:
                spectrum[:] = np.float32(0.0)
                continue
            signal = rings[channel]
            for i in range(head):
                spectrum[i] = signal[first + i] * plan.analysis[i]
            for i in range(head, size):
                spectrum[i] = signal[i - head] * plan.analysis[i]
        re, im = sounds.spectrum[source, pair, 0], sounds.spectrum[source, pair, 1]
        transform(re, im, sounds.work[0], sounds.work[1], plan.factors)


@compiled()
def render(sounds, slot, wet, level, end):  # type: ignore[no-untyped-def]
    """The sound of a slot, into ``sounds.sound``; it begins ``late`` samples before the hop.

    Args:
        sounds: of the signal path, with gains and noise of this hop.
        slot: its number.
        wet: how much of the effect there is, 0 … 1.
        level: mean square of the feed that the noise was made for, below 0 for no noise.
        end: sample of the feed at which the frame ends.
    """
    state, plan, me = sounds.state[0], sounds.plan, sounds.slots[slot]
    source = me.source if end <= state.fed else 0
    analyse(sounds, source, end)
    spectrum = sounds.spectrum[source]
    _curves(sounds.gain[slot], np.float32(wet), plan, sounds.curve[0])
    noisy = level >= 0.0 and wet > 0.0
    if noisy:
        _noise(sounds, slot, source, level, wet)
    place = ((state.at // state.hop - 1) * KNUTH >> 8) % TABLE
    pairs = len(spectrum)
    for pair in range(pairs):
        _apply(sounds, spectrum[pair], pair, noisy, place)
    factor = me.level
    if me.match:
        factor *= _follow(sounds, me, spectrum, wet == 1.0)
    step = plan.numbers[0].amount_step
    me.amount = min(max(me.wanted, me.amount - step), me.amount + step)
    for pair in range(pairs):
        _mix(sounds, spectrum[pair], pair, np.float32(factor), np.float32(me.amount))
        _synthesise(sounds, slot, pair)


@internal(fastmath={"contract", "nsz"})
def _curves(gain, wet, plan, curve):  # type: ignore[no-untyped-def]
    """Gains of bands, dB, as factors of bins; fewer as the hop is dry."""
    last = len(gain) - 1
    for k in range(len(curve)):
        low = plan.low[k]
        below, above = wet * gain[low], wet * gain[min(low + 1, last)]
        decibels = below + plan.weight[k] * (above - below)
        curve[k] = np.exp(np.float32(_NEPER) * decibels)


@internal()
def _noise(sounds, slot, source, level, wet):  # type: ignore[no-untyped-def]
    """How strong the noise is in each bin and channel.

    It keeps the relation to the feed that it was predicted for: where the feed is quieter now, it
    is quieter by as much; and it is never more than 6 dB above the loudest of the last 60 ms.
    """
    state, plan, me = sounds.state[0], sounds.plan, sounds.slots[slot]
    recent, factors, density = sounds.recent[source], sounds.factors, sounds.noise[slot]
    channels = state.channels
    live = 0.0
    for c in range(channels):
        factors[c] = 0.0
        for row in range(len(recent)):
            factors[c] = max(factors[c], recent[row, c])
        live += factors[c]
    live = max(live / channels, SILENCE)
    power = 0.0
    for band in range(len(density)):
        power += density[band] * plan.share[band]
    gate = min(1.0, GATE_HEADROOM * live / max(power, SILENCE))
    gate *= min(1.0, live / max(level, SILENCE))
    for c in range(channels):
        factor = wet * np.sqrt(gate * factors[c] / live)
        me.noise_energy += power * factor * factor * state.hop
        factors[c] = factor
    for c in range(channels, len(factors)):
        factors[c] = np.float32(0.0)
    shape = sounds.curve[1]
    last, most = len(density) - 1, np.float32(plan.numbers[0].noise_gain)
    for k in range(len(shape)):
        low = plan.low[k]
        below, above = density[low], density[min(low + 1, last)]
        shape[k] = np.sqrt(max(np.float32(0.0), most * (below + plan.weight[k] * (above - below))))


@internal(fastmath={"contract", "nsz"})
def _apply(sounds, spectrum, pair, noisy, place):  # type: ignore[no-untyped-def]
    """Gain and noise on a spectrum. Of two real signals L + iR the bins k and −k go together."""
    re, im = spectrum[0], spectrum[1]
    out_re, out_im = sounds.made[pair, 0], sounds.made[pair, 1]
    curve, shape, phases, size = sounds.curve[0], sounds.curve[1], sounds.plan.phases, len(re)
    half = size // 2
    for k in range(half + 1):
        out_re[k], out_im[k] = re[k] * curve[k], im[k] * curve[k]
    for k in range(1, half):
        out_re[size - k], out_im[size - k] = re[size - k] * curve[k], im[size - k] * curve[k]
    if not noisy:
        return
    left, right = sounds.factors[2 * pair], sounds.factors[2 * pair + 1]
    for k in range(half + 1):
        x = shape[k] * phases[0, place + k]
        y = shape[k] * phases[1, place + k]
        if k in (0, half):
            y = np.float32(0.0)
        out_re[k] += left * x - right * y
        out_im[k] += left * y + right * x
        if 0 < k < half:
            out_re[size - k] += left * x + right * y
            out_im[size - k] += right * x - left * y


@internal()
def _follow(sounds, me, spectrum, tells):  # type: ignore[no-untyped-def]
    """The factor that brings what is made to the loudness of the feed, followed over 3 seconds.

    Args:
        sounds: of the signal path, with the spectrum that was made.
        me: record of the slot.
        spectrum: of its feed, (pairs, 2, n_fft).
        tells: whether the effect is all there: else the hop says nothing of how loud it is.
    """
    plan = sounds.plan
    feed, own = power_of(spectrum, plan.loud), power_of(sounds.made, plan.loud)
    if not (tells and min(feed, own) > plan.numbers[0].silent):
        feed = own = 0.0
    me.feed_power = plan.numbers[0].keep * me.feed_power + feed
    me.own_power = plan.numbers[0].keep * me.own_power + own
    if me.feed_power <= 0.0 or me.own_power <= 0.0:
        return 1.0
    return min(max(np.sqrt(me.feed_power / me.own_power), 1.0 / _MOST), _MOST)


@internal(fastmath={"contract", "nsz"})
def _mix(sounds, spectrum, pair, factor, amount):  # type: ignore[no-untyped-def]
    for part in range(2):
        feed, made = spectrum[part], sounds.made[pair, part]
        if factor != 1.0:
            for i in range(len(made)):
                made[i] *= factor
        if amount != 1.0:
            for i in range(len(made)):
                made[i] = feed[i] + amount * (made[i] - feed[i])


@internal(fastmath={"contract", "nsz"})
def _synthesise(sounds, slot, pair):  # type: ignore[no-untyped-def]
    state, window = sounds.state[0], sounds.plan.synthesis
    re, im = sounds.made[pair, 0], sounds.made[pair, 1]
    transform(im, re, sounds.work[1], sounds.work[0], sounds.plan.factors)
    hop, late, first = state.hop, state.late, len(re) - len(window)
    for side in range(2):
        c = 2 * pair + side
        if c >= state.channels:
            break
        sound, tail, out = re, sounds.tail[slot, c], sounds.sound[slot, c]
        if side == 1:
            sound = im
        for i in range(hop):
            piece = sound[first + i] * window[i]
            out[i] = piece + (tail[i] if i < late else np.float32(0.0))
        for i in range(late):
            piece = sound[first + hop + i] * window[hop + i]
            tail[i] = piece + (tail[hop + i] if hop + i < late else np.float32(0.0))
