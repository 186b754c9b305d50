"""The style of one recording: what is measured, and sounds that take it on."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
import torch

from engine.errors import InputError
from tests.feeds import noise
from train.style.audio_vgg import STYLE, AudioVgg
from train.style.descent import OF_RANDOM, OF_VGG, Descent, blend
from train.style.features import RandomFeatures, VggFeatures
from train.style.losses import (
    Style,
    content_distance,
    energy_over_frequency,
    energy_over_time,
    gram,
    gram_distance,
    style_losses,
)
from train.style.run import blend_files
from train.style.spectra import Spectra

RATE = 16000


def db(error, of):
    return 10 * np.log10(np.mean(error**2) / np.mean(of**2) + 1e-30)


def tone(hertz, seconds=1.0, rate=RATE, harmonics=6):
    t = np.arange(round(seconds * rate)) / rate
    parts = [np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, harmonics + 1)]
    return np.float32(0.2 * np.sum(parts, axis=0) * np.exp(-t))


def test_the_gram_loss_is_the_papers():
    """Lin, section 4.1: squared differences of Gram matrices over 4 n² m², n filters, m samples."""
    torch.manual_seed(0)
    made, wanted = torch.randn(1, 5, 7), torch.randn(1, 5, 7)
    matrices = [x[0] @ x[0].T for x in (made, wanted)]
    written_out = (matrices[0] - matrices[1]).square().sum() / (4 * 5**2 * 7**2)
    assert gram_distance(made, gram(wanted)) == pytest.approx(float(written_out), rel=1e-5)


def test_style_does_not_depend_on_length_or_place():
    torch.manual_seed(0)
    image = torch.rand(1, 1, 20, 30)
    net = AudioVgg(3, 2)
    with torch.no_grad():
        found = net.features(image, STYLE)
        twice = {name: torch.cat([x, x], dim=-1) for name, x in found.items()}
        for name, x in found.items():
            assert torch.allclose(gram(twice[name]), gram(x), rtol=1e-4, atol=1e-6)
            moved = x.roll(1, dims=-1)
            assert torch.allclose(gram(moved), gram(x), rtol=1e-4, atol=1e-6)


def test_each_style_loss_hears_its_own_difference():
    """The same over time in another order of bins, and over bins in another order of frames."""
    torch.manual_seed(0)
    image = torch.rand(1, 1, 12, 16)
    style = Style.of(image, {"it": image[:, 0]})
    same = style_losses(image, {"it": image[:, 0]}, style)
    assert float(same.gram + same.energy + same.frequency) < 1e-12
    bins, frames = image.flip(2), image.flip(3)
    of_bins = style_losses(bins, {"it": bins[:, 0]}, style)
    assert of_bins.frequency > 1e-4
    assert of_bins.energy < 1e-10
    assert of_bins.gram > 1e-6
    of_frames = style_losses(frames, {"it": frames[:, 0]}, style)
    assert of_frames.energy > 1e-4
    assert of_frames.frequency < 1e-10
    assert of_frames.gram < 1e-10
    # A mean over what is left over: energy is of the square.
    assert energy_over_time(2 * image) == pytest.approx(4 * energy_over_time(image))
    assert energy_over_frequency(image).shape == (1, 12)


def test_balanced_losses_begin_alike():
    torch.manual_seed(0)
    image, other = torch.rand(1, 1, 12, 16), torch.rand(1, 1, 12, 16) ** 2
    style = Style.of(other, {"it": other[:, 0]})
    first = style_losses(image, {"it": image[:, 0]}, style)
    assert first.against(first, balanced=True) == pytest.approx(1.0)
    assert first.against(first, balanced=False) == pytest.approx(1.0)
    half = 0.5 * (image + other)
    found = style_losses(half, {"it": half[:, 0]}, style)
    ratios = found.gram / first.gram, found.energy / first.energy, found.frequency / first.frequency
    assert found.against(first, balanced=True) == pytest.approx(float(sum(ratios)) / 3, rel=1e-5)
    assert found.against(first, balanced=False) == pytest.approx(float(ratios[0]), rel=1e-5)


def test_content_is_compared_place_by_place():
    torch.manual_seed(0)
    found = {"it": torch.rand(1, 3, 4, 5)}
    assert content_distance(found, found) == 0.0
    rolled = {"it": found["it"].roll(1, dims=-1)}
    louder = {"it": 2.0 * found["it"]}
    assert content_distance(rolled, found) > 0.1
    assert content_distance(louder, found) == pytest.approx(1.0)


def test_audio_vgg_is_vgg_19_with_one_channel():
    """Section 3.2; 64 channels are the original's."""
    net = AudioVgg(2, 64)
    convolutions = [x for x in net.modules() if isinstance(x, torch.nn.Conv2d)]
    assert len(convolutions) == 16
    assert convolutions[0].in_channels == 1
    widths = [x.out_channels for x in convolutions]
    assert widths == [64] * 2 + [128] * 2 + [256] * 4 + [512] * 8
    small = AudioVgg(3, 2)
    found = small.features(torch.rand(2, 1, 65, 33), ("relu1_2", "relu3_3", "pool5"))
    assert found["relu1_2"].shape == (2, 2, 65, 33)
    assert found["relu3_3"].shape == (2, 8, 17, 9)
    assert found["pool5"].shape == (2, 16, 3, 2)
    assert (found["relu3_3"] >= 0).all()
    assert small(torch.rand(2, 1, 65, 33)).shape == (2, 3)


