"""White noise at a stated loudness below (or above) the speech it is added to."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from thlab.audio.stft import Audio, checked

NOISE_LEVELS_DB = (-60, -40, -30, -20, -10)  # the levels of [mittal2020], Fig. 5
ENERGY_BLOCK = 640  # 40 ms, a video frame
SPEECH_RANGE_DB = 35.0
PRE_EMPHASIS = 0.97  # against the rumble of rooms, which is low


def add_noise(
    audio: Audio, db: float, generator: torch.Generator, speech: Bool[Tensor, "*b n"] | None = None
) -> Float[Tensor, "*b n"]:
    """Audio plus uniformly distributed white noise, Sect. 4.3 of [mittal2020].

    RMS(noise) = 10^(db/20) RMS(speech). The noise covers the whole clip and its RMS is exact, not
    only expected. The RMS of the speech is taken where the mask `speech` says so, or where
    `speech_mask` finds it, for each clip of a batch by itself. Nothing is clipped. The generator
    lives on the audio's device. Raises ValueError where a clip is silent, empty or not finite.
    Chapter: book/sound-and-faces.ipynb
    """
    audio = checked(audio)
    speech = speech_mask(audio) if speech is None else speech.to(audio.device)
    noise = 2 * torch.rand(audio.shape, generator=generator, device=audio.device) - 1
    return audio + noise * 10 ** (db / 20) * _speech_rms(audio, speech) / _rms(noise)


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
