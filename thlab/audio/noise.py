"""Noise at a stated loudness below (or above) the speech it is added to: white, hum, babble."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from thlab.audio.stft import Audio, checked
from thlab.media import SAMPLE_RATE

NOISE_LEVELS_DB = (-60, -40, -30, -20, -10)  # the levels of [mittal2020], Fig. 5
ENERGY_BLOCK = 640  # 40 ms, a video frame
SPEECH_RANGE_DB = 35.0
PRE_EMPHASIS = 0.97  # against the rumble of rooms, which is low
MAINS = (50.0, 60.0)  # Hz of the power line
HARMONICS = 12  # of a hum, the n-th one n times weaker than the first
AT_ONCE = 6  # voices in a babble


def add_noise(
    audio: Audio,
    db: float,
    generator: torch.Generator,
    speech: Bool[Tensor, "*b n"] | None = None,
    noise: Float[Tensor, "*b n"] | None = None,
) -> Float[Tensor, "*b n"]:
    """Audio plus noise, by default uniformly distributed and white, Sect. 4.3 of [mittal2020].

    RMS(noise) = 10^(db/20) RMS(speech). The noise covers the whole clip and its RMS is exact, not
    only expected. The RMS of the speech is taken where the mask `speech` says so, or where
    `speech_mask` finds it, for each clip of a batch by itself. Nothing is clipped. The generator
    lives on the audio's device. noise: another noise, such as `hum` or `babble`. Raises ValueError
    where a clip is silent, empty or not finite. Chapter: book/sound-and-faces.ipynb
    """
    audio = checked(audio)
    speech = speech_mask(audio) if speech is None else speech.to(audio.device)
    if noise is None:
        noise = 2 * torch.rand(audio.shape, generator=generator, device=audio.device) - 1
    return audio + noise * 10 ** (db / 20) * _speech_rms(audio, speech) / _rms(noise)


def hum(n: int, generator: torch.Generator) -> Float[Tensor, "n"]:
    """n samples of a power line's hum, of 50 or 60 Hz, with harmonics in random phase.

    Chapter: book/sound-and-faces.ipynb
    """
    first = MAINS[int(torch.randint(len(MAINS), (), generator=generator))]
    time = torch.arange(n, dtype=torch.float64) / SAMPLE_RATE
    phases = torch.rand(HARMONICS, generator=generator, dtype=torch.float64)
    found = torch.zeros(n, dtype=torch.float64)
    for k, phase in enumerate(phases, 1):
        found += torch.sin(2 * torch.pi * (k * first * time + phase)) / k
    return found.float()


def babble(
    voices: Sequence[Float[Tensor, "_"]], n: int, generator: torch.Generator
) -> Float[Tensor, "n"]:
    """n samples of several people who speak at once, each equally loud.

    voices: recordings, of which some random ones are repeated from a random sample on. Raises
    ValueError where there is none. Chapter: book/sound-and-faces.ipynb
    """
    if not voices:
        raise ValueError("a babble needs voices: give at least one recording")
    found = torch.zeros(n)
    for which in torch.randint(len(voices), (AT_ONCE,), generator=generator).tolist():
        voice = voices[which]
        first = int(torch.randint(len(voice), (), generator=generator))
        found += voice[(first + torch.arange(n)) % len(voice)] / _rms(voice)
    return found


def speech_mask(audio: Audio) -> Bool[Tensor, "*b n"]:
    """Where someone speaks: 40 ms blocks of enough pre-emphasised energy.

    Enough is within 35 dB of the clip's loudest. Raises ValueError where the audio is empty or not
    finite. Chapter: book/sound-and-faces.ipynb
    """
    audio = checked(audio)
    blocks = pad(audio, (0, -audio.shape[-1] % ENERGY_BLOCK)).unflatten(-1, (-1, ENERGY_BLOCK))
    crisp = blocks[..., 1:] - PRE_EMPHASIS * blocks[..., :-1]
    energy = crisp.square().mean(-1, keepdim=True)  # (*b, blocks, 1)
    loud = energy >= energy.amax(-2, keepdim=True) * 10 ** (-SPEECH_RANGE_DB / 10)
    return (loud & (energy > 0)).expand_as(blocks).flatten(-2)[..., : audio.shape[-1]]


def _speech_rms(
    audio: Float[Tensor, "*b n"], speech: Bool[Tensor, "*b n"]
) -> Float[Tensor, "*b 1"]:
    energy = (audio.square() * speech).sum(-1, keepdim=True)
    if (energy == 0).any():
        which = "the clip is"
        if audio.ndim > 1:
            which = f"clips {(energy[..., 0] == 0).nonzero().tolist()} are"
        raise ValueError(
            f"no speech to measure the noise against: {which} silent where speech is said to be"
        )
    return (energy / speech.sum(-1, keepdim=True)).sqrt()


def _rms(x: Float[Tensor, "*b n"]) -> Float[Tensor, "*b 1"]:
    return x.square().mean(-1, keepdim=True).sqrt()
