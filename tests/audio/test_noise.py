"""Noise: its level is exact, its seed decides it, it is flat and white."""

import numpy as np
import pytest
import torch
from scipy import stats

from thlab.audio import NOISE_LEVELS_DB, add_noise, speech_mask


def build_seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


TONE = 12 * 640  # samples


def clip(silence: int = TONE) -> torch.Tensor:
    """Half a second of tone between two silences; both are whole video frames long."""
    tone = 0.1 * torch.sin(torch.arange(TONE) * 0.2)
    return torch.cat([torch.zeros(silence), tone, torch.zeros(silence)])


def rms(x: torch.Tensor) -> float:
    return x.double().square().mean().sqrt().item()


@pytest.mark.parametrize("db", NOISE_LEVELS_DB)
@pytest.mark.parametrize("silence", [0, 1920, 16000])
def test_level_is_relative_to_the_speech_however_much_silence_surrounds_it(db, silence):
    audio = clip(silence)
    added = add_noise(audio, db, build_seeded()) - audio
    level = 20 * np.log10(rms(added) / rms(audio[silence : silence + TONE]))
    assert level == pytest.approx(db, abs=0.01)


def test_a_given_mask_decides_what_is_speech():
    audio = torch.cat([torch.full((1000,), 0.5), torch.full((1000,), 0.25)])
    mask = torch.arange(2000) >= 1000
    assert rms(add_noise(audio, 0, build_seeded(), mask) - audio) == pytest.approx(0.25, rel=1e-5)
    assert rms(add_noise(audio, 0, build_seeded(), ~mask) - audio) == pytest.approx(0.5, rel=1e-5)


def test_mask_finds_the_tone_and_neither_hiss_nor_rumble():
    time = torch.arange(3 * TONE) / 16000
    rumble = 0.005 * torch.sin(2 * torch.pi * 5 * time)
    mask = speech_mask(clip() + rumble + 1e-4 * torch.rand(3 * TONE, generator=build_seeded()))
    assert torch.equal(mask, (time >= TONE / 16000) & (time < 2 * TONE / 16000))


def test_mask_agrees_with_the_word_times_of_real_speech(real_data):
    from thlab.data import open_corpus

    shares = []
    for clip in open_corpus("grid", real_data / "grid", check="none")[:10]:
        times = np.arange(len(clip.audio)) / 16000
        said = (times >= clip.words[0].start) & (times < clip.words[-1].end)
        mask = speech_mask(clip.audio).numpy()
        shares.append([mask[said].mean(), mask[~said].mean()])
        error = 10 * np.log10((clip.audio[mask] ** 2).mean() / (clip.audio[said] ** 2).mean())
        assert abs(error) < 2  # dB
    kept, wrong = np.mean(shares, 0)
    assert kept > 0.85
    assert wrong < 0.15


def test_the_seed_decides_the_noise():
    a, b, c = (add_noise(clip(), -20, build_seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_noise_is_uniform_and_white():
    added = (add_noise(clip(), -10, build_seeded(3)) - clip()).numpy().astype(np.float64)
    peak = np.abs(added).max()
    assert stats.kstest(added / peak, stats.uniform(-1, 2).cdf).pvalue > 0.01
    spectrum = np.abs(np.fft.rfft(added)) ** 2
    quarters = [part.mean() for part in np.array_split(spectrum[1:], 4)]
    assert max(quarters) < 1.15 * min(quarters)


def test_each_clip_of_a_batch_gets_its_own_level():
    batch = torch.stack([clip(), 0.01 * clip()])
    added = add_noise(batch.numpy(), -20, build_seeded()) - batch
    assert rms(added[0]) / rms(added[1]) == pytest.approx(100, rel=1e-3)


def test_silent_or_broken_audio_is_an_error():
    with pytest.raises(ValueError, match="the clip is silent"):
        add_noise(torch.zeros(1000), -20, build_seeded())
    with pytest.raises(ValueError, match=r"clips \[\[1\]\] are silent"):
        add_noise(torch.stack([clip(), torch.zeros(3 * TONE)]), -20, build_seeded())
    with pytest.raises(ValueError, match="the clip is silent"):
        add_noise(clip(), -20, build_seeded(), torch.zeros(3 * TONE, dtype=torch.bool))
    with pytest.raises(ValueError, match="is empty"):
        add_noise(torch.zeros(0), -20, build_seeded())
    with pytest.raises(ValueError, match="1 samples that are NaN"):
        add_noise(torch.tensor([0.1, float("nan")]), -20, build_seeded())
