"""A picture made from another: its pixels fetched from elsewhere, their colours changed."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import grid_sample

FARTHEST = 0.15  # that a pixel is fetched from, in widths of the picture
EDGE = 0.01  # colours are changed as logits, taken between this and 1 - EDGE


def repaint(image: Float[Tensor, "b 3 h w"], x: Float[Tensor, "b 5 h w"]) -> Float[Tensor, "b 3 h w"]:
    """The image bent by what the last two maps say, less than FARTHEST, and the first three added to its logits.

    Maps of zeros give the image back, but for colours beyond EDGE. Chapter: book/latent-kl.ipynb
    """
    return torch.sigmoid(torch.logit(bend(image, FARTHEST * torch.tanh(x[:, 3:])), EDGE) + x[:, :3])


def bend(image: Float[Tensor, "b 3 h w"], move: Float[Tensor, "b 2 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Each pixel fetched from another place, `move` (x, y) away in widths of the picture, bicubically.

    Chapter: book/latent-kl.ipynb
    """
    (h, w), device = image.shape[-2:], image.device
    y, x = ((2 * torch.arange(n, device=device) + 1) / n - 1 for n in (h, w))  # centres of pixels, from -1 to 1
    still = torch.stack([x.expand(h, w), y[:, None].expand(h, w)], -1)
    at = still + 2 * move.permute(0, 2, 3, 1)
    return grid_sample(image, at, "bicubic", "border", align_corners=False).clamp(0, 1)
