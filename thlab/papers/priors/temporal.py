"""The second generator: a temporal GAN in the manner of Vougioukas et al. 2019, reference 30 of [mittal2020]."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.nn.unet import Down, Up
from thlab.papers.priors.generator import GeneratorConfig, lips_mask, listen, mouth, paste

NOISE, RNN = 10, 128  # numbers of noise a frame; state of the GRU that hears the content


class TemporalGenerator(nn.Module):
    """Identity encoder, GRUs over content and over noise, and a frame decoder with the identity encoder's skips.

    Where Generator shows itself the frame before, this one remembers in its GRUs' states. The face is encoded once a
    clip. As there, the mouth box is painted and the finest skip hides the lips, for the same reason. Content is of
    `WaveformContent` ("original") or of a VAE ("with ours"). Chapter: book/content-to-video.ipynb
    """

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.config = config
        widths, d = config.widths, RNN + NOISE
        self.lips = nn.Buffer(lips_mask(config.size // 2), persistent=False)
        self.downs = nn.ModuleList(Down(fine, coarse) for fine, coarse in pairwise((3, *widths[1:])))
        self.content_rnn = nn.GRU(config.content, RNN, batch_first=True)
        self.noise_rnn = nn.GRU(NOISE, NOISE, batch_first=True)
        joins = list(zip(widths[1:], (3, *widths[1:-1]), widths[:-1], strict=True))[::-1]
        self.ups = nn.ModuleList(Up(coarse, skip, fine, d) for coarse, skip, fine in joins)
        self.outlet = nn.Conv2d(widths[0], 3, 3, padding=1)
        listen(self)

    def forward(
        self, image: Float[Tensor, "b 3 h w"], content: Float[Tensor, "b t d"],
        noise: Float[Tensor, "b t n"] | None = None,
    ) -> Float[Tensor, "b t 3 h w"]:  # fmt: skip
        """All frames in [0, 1]; without noise, the video of its mean."""
        frames = content.shape[1]
        noise = content.new_zeros(*content.shape[:2], NOISE) if noise is None else noise
        state = torch.cat([self.content_rnn(content)[0], self.noise_rnn(noise)[0]], -1).flatten(0, 1)  # (B·T, d)
        here = mouth(image).contiguous(memory_format=torch.channels_last)
        skips, x = [(here - 0.5) * (1 - self.lips)], here - 0.5
        for down in self.downs:
            x = down(x)
            skips.append(x)
        skips = [skip.repeat_interleave(frames, 0) for skip in skips]  # each frame of a clip sees the same face
        x = skips.pop()
        for up in self.ups:
            x = up(x, skips.pop(), state)
        video, here = torch.sigmoid(self.outlet(x)), here.repeat_interleave(frames, 0)
        whole = image.repeat_interleave(frames, 0)
        return (whole + paste(self.lips * (video - here), whole)).unflatten(0, (-1, frames))
