"""What tells a generator which mouth to make: z_c of the VAE, or what else Table 1 of [mittal2020]
tries in its place.

A source has two parts. Its features turn a clip's sound into a row a video frame and learn nothing;
a net that they listen with, such as the VAE, was trained before and has a file of its own. Its
content net turns rows into content, and is trained and saved with the generator. Noise is added to
the sound.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.functional import log_softmax, pad

from thlab.audio import add_noise, log_spectrogram, mfcc_windows, segments
from thlab.audio.features import SEGMENT
from thlab.audio.stft import HOP
from thlab.audio.visemes import VISEMES
from thlab.inference import Speech, TalkingHead
from thlab.media import SAMPLES_A_FRAME
from thlab.nn.gaussian import Gaussian
from thlab.papers.priors.head.recogniser import Recogniser
from thlab.papers.priors.model import SequenceVAE

WIDTH = 32  # numbers of content a frame, as z_c has
WAVEFORM_LAYERS = (  # channels in and out, kernel, stride
    (1, 16, 80, 16),
    (16, 32, 8, 4),
    (32, 64, 8, 4),
    (64, 96, 4, 2),
    (96, 128, 4, 2),
)


class Features(nn.Module):
    """A clip's rows, one a video frame; `fresh` where training computes them anew at each step.

    Chapter: book/content-to-video.ipynb
    """

    fresh = False

    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Shaped[Tensor, "n_frames *row"]:
        """The rows of sound, on the CPU as it is."""
        raise NotImplementedError

    def augmented(
        self, audio: Float[Tensor, "n"], generator: torch.Generator
    ) -> Float[Tensor, "n"]:
        """What training hears in place of a clip's sound; asked only where `fresh`."""
        return audio


class ContentNet(nn.Module):
    """Content of rows, `width` numbers a frame; noise, where it is used, is as wide.

    Chapter: book/content-to-video.ipynb
    """

    width = WIDTH

    def forward(
        self, rows: Tensor, noise: Float[Tensor, "b d"] | None = None
    ) -> Float[Tensor, "b d"]:
        """Content of a batch of rows; without noise, without chance."""
        raise NotImplementedError


class Source(NamedTuple):
    """One kind of content: how it listens, and the net that is trained with the generator."""

    features: Features
    content: ContentNet


class VAEFeatures(Features):
    """Mean and log-variance of q(z_c | x) by a trained VAE, which stays as it is."""

    def __init__(self, vae: SequenceVAE):
        super().__init__()
        self.vae = vae.eval()

    @torch.no_grad()
    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames d2"]:
        x = segments(log_spectrogram(audio), n_frames)
        posterior = self.vae.infer(x.to(self.vae.x_mean.device))
        return torch.cat(posterior, -1).cpu()


class SampledContent(ContentNet):
    """The mean of q(z_c | x), or with noise a sample of it; nothing is learnt."""

    def __init__(self, width: int):
        super().__init__()
        self.width = width

    def forward(
        self, rows: Float[Tensor, "b d2"], noise: Float[Tensor, "b d"] | None = None
    ) -> Float[Tensor, "b d"]:
        return Gaussian(*rows.chunk(2, -1)).sample(0.0 if noise is None else noise)


class MFCCFeatures(Features):
    """280 ms of MFCC around each frame."""

    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 12 28"]:
        sizes = torch.linspace(40, 8, 12)  # each coefficient about 1
        return (mfcc_windows(audio, n_frames) / sizes).mT.contiguous()


class NoisyMFCCFeatures(MFCCFeatures):
    """MFCC with augmentation: half the clips clean, half with noise at −60 to −10 dB, all at
    another gain.
    """

    fresh = True

    def augmented(
        self, audio: Float[Tensor, "n"], generator: torch.Generator
    ) -> Float[Tensor, "n"]:
        noisy, level, gain = torch.rand(3, generator=generator).tolist()
        audio = audio * 10 ** ((12 * gain - 6) / 20)
        return add_noise(audio, -60 + 50 * level, generator) if noisy < 0.5 else audio


