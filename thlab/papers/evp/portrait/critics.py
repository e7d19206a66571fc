"""The critics of the edge-to-video net, after vid2vid: of frames, of clips, and of mouths."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, leaky_relu

from thlab.face.edges import CHANNELS
from thlab.nn.gan import Patches
from thlab.papers.evp.portrait.config import PortraitConfig

SEEN = 3  # frames that the critic of clips sees
BOX = 0.3  # side of the mouth's box, as a share of the picture's


class Verdict(NamedTuple):
    """A critic's scores of patches, and its maps a level."""

    score: Patches
    maps: list[Tensor]


class PatchCritic(nn.Module):
    """Scores of patches of a stack of maps (Isola et al. 2017); no norm layers."""

    def __init__(self, channels: int, widths: Sequence[int]):
        super().__init__()
        levels = (channels, *widths)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(levels))
        # no bias: within the hinge's margins real and fake patches move it by nothing
        self.score = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Verdict:
        maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), 0.2)
            maps.append(x)
        return Verdict(self.score(x), maps)


class Critics(nn.Module):
    """All critics of stretches of frames: of each frame with its guidance at several scales, of
    three frames in a row, and of the mouth's box with its guidance.

    What is simplified of vid2vid: the critic of clips sees no motion maps, and one rate of frames.
    """

    def __init__(self, config: PortraitConfig):
        super().__init__()
        widths = config.critic_widths
        self.size = max(8, 4 * round(BOX * config.size / 4))  # of the mouth's box, in pixels
        self.frame = nn.ModuleList(PatchCritic(CHANNELS + 3, widths) for _ in range(config.scales))
        self.mouth = PatchCritic(CHANNELS + 3, widths)
        self.clip = PatchCritic(3 * SEEN, widths) if config.weights.clip else None

    def forward(
        self,
        frames: Float[Tensor, "b t 3 h w"],
        edges: Float[Tensor, "b t 4 h w"],
        lips: Float[Tensor, "b t 2"],
    ) -> dict[str, list[Verdict]]:
        """Verdicts of "frame" at each scale, of "mouth" and of "clip".

        Single frames are the last ones: their neighbours would tell little more. edges, lips: the
        guidance and the mouth's middle of the true frames, also for generated ones.
        """
        given = torch.cat([edges, frames - 0.5], 2)
        box = around(given.flatten(0, 1), lips.flatten(0, 1), self.size)  # (B·T, 7, S, S)
        verdicts = {"mouth": [self.mouth(box)]}
        given = given[:, -1]  # (B, 7, H, W)
        of_frames = []
        for critic in self.frame:
            of_frames.append(critic(given))
            given = avg_pool2d(given, 2)
        verdicts["frame"] = of_frames
        if self.clip is not None:
            rows = (frames - 0.5).unfold(1, SEEN, 1)  # (B, T - 2, 3, H, W, 3)
            verdicts["clip"] = [self.clip(rows.movedim(-1, 2).flatten(0, 1).flatten(1, 2))]
        return verdicts


def around(
    x: Float[Tensor, "b c h w"], middle: Float[Tensor, "b 2"], size: int
) -> Float[Tensor, "b c s s"]:
    """The square of some pixels a side around a place, moved into the picture where it lies out of
    it. Chapter: book/evp-portrait.ipynb
    """
    height, width = x.shape[-2:]
    corner = (middle - size / 2).round().long()
    left = corner[:, 0].clamp(0, width - size)
    top = corner[:, 1].clamp(0, height - size)
    boxes = []
    for picture, row, column in zip(x, top.tolist(), left.tolist(), strict=True):
        boxes.append(picture[:, row : row + size, column : column + size])
    return torch.stack(boxes)
