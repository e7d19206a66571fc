"""A critic of what lies between the lips, for generators whose pixel losses leave teeth grey."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from thlab.face.align import mouth
from thlab.nn.gan import Patches
from thlab.nn.mouth import mouth_mask

# of the mouth box's 32nds those that it sees: a critic of the whole box spends itself on skin and
# chin
ROWS = (2, 22)
COLUMNS = (6, 26)
WIDTHS = (32, 64, 96)


class MouthCritic(nn.Module):
    """Scores of patches round the lips, given where the mouth is open; no norm layers.

    Chapter: book/latent-kl.ipynb
    """

    def __init__(self):
        super().__init__()
        levels = (4, *WIDTHS)  # colours, and where the mouth is open
        convs = []
        for cin, cout in pairwise(levels):
            convs.append(nn.Conv2d(cin, cout, 4, 2, 1))
        self.convs = nn.ModuleList(convs)
        # no bias: while all scores lie within the hinge, a constant cancels out of real minus fake
        self.score = nn.Conv2d(WIDTHS[-1], 1, 1, bias=False)

    def forward(
        self, frames: Float[Tensor, "b 3 h w"], lips: Float[Tensor, "b p 2"]
    ) -> tuple[Patches, list[Tensor]]:
        """Scores, and the maps of each level.

        frames: aligned views. lips: the true frames' points in 32nds of the mouth box, also for
        frames that were made.
        """
        box = mouth(frames)
        x = torch.cat([box - 0.5, mouth_mask(lips, box.shape[-1])], 1)
        scale = box.shape[-1] / 32
        rows = slice(int(ROWS[0] * scale), int(ROWS[1] * scale))
        columns = slice(int(COLUMNS[0] * scale), int(COLUMNS[1] * scale))
        x = x[..., rows, columns]  # (B, 4, 20, 20) of a view of 64 px
        maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), 0.2)
            maps.append(x)
        return self.score(x), maps
