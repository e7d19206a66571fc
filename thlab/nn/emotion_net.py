"""EmotionNet: which emotion a face shows, a net that only scores."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from thlab.nn.blocks import ConvBlock, Down

SIZE = 64  # pixels at which the net works
WIDTHS = (16, 32, 64, 96)


class EmotionNet(nn.Module):
    """Logits of emotions from faces in the aligned view.

    (b, 3, h, w) in [0, 1], other sizes are resized to 64. The last maps are read where they are,
    not as a mean: brows and corners of the mouth tell by their places.
    Chapter: book/sound-and-faces.ipynb
    """

    def __init__(self, n_emotions: int):
        super().__init__()
        stages: list[nn.Module] = [ConvBlock(3, WIDTHS[0])]
        for i in range(1, len(WIDTHS)):
            stages.append(Down(WIDTHS[i - 1], WIDTHS[i]))
        self.stages = nn.Sequential(*stages)
        side = SIZE // 2 ** (len(WIDTHS) - 1)
        self.outlet = nn.Linear(WIDTHS[-1] * side**2, n_emotions)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b n"]:
        if x.shape[-2:] != (SIZE, SIZE):
            x = interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True)
        maps = self.stages(4 * x - 2)  # about the mean 0 and deviation 1 of the corpus
        return self.outlet(maps.flatten(1))