@pytest.mark.parametrize(("window", "hop"), [(1024, 256), (2048, 512)])
@pytest.mark.parametrize("seconds", [0.31, 1.0])
def test_spectra_give_the_sound_back(rng, window, hop, seconds):
    sound = noise(rng, seconds, RATE)
    spectra = Spectra(sound, window, hop)
    out = spectra.sound(spectra.magnitude, "content")
    assert out.shape == sound.shape
    assert db(out - sound, sound) < -110
    louder = spectra.sound(2.0 * spectra.magnitude, "content")
    assert db(louder - 2.0 * sound, sound) < -104


def test_each_channel_keeps_its_share(rng):
    sound = noise(rng, 0.5, RATE)
    sound[1] *= 0.25
    spectra = Spectra(sound, 1024, 256)
    for phase in ("content", "griffin-lim"):
        out = spectra.sound(spectra.magnitude, phase)
        assert out[1].std() / out[0].std() == pytest.approx(0.25, rel=0.1)


def test_a_found_phase_goes_with_the_magnitudes(rng):
    sound = tone(330.0, 2.0)[None]
    spectra = Spectra(sound, 1024, 256)
    out = spectra.sound(spectra.magnitude, "griffin-lim")
    assert out.shape == sound.shape
    again = Spectra(out, 1024, 256).magnitude
    inner = slice(8, -8)
    off = again[:, inner] - spectra.magnitude[:, inner]
    assert db(off, spectra.magnitude[:, inner]) < -20
    assert db(out - sound, sound) > -6  # and is another one


def test_a_random_convolution_finds_the_style_from_the_content(figure):
    """Lin, section 4.1: from the content, the weights stay, and the style's loss falls."""
    content, style = (Spectra(tone(h)[None], 2048, 512).magnitude for h in (220.0, 550.0))
    features = RandomFeatures(1, 512)
    assert np.allclose(features.magnitude(features.image(content)), content, rtol=1e-4, atol=1e-5)
    ratios = []
    how = Descent("content", 80, 0.03, 0.0, balanced=False)
    told = lambda done, of, ratio, magnitude: ratios.append((done, of, ratio))  # noqa: E731
    out = blend(content, style, features, how, 0, told)
    figure("random convolution, style's loss after 80 steps", f"{100 * out.style_ratio:.1f} %")
    assert ratios[0] == (1, 80, 1.0)
    assert ratios[-1][2] == out.style_ratio < 0.2
    assert out.magnitude.shape == content.shape
    assert (out.magnitude >= 0).all()
    # What the style is made of is there afterwards: its fundamental, which the content has not.
    bin_of = round(550.0 / RATE * 2048)
    there = lambda x: x[bin_of - 2 : bin_of + 3].mean() / x.mean()  # noqa: E731
    assert there(out.magnitude) > 2 * there(content)


def test_audio_vgg_blends_from_noise(figure):
    """Liu et al., section 3.3: from noise to the style of one and the content of the other."""
    torch.manual_seed(0)
    content, style = (Spectra(tone(h, 0.7)[None], 1024, 256).magnitude for h in (300.0, 700.0))
    features = VggFeatures(AudioVgg(3, 4))
    told = lambda *_: None  # noqa: E731
    noisy = Descent("noise", 60, 0.02, OF_VGG.content_share, balanced=True)
    out = blend(content, style, features, noisy, 0, told)
    figure("audio-VGG, style's loss after 60 steps from noise", f"{100 * out.style_ratio:.2f} %")
    assert out.style_ratio < 0.3
    again = blend(content, style, features, noisy, 0, told)
    other = blend(content, style, features, noisy, 1, told)
    assert np.array_equal(again.magnitude, out.magnitude)
    assert not np.array_equal(other.magnitude, out.magnitude)
    # Content counts: with nothing else it is what comes out.
    faithful = Descent("noise", 60, 0.02, 1.0, balanced=True)
    kept = blend(content, style, features, faithful, 0, told)
    assert kept.content_correlation > out.content_correlation


def test_the_papers_settings():
    assert RandomFeatures(0)._weights.shape == (4096, 1025, 3)
    assert (OF_RANDOM.begin, OF_RANDOM.steps, OF_RANDOM.rate) == ("content", 400, 0.03)
    assert (OF_VGG.begin, OF_VGG.content_share, OF_VGG.balanced) == ("noise", 1e-2, True)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "melody.wav", tmp_path / "organ.flac"]
    sf.write(paths[0], np.stack([tone(220, 1.2, 44100), tone(220, 1.2, 44100)], axis=1), 44100)
    sf.write(paths[1], tone(550, 0.9, 48000), 48000)
    return paths


def run(files, out, features, **more):
    how = Descent("content", 2, 0.03, 0.01, balanced=True)
    settings = {"start_s": 0.0, "seconds": 10.0, "phase": "content", "seed": 0, **more}
    return blend_files(*files, out, features, how, told=lambda *_: None, **settings)


def test_files_are_blended_at_the_rate_of_the_features(files, tmp_path):
    out = tmp_path / "out.wav"
    at_16k = run(files, out, VggFeatures(AudioVgg(3, 2)))
    assert sf.info(out).samplerate == at_16k.rate == 16000
    assert sf.info(out).channels == 2
    assert abs(sf.info(out).frames - 1.2 * 16000) <= 1
    run(files, out, RandomFeatures(0, 16), start_s=0.5, seconds=0.6)
    assert (sf.info(out).samplerate, sf.info(out).frames) == (44100, round(0.6 * 44100))


def test_what_is_too_short_is_refused(files, tmp_path):
    with pytest.raises(InputError, match=r"melody.wav.*1.20 s of sound.*at least 1.5 s"):
        run(files, tmp_path / "out.wav", RandomFeatures(0, 16), start_s=1.0)
    assert not (tmp_path / "out.wav").exists()
