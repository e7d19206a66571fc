"""Features against librosa, and their windows against the samples they are named after."""

import librosa
import numpy as np
import pytest
import torch

from thlab.audio import log_spectrogram, mfcc, mfcc_windows, power_spectrogram, segments, stft
from thlab.audio.features import FLOOR

SILENCE = np.log(FLOOR)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def tone(hertz: float, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(16000 * seconds)) / 16000).astype(np.float32)


def librosa_log_spectrogram(audio: np.ndarray) -> np.ndarray:
    magnitude = np.abs(librosa.stft(audio, n_fft=400, hop_length=160))
    return np.log(np.maximum(magnitude, 1e-3))[1:].T


def librosa_mfcc(audio: np.ndarray) -> np.ndarray:
    return librosa.feature.mfcc(
        y=audio, sr=16000, n_mfcc=13, n_fft=400, hop_length=160, n_mels=40
    ).T


def real_clips(root) -> list[np.ndarray]:
    from thlab.media import read_audio

    return [read_audio(path) for path in sorted(root.glob("grid/s1/video/*.mpg"))[:5]]


SIGNALS = {
    "noise": noise(48000),
    "tone": tone(1000),
    "silence": np.zeros(4000, np.float32),
    "click": np.eye(1, 4000, 777, dtype=np.float32)[0],
    "loud then quiet": np.concatenate([noise(8000), 1e-5 * noise(8000, seed=1)]),
    "just over one block": noise(257 * 160),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_equals_librosa(name):
    audio = SIGNALS[name]
    np.testing.assert_allclose(
        log_spectrogram(audio).numpy(), librosa_log_spectrogram(audio), atol=2e-3, rtol=0
    )
    np.testing.assert_allclose(mfcc(audio).numpy(), librosa_mfcc(audio), atol=2e-3, rtol=0)


def test_equals_librosa_on_real_speech(real_data):
    for audio in real_clips(real_data):
        np.testing.assert_allclose(
            log_spectrogram(audio).numpy(), librosa_log_spectrogram(audio), atol=2e-3, rtol=0
        )
        np.testing.assert_allclose(mfcc(audio).numpy(), librosa_mfcc(audio), atol=2e-3, rtol=0)


def test_zero_hertz_is_the_bin_that_is_dropped():
    spectrum = log_spectrogram(tone(1000))[20:-20]
    assert spectrum.shape[1] == 200
    assert (spectrum.argmax(1) == 1000 // 40 - 1).all()


def test_a_batch_is_its_clips_one_by_one_each_with_its_own_loudest_band():
    batch = noise(2, 3, 4000)
    batch[1] *= 1e-6  # librosa and torchaudio would cut these 80 dB under the loud clips
    for function in (log_spectrogram, mfcc):
        together = function(batch)
        for index in np.ndindex(2, 3):
            torch.testing.assert_close(together[index], function(batch[index]), atol=1e-4, rtol=0)


def test_numpy_torch_and_double_precision_agree():
    audio = noise(4000)
    torch.testing.assert_close(mfcc(torch.from_numpy(audio)), mfcc(audio), atol=0, rtol=0)
    torch.testing.assert_close(mfcc(audio.astype(np.float64)), mfcc(audio), atol=0, rtol=0)


@pytest.mark.parametrize("samples", [1, 160, 399, 401])
def test_short_audio_has_an_answer(samples):
    assert log_spectrogram(noise(samples)).shape == (1 + samples // 160, 200)
    assert torch.isfinite(mfcc(noise(samples))).all()
    assert mfcc_windows(noise(samples), 1).shape == (1, 28, 12)


@pytest.mark.parametrize("function", [log_spectrogram, mfcc, lambda audio: mfcc_windows(audio, 3)])
def test_bad_audio_is_an_error_that_says_why(function):
    with pytest.raises(ValueError, match=r"shape \(0,\) is empty"):
        function(np.zeros(0, np.float32))
    with pytest.raises(ValueError, match="2 samples that are NaN or infinite"):
        function(np.array([0, np.nan, np.inf], np.float32))
    with pytest.raises(ValueError, match="divided by 32768"):
        function(np.zeros(10, np.int16))


def test_segments_are_the_rows_around_each_frame_and_silence_outside():
    logspec = log_spectrogram(noise(10 * 640))  # ten video frames, 41 rows
    cut = segments(logspec, 10)
    assert cut.shape == (10, 20, 200)
    for frame in range(10):
        for k in range(20):
            row = 4 * frame - 8 + k
            expected = logspec[row] if 0 <= row < 41 else torch.full((200,), SILENCE)
            torch.testing.assert_close(cut[frame, k], expected, atol=1e-6, rtol=0)


def test_segment_is_centred_on_its_frame():
    audio = np.zeros(25 * 640, np.float32)
    audio[12 * 640 + 320] = 1.0  # the middle of frame 12
    heard = (segments(log_spectrogram(audio), 25) > SILENCE + 1).any(2)
    assert heard.any(1).nonzero().flatten().tolist() == list(range(10, 15))
    rows = heard[12].nonzero().flatten().float()
    assert abs(rows.mean().item() * 10 + 5 - 100) <= 5  # ms; the twenty hops' middle is at 100


def test_windows_cut_or_fill_to_the_video():
    audio = noise(7 * 640 + 100)
    assert mfcc_windows(audio, 7).shape == (7, 28, 12)
    exact = mfcc_windows(audio[: 7 * 640], 7)
    torch.testing.assert_close(mfcc_windows(audio, 7), exact, atol=0, rtol=0)
    assert segments(log_spectrogram(audio), 9).shape == (9, 20, 200)
    assert segments(log_spectrogram(audio), 2).shape == (2, 20, 200)
    with pytest.raises(ValueError, match="n_frames is 0"):
        mfcc_windows(audio, 0)
    with pytest.raises(ValueError, match="n_frames is -1"):
        segments(log_spectrogram(audio), -1)


def test_mfcc_windows_are_28_hops_around_each_frame_without_c0():
    audio = noise(2, 10 * 640)
    windows = mfcc_windows(audio, 10)
    assert windows.shape == (2, 10, 28, 12)
    padded = np.pad(audio[1], 1920)
    rows = librosa_mfcc(padded)
    for frame in range(10):
        expected = rows[4 * frame : 4 * frame + 28, 1:]
        np.testing.assert_allclose(windows[1, frame].numpy(), expected, atol=2e-3, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_gives_the_same():
    audio = torch.from_numpy(noise(3, 16000))
    for function in (log_spectrogram, mfcc, lambda a: mfcc_windows(a, 25)):
        torch.testing.assert_close(function(audio.cuda()).cpu(), function(audio), atol=2e-3, rtol=0)


def test_the_path_of_other_devices_gives_the_same():
    audio = torch.from_numpy(noise(2, 8000))
    torch.testing.assert_close(stft._power(audio), power_spectrogram(audio), atol=1e-5, rtol=1e-5)
