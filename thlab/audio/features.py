"""What the networks hear: log-magnitude spectrograms and MFCCs, cut into one piece a video frame.

Frames are librosa's: 25 ms Hann windows centred on every tenth millisecond, zeros beyond both ends, so n samples give
1 + n // 160 frames. Every function takes numpy or torch, one clip or a batch in the leading dimensions, and returns a
tensor on the input's device.
"""

import math
from functools import cache
from typing import no_type_check

import numpy as np
import torch
from jaxtyping import Float, Real
from numba import njit
from torch import Tensor
from torch.nn.functional import pad
from torchaudio.functional import create_dct, melscale_fbanks

SAMPLE_RATE, FPS = 16000, 25
WINDOW, HOP = 400, 160  # samples: 25 ms and 10 ms
HOPS_PER_FRAME = SAMPLE_RATE // FPS // HOP  # 4 hops of sound a video frame
FLOOR = 1e-3  # magnitude of what counts as silence, for audio in [-1, 1]
N_MELS, N_MFCC, TOP_DB = 40, 13, 80.0
SEGMENT, MFCC_WINDOW = 20, 28  # hops of sound that one video frame sees
BLOCK = 256  # frames: what the processor's cache holds of audio, spectrum and power together

Audio = Real[np.ndarray, "*b n"] | Real[Tensor, "*b n"]


def log_spectrogram(audio: Audio) -> Float[Tensor, "*b t 200"]:
    """Natural log of the magnitude spectrum, floored at 1e-3: the input of [mittal2020].

    Of the 201 bins the first (0 Hz) is dropped, for speech has nothing there: column k is 40 (k + 1) Hz.
    Raises ValueError where the audio is empty or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    # \log \max(|X|, \epsilon) = \tfrac12 \log \max(|X|^2, \epsilon^2)
    return power_spectrogram(audio)[..., 1:].clamp(min=FLOOR**2).log_().mul_(0.5)


def mfcc(audio: Audio, n_mfcc: int = N_MFCC) -> Float[Tensor, "*b t n_mfcc"]:
    """Mel-frequency cepstral coefficients by librosa's definition, C0 first.

    40 Slaney mel bands of the power spectrum, in dB, no deeper than 80 dB below the clip's loudest band (each clip of a
    batch by itself), orthonormal DCT-II. Raises ValueError where the audio is empty or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    power = power_spectrogram(audio)
    mel_basis, dct_basis = _mel_and_dct(n_mfcc, power.device)
    decibel = (power @ mel_basis).clamp_(min=1e-10).log10_().mul_(10)  # (*b, t, 40)
    loudest = decibel.amax((-1, -2), keepdim=True)
    return torch.maximum(decibel, loudest - TOP_DB) @ dct_basis


def segments(logspec: Float[Tensor, "*b t f"], n_frames: int) -> Float[Tensor, "*b n_frames 20 f"]:
    """200 ms of spectrogram around the centre of each video frame at 25 fps, silence beyond the ends.

    Video frame i lasts from 40 i to 40 i + 40 ms and gets rows 4 i - 8 to 4 i + 11: their hops of 10 ms tile the 200 ms
    around its centre. Raises ValueError where `n_frames` is below 1.
    Chapter: book/sound-and-faces.ipynb
    """
    _check_count(n_frames)
    before = (SEGMENT - HOPS_PER_FRAME) // 2
    after = SEGMENT + HOPS_PER_FRAME * (n_frames - 1) - before - logspec.shape[-2]  # negative: cut
    padded = pad(logspec, (0, 0, before, after), value=math.log(FLOOR))
    return padded.unfold(-2, SEGMENT, HOPS_PER_FRAME).transpose(-1, -2)  # (*b, n_frames, 20, f)


