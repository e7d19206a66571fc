"""How near generated frames of a person come to the true ones, in frames that were held out."""

from itertools import pairwise

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from thlab.data.tensors import as_floats
from thlab.face.edges import edge_maps
from thlab.face.points import EYE_LEFT, EYE_RIGHT, MOUTH
from thlab.metrics.flicker import change, change_error
from thlab.metrics.image import psnr, sharpness, ssim
from thlab.metrics.landmark import eye_opening
from thlab.metrics.mouth import contrast_inside, pattern_inside
from thlab.papers.evp.portrait.critics import BOX, around
from thlab.papers.evp.portrait.footage import Footage
from thlab.papers.evp.portrait.model import Generator, as_bytes, bent_key, render

SHUT = 0.6  # of the usual opening: eyes that are less open blink
BLINK_SCORES = ("PSNR", "flicker", "eyes: sharpness")

Scores = dict[str, float]


def measure(generator: Generator, footage: Footage) -> dict[str, Scores]:
    """Scores of the frames that a generator makes of held-out footage, from guidance maps alone,
    beside those of each clip's first frame repeated. Chapter: book/evp-portrait.ipynb
    """
    return {
        "ours": scores(painted_again(generator, footage), footage),
        "first frame": scores(repeated_first(footage), footage),
    }


def painted_again(generator: Generator, footage: Footage) -> UInt8[Tensor, "f h w 3"]:
    """Footage as a generator makes it, from its landmarks and what lies outside the face.

    Chapter: book/evp-portrait.ipynb
    """
    edges = torch.from_numpy(edge_maps(footage.frames, footage.landmarks))
    return render(generator, edges, footage.landmarks, footage.start)


def key_frame_alone(generator: Generator, footage: Footage) -> UInt8[Tensor, "f h w 3"]:
    """Footage as a generator's bent key frame shows it, with nothing painted onto it.

    Chapter: book/evp-portrait.ipynb
    """
    return as_bytes(bent_key(generator, footage.landmarks))


def repeated_first(footage: Footage) -> UInt8[Tensor, "f h w 3"]:
    """The first frame of each clip in place of all of its frames.

    Chapter: book/evp-portrait.ipynb
    """
    lengths = footage.start.diff()
    first = footage.start[:-1].repeat_interleave(lengths)
    return torch.from_numpy(footage.frames)[first]


def scores(made: UInt8[Tensor, "f h w 3"], footage: Footage) -> Scores:
    """PSNR (dB), SSIM, flicker and sharpness of frames against the true ones.

    Means over all frames but the first of each clip, which the repeated frame is given; flicker is
    the ratio of means over all clips. "blink: …" are of the frames in which the eyes are shut. The
    inside of the mouth is that of `thlab.metrics.mouth`, mean over clips; clips without an open
    mouth say nothing. Chapter: book/evp-portrait.ipynb
    """
    of_clips = []
    inside = []
    for first, end in pairwise(footage.start.tolist()):
        points = torch.from_numpy(footage.landmarks[first:end]).float()
        true = as_floats(torch.from_numpy(footage.frames[first:end]))
        fake = as_floats(made[first:end])
        of_clips.append(_of_frames(fake, true, points))
        inside.append([contrast_inside(fake, true, points), pattern_inside(fake, true, points)])
    frames = {}
    for name in of_clips[0]:
        frames[name] = torch.cat([clip[name] for clip in of_clips])
    contrast, pattern = torch.tensor(inside).nanmean(0).tolist()
    found = _means(frames, torch.ones_like(frames["PSNR"], dtype=torch.bool))
    found |= {"contrast inside": contrast, "pattern inside": pattern}
    of_blinks = _means(frames, shut_eyes(footage))
    for name in BLINK_SCORES:
        found[f"blink: {name}"] = of_blinks[name]
    return found


def shut_eyes(footage: Footage) -> Bool[Tensor, "n"]:
    """In which frames eyes are shut; all but the first of each clip.

    Chapter: book/evp-portrait.ipynb
    """
    opening = eye_opening(torch.from_numpy(footage.landmarks))
    later = torch.ones(len(opening), dtype=torch.bool)
    later[footage.start[:-1]] = False
    return (opening < SHUT * opening.median())[later]


def _of_frames(
    fake: Float[Tensor, "t 3 h w"], true: Float[Tensor, "t 3 h w"], points: Float[Tensor, "t 68 2"]
) -> dict[str, Float[Tensor, "n"]]:
    """A number a frame, but for the first."""
    size = round(BOX * true.shape[-1])
    eyes = torch.cat([points[:, EYE_LEFT], points[:, EYE_RIGHT]], 1).mean(1)
    lips = points[:, MOUTH].mean(1)
    fake_1 = fake[1:]
    true_1 = true[1:]
    found = {
        "PSNR": psnr(fake_1, true_1),
        "SSIM": ssim(fake_1, true_1),
        "sharpness": sharpness(fake_1, true_1),
        "change": change(true),
        "change error": change_error(fake, true),
    }
    for name, middle in (("mouth", lips[1:]), ("eyes", eyes[1:])):
        made = around(fake_1, middle, size)
        real = around(true_1, middle, size)
        found[f"{name}: PSNR"] = psnr(made, real)
        found[f"{name}: sharpness"] = sharpness(made, real)
    return found


def _means(frames: dict[str, Tensor], chosen: Bool[Tensor, "n"]) -> Scores:
    """Means over some frames, and their flicker; NaN where there are none."""
    means = {name: values[chosen].mean().item() for name, values in frames.items()}
    flicker = means.pop("change error") / means.pop("change")
    return means | {"flicker": flicker}
