"""The two critics of [mittal2020], Sect. 3.4: one looks at a frame, one at a video.

Neither has norm layers: the gradient penalty is of one sample, and it differentiates the critic
twice.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, leaky_relu, max_pool2d

from thlab.face.align import mouth
from thlab.nn.mouth import mouth_mask

AROUND = 2  # pixels around the open mouth that the frame critic sees


class FrameCritic(nn.Module):
    """D_frame: a PatchGAN critic of what lies between the lips, given z_c, and a classifier of
    visemes; both see grey.

    A critic of the whole mouth box spends itself on skin, where it asks for stripes. The classifier
    shares the convolutions but sees the whole box, and no z_c: else it would read the viseme off
    that and never look at the mouth.
    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, content: int, n_visemes: int, width: int = 32):
        super().__init__()
        widths = (1, width, 2 * width)
        self.convs = nn.ModuleList(
            nn.Conv2d(cin, cout, 3, padding=1) for cin, cout in pairwise(widths)
        )
        self.patches = nn.Conv2d(2 * width + content, 2 * width, 3, padding=1)
        self.score = nn.Conv2d(2 * width, 1, 1)
        self.score.bias = None  # a constant cancels out of real minus fake
        self.viseme = nn.Linear(2 * width * 16, n_visemes)

    def forward(
        self,
        frame: Float[Tensor, "b 3 h w"],
        z_c: Float[Tensor, "b d"],
        lips: Float[Tensor, "b p 2"],
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b v"]]:
        """How real each frame is, the mean over the patches between its lips, and the logits of its
        viseme.

        lips: the true points in 32nds of the mouth box, for real and generated frames.
        """
        box = mouth(frame).mean(1, keepdim=True) - 0.5  # shown colours, it asks for green teeth
        logits = self.viseme(adaptive_avg_pool2d(self.features(box), 4).flatten(1))
        near = max_pool2d(mouth_mask(lips, box.shape[-1]), 2 * AROUND + 1, 1, AROUND)
        x = self.features(box * near)
        everywhere = z_c[:, :, None, None].expand(-1, -1, *x.shape[-2:])
        patches = leaky_relu(self.patches(torch.cat([x, everywhere], 1)), 0.2)
        patches = self.score(patches)  # (B, 1, 8, 8) at 64 px
        weight = adaptive_avg_pool2d(near, patches.shape[-1])
        return (weight * patches).sum((1, 2, 3)) / (weight.sum((1, 2, 3)) + 1), logits

    def features(self, x: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b c h4 w4"]:
        """Pooled, not strided: strided convolutions have favourite pixels, and what they ask for is
        stripes.
        """
        for conv in self.convs:
            x = avg_pool2d(leaky_relu(conv(x), 0.2), 2)
        return x


class VideoCritic(nn.Module):
    """D_video: 3-D convolutions over frames and their contents, joined channel by channel.

    It sees the whole face at half the resolution, which shows motion well enough and costs a
    quarter.
    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, content: int, width: int = 24):
        super().__init__()
        widths = (3 + content, width, 2 * width, 4 * width)
        self.convs = nn.ModuleList(
            nn.Conv3d(i, o, (3, 4, 4), (1, 2, 2), padding=1) for i, o in pairwise(widths)
        )
        self.score = nn.Conv3d(4 * width, 1, 1)
        self.score.bias = None  # as above

    def forward(
        self, video: Float[Tensor, "b t 3 h w"], content: Float[Tensor, "b t d"]
    ) -> Float[Tensor, "b"]:
        """How real each video is."""
        small = avg_pool2d(video.flatten(0, 1), 2).unflatten(0, video.shape[:2]) - 0.5
        everywhere = content[..., None, None].expand(-1, -1, -1, *small.shape[-2:])
        x = torch.cat([small, everywhere], 2).transpose(1, 2)  # (B, 3 + d, T, H/2, W/2)
        for conv in self.convs:
            x = leaky_relu(conv(x), 0.2)
        return self.score(x).mean((1, 2, 3, 4))
