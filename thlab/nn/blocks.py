"""Blocks of a U-Net (Ronneberger et al. 2015) whose levels may be conditioned by a vector."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

GROUPS = 8  # of GroupNorm: the same with one picture as with many, unlike batch norm


class ConvBlock(nn.Module):
    """3x3 convolution, GroupNorm, SiLU; with `cond_dim`, FiLM (Perez et al. 2018) after the norm.

    FiLM scales and shifts each channel by a linear function of the condition; it begins as the
    identity. `cout` must be a multiple of 8. Chapter: book/content-to-video.ipynb
    """

    def __init__(self, cin: int, cout: int, cond_dim: int = 0, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, stride, padding=1)
        self.norm = nn.GroupNorm(GROUPS, cout)
        self.film = nn.Linear(cond_dim, 2 * cout) if cond_dim else None
        if self.film is not None:
            nn.init.zeros_(self.film.weight)
            nn.init.zeros_(self.film.bias)

    def forward(
        self, x: Float[Tensor, "b cin h w"], cond: Float[Tensor, "b c"] | None = None
    ) -> Tensor:
        x = self.norm(self.conv(x))
        if self.film is not None:
            scale, shift = self.film(cond)[..., None, None].chunk(2, 1)  # (B, C, 1, 1) each
            x = (1 + scale) * x + shift
        return nn.functional.silu(x)


class Down(nn.Module):
    """Half the size: a block of stride 2, then one of stride 1.

    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, cin: int, cout: int, cond_dim: int = 0):
        super().__init__()
        self.shrink = ConvBlock(cin, cout, cond_dim, stride=2)
        self.block = ConvBlock(cout, cout, cond_dim)

    def forward(
        self, x: Float[Tensor, "b cin h w"], cond: Float[Tensor, "b c"] | None = None
    ) -> Tensor:
        return self.block(self.shrink(x, cond), cond)


class Up(nn.Module):
    """Twice the size (nearest), joined with the skip of that size (`cskip` channels), then a block.

    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, cin: int, cskip: int, cout: int, cond_dim: int = 0):
        super().__init__()
        self.block = ConvBlock(cin + cskip, cout, cond_dim)

    def forward(
        self,
        x: Float[Tensor, "b cin h w"],
        skip: Float[Tensor, "b cskip h2 w2"],
        cond: Float[Tensor, "b c"] | None = None,
    ) -> Tensor:
        x = nn.functional.interpolate(x, size=skip.shape[-2:])
        return self.block(torch.cat([x, skip], 1), cond)  # (B, cskip+cin, H2, W2)
