"""What tells a generator which mouth to make: z_c of the VAE, or what else Table 1 of [mittal2020] tries in its place.

A source has two steps. `features` turns a clip's sound into one row a video frame, and learns nothing; calling the
source turns rows into content, and is trained with the generator where it has weights. Noise is added to the sound.
"""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.functional import log_softmax, pad

from thlab.audio import add_noise, log_spectrogram, mfcc_windows, segments
from thlab.audio.features import SEGMENT
from thlab.audio.stft import HOP
from thlab.audio.visemes import VISEMES
from thlab.media import SAMPLES_A_FRAME
from thlab.nn.gaussian import Gaussian
from thlab.papers.priors.model import SequenceVAE, X
from thlab.papers.priors.train import load_vae


class Source(nn.Module):
    """One kind of content, `width` numbers a frame; `fresh` where training computes its rows anew at each step.

    Chapter: book/content-to-video.ipynb
    """

    width, fresh = 32, False

    def features(self, audio: Float[Tensor, "n"], n_frames: int) -> Shaped[Tensor, "n_frames *row"]:
        """A clip's rows."""
        raise NotImplementedError

    def augmented(self, audio: Float[Tensor, "n"], generator: torch.Generator) -> Float[Tensor, "n"]:
        """What training hears in place of a clip's sound; asked only where `fresh`."""
        return audio

    @torch.no_grad()
    def content(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames d"]:
        """A clip's content, without chance. Chapter: book/content-to-video.ipynb"""
        return self.eval()(self.features(audio, n_frames))


class VAEContent(Source):
    """z_c of a trained VAE, which stays as it is: the posterior's mean, or with noise a sample of it."""

    def __init__(self, vae: SequenceVAE):
        super().__init__()
        self.width, self.infer = vae.config.dim, vae.eval().infer  # a method, not a module: the weights stay the VAE's

    @torch.no_grad()
    def features(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames d2"]:
        return torch.cat(self.infer(segments(log_spectrogram(audio), n_frames)), -1)

    def forward(self, rows: Float[Tensor, "b d2"], noise: Float[Tensor, "b d"] | None = None) -> Float[Tensor, "b d"]:
        return Gaussian(*rows.chunk(2, -1)).sample(0.0 if noise is None else noise)


class MFCCContent(Source):
    """The baseline: a generic network on 280 ms of MFCC, as Chen et al. 2019 and [ji2021] have it."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(12, 64, 4, 2, padding=1), nn.SiLU(), nn.Conv1d(64, 128, 4, 2, padding=1), nn.SiLU(),
            nn.Flatten(), nn.Linear(128 * 7, 128), nn.SiLU(), nn.Linear(128, self.width), unit(self.width),
        )  # fmt: skip

    def features(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 12 28"]:
        return (mfcc_windows(audio, n_frames) / torch.linspace(40, 8, 12)).mT.contiguous()  # each about 1

    def forward(self, rows: Float[Tensor, "b 12 28"], noise: Tensor | None = None) -> Float[Tensor, "b d"]:
        return self.net(rows)


class NoisyMFCCContent(MFCCContent):
    """The baseline with augmentation: half the clips clean, half with noise at −60 to −10 dB, all at another gain."""

    fresh = True

    def augmented(self, audio: Float[Tensor, "n"], generator: torch.Generator) -> Float[Tensor, "n"]:
        noisy, level, gain = torch.rand(3, generator=generator).tolist()
        audio = audio * 10 ** ((12 * gain - 6) / 20)
        return add_noise(audio, -60 + 50 * level, generator) if noisy < 0.5 else audio


class WaveformContent(Source):
    """The temporal GAN's own: 1-D convolutions on 200 ms of raw sound a frame, after Vougioukas et al. 2019."""

    fresh = True  # a view of the sound, where a table would be five times as large

    def __init__(self):
        super().__init__()
        layers = ((1, 16, 80, 16), (16, 32, 8, 4), (32, 64, 8, 4), (64, 96, 4, 2), (96, 128, 4, 2))
        convs = [nn.Conv1d(cin, cout, kernel, stride, kernel // 4) for cin, cout, kernel, stride in layers]
        blocks = [nn.Sequential(conv, nn.GroupNorm(8, conv.out_channels), nn.SiLU()) for conv in convs]
        self.net = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(128 * 3, self.width), unit(self.width))

    def features(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames 3200"]:
        margin = (SEGMENT * HOP - SAMPLES_A_FRAME) // 2
        after = n_frames * SAMPLES_A_FRAME - len(audio) + margin  # negative: cut
        return pad(audio, (margin, after)).unfold(0, SEGMENT * HOP, SAMPLES_A_FRAME)

    def forward(self, rows: Float[Tensor, "b 3200"], noise: Tensor | None = None) -> Float[Tensor, "b d"]:
        return self.net(rows[:, None])


def unit(width: int) -> nn.Module:
    """Content as large as a sample of the VAE's prior, from the first step on."""
    return nn.LayerNorm(width, elementwise_affine=False)


class Recogniser(nn.Module):
    """Logits of the viseme of segments: stands in for DeepSpeech. Chapter: book/content-to-video.ipynb"""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(X, 128, 5, 2, padding=2), nn.SiLU(), nn.Conv1d(128, 128, 5, 2, padding=2), nn.SiLU(),
            nn.Flatten(), nn.Linear(128 * 5, 128), nn.SiLU(), nn.Linear(128, len(VISEMES)),
        )  # fmt: skip

    def forward(self, x: Float[Tensor, "b 20 200"]) -> Float[Tensor, "b v"]:
        return self.net((x.mT + 4) / 2)  # about mean 0 and deviation 1


class ASRContent(Source):
    """log p(viseme | sound) by a recogniser that was trained on the corpus and stays as it is."""

    width = len(VISEMES)

    def __init__(self, recogniser: Recogniser):
        super().__init__()
        self.recognise = recogniser.eval().forward

    @torch.no_grad()
    def features(self, audio: Float[Tensor, "n"], n_frames: int) -> Float[Tensor, "n_frames v"]:
        return log_softmax(self.recognise(segments(log_spectrogram(audio), n_frames)), -1) / 3  # about 1

    def forward(self, rows: Float[Tensor, "b v"], noise: Tensor | None = None) -> Float[Tensor, "b v"]:
        return rows


SOURCES: dict[str, type[Source]] = {
    "vae": VAEContent, "mfcc": MFCCContent, "mfcc+noise": NoisyMFCCContent, "asr": ASRContent,
    "waveform": WaveformContent,
}  # fmt: skip


def make_source(name: str, net: nn.Module | None = None) -> Source:
    """A source by its name in SOURCES; net: the VAE (default: the committed one) or the recogniser that it listens to.

    Raises ValueError for an unknown name. Chapter: book/content-to-video.ipynb
    """
    if name not in SOURCES:
        raise ValueError(f"no content source {name!r}: known are {', '.join(SOURCES)}")
    if name == "vae":
        net = net or load_vae()[0]
    return SOURCES[name](net) if name in ("vae", "asr") else SOURCES[name]()
