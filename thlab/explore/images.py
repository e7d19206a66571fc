"""Pictures as PNG bytes."""

import io

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from thlab.optional import require


def png(image: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """One RGB picture as an optimised PNG file in memory."""
    out = io.BytesIO()
    require("PIL.Image", extra="book").fromarray(image).save(out, "png", optimize=True)
    return out.getvalue()


def to_uint8(picture: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """A decoder's picture in [0, 1] as 8-bit RGB; values outside the range are clipped."""
    scaled = (picture.clamp(0, 1) * 255).round().to(torch.uint8)
    return scaled.permute(1, 2, 0).contiguous().cpu().numpy()
