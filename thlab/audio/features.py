"""Audio features: log-magnitude spectrograms and MFCCs, cut into one piece a video frame.

Every function takes numpy or torch, one clip or a batch in the leading dimensions, and returns a
tensor on the input's device.
"""

import math
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad
from torchaudio.functional import create_dct, melscale_fbanks

from thlab.audio.stft import BINS, HOP, Audio, checked, of_power

SAMPLE_RATE = 16000
FPS = 25
HOPS_PER_FRAME = SAMPLE_RATE // FPS // HOP  # 4 hops of sound a video frame
FLOOR = 1e-3  # magnitude of what counts as silence, for audio in [-1, 1]
N_MELS = 40
N_MFCC = 13
TOP_DB = 80.0
# hops of sound that one video frame sees
SEGMENT = 20
MFCC_WINDOW = 28


def log_spectrogram(audio: Audio) -> Float[Tensor, "*b t 200"]:
    """Natural log of the magnitude spectrum, floored at 1e-3: the input of [mittal2020].

    Of the 201 bins the first (0 Hz) is dropped, for speech has nothing there: column k is 40 (k +
    1) Hz. Raises ValueError where the audio is empty or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    # \log \max(|X|, \epsilon) = \tfrac12 \log \max(|X|^2, \epsilon^2)
    return of_power(
        audio,
        lambda power, out: torch.clamp(power[..., 1:], min=FLOOR**2, out=out).log_().mul_(0.5),
        BINS - 1,
    )


def mfcc(audio: Audio, n_mfcc: int = N_MFCC) -> Float[Tensor, "*b t n_mfcc"]:
    """Mel-frequency cepstral coefficients by librosa's definition, C0 first.

    40 Slaney mel bands of the power spectrum, in dB, no deeper than 80 dB below the clip's loudest
    band (each clip of a batch by itself), orthonormal DCT-II. Raises ValueError where the audio is
    empty or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    _, dct_basis = _mel_and_dct(n_mfcc, torch.as_tensor(audio).device)
    decibel = mel_decibels(audio)
    loudest = decibel.amax((-1, -2), keepdim=True)
    return torch.maximum(decibel, loudest - TOP_DB) @ dct_basis


def mel_decibels(audio: Audio) -> Float[Tensor, "*b t 40"]:
    """The power of 40 Slaney mel bands in dB, at least -100. ValueError as `mfcc`.

    Chapter: book/sound-and-faces.ipynb
    """
    mel_basis, _ = _mel_and_dct(N_MFCC, torch.as_tensor(audio).device)
    mel = of_power(audio, lambda power, out: torch.matmul(power, mel_basis, out=out), N_MELS)
    return mel.clamp_(min=1e-10).log10_().mul_(10)


def segments(logspec: Float[Tensor, "*b t f"], n_frames: int) -> Float[Tensor, "*b n_frames 20 f"]:
    """200 ms of spectrogram around each video frame's centre at 25 fps, silence beyond the ends.

    Video frame i lasts from 40 i to 40 i + 40 ms and gets rows 4 i - 8 to 4 i + 11: their hops of
    10 ms tile the 200 ms around its centre. Raises ValueError where `n_frames` is below 1.
    Chapter: book/sound-and-faces.ipynb
    """
    _check_count(n_frames)
    before = (SEGMENT - HOPS_PER_FRAME) // 2
    after = SEGMENT + HOPS_PER_FRAME * (n_frames - 1) - before - logspec.shape[-2]  # negative: cut
    padded = pad(logspec, (0, 0, before, after), value=math.log(FLOOR))
    return padded.unfold(-2, SEGMENT, HOPS_PER_FRAME).transpose(-1, -2)  # (*b, n_frames, 20, f)


def mfcc_windows(audio: Audio, n_frames: int) -> Float[Tensor, "*b n_frames 28 12"]:
    """280 ms of MFCC without C0 (loudness) around each video frame at 25 fps.

    The input of [ji2021] and [yadav2020]. The audio is cut or filled with zeros to `n_frames` x 640
    samples, with 1920 more at each end as in EVP's code, so that window i is the hops 4 i - 12 to 4
    i + 15. Raises ValueError where `n_frames` is below 1 or the audio is empty or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    _check_count(n_frames)
    samples = n_frames * SAMPLE_RATE // FPS
    margin = (MFCC_WINDOW - HOPS_PER_FRAME) // 2 * HOP
    audio = checked(audio)[..., :samples]
    coefficients = mfcc(pad(audio, (margin, samples - audio.shape[-1] + margin)))[..., 1:]
    # (*b, n_frames, 28, 12)
    return coefficients.unfold(-2, MFCC_WINDOW, HOPS_PER_FRAME).transpose(-1, -2)


@cache
def _mel_and_dct(
    n_mfcc: int, device: torch.device
) -> tuple[Float[Tensor, "201 40"], Float[Tensor, "40 n_mfcc"]]:
    mel = melscale_fbanks(
        BINS, 0.0, SAMPLE_RATE / 2, N_MELS, SAMPLE_RATE, norm="slaney", mel_scale="slaney"
    )
    return mel.to(device), create_dct(n_mfcc, N_MELS, norm="ortho").to(device)


def _check_count(n_frames: int) -> None:
    if n_frames < 1:
        raise ValueError(f"n_frames is {n_frames}; a clip has at least one video frame")
