"""What is heard, as a layer that gradients go through: gains put on sound, and sound as images.

The same transform, interpolation and noise as the engine's (:mod:`engine.dsp.kernel`),
in torch and for many stretches at once, so that a loss is taken on the sound itself
and at any resolution: what cannot be heard through one window is heard through another.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import MAX_GAIN_DB, MIN_GAIN_DB
from engine.dsp.mel import band_edges, triangles
from engine.dsp.stft import STFT

_DB = 10.0 / np.log(10.0)
_FLOOR = 1e-10


class Renderer(nn.Module):
    """Gains and noise put on mono sound by the low-delay transform.

    Args:
        front_end: of the images.
        rate: of the sound, hertz.
    """

    def __init__(self, front_end: FrontEnd, rate: int) -> None:
        super().__init__()
        stft, analyser = STFT.low_delay(rate), front_end.at(rate)
        self.stft, self.columns_per_hop = stft, stft.hop / analyser.hop
        self._centre = stft.centre / analyser.hop
        spread = analyser.spread(stft.n_fft)(np.eye(front_end.n_mels, dtype=np.float32))
        heard = analyser.noise_gain > 0
        per_band = np.zeros_like(analyser.noise_gain)
        per_band[heard] = stft.noise_gain / analyser.noise_gain[heard]
        self.analysis: Tensor
        self.synthesis: Tensor
        self.spread: Tensor
        self.per_band: Tensor
        for name, values in (
            ("analysis", stft.analysis),
            ("synthesis", stft.synthesis),
            ("spread", spread),
            ("per_band", per_band),
        ):
            self.register_buffer(name, torch.from_numpy(np.asarray(values, np.float32)), False)

    def forward(self, sound: Tensor, answers: Tensor, noise: torch.Generator | None) -> Tensor:
        """Render.

        Args:
            sound: (batch, samples) from the first column's centre on, whole hops.
            answers: (batch, 2, bands, columns): gain and noise of each column, dB.
            noise: of the noise's phases; None for no noise.

        Returns:
            (batch, samples), each sample in its place.
        """
        hops = sound.shape[-1] // self.stft.hop
        rows = self._rows(answers, hops)
        gain = rows[:, 0].clamp(MIN_GAIN_DB, MAX_GAIN_DB) @ self.spread
        frames = pad(sound, (self.stft.n_fft - self.stft.hop, 0))
        frames = frames.unfold(-1, self.stft.n_fft, self.stft.hop) * self.analysis
        spectra = torch.fft.rfft(frames) * torch.exp(gain * (np.log(10) / 20))
        if noise is not None:
            variance = (torch.exp(rows[:, 1] / _DB) * self.per_band) @ self.spread
            angle = 2 * torch.pi * torch.rand(spectra.shape, device=sound.device, generator=noise)
            spectra = spectra + torch.polar(variance.clamp(min=_FLOOR).sqrt(), angle)
        return self._overlapped(torch.fft.irfft(spectra, self.stft.n_fft))

    def _rows(self, answers: Tensor, hops: int) -> Tensor:
        """Of each hop, between columns as the engine reads them, (batch, 2, hops, bands)."""
        at = (
            torch.arange(1, hops + 1, device=answers.device) * self.columns_per_hop
        ) - self._centre
        at = at.clamp(0, answers.shape[-1] - 1.0)
        left = at.floor().long()
        right = (left + 1).clamp(max=answers.shape[-1] - 1)
        weight = (at - left).to(answers.dtype)
        between = answers[..., left] * (1 - weight) + answers[..., right] * weight
        return between.transpose(-1, -2)

    def _overlapped(self, frames: Tensor) -> Tensor:
        stft = self.stft
        pieces = frames[..., -stft.reach :] * self.synthesis
        parts = pieces.reshape(*pieces.shape[:2], stft.overlap, stft.hop)
        hops = parts.shape[1]
        # Part s of frame i is heard in hop i − (overlap − 1) + s.
        padded = pad(parts, (0, 0, 0, 0, 0, stft.overlap - 1))
        heard = sum(
            padded[:, stft.overlap - 1 - s : stft.overlap - 1 - s + hops, s]
            for s in range(stft.overlap)
        )
        assert isinstance(heard, Tensor)
        return heard.flatten(1)


class LogMel(nn.Module):
    """Sound as an image at one resolution, dB as the front end has them: noise reads alike in all.

    Args:
        window: samples.
        hop: samples between frames.
        bands: between 20 Hz, or twice the bin where that is higher, and 20 kHz.
        rate: of the sound, hertz.
    """

    def __init__(self, window: int, hop: int, bands: int, rate: int) -> None:
        super().__init__()
        spec = FrontEnd()
        self.hop, self.size = hop, window
        hann = torch.hann_window(window)
        lowest = max(spec.f_min_hz, 1.0 * rate / window)
        edges = band_edges(bands, lowest, min(spec.f_max_hz, rate / 2))
        weights = triangles(np.fft.rfftfreq(window, 1.0 / rate), edges)
        self.window: Tensor
        self.weights: Tensor
        self.register_buffer("window", hann * (spec.window_sum / hann.sum()), False)
        self.register_buffer("weights", torch.from_numpy(weights), False)

    def forward(self, sound: Tensor) -> Tensor:
        """(batch, samples) to (batch, bands, frames), dB; frames lie within the sound."""
        frames = sound.unfold(-1, self.size, self.hop) * self.window
        spectra = torch.fft.rfft(frames)
        power = spectra.real.square() + spectra.imag.square()
        image: Tensor = _DB * torch.log(power @ self.weights + _FLOOR)
        return image.transpose(-1, -2)


def front_end_image(rate: int) -> LogMel:
    """The front end's own image; frame k of a sound that begins ``window/2`` before column c is
    column c + k.

    Args:
        rate: of the sound, hertz; the model's hop has to be whole samples there.
    """
    spec = FrontEnd()
    analyser = spec.at(rate)
    image = LogMel(analyser.n, round(analyser.hop), spec.n_mels, rate)
    image.window.copy_(torch.from_numpy(analyser.window))
    image.weights = torch.from_numpy(analyser.weights)
    return image


def image_of(front_end: FrontEnd, db: Tensor) -> Tensor:
    """dB to the units of an image; what it holds is −1 … 1."""
    span = front_end.ceil_db - front_end.floor_db
    return (db - front_end.floor_db) * (2.0 / span) - 1.0
