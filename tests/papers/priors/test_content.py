"""The sources of content: what each hears of a frame, and that frozen ones stay frozen."""

import pytest
import torch

from thlab.audio import mfcc_windows, speech_mask
from thlab.inference import Speech
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import (
    UNTRAINED,
    MFCCFeatures,
    NoisyMFCCFeatures,
    VAEFeatures,
    VisemeFeatures,
    WaveformFeatures,
    vae_source,
    viseme_source,
)
from thlab.papers.priors.head.data import HeadSampler
from thlab.papers.priors.head.model import Generator, GeneratorConfig
from thlab.papers.priors.head.recogniser import Recogniser
from thlab.papers.priors.head.talking import HeadNet, PriorsHead
from thlab.papers.priors.model import SequenceVAE, VAEConfig

N = 30


@pytest.fixture
def audio():
    t = torch.arange(N * 640) / 16000
    noise = 0.01 * torch.randn(len(t), generator=torch.Generator().manual_seed(0))
    return 0.3 * torch.sin(2 * torch.pi * (200 + 150 * t) * t) * torch.sin(9 * t) + noise


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return SequenceVAE(VAEConfig.fast(), 21, 8, 4)


def sources(vae) -> list:
    torch.manual_seed(0)
    return [vae_source(vae), viseme_source(Recogniser()), *(make() for make in UNTRAINED.values())]


def head_of(source) -> PriorsHead:
    return PriorsHead(
        source.features,
        HeadNet(source.content, Generator(GeneratorConfig.fast(), source.content.width)),
    )


def test_every_source_gives_its_width_a_frame_and_what_was_heard_decides(audio, vae):
    for source in sources(vae):
        head = head_of(source)
        found = head.content(Speech(audio))
        assert found.shape == (N, source.content.width)
        other = audio.clone()
        other[20 * 640 :] = 0.1 * other[20 * 640 :].flip(
            0
        )  # MFCC's floor is the clip's, so the loudest part stays
        changed = (head.content(Speech(other)) - found).abs().amax(1)
        assert changed[:15].max() < 1e-4
        assert changed[21:].min() > 1e-4


def test_content_of_the_vae_is_its_posteriors_mean_and_noise_a_sample(audio, vae):
    from thlab.audio import log_spectrogram, segments

    posterior = vae.infer(segments(log_spectrogram(audio), N))
    source, noise = vae_source(vae), torch.randn(N, 32)
    rows = source.features(audio, N)
    torch.testing.assert_close(source.content(rows), posterior.mean)
    expected = torch.distributions.Normal(posterior.mean, (posterior.logvar / 2).exp())
    torch.testing.assert_close(
        (source.content(rows, noise) - expected.mean) / expected.stddev, noise
    )


def test_frozen_networks_go_where_the_head_goes_and_not_into_its_file(vae):
    for source in (vae_source(vae), viseme_source(Recogniser())):
        head = head_of(source)
        assert {name.split(".")[0] for name in head.net.state_dict()} == {"generator"}
        assert {id(p) for p in source.features.parameters()} < {id(p) for p in head.parameters()}
        head.to(torch.float64)
        assert next(source.features.parameters()).dtype == torch.float64
        head.to(torch.float32)
    assert isinstance(vae_source(vae).features, VAEFeatures)


def test_log_posteriors_are_normalised(audio):
    rows = VisemeFeatures(Recogniser())(audio, N)
    torch.testing.assert_close((3 * rows).exp().sum(1), torch.ones(N))


def test_mfcc_rows_are_the_windows_rescaled(audio):
    rows, windows = MFCCFeatures()(audio, N), mfcc_windows(audio, N)
    torch.testing.assert_close(rows[3, 0] * 40, windows[3, :, 0])
    torch.testing.assert_close(rows[3, 11] * 8, windows[3, :, 11])


def test_waveform_rows_are_the_sound_around_the_frames_centre(audio):
    rows = WaveformFeatures()(audio, N)
    for frame in (0, 7, N - 1):
        centre = frame * 640 + 320
        for sample in (centre - 1600, centre, centre + 1599):
            expected = audio[sample] if 0 <= sample < len(audio) else 0.0
            assert rows[frame, sample - centre + 1600] == expected


def test_augmentation_is_clean_half_the_time_and_at_most_10_db_below_speech(audio):
    source, rng, levels = NoisyMFCCFeatures(), torch.Generator().manual_seed(0), []
    for _ in range(200):
        heard = source.augmented(audio, rng)
        gain = (heard @ audio) / (audio @ audio)
        assert 10 ** (-7 / 20) < gain < 10 ** (7 / 20)
        noise = heard - gain * audio
        speech = gain * audio[speech_mask(audio)]
        levels.append(
            20 * (noise.square().mean() / speech.square().mean()).sqrt().clamp(min=1e-9).log10()
        )
    levels = torch.stack(levels)
    noisy = levels > -65
    assert 70 < noisy.sum() < 130
    assert levels[noisy].max() < -9
    assert levels[noisy].min() < -50


def test_rows_computed_anew_are_the_rows_of_the_frames_drawn(memory):
    """A fresh source without augmentation and a table of the same rows give the same batch."""
    table, fresh = UNTRAINED["mfcc"](), UNTRAINED["mfcc"]()
    fresh.features.fresh = True
    made = []
    for source in (table, fresh):
        sampler = HeadSampler(memory, source, GANConfig.fast())
        assert (sampler.rows is None) == source.features.fresh
        made.append(sampler.draw(4, 3, torch.Generator().manual_seed(5)))
    for part in ("painted", "heard"):
        for one, other in zip(getattr(made[0], part), getattr(made[1], part), strict=True):
            torch.testing.assert_close(one, other)
