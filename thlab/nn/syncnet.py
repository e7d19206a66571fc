"""SyncNet: whether lips and sound belong together, a net that only scores.

After Chung & Zisserman 2016: two branches embed 200 ms of a mouth and of sound, and embeddings of
one moment lie near each other. Chapter: book/content-to-video.ipynb
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize, pixel_unshuffle

from thlab.audio.features import HOPS_PER_FRAME, N_MELS, mel_decibels
from thlab.nn.blocks import GROUPS

FRAMES = 5  # of a window: 200 ms
HOPS = FRAMES * HOPS_PER_FRAME  # of sound, the same 200 ms
SIDE = 32  # pixels of a side of the mouth's box
FOLD = 2
WIDTHS = (32, 64, 96, 128)
EMBED = 128
LOUDNESS = 20.0  # dB: about the deviation of mel bands within a window


class SyncNet(nn.Module):
    """Unit embeddings of windows of lips and of sound. Chapter: book/content-to-video.ipynb"""

    def __init__(self):
        super().__init__()
        self.lips = branch(3 * FRAMES * FOLD**2, (SIDE // FOLD, SIDE // FOLD))
        self.sound = branch(1, (HOPS, N_MELS))

    def see(self, mouths: Float[Tensor, "b 5 3 32 32"]) -> Float[Tensor, "b 128"]:
        """Of five frames of the mouth's box, in [0, 1]."""
        x = pixel_unshuffle(4 * mouths - 2, FOLD)
        return normalize(self.lips(x.flatten(1, 2)), dim=1)

    def hear(self, mels: Float[Tensor, "b 20 40"]) -> Float[Tensor, "b 128"]:
        """Of the same 200 ms of `mel_decibels`, however loud they are."""
        x = (mels - mels.mean((1, 2), keepdim=True)) / LOUDNESS
        return normalize(self.sound(x[:, None]), dim=1)

    def embed(
        self, mouths: Float[Tensor, "t 3 h w"], audio: Float[Tensor, "samples"]
    ) -> tuple[Float[Tensor, "n 128"], Float[Tensor, "n 128"]]:
        """Of all windows of a clip, its lips and its sound; on the CPU."""
        device = next(self.parameters()).device
        sound = windows_of_sound(audio, len(mouths))
        seen = self.see(windows_of_lips(mouths).to(device))
        return seen.cpu(), self.hear(sound.to(device)).cpu()

    def forward(
        self, mouths: Float[Tensor, "b 5 3 32 32"], mels: Float[Tensor, "b 20 40"]
    ) -> tuple[Float[Tensor, "b 128"], Float[Tensor, "b 128"]]:
        """Embeddings of lips and of sound."""
        return self.see(mouths), self.hear(mels)


def branch(channels: int, size: tuple[int, int]) -> nn.Sequential:
    """Four convolutions, each but the first halving the maps, and a linear layer.

    Chapter: book/content-to-video.ipynb
    """
    layers: list[nn.Module] = []
    rows, columns = size
    for i, width in enumerate(WIDTHS):
        stride = 1 if i == 0 else 2
        layers += [nn.Conv2d(channels, width, 3, stride, 1), nn.GroupNorm(GROUPS, width), nn.SiLU()]
        channels = width
        rows = (rows - 1) // stride + 1
        columns = (columns - 1) // stride + 1
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * rows * columns, EMBED))


def windows_of_sound(audio: Float[Tensor, "samples"], n_frames: int) -> Float[Tensor, "n 20 40"]:
    """The sound of each window of a clip; the i-th begins with frame i.

    Chapter: book/content-to-video.ipynb
    """
    mels = mel_decibels(audio)[: n_frames * HOPS_PER_FRAME]
    return mels.unfold(0, HOPS, HOPS_PER_FRAME).transpose(1, 2)


def windows_of_lips(mouths: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "n 5 3 32 32"]:
    """The frames of each window of a clip; mouths' boxes of other sizes are resized.

    Chapter: book/content-to-video.ipynb
    """
    if mouths.shape[-2:] != (SIDE, SIDE):
        mouths = interpolate(mouths, (SIDE, SIDE), mode="bilinear", antialias=True)
    starts = torch.arange(len(mouths) - FRAMES + 1)
    return mouths[starts[:, None] + torch.arange(FRAMES)]
