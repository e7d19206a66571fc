"""The short-time Fourier transform behind every feature: torch, on a CPU in blocks of its cache."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Real
from torch import Tensor
from torch.nn.functional import pad

from thlab.compiled import compiled

WINDOW = 400  # samples: 25 ms at 16 kHz
HOP = 160  # samples: 10 ms
BINS = WINDOW // 2 + 1
BLOCK = 320  # frames: what a core's cache holds of audio, spectrum and power together

Audio = Real[np.ndarray, "*b n"] | Real[Tensor, "*b n"]


def power_spectrogram(audio: Audio) -> Float[Tensor, "*b t 201"]:
    """Squared magnitude of the short-time Fourier transform, 40 Hz a bin, 10 ms a row.

    Framed as librosa does. Row k is a 25 ms Hann window centred on sample 160 k, with zeros beyond
    both ends of the audio: n samples give 1 + n // 160 rows. Raises ValueError where the audio is
    empty, not of floats or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    return of_power(audio, lambda power, out: out.copy_(power), BINS)


def of_power(
    audio: Audio, function: Callable[[Tensor, Tensor], object], width: int
) -> Float[Tensor, "*b t {width}"]:
    """A function of each row of the power spectrogram, `width` numbers a row.

    On a CPU by blocks that fit its cache. function(power, out) writes out (..., t, width) from
    power (..., t, 201), each row for itself. Raises ValueError as `power_spectrogram` does.
    Chapter: book/sound-and-faces.ipynb
    """
    audio = checked(audio)
    values = torch.empty(*audio.shape[:-1], 1 + audio.shape[-1] // HOP, width, device=audio.device)
    if not audio.is_cpu:
        function(_power(audio), values)
        return values
    for clip, rows in zip(
        audio.reshape(-1, audio.shape[-1]), values.view(-1, *values.shape[-2:]), strict=True
    ):
        _fill(rows, clip, function)
    return values


def checked(audio: Audio) -> Float[Tensor, "*b n"]:
    """The audio as a float32 tensor, or the ValueError that says what is wrong with it."""
    audio = torch.as_tensor(audio).detach()
    if not audio.is_floating_point():
        raise ValueError(
            f"audio is {audio.dtype}: give floats in [-1, 1] (16-bit samples divided by 32768)"
        )
    if audio.numel() == 0:
        raise ValueError(f"audio of shape {tuple(audio.shape)} is empty")
    if not torch.isfinite(audio.sum()):
        bad = int((~torch.isfinite(audio)).sum())
        raise ValueError(f"audio has {bad} samples that are NaN or infinite")
    return audio.float()


def _power(audio: Float[Tensor, "*b n"]) -> Float[Tensor, "*b t 201"]:
    # (*b, t, 400), nothing copied
    frames = pad(audio, (WINDOW // 2, WINDOW // 2)).unfold(-1, WINDOW, HOP)
    spectrum = torch.fft.rfft(frames * _hann(audio.device))
    return torch.view_as_real(spectrum).square().sum(-1)


def _fill(
    rows: Float[Tensor, "t width"],
    clip: Float[Tensor, "n"],
    function: Callable[[Tensor, Tensor], object],
) -> None:
    """Write `function` of the clip's power, block by block.

    What one step leaves in the cache the next one reads.
    """
    size = min(BLOCK, len(rows))
    frames = torch.empty(size, WINDOW)
    power = torch.empty(size, BINS)
    for first, block in zip(range(0, len(rows), BLOCK), rows.split(BLOCK), strict=True):
        t = len(block)
        _cut(clip.numpy(), _hann(clip.device).numpy(), first, frames[:t].numpy())
        _square(torch.fft.rfft(frames[:t]).numpy(), power[:t].numpy())
        function(power[:t], block)


@compiled(cache=True)
def _cut(audio, window, first, frames):
    """Fill `frames` with the windowed frames `first`, `first + 1`, … of the audio."""
    for i in range(len(frames)):
        start = (first + i) * HOP - WINDOW // 2
        if start >= 0 and start + WINDOW <= len(audio):
            # an inner frame: without a test a sample it is vectorised
            samples = audio[start : start + WINDOW]
            for j in range(WINDOW):
                frames[i, j] = samples[j] * window[j]
        else:
            for j in range(WINDOW):
                frames[i, j] = audio[start + j] * window[j] if 0 <= start + j < len(audio) else 0


@compiled(cache=True)
def _square(spectrum, power):
    """|X|² in one pass; torch reads the two parts of complex numbers four times slower."""
    for i in range(power.shape[0]):
        for k in range(power.shape[1]):
            power[i, k] = spectrum[i, k].real ** 2 + spectrum[i, k].imag ** 2


@cache
def _hann(device: torch.device) -> Float[Tensor, "400"]:
    return torch.hann_window(WINDOW, device=device)