class MFCCContent(ContentNet):
    """The baseline: a generic net on 280 ms of MFCC, as Chen et al. 2019 and [ji2021] have it."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(12, 64, 4, 2, padding=1),
            nn.SiLU(),
            nn.Conv1d(64, 128, 4, 2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(128 * 7, 128),
            nn.SiLU(),
            nn.Linear(128, self.width),
            unit(self.width),
        )

    def forward(
        self, rows: Float[Tensor, "b 12 28"], noise: Tensor | None = None
    ) -> Float[Tensor, "b d"]:
        return self.net(rows)


class WaveformFeatures(Features):
    """200 ms of raw sound around each frame."""

    fresh = True  # a view of the sound, where a table would be five times as large

    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 3200"]:
        margin = (SEGMENT * HOP - SAMPLES_A_FRAME) // 2
        after = n_frames * SAMPLES_A_FRAME - len(audio) + margin  # negative: cut
        return pad(audio, (margin, after)).unfold(0, SEGMENT * HOP, SAMPLES_A_FRAME)


class WaveformContent(ContentNet):
    """The temporal GAN's own: 1-D convolutions on raw sound, after Vougioukas et al. 2019."""

    def __init__(self):
        super().__init__()
        blocks = []
        for cin, cout, kernel, stride in WAVEFORM_LAYERS:
            conv = nn.Conv1d(cin, cout, kernel, stride, kernel // 4)
            blocks.append(nn.Sequential(conv, nn.GroupNorm(8, cout), nn.SiLU()))
        self.net = nn.Sequential(
            *blocks, nn.Flatten(), nn.Linear(128 * 3, self.width), unit(self.width)
        )

    def forward(
        self, rows: Float[Tensor, "b 3200"], noise: Tensor | None = None
    ) -> Float[Tensor, "b d"]:
        return self.net(rows[:, None])


class VisemeFeatures(Features):
    """log p(viseme | sound) by a recogniser that was trained on the corpus and stays as it is."""

    def __init__(self, recogniser: Recogniser):
        super().__init__()
        self.recogniser = recogniser.eval()

    @torch.no_grad()
    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames v"]:
        x = segments(log_spectrogram(audio), n_frames)
        logits = self.recogniser(x.to(next(self.recogniser.parameters()).device))
        return log_softmax(logits, -1).cpu() / 3  # about 1


class SameContent(ContentNet):
    """The rows themselves."""

    def __init__(self, width: int):
        super().__init__()
        self.width = width

    def forward(
        self, rows: Float[Tensor, "b d"], noise: Tensor | None = None
    ) -> Float[Tensor, "b d"]:
        return rows


class LoudnessFeatures(Features):
    """How loud each of the 40 ms of a frame and of the three around it on each side are.

    A control: it hears 280 ms, and nothing of what is said in them.
    """

    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 7"]:
        blocks = audio[: n_frames * SAMPLES_A_FRAME].unflatten(0, (n_frames, SAMPLES_A_FRAME))
        decibels = 10 * blocks.square().mean(1).clamp(min=1e-10).log10()
        near = torch.arange(n_frames)[:, None] + torch.arange(-3, 4)
        return (decibels[near.clamp(0, n_frames - 1)] + 40) / 20  # about 1


class HeadFeatures(Features):
    """What another paper's trained head makes of sound, its content."""

    def __init__(self, head: TalkingHead):
        super().__init__()
        self.head = head

    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames d"]:
        return self.head.content(Speech(audio))


def unit(width: int) -> nn.Module:
    """Content as large as a sample of the VAE's prior, from the first step on.

    Chapter: book/content-to-video.ipynb
    """
    return nn.LayerNorm(width, elementwise_affine=False)


def vae_source(vae: SequenceVAE) -> Source:
    """z_c of a trained VAE. Chapter: book/content-to-video.ipynb"""
    return Source(VAEFeatures(vae), SampledContent(vae.config.dim))


def viseme_source(recogniser: Recogniser) -> Source:
    """What a trained recogniser hears. Chapter: book/content-to-video.ipynb"""
    return Source(VisemeFeatures(recogniser), SameContent(len(VISEMES)))


def head_source(head: TalkingHead) -> Source:
    """The content of another paper's trained head. Chapter: book/content-to-video.ipynb"""
    features = HeadFeatures(head)
    width = features(torch.zeros(SAMPLES_A_FRAME), 1).shape[1]
    return Source(features, SameContent(width))


# sources that listen with no net of their own
UNTRAINED: dict[str, Callable[[], Source]] = {
    "mfcc": lambda: Source(MFCCFeatures(), MFCCContent()),
    "mfcc+noise": lambda: Source(NoisyMFCCFeatures(), MFCCContent()),
    "waveform": lambda: Source(WaveformFeatures(), WaveformContent()),
    "loudness": lambda: Source(LoudnessFeatures(), SameContent(7)),
}
