"""The same faces, seen otherwise: moved, stretched, blurred, in other light; their landmarks move
along.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, grid_sample

TURN, STRETCH, SHIFT = 0.15, 0.12, 0.05  # largest: radians, share of a size, share of the picture
BLUR, NOISE = 1.0, 0.04  # largest standard deviations: pixels, and of values in [0, 1]


def augment(
    x: Float[Tensor, "b 3 h w"], landmarks: Float[Tensor, "b 68 2"], generator: torch.Generator
) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 68 2"]]:
    """Random variants of square pictures in [0, 1], and their landmarks; all drawn on the CPU from
    the generator.

    Chapter: book/content-to-video.ipynb
    """
    x, landmarks = move(x, landmarks, generator)
    return relight(soften(x, generator), generator).clamp(0, 1), landmarks


def between(low: float, high: float, x: Tensor, *shape: int, generator: torch.Generator) -> Tensor:
    """(b, *shape) uniform numbers, on the device of x."""
    return (low + (high - low) * torch.rand(len(x), *shape, generator=generator)).to(x.device)


def move(
    x: Float[Tensor, "b 3 h w"], landmarks: Float[Tensor, "b 68 2"], generator: torch.Generator
) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 68 2"]]:
    """Stretch, turn and shift: new = A (old - centre) + centre + shift. No mirror: the landmarks
    are not symmetric.
    """
    half = x.shape[-1] / 2
    angle = between(-TURN, TURN, x, generator=generator)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], -1).view(-1, 2, 2)
    a = turn * (1 + between(-STRETCH, STRETCH, x, 1, 2, generator=generator))
    shift = between(-SHIFT, SHIFT, x, 1, 2, generator=generator) * 2 * half
    back = torch.linalg.inv(a)
    grid = affine_grid(
        torch.cat([back, -back @ shift.mT / half], -1), list(x.shape), align_corners=False
    )
    moved = grid_sample(x, grid, padding_mode="border", align_corners=False)
    return moved, (landmarks - half) @ a.mT + half + shift


def soften(x: Float[Tensor, "b 3 h w"], generator: torch.Generator) -> Float[Tensor, "b 3 h w"]:
    """Gaussian blur of a random width, as generated frames have it."""
    sigma = between(0.05, BLUR, x, 1, generator=generator)
    kernel = (-(torch.arange(-2, 3, device=x.device) ** 2) / (2 * sigma**2)).softmax(-1)  # (B, 5)
    kernel = kernel.repeat_interleave(3, 0)[
        :, None, None
    ]  # (3B, 1, 1, 5): each picture has its own
    y = x.reshape(1, -1, *x.shape[2:])
    y = conv2d(y, kernel, padding=(0, 2), groups=len(kernel))
    return conv2d(y, kernel.mT, padding=(2, 0), groups=len(kernel)).view_as(x)


def relight(x: Float[Tensor, "b 3 h w"], generator: torch.Generator) -> Float[Tensor, "b 3 h w"]:
    """Gamma, a gain and an offset a channel, colours faded in a third of the pictures, noise."""
    x = x.clamp(min=1e-4) ** between(-0.5, 0.5, x, 1, 1, 1, generator=generator).exp()
    x = x * between(0.75, 1.25, x, 3, 1, 1, generator=generator) + between(
        -0.1, 0.1, x, 3, 1, 1, generator=generator
    )
    faded = between(-2, 1, x, 1, 1, 1, generator=generator).clamp(min=0)
    noise = torch.randn(x.shape, generator=generator).to(x.device)
    return (
        torch.lerp(x, x.mean(1, keepdim=True), faded)
        + between(0, NOISE, x, 1, 1, 1, generator=generator) * noise
    )


def jitter(
    pictures: Float[Tensor, "n t 3 h w"], generator: torch.Generator
) -> Float[Tensor, "n t 3 h w"]:
    """Other colours, the same for all pictures of a clip. Chapter: book/content-to-video.ipynb"""
    gain = 0.8 + 0.4 * torch.rand((len(pictures), 1, 3, 1, 1), generator=generator)
    return (pictures * gain).clamp(max=1)
