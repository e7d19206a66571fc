"""The talking-head generator of [mittal2020], Sect. 3.3: a U-Net from face image, last frame and content to a frame."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from thlab.nn.unet import Down, Up

LIPS = (7, 28, 5, 27)  # top, bottom, left, right of the lips and chin within the mouth box, in 32nds of it
EDGE = 3  # 32nds over which painted and kept pixels are blended
FILM_STD = 0.1  # of the first weights of FiLM


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of the generator."""

    size: int = 64  # pixels of a side; the mouth box, which is what is painted, has half of them
    content: int = 32  # of z_c, or of what stands in its place
    widths: tuple[int, ...] = (24, 48, 96, 160)  # channels a level, each half the size of the one before
    hide_lips: bool = True  # from the path of full resolution; else nearly all it learns for long is to copy them

    @classmethod
    def fast(cls) -> "GeneratorConfig":
        """Seconds, for tests."""
        return cls(widths=(8, 16, 24))

    @classmethod
    def book(cls) -> "GeneratorConfig":
        """What the committed weights were trained with."""
        return cls()

    @classmethod
    def paper(cls) -> "GeneratorConfig":
        """The paper's 256 pixels; its channels are not known."""
        return cls(size=256, widths=(32, 64, 128, 256, 256, 256))


def mouth(pictures: Float[Tensor, "*b h w"]) -> Float[Tensor, "*b h2 w2"]:
    """The lower middle of the aligned face view, half as wide and half as high: lips and chin of every face lie there.

    At 64 px rows 30 to 61 and columns 16 to 47. Chapter: book/content-to-video.ipynb
    """
    h, w = pictures.shape[-2:]
    return pictures[..., 15 * h // 32 : 31 * h // 32, w // 4 : 3 * w // 4]


def lips_mask(side: int) -> Float[Tensor, "s s"]:
    """1 on lips and chin, 0 on the rim of the mouth box, a ramp between. Chapter: book/content-to-video.ipynb"""
    top, bottom, left, right = (edge * side // 32 for edge in LIPS)
    mask, ramp = torch.zeros(1, 1, side, side), EDGE * side // 32
    mask[..., top:bottom, left:right] = 1
    return avg_pool2d(mask, 2 * (ramp // 2) + 1, 1, ramp // 2)[0, 0]


class Generator(nn.Module):
    """G of Sect. 3.3, painting the mouth and keeping the rest of the image. Chapter: book/content-to-video.ipynb"""

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.config = config
        d, widths = config.content, config.widths
        self.lips = nn.Buffer(lips_mask(config.size // 2), persistent=False)
        self.looks = nn.ModuleList(Down(fine, coarse) for fine, coarse in pairwise((3 + 3, *widths[1:])))
        self.downs = nn.ModuleList(Down(fine, coarse, d) for fine, coarse in pairwise((3 + d, *widths[1:])))
        joins = list(zip(widths[1:], (3, *widths[1:-1]), widths[:-1], strict=True))[::-1]
        joins[0] = (2 * widths[-1], *joins[0][1:])  # the looks join here
        self.ups = nn.ModuleList(Up(coarse, skip, fine, d) for coarse, skip, fine in joins)
        self.outlet = nn.Conv2d(widths[0], 3, 3, padding=1)
        listen(self)

    def frame(
        self, image: Float[Tensor, "b 3 h w"], previous: Float[Tensor, "b 3 h w"], z_c: Float[Tensor, "b d"]
    ) -> Float[Tensor, "b 3 h w"]:
        """One frame in [0, 1] from the face image I_f, the frame before and the content.

        z_c is broadcast over the picture and joined to the channels, as in the paper, and scales and shifts every level
        (FiLM), which the paper has not. Nor has it this: the lips of I_f and of the frame before reach the net through
        a coarse encoder alone, as the look of this person's mouth, so that a mouth must be made and can't be copied.
        Chapter: book/content-to-video.ipynb
        """
        here = mouth(image)
        look = torch.cat([here, mouth(previous)], 1).contiguous(memory_format=torch.channels_last) - 0.5
        around = (here - 0.5) * (1 - self.lips) if self.config.hide_lips else here - 0.5
        x = torch.cat([around, z_c[:, :, None, None].expand(-1, -1, *here.shape[-2:])], 1)  # (B, 3 + d, H/2, W/2)
        x, skips = x.contiguous(memory_format=torch.channels_last), [around]
        for down, encode in zip(self.downs, self.looks, strict=True):
            x, look = down(x, z_c), encode(look)
            skips.append(x)
        x = torch.cat([skips.pop(), look], 1)
        for up in self.ups:
            x = up(x, skips.pop(), z_c)
        # O_f = m \cdot rgb + (1 - m) \cdot I_f
        rgb = torch.sigmoid(self.outlet(x))
        return image + paste(self.lips * (rgb - here), image)

    def forward(
        self, image: Float[Tensor, "b 3 h w"], content: Float[Tensor, "b t d"], noise: Tensor | None = None
    ) -> Float[Tensor, "b t 3 h w"]:
        """Frame after frame, each shown the one before, the first shown the image; the noise is for other generators.

        The frame before is detached: through it a frame would be blamed for its successors, at three times the memory,
        and the temporal smoothing needs only its picture.
        """
        frames = [image]
        for z_c in content.unbind(1):
            frames.append(self.frame(image, frames[-1].detach(), z_c))
        return torch.stack(frames[1:], 1)  # (B, T, 3, H, W)


def listen(net: nn.Module) -> None:
    """Let FiLM, which begins as the identity and so deaf to the content, hear it from the first step."""
    for name, weight in net.named_parameters():
        if name.endswith("film.weight"):
            nn.init.normal_(weight, std=FILM_STD)


def paste(box: Float[Tensor, "b 3 h2 w2"], image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """The mouth box where it belongs in the picture, zeros around it."""
    h, w = image.shape[-2:]
    return pad(box, (w // 4, w - 3 * w // 4, 15 * h // 32, h - 31 * h // 32))


@torch.inference_mode()
def roll_out(
    generator: nn.Module, image: Float[Tensor, "b 3 h w"], content: Float[Tensor, "b t d"]
) -> Float[Tensor, "b t 3 h w"]:
    """The video of a face image and its contents, without gradients, in [0, 1].

    generator: a Generator, or any module of the same call. Chapter: book/content-to-video.ipynb
    """
    return generator.eval()(image, content)