def mfcc_windows(audio: Audio, n_frames: int) -> Float[Tensor, "*b n_frames 28 12"]:
    """280 ms of MFCC without C0 (loudness) around each video frame at 25 fps: the input of [ji2021] and [yadav2020].

    The audio is cut or filled with zeros to `n_frames` x 640 samples, with 1920 more at each end as in EVP's code, so
    that window i is the hops 4 i - 12 to 4 i + 15. Raises ValueError where `n_frames` is below 1 or the audio is empty
    or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    _check_count(n_frames)
    samples, margin = n_frames * SAMPLE_RATE // FPS, (MFCC_WINDOW - HOPS_PER_FRAME) // 2 * HOP
    audio = _checked(audio)[..., :samples]
    coefficients = mfcc(pad(audio, (margin, samples - audio.shape[-1] + margin)))[..., 1:]
    return coefficients.unfold(-2, MFCC_WINDOW, HOPS_PER_FRAME).transpose(-1, -2)  # (*b, n_frames, 28, 12)


def power_spectrogram(audio: Audio) -> Float[Tensor, "*b t 201"]:
    """Squared magnitude of the short-time Fourier transform, 40 Hz a bin, 10 ms a row.

    Raises ValueError where the audio is empty or not finite. Chapter: book/sound-and-faces.ipynb
    """
    audio = _checked(audio)
    window = _hann(audio.device)
    frames = pad(audio, (WINDOW // 2, WINDOW // 2)).unfold(-1, WINDOW, HOP)  # (*b, t, 400), nothing copied
    return _power_in_blocks(frames, window) if audio.is_cpu else _power(frames, window)


def _power(frames: Float[Tensor, "*b t 400"], window: Float[Tensor, "400"]) -> Float[Tensor, "*b t 201"]:
    return torch.view_as_real(torch.fft.rfft(frames * window)).square().sum(-1)


def _power_in_blocks(frames: Float[Tensor, "*b t 400"], window: Float[Tensor, "400"]) -> Float[Tensor, "*b t 201"]:
    """The same on the CPU, a few hundred frames at a time, which stay in its cache: twice as fast."""
    power = frames.new_empty(*frames.shape[:-1], WINDOW // 2 + 1)
    clips = zip(frames.reshape(-1, *frames.shape[-2:]), power.view(-1, *power.shape[-2:]), strict=True)
    for clip, out in clips:
        for block, rows in zip(clip.split(BLOCK), out.split(BLOCK), strict=True):
            _square(torch.fft.rfft(block * window).numpy(), rows.numpy())
    return power


@njit(cache=True)
@no_type_check
def _square(spectrum, power):
    """|X|² in one pass; torch reads a complex array's parts four times slower."""
    for i in range(power.shape[0]):
        for k in range(power.shape[1]):
            power[i, k] = spectrum[i, k].real ** 2 + spectrum[i, k].imag ** 2


@cache
def _hann(device: torch.device) -> Float[Tensor, "400"]:
    return torch.hann_window(WINDOW, device=device)


@cache
def _mel_and_dct(n_mfcc: int, device: torch.device) -> tuple[Float[Tensor, "201 40"], Float[Tensor, "40 n_mfcc"]]:
    bins, top = WINDOW // 2 + 1, SAMPLE_RATE / 2
    mel = melscale_fbanks(bins, 0.0, top, N_MELS, SAMPLE_RATE, norm="slaney", mel_scale="slaney")
    return mel.to(device), create_dct(n_mfcc, N_MELS, norm="ortho").to(device)


def _checked(audio: Audio) -> Float[Tensor, "*b n"]:
    """The audio as a float32 tensor, or a ValueError."""
    audio = torch.as_tensor(audio).detach()
    if not audio.is_floating_point():
        raise ValueError(f"audio is {audio.dtype}: give floats in [-1, 1] (16-bit samples divided by 32768)")
    audio = audio.float()
    if audio.numel() == 0:
        raise ValueError(f"audio of shape {tuple(audio.shape)} is empty")
    if not torch.isfinite(audio.sum()):
        bad = int((~torch.isfinite(audio)).sum())
        raise ValueError(f"audio has {bad} samples that are NaN or infinite")
    return audio


def _check_count(n_frames: int) -> None:
    if n_frames < 1:
        raise ValueError(f"n_frames is {n_frames}; a clip has at least one video frame")
