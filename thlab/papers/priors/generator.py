"""The talking-head generator of [mittal2020], Sect. 3.3: a U-Net from face image, last frame and content to a frame."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.nn.unet import Down, Up

MASK_BIAS, MASK_FLOOR = 2.0, 0.1  # the mask begins open and never shuts: else some runs copied the image for ever
FILM_STD = 0.1  # of the first weights of FiLM


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of the generator."""

    size: int = 64  # pixels of a side
    content: int = 32  # of z_c, or of what stands in its place
    widths: tuple[int, ...] = (16, 32, 64, 128, 192)  # channels a level, each half the size of the one before

    @classmethod
    def fast(cls) -> "GeneratorConfig":
        """Seconds, for tests."""
        return cls(widths=(8, 16, 24))

    @classmethod
    def book(cls) -> "GeneratorConfig":
        """What the committed weights were trained with: 1.4 million parameters."""
        return cls()

    @classmethod
    def paper(cls) -> "GeneratorConfig":
        """The paper's 256 pixels; its channels are not known."""
        return cls(size=256, widths=(32, 64, 128, 256, 256, 256, 256))


class Generator(nn.Module):
    """G of Sect. 3.3. Chapter: book/content-to-video.ipynb"""

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.config = config
        d, widths = config.content, config.widths
        pairs = list(zip((3 + 3 + d, *widths[1:-1]), widths[1:], strict=True))
        self.downs = nn.ModuleList(Down(fine, coarse, d) for fine, coarse in pairs)
        joins = zip(widths[1:], (3 + 3, *widths[1:-1]), widths[:-1], strict=True)
        self.ups = nn.ModuleList([Up(coarse, skip, fine, d) for coarse, skip, fine in joins][::-1])
        self.outlet = nn.Conv2d(widths[0], 4, 3, padding=1)
        nn.init.normal_(self.outlet.weight, std=0.01)  # the first frames are nearly the image
        for name, weight in self.named_parameters():
            if name.endswith("film.weight"):  # the blocks begin deaf to the content; this one had better listen at once
                nn.init.normal_(weight, std=FILM_STD)

    def frame(
        self, image: Float[Tensor, "b 3 h w"], previous: Float[Tensor, "b 3 h w"], z_c: Float[Tensor, "b d"]
    ) -> Float[Tensor, "b 3 h w"]:
        """One frame in [0, 1] from the face image I_f, the frame before and the content.

        z_c is broadcast over the picture and joined to the channels, as in the paper, and also scales and shifts every
        level (FiLM), which the paper has not. Chapter: book/content-to-video.ipynb
        """
        everywhere = z_c[:, :, None, None].expand(-1, -1, *image.shape[-2:])
        pictures = torch.cat([image, previous], 1).contiguous(memory_format=torch.channels_last) - 0.5
        x = torch.cat([pictures, everywhere], 1)  # (B, 6 + d, H, W)
        skips = [pictures]
        for down in self.downs:
            x = down(x, z_c)
            skips.append(x)
        skips.pop()
        for up in self.ups:
            x = up(x, skips.pop(), z_c)
        change, mask = self.outlet(x).split([3, 1], 1)
        # O_f = m \cdot rgb + (1 - m) \cdot I_f with rgb = I_f + change
        m = MASK_FLOOR + (1 - MASK_FLOOR) * torch.sigmoid(mask + MASK_BIAS)
        return (image + m * change).clamp(0, 1)

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


@torch.inference_mode()
def roll_out(
    generator: nn.Module, image: Float[Tensor, "b 3 h w"], content: Float[Tensor, "b t d"]
) -> Float[Tensor, "b t 3 h w"]:
    """The video of a face image and its contents, without gradients, in [0, 1].

    generator: a Generator, or any module of the same call. Chapter: book/content-to-video.ipynb
    """
    return generator.eval()(image, content)
