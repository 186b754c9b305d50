"""The sound of one slot, hop by hop, in machine code: no allocation, no lock, no interpreter.

For each hop of the feed: the frame that ends with it is transformed; a gain curve goes onto its
spectrum, and noise where the feed has no energy for a gain to act on; the outcome is brought to the
slot's loudness and mixed with the feed's own spectrum, with which it is in time; and it is put
together again by overlap-add. The phase is the feed's (Vande Veire et al. 2019, section 2.3), the
transform the low-delay one of :mod:`engine.dsp.stft`. Two channels go through one complex
transform, for one curve serves all of them: so the stereo image stays.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.kernel_plan import (
    AMOUNT,
    FEED_POWER,
    HOPS,
    KEEP,
    NOISE_ENERGY,
    NOISE_GAIN,
    OWN_POWER,
    SILENT,
    STEP,
)
from engine.dsp.loudness import MOST_DB, power_of
from engine.dsp.noise import GATE_HEADROOM, KNUTH, SILENCE, TABLE
from engine.dsp.transform import transform
from engine.machine_code import compiled

_NEPER = float(np.log(10.0) / 20.0)  # of a decibel
_MOST = float(10 ** (MOST_DB / 20))


@compiled()
def hear(block, plan, state):  # type: ignore[no-untyped-def]
    """Take samples, (channels, n), while nobody listens: what follows is whole again ``reach −
    hop`` samples later."""
    frame, n = state.frame, block.shape[1]
    size = frame.shape[1]
    kept = max(0, size - n)
    for c in range(block.shape[0]):
        for i in range(kept):
            frame[c, i] = frame[c, i + size - kept]
        for i in range(kept, size):
            frame[c, i] = block[c, n - size + i]
    state.tail[:] = 0.0


@compiled(fastmath={"contract", "nsz"})
def render(block, gains, noises, asked, mix, first_hop, plan, state, out):  # type: ignore[no-untyped-def]
    """The next hops.

    Args:
        block: of the feed, (channels, hops·hop).
        gains: dB, faded towards 0 as the hop is dry, (hops, bands).
        noises: variance a sample and band, (hops, bands).
        asked: of each hop how much of the effect there is, 0 … 1, and mean square of the feed that
            its noise was made for, below 0 where there is none, (hops, 2).
        mix: see :class:`Mix`.
        first_hop: number of the first hop since the feed began: it chooses the phases of noise.
        plan, state: of the slot.
        out: takes the sound, (channels, hops·hop), ``reach − hop`` samples late.
    """
    hops = len(gains)
    hop = block.shape[1] // max(hops, 1)
    for number in range(hops):
        first = number * hop
        _listen(block, first, hop, state)
        pairs = len(state.spectrum)
        for pair in range(pairs):
            _analyse(pair, plan, state)
        _curves(gains[number], plan, state.curve)
        wet, level = asked[number, 0], asked[number, 1]
        noisy = level >= 0.0 and wet > 0.0
        if noisy:
            _noise(noises[number], level, wet, hop, plan, state)
        place = ((first_hop + number) * KNUTH >> 8) % TABLE
        for pair in range(pairs):
            _apply(pair, noisy, place, plan, state)
        factor = mix.level
        if mix.match:
            factor *= _follow(wet == 1.0, plan, state)
        now, step = state.numbers[AMOUNT], plan.numbers[STEP]
        now = min(max(mix.amount, now - step), now + step)
        state.numbers[AMOUNT] = now
        for pair in range(pairs):
            _mixed(pair, np.float32(factor), np.float32(now), state)
            _synthesise(pair, first, hop, plan, state, out)


@compiled()
def _listen(block, first, hop, state):  # type: ignore[no-untyped-def]
    """The next hop into the frame, and its level."""
    frame, heard = state.frame, state.heard
    size = frame.shape[1]
    row = int(state.numbers[HOPS]) % len(heard)
    for c in range(block.shape[0]):
        for i in range(size - hop):
            frame[c, i] = frame[c, i + hop]
        power = np.float32(0.0)
        for i in range(hop):
            x = block[c, first + i]
            frame[c, size - hop + i] = x
            power += x * x
        heard[row, c] = power / np.float32(hop)
    state.numbers[HOPS] += 1


@compiled()
def _analyse(pair, plan, state):  # type: ignore[no-untyped-def]
    re, im = state.spectrum[pair, 0], state.spectrum[pair, 1]
    left, right = state.frame[2 * pair], state.frame[2 * pair + 1]
    for i in range(len(re)):
        re[i] = left[i] * plan.analysis[i]
        im[i] = right[i] * plan.analysis[i]
    transform(re, im, state.work[0], state.work[1], plan.factors)


@compiled(fastmath={"contract", "nsz"})
def _curves(gain, plan, curve):  # type: ignore[no-untyped-def]
    """Gains of bands, dB, as factors of bins."""
    last = len(gain) - 1
    for k in range(len(curve)):
        low = plan.low[k]
        below, above = gain[low], gain[min(low + 1, last)]
        decibels = below + plan.weight[k] * (above - below)
        curve[k] = np.exp(np.float32(_NEPER) * decibels)


@compiled()
def _noise(density, level, wet, hop, plan, state):  # type: ignore[no-untyped-def]
    """How strong the noise is in each bin and channel.

    It keeps the relation to the feed that it was predicted for: where the feed is quieter now, it
    is quieter by as much; and it is never more than 6 dB above the loudest of the last 60 ms.
    """
    heard, factors, shape = state.heard, state.factors, state.shape
    channels = heard.shape[1]
    live = 0.0
    for c in range(channels):
        factors[c] = 0.0
        for row in range(len(heard)):
            factors[c] = max(factors[c], heard[row, c])
        live += factors[c]
    live = max(live / channels, SILENCE)
    power = 0.0
    for band in range(len(density)):
        power += density[band] * plan.share[band]
    gate = min(1.0, GATE_HEADROOM * live / max(power, SILENCE))
    gate *= min(1.0, live / max(level, SILENCE))
    for c in range(channels):
        factor = wet * np.sqrt(gate * factors[c] / live)
        state.numbers[NOISE_ENERGY] += power * factor * factor * hop
        factors[c] = factor
    last, most = len(density) - 1, np.float32(plan.numbers[NOISE_GAIN])
    for k in range(len(shape)):
        low = plan.low[k]
        below, above = density[low], density[min(low + 1, last)]
        shape[k] = np.sqrt(max(np.float32(0.0), most * (below + plan.weight[k] * (above - below))))


@compiled(fastmath={"contract", "nsz"})
def _apply(pair, noisy, place, plan, state):  # type: ignore[no-untyped-def]
    """Gain and noise on a spectrum. Of two real signals L + iR the bins k and −k go together."""
    re, im = state.spectrum[pair, 0], state.spectrum[pair, 1]
    out_re, out_im = state.made[pair, 0], state.made[pair, 1]
    curve, size = state.curve, len(re)
    half = size // 2
    for k in range(half + 1):
        out_re[k], out_im[k] = re[k] * curve[k], im[k] * curve[k]
    for k in range(1, half):
        out_re[size - k], out_im[size - k] = re[size - k] * curve[k], im[size - k] * curve[k]
    if not noisy:
        return
    left, right = state.factors[2 * pair], state.factors[2 * pair + 1]
    for k in range(half + 1):
        x = state.shape[k] * plan.phases[0, place + k]
        y = state.shape[k] * plan.phases[1, place + k]
        if k in (0, half):
            y = np.float32(0.0)
        out_re[k] += left * x - right * y
        out_im[k] += left * y + right * x
        if 0 < k < half:
            out_re[size - k] += left * x + right * y
            out_im[size - k] += right * x - left * y


@compiled()
def _follow(tells, plan, state):  # type: ignore[no-untyped-def]
    """The factor that brings what is made to the loudness of the feed, followed over 3 seconds.

    Args:
        tells: whether the effect is all there: else the hop says nothing of how loud it is.
    """
    numbers = state.numbers
    feed, own = power_of(state.spectrum, plan.loud), power_of(state.made, plan.loud)
    if not (tells and min(feed, own) > plan.numbers[SILENT]):
        feed = own = 0.0
    keep = plan.numbers[KEEP]
    numbers[FEED_POWER] = keep * numbers[FEED_POWER] + feed
    numbers[OWN_POWER] = keep * numbers[OWN_POWER] + own
    if numbers[FEED_POWER] <= 0.0 or numbers[OWN_POWER] <= 0.0:
        return 1.0
    return min(max(np.sqrt(numbers[FEED_POWER] / numbers[OWN_POWER]), 1.0 / _MOST), _MOST)


@compiled(fastmath={"contract", "nsz"})
def _mixed(pair, factor, amount, state):  # type: ignore[no-untyped-def]
    for part in range(2):
        feed, made = state.spectrum[pair, part], state.made[pair, part]
        if factor != 1.0:
            for i in range(len(made)):
                made[i] *= factor
        if amount != 1.0:
            for i in range(len(made)):
                made[i] = feed[i] + amount * (made[i] - feed[i])


@compiled(fastmath={"contract", "nsz"})
def _synthesise(pair, first, hop, plan, state, out):  # type: ignore[no-untyped-def]
    re, im = state.made[pair, 0], state.made[pair, 1]
    transform(im, re, state.work[1], state.work[0], plan.factors)
    reach, size = len(plan.synthesis), len(re)
    late = reach - hop
    for side in range(2):
        c = 2 * pair + side
        if c >= out.shape[0]:
            break
        sound, tail = (re, state.tail[c]) if side == 0 else (im, state.tail[c])
        for i in range(hop):
            piece = sound[size - reach + i] * plan.synthesis[i]
            out[c, first + i] = piece + (tail[i] if i < late else np.float32(0.0))
        for i in range(late):
            piece = sound[size - reach + hop + i] * plan.synthesis[hop + i]
            tail[i] = piece + (tail[hop + i] if hop + i < late else np.float32(0.0))
