"""Segments of speech with their labels: what the VAE of [mittal2020] is trained on."""

import math
from copy import copy
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from thlab.audio.features import FLOOR, HOPS_PER_FRAME, SEGMENT, log_spectrogram
from thlab.audio.stft import HOP
from thlab.data.tensors import ClipTensors
from thlab.papers.priors.model import LATENTS, VAEConfig
from thlab.training import my_part

# hops of sound that a segment sees on each side of its frame
MARGIN = (SEGMENT - HOPS_PER_FRAME) // 2


class SegmentBatch(NamedTuple):
    """Segments, their labels as rows of mu_c, mu_e and mu_s, N of each one's sequence; in training,
    noise.
    """

    x: Float[Tensor, "b 20 200"]
    viseme: Int[Tensor, "b"]
    emotion: Int[Tensor, "b"]
    sequence: Int[Tensor, "b"]
    n_segments: Int[Tensor, "b"]
    noise: Float[Tensor, "b 3 d"] | None = None  # samples the three latents


class SpeechSegments:
    """Segments of clips, cut out of spectrograms when they are asked for, with their labels.

    tensors: the clips. clips: the numbers of those that are drawn from; the i-th of them has row i
    in the table of mu_s. frames: the video frames of these, a segment each.
    Chapter: book/priors.ipynb
    """

    def __init__(self, tensors: ClipTensors):
        self.tensors = tensors
        hops = []
        for audio in tensors.audio:
            # the spectrum has one hop more than fit into the clip: the one at its end
            spectrum = log_spectrogram(audio)[: len(audio) // HOP + 1]
            after = len(audio) // HOP + MARGIN - len(spectrum)
            hops.append(pad(spectrum, (0, 0, MARGIN, after), value=math.log(FLOOR)))
        self.hops = torch.cat(hops)
        self._choose(torch.arange(len(tensors.ids)))

    def _choose(self, clips: Int[Tensor, "c"]) -> None:
        self.clips = clips
        unused = torch.full((len(self.tensors.ids),), -1)
        self.row_of = unused.scatter(0, clips, torch.arange(len(clips)))
        self.frames = (self.row_of[self.tensors.clip_of] >= 0).nonzero()[:, 0]

    def only(self, clips: Int[Tensor, "c"]) -> "SpeechSegments":
        """The same spectrograms, other clips."""
        other = copy(self)
        other._choose(clips)
        return other

    def neutral(self) -> "SpeechSegments":
        """Clips of neutral speech; all, where no emotion is called neutral."""
        if "neutral" not in self.tensors.emotions:
            return self
        neutral = self.tensors.emotions.index("neutral")
        return self.only((self.tensors.emotion == neutral).nonzero()[:, 0])

    def batch(self, frames: Int[Tensor, "b"]) -> SegmentBatch:
        """The segments around video frames, without noise."""
        clip = self.tensors.clip_of[frames]
        first = HOPS_PER_FRAME * frames + 2 * MARGIN * clip
        return SegmentBatch(
            x=self.hops[first[:, None] + torch.arange(SEGMENT)],
            viseme=self.tensors.viseme[frames],
            emotion=self.tensors.emotion[clip],
            sequence=self.row_of[clip],
            n_segments=self.tensors.start.diff()[clip],
        )

    def draw(self, config: VAEConfig, generator: torch.Generator) -> SegmentBatch:
        """A batch of random segments, and the noise that samples their three latents."""
        which = torch.randint(len(self.frames), (config.batch,), generator=generator)
        noise = torch.randn((config.batch, len(LATENTS), config.dim), generator=generator)
        return self.batch(self.frames[which])._replace(noise=noise)


def shared_out(fabric: Any, batch: SegmentBatch) -> SegmentBatch:
    """This process's part of a batch that was drawn. Chapter: book/priors.ipynb"""
    return SegmentBatch(**my_part(fabric, batch._asdict()))
