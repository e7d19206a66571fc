"""Pictures against pictures: PSNR, SSIM and the sharpness of a region."""

import torch
from jaxtyping import Float, Real
from torch import Tensor

Pictures = Real[Tensor, "*b c h w"]
WINDOW = 11  # pixels
SIGMA = 1.5  # pixels


def psnr(prediction: Pictures, target: Pictures, peak: float = 1.0) -> Float[Tensor, "*b"]:
    """Peak signal-to-noise ratio of each picture, 10 log10(peak² / MSE), in dB.

    Infinite where both are equal. peak: the largest value a pixel can have. One frame that is its
    own reference makes a mean over frames infinite. Raises ValueError where the pictures are not of
    floats.
    Chapter: book/content-to-video.ipynb
    """
    _check_floats(prediction, target)
    return 10 * torch.log10(peak**2 / (prediction - target).square().mean((-3, -2, -1)))


def ssim(prediction: Pictures, target: Pictures, peak: float = 1.0) -> Float[Tensor, "*b"]:
    """Structural similarity of each picture, Wang et al. 2004.

    The window is an 11x11 Gaussian of sigma 1.5, K .01 and .03. peak: the range of the pixels. The
    mean is taken over channels and over the places where the whole window lies in the picture.
    Raises ValueError where the pictures are not of floats or smaller than the window.
    Chapter: book/content-to-video.ipynb
    """
    _check_floats(prediction, target)
    x = prediction
    y = target
    if min(x.shape[-2:]) < WINDOW:
        sides = f"{x.shape[-1]}x{x.shape[-2]}"
        raise ValueError(f"pictures of {sides} pixels are smaller than SSIM's {WINDOW}x{WINDOW}")
    mu_x, mu_y, xx, yy, xy = _blur(torch.stack([x, y, x * x, y * y, x * y])).unbind()
    var_x = xx - mu_x**2
    var_y = yy - mu_y**2
    cov = xy - mu_x * mu_y
    c1 = (0.01 * peak) ** 2
    c2 = (0.03 * peak) ** 2
    above = (2 * mu_x * mu_y + c1) * (2 * cov + c2)
    below = (mu_x**2 + mu_y**2 + c1) * (var_x + var_y + c2)
    return (above / below).mean((-3, -2, -1))


def sharpness(
    prediction: Pictures, target: Pictures, box: tuple[int, int, int, int] | None = None
) -> Float[Tensor, "*b"]:
    """Mean gradient magnitude over that of the truth.

    1 where a picture is as sharp, less for blur, more for noise. box: (top, bottom, left, right) in
    pixels, such as the mouth's; None: the whole picture. Raises ValueError where the pictures are
    not of floats. Chapter: book/content-to-video.ipynb
    """
    _check_floats(prediction, target)
    top, bottom, left, right = box or (0, prediction.shape[-2], 0, prediction.shape[-1])
    made, true = (picture[..., top:bottom, left:right] for picture in (prediction, target))
    return _gradient(made) / _gradient(true)


def _gradient(x: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b"]:
    down = x[..., 1:, :-1] - x[..., :-1, :-1]
    across = x[..., :-1, 1:] - x[..., :-1, :-1]
    return torch.hypot(down, across).mean((-3, -2, -1))


def _blur(x: Float[Tensor, "*b h w"]) -> Float[Tensor, "*b h2 w2"]:
    """Gaussian means, only where the whole window lies in the picture."""
    down, across = (_window(n).to(x) for n in x.shape[-2:])
    return down @ x @ across.T


def _window(n: int) -> Float[Tensor, "m n"]:
    """Row i weighs the pixels i … i + 10 of a line.

    On a CPU ten times faster than a convolution of so few channels.
    """
    pixel = torch.arange(n, dtype=torch.float64)
    centre = torch.arange(n - WINDOW + 1)[:, None] + WINDOW // 2
    away = pixel - centre
    exponent = -(away**2) / (2 * SIGMA**2)
    return torch.softmax(torch.where(away.abs() <= WINDOW // 2, exponent, -torch.inf), 1)


def _check_floats(x: Tensor, y: Tensor) -> None:
    if not (x.is_floating_point() and y.is_floating_point()):
        raise ValueError(
            f"pictures of {x.dtype} and {y.dtype}: "
            "give floats, x.float() / 255. Differences of uint8 wrap around "
            "(3 - 5 is 254), and unrelated noise then scores 27.9 dB instead of 7.7"
        )
