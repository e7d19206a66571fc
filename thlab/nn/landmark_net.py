"""LandmarkNet: where 68 points of an aligned face are, differentiably: a judge of mouths, and a
loss for generators.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.face.points import MOUTH
from thlab.nn.blocks import ConvBlock, Down, Up

SIZE = 64  # pixels of the `face` view at which the net works
ROWS, COLUMNS = (
    slice(24, 64),
    slice(12, 52),
)  # the window of it in which every mouth of the corpus lies
N_POINTS, N_MOUTH = 68, MOUTH.stop - MOUTH.start


class LandmarkNet(nn.Module):
    """The 68 iBUG points of faces in the aligned `face` view, by heat maps and their expectation
    (soft-argmax).

    A U-Net of the whole face finds the 48 points outside the mouth in cells of 4 pixels. A second
    stream looks at the mouth's window at full resolution, knows what the first one saw there, and
    finds the 20 mouth points in cells of 1. Input (b, 3, h, w) in [0, 1]; other sizes are resized
    to 64. Output (b, 68, 2) in the input's pixels, pixel centres at .5. Every step is
    differentiable in the picture. Chapter: book/content-to-video.ipynb
    """

    def __init__(self):
        super().__init__()
        self.stem = ConvBlock(12, 32)
        self.down = nn.ModuleList([Down(32, 48), Down(48, 64), Down(64, 96)])
        self.up = nn.ModuleList([Up(96, 64, 64), Up(64, 48, 48)])
        self.face_maps = nn.Conv2d(48, N_POINTS - N_MOUTH, 1)
        self.mouth_stem = ConvBlock(3, 24)
        self.mouth_half = ConvBlock(24, 48, stride=2)
        self.mouth_join = Up(48, 48, 48)
        self.mouth_up = Up(48, 24, 24)
        self.mouth_maps = nn.Conv2d(24, N_MOUTH, 1)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 68 2"]:
        height, width = x.shape[-2:]
        if (height, width) != (SIZE, SIZE):
            x = nn.functional.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True)
        points = self._at_64(4 * x - 2)  # about the mean 0 and deviation 1 of the corpus
        return points * points.new_tensor([width / SIZE, height / SIZE])

    def _at_64(self, x: Float[Tensor, "b 3 64 64"]) -> Float[Tensor, "b 68 2"]:
        maps = [self.stem(nn.functional.pixel_unshuffle(x, 2))]  # (B, 32, 32, 32)
        for down in self.down:
            maps.append(down(maps[-1]))
        face = self.up[1](self.up[0](maps[3], maps[2]), maps[1])  # (B, 48, 16, 16)
        seen = face[
            ..., ROWS.start // 4 : ROWS.stop // 4, COLUMNS.start // 4 : COLUMNS.stop // 4
        ]  # (B, 48, 10, 10)
        fine = self.mouth_stem(x[..., ROWS, COLUMNS])  # (B, 24, 40, 40)
        mouth = self.mouth_up(self.mouth_join(seen, self.mouth_half(fine)), fine)
        corner = x.new_tensor([COLUMNS.start, ROWS.start])
        return torch.cat(
            [4 * expectation(self.face_maps(face)), corner + expectation(self.mouth_maps(mouth))], 1
        )


def expectation(logits: Float[Tensor, "b n h w"]) -> Float[Tensor, "b n 2"]:
    """Soft-argmax: the mean place (x, y), in cells whose centres are at .5, under each map's
    softmax.

    Chapter: book/content-to-video.ipynb
    """
    p = logits.flatten(2).softmax(-1).view_as(logits)
    x, y = (torch.arange(n, device=p.device, dtype=p.dtype) + 0.5 for n in (p.shape[3], p.shape[2]))
    return torch.stack([p.sum(2) @ x, p.sum(3) @ y], -1)
