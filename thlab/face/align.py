"""From footage to the aligned `face` view: a smoothed similarity a frame, and a crop."""

import math
from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter1d

from thlab.face.points import TEMPLATE, anchors, similarity, transform

# Width of the smoothing in frames. On stills of real faces, moved by known sways of 0.5 to 1 Hz
# under sensor noise, 1.0 left the true eyes stillest of the widths tried (0 to 4), with a sixth of
# the frame-to-frame jitter of no smoothing.
SMOOTH = 1.0


def align_face(
    frames: UInt8[np.ndarray, "t h w 3"],
    landmarks: Float[np.ndarray, "t 68 2"],
    size: int = 64,
    smooth: float = SMOOTH,
) -> tuple[UInt8[np.ndarray, "t size size 3"], Float[np.ndarray, "t 68 2"]]:
    """Square crops in which eyes and nose stand still, and the landmarks in their pixels.

    Each frame is moved by the similarity that brings its anchors (`thlab.face.points`) to the
    template; `smooth` is the width in frames of the Gaussian that steadies them first (0: none).
    Beyond the picture's edge its border is repeated. Raises ValueError where the anchors of a frame
    coincide.
    Chapter: book/sound-and-faces.ipynb
    """
    matrices = alignment_matrices(landmarks, size, smooth)
    moved = [transform(points, matrix) for points, matrix in zip(landmarks, matrices, strict=True)]
    return crop(frames, matrices, size), np.stack(moved).astype(np.float32)


def alignment_matrices(
    landmarks: Float[np.ndarray, "t 68 2"], size: int, smooth: float = SMOOTH
) -> Float[np.ndarray, "t 2 3"]:
    """The similarity a frame, from picture pixels to crop pixels.

    Chapter: book/sound-and-faces.ipynb
    """
    steady = smooth_tracks(anchors(landmarks.astype(np.float64)), smooth)
    return np.stack([similarity(points, TEMPLATE * size) for points in steady])


def smooth_tracks(tracks: Float[np.ndarray, "t n d"], sigma: float) -> Float[np.ndarray, "t n d"]:
    """Points smoothed over time by a Gaussian of `sigma` frames, symmetric in time.

    So nothing lags.
    Chapter: book/sound-and-faces.ipynb
    """
    return gaussian_filter1d(tracks, sigma, axis=0, mode="nearest") if sigma > 0 else tracks


def crop(
    frames: Iterable[UInt8[np.ndarray, "h w 3"]], matrices: Float[np.ndarray, "t 2 3"], size: int
) -> UInt8[np.ndarray, "t size size 3"]:
    """Resample each frame through its similarity into a square of `size` pixels, without aliasing.

    The similarity maps picture to crop pixels. Bicubic at so fine a step that no picture pixel is
    skipped, then averaged over each crop pixel's area, so that shrinking neither aliases nor blurs
    more than it must.
    Chapter: book/sound-and-faces.ipynb
    """
    scale = np.sqrt(np.linalg.det(matrices[:, :, :2]).min())  # crop pixels a picture pixel
    fine = max(1, math.ceil(1 / scale - 0.1))
    crops = []
    for frame, matrix in zip(frames, matrices, strict=True):
        crops.append(_crop_one(frame, matrix, size, fine))
    return np.stack(crops)


def _crop_one(
    frame: UInt8[np.ndarray, "h w 3"], matrix: Float[np.ndarray, "2 3"], size: int, fine: int
) -> UInt8[np.ndarray, "size size 3"]:
    height, width = frame.shape[:2]
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    # grid_sample's square [-1, 1] has the outer edges of the corner pixels as its ends
    centres = (torch.arange(size * fine, dtype=torch.float64) + 0.5) / fine
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    source = torch.stack([x, y, torch.ones_like(x)], -1) @ torch.from_numpy(inverse.T)
    grid = source / torch.tensor([width / 2, height / 2]) - 1  # (size·fine, size·fine, 2)
    picture = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1)[None].float()
    sampled = torch.nn.functional.grid_sample(
        picture, grid[None].float(), "bicubic", "border", align_corners=False
    )
    small = torch.nn.functional.avg_pool2d(sampled, fine)[0]
    return small.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def paste(
    frame: UInt8[np.ndarray, "h w 3"],
    square: UInt8[np.ndarray, "size size 3"],
    matrix: Float[np.ndarray, "2 3"],
) -> UInt8[np.ndarray, "h w 3"]:
    """A frame with a square that `crop` cut from it, repainted, back in its place.

    matrix: of the crop, from the frame's to the square's pixels. The square fades out towards its
    rim, over a sixteenth of its side, so that no seam shows.
    """
    height, width = frame.shape[:2]
    size = len(square)
    y, x = np.mgrid[:height, :width] + 0.5
    place = np.stack([x, y, np.ones_like(x)], -1) @ matrix.T  # (h, w, 2), pixels of the square
    from_rim = np.minimum(place, size - place).min(-1)
    share = np.clip(16 * from_rim / size, 0, 1)[..., None]
    grid = torch.from_numpy(place / (size / 2) - 1).float()[None]
    picture = torch.from_numpy(np.ascontiguousarray(square)).permute(2, 0, 1)[None].float()
    large = torch.nn.functional.grid_sample(picture, grid, "bicubic", "border", align_corners=False)
    painted = large[0].permute(1, 2, 0).numpy()
    return np.clip(share * painted + (1 - share) * frame, 0, 255).round().astype(np.uint8)


def mouth(pictures: Float[torch.Tensor, "*b h w"]) -> Float[torch.Tensor, "*b h2 w2"]:
    """The lower middle of the aligned face view, half as wide and half as high.

    Lips and chin of every face lie there. At 64 px rows 30 to 61 and columns 16 to 47.
    Chapter: book/content-to-video.ipynb
    """
    h, w = pictures.shape[-2:]
    return pictures[..., 15 * h // 32 : 31 * h // 32, w // 4 : 3 * w // 4]


def eyes(pictures: Float[torch.Tensor, "*b h w"]) -> Float[torch.Tensor, "*b h2 w2"]:
    """The box of the aligned face view in which both eyes of every face lie, shut or open.

    At 64 px rows 10 to 21 and columns 12 to 51. Chapter: book/latent-kl.ipynb
    """
    h, w = pictures.shape[-2:]
    return pictures[..., 5 * h // 32 : 11 * h // 32, 6 * w // 32 : 26 * w // 32]
