"""Video against video: do pictures change from frame to frame as the truth does?"""

from jaxtyping import Float, Real
from torch import Tensor

Video = Real[Tensor, "t c h w"]


def flicker(prediction: Video, target: Video) -> float:
    """|Δ prediction − Δ target| / |Δ target|, Δ from a frame to the next: 0 for the truth, 1 for a
    frozen picture, more where what changes is not what should.

    Means over pixels and frames; a constant error costs nothing. prediction, target: floats, t at
    least 2. NaN where the truth stands still. Raises ValueError where the pictures are not of
    floats.
    """
    return (change_error(prediction, target).mean() / change(target).mean()).item()


def change_ratio(prediction: Video, target: Video) -> float:
    """|Δ prediction| / |Δ target|: 1 where pictures change as much as the truth does, 0 for a
    frozen one; more where they tremble.

    Arguments as in `flicker`, which also asks where and when they change.
    """
    return (change(prediction).mean() / change(target).mean()).item()


def change(video: Video) -> Float[Tensor, "t1"]:
    """|Δ|: how much each frame differs from the one before, mean over pixels."""
    return video.diff(dim=0).abs().mean((-3, -2, -1))


def change_error(prediction: Video, target: Video) -> Float[Tensor, "t1"]:
    """|Δ prediction − Δ target| from each frame to the next, mean over pixels.

    ValueError where the pictures are not of floats.
    """
    if not (prediction.is_floating_point() and target.is_floating_point()):
        raise ValueError(f"pictures of {prediction.dtype} and {target.dtype}: give floats")
    return change(prediction - target)
