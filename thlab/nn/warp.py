"""A picture made from another: its pixels fetched from elsewhere, their colours changed."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

FARTHEST = 0.15  # that a pixel is fetched from, in widths of the picture
EDGE = 0.01  # colours are changed as logits, taken between this and 1 - EDGE
STEEP = 4.0  # of the map that says how far skin covers a place: zeros are a cover of .02
FADE = 6.0  # pixels of the aligned view over which changes fade out towards its rim, in a photo
BOX_FADE = 2.0  # likewise within a box, which lies where little is left to change at its rim


class Box(NamedTuple):
    """A part of the aligned view, in its pixels: rows from top, columns from left; bottom and right
    are outside.
    """

    top: int
    bottom: int
    left: int
    right: int


class Changes(NamedTuple):
    """What makes each frame of a video from one picture: maps on the grid of the aligned view.

    motion: how far (x, y) from its place each pixel is fetched, in widths of the view. colour:
    added to the logits. texture, where there is one, shows through by its cover, 0 to 1, before the
    colours change: what bending cannot bare, such as teeth. box, where there is one, is the part
    that changes, and out of which pixels are fetched; the rest of the picture stays as it is.
    """

    motion: Float[Tensor, "t 2 h w"]
    colour: Float[Tensor, "t 3 h w"]
    texture: Float[Tensor, "t 3 h w"] | None = None
    cover: Float[Tensor, "t 1 h w"] | None = None
    edge: float = EDGE  # logits are taken between this and 1 - edge
    box: Box | None = None


def changes_of(x: Float[Tensor, "t 5 h w"]) -> Changes:
    """Five maps of a net as changes: three of colour, two of motion of at most FARTHEST.

    Chapter: book/latent-kl.ipynb
    """
    return Changes(FARTHEST * torch.tanh(x[:, 3:]), x[:, :3])


def covering_changes(
    image: Float[Tensor, "t 3 h w"],
    x: Float[Tensor, "t 6 h w"],
    places: Float[Tensor, "1 1 h w"],
    side: int,
) -> Changes:
    """Six maps of a net as changes: those of `changes_of`, and how far smooth skin covers a place.

    The skin is the picture itself, averaged over squares of an odd number of pixels a side. A dark
    pixel stays dark whatever is added to its logits, and where lids shut there is nothing near to
    be fetched: skin that covers an iris can be coloured like a lid. places: 1 where it may cover.
    Maps of zeros nearly give the image back. Chapter: book/latent-kl.ipynb
    """
    found = changes_of(x[:, :5])
    cover = places * torch.sigmoid(STEEP * (x[:, 5:] - 1))
    skin = avg_pool2d(image, side, 1, side // 2, count_include_pad=False)
    return found._replace(texture=skin, cover=cover)


def repaint(
    image: Float[Tensor, "b 3 h w"], x: Float[Tensor, "b 5 h w"]
) -> Float[Tensor, "b 3 h w"]:
    """The image bent by what the last two maps say, less than FARTHEST, and the first three added
    to its logits.

    Maps of zeros give the image back, but for colours beyond EDGE. Chapter: book/latent-kl.ipynb
    """
    return apply_changes(image, changes_of(x))


def apply_changes(image: Float[Tensor, "t 3 h w"], changes: Changes) -> Float[Tensor, "t 3 h w"]:
    """The frames that changes make of a picture a frame, at the size of the maps.

    Chapter: book/latent-kl.ipynb
    """
    if changes.box is not None:
        return _apply_in_box(image, changes, changes.box)
    bent = bend(image, changes.motion)
    if changes.texture is not None and changes.cover is not None:
        bent = bent + changes.cover * (changes.texture - bent)
    return torch.sigmoid(torch.logit(bent, changes.edge) + changes.colour)


def _apply_in_box(
    image: Float[Tensor, "t 3 h w"], changes: Changes, box: Box
) -> Float[Tensor, "t 3 h w"]:
    """As `apply_changes`, of the box as if it were the whole picture."""
    within = (..., slice(box.top, box.bottom), slice(box.left, box.right))
    height, width = image.shape[-2:]
    sides = changes.motion.new_tensor(
        [width / (box.right - box.left), height / (box.bottom - box.top)]
    )
    part = Changes(
        motion=changes.motion[within]
        * sides[:, None, None],  # widths of the view to those of the box
        colour=changes.colour[within],
        texture=None if changes.texture is None else changes.texture[within],
        cover=None if changes.cover is None else changes.cover[within],
        edge=changes.edge,
    )
    frames = image.clone()
    frames[within] = apply_changes(image[within], part)
    return frames


def bend(
    image: Float[Tensor, "b 3 h w"], move: Float[Tensor, "b 2 h w"]
) -> Float[Tensor, "b 3 h w"]:
    """Each pixel fetched from another place, `move` (x, y) away in widths of the picture,
    bicubically.

    Chapter: book/latent-kl.ipynb
    """
    (h, w), device = image.shape[-2:], image.device
    y, x = (
        (2 * torch.arange(n, device=device) + 1) / n - 1 for n in (h, w)
    )  # centres of pixels, from -1 to 1
    still = torch.stack([x.expand(h, w), y[:, None].expand(h, w)], -1)
    at = still + 2 * move.permute(0, 2, 3, 1)
    return grid_sample(image, at, "bicubic", "border", align_corners=False).clamp(0, 1)


def repaint_photo(
    photo: Float[Tensor, "3 h w"], changes: Changes, matrix: Float[np.ndarray, "2 3"], size: int
) -> Float[Tensor, "t 3 h w"]:
    """The photo's own pixels bent and recoloured by changes of its aligned view, at the photo's own
    size.

    The maps are carried back through the similarity `matrix`, from the photo's pixels to those of
    the view of `size` pixels, and fade out towards the view's rim: outside it nothing changes, and
    the photo is never resampled. Chapter: book/content-to-video.ipynb
    """
    box, place = _view_in(photo, matrix, size)
    here = photo[(slice(None), *box)]
    fade = torch.from_numpy(_fade(place, size, changes.box)).float()
    grid = torch.from_numpy(place / (size / 2) - 1).float()[None]
    turn = (
        torch.from_numpy(np.linalg.inv(matrix[:, :2])).float() * size
    )  # widths of the view to photo pixels
    rows, columns = (torch.arange(part.start, part.stop) + 0.5 for part in box)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    pixels = torch.stack([x, y], -1)
    half = torch.tensor([photo.shape[2] / 2, photo.shape[1] / 2])
    frames = []
    for t in range(len(changes.motion)):
        large = [_enlarge(maps[t], grid) * fade for maps in changes[:2]]
        motion = torch.einsum("ij,jhw->hwi", turn, large[0])
        at = (pixels + motion) / half - 1
        bent = grid_sample(photo[None], at[None], "bicubic", "border", align_corners=False)[
            0
        ].clamp(0, 1)
        if changes.texture is not None and changes.cover is not None:
            cover = _enlarge(changes.cover[t], grid).clamp(0, 1) * fade
            bent = bent + cover * (_enlarge(changes.texture[t], grid).clamp(0, 1) - bent)
        new = torch.sigmoid(torch.logit(bent, changes.edge) + large[1])
        frame = photo.clone()
        frame[(slice(None), *box)] = fade * new + (1 - fade) * here
        frames.append(frame)
    return torch.stack(frames)


def _view_in(
    photo: Tensor, matrix: np.ndarray, size: int
) -> tuple[tuple[slice, slice], np.ndarray]:
    """The photo's rows and columns that the aligned view covers, and where in it each of their
    pixels lies.
    """
    height, width = photo.shape[1:]
    y, x = np.mgrid[:height, :width] + 0.5
    place = np.stack([x, y, np.ones_like(x)], -1) @ matrix.T  # (h, w, 2), pixels of the view
    inside = ((place > 0) & (place < size)).all(-1)
    if not inside.any():
        raise ValueError("the aligned view lies outside the photo: no face to repaint")
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return box, place[box]


def _fade(
    place: Float[np.ndarray, "h w 2"], size: int, box: Box | None
) -> Float[np.ndarray, "h w"]:
    """How much changes count at places in the view: 1 inside, down to 0 at its rim and at that of
    the box.
    """
    fade = np.minimum(place, size - place).min(-1) / FADE
    if box is not None:
        first = np.array([box.left, box.top])
        last = np.array([box.right, box.bottom])
        fade = np.minimum(fade, np.minimum(place - first, last - place).min(-1) / BOX_FADE)
    return fade.clip(0, 1)


def _enlarge(
    maps: Float[Tensor, "c h w"], grid: Float[Tensor, "1 h2 w2 2"]
) -> Float[Tensor, "c h2 w2"]:
    """Maps of the view, sampled where the photo's pixels lie in it; zeros outside."""
    return grid_sample(maps[None], grid, "bicubic", "zeros", align_corners=False)[0]
