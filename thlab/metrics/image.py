"""Pictures against pictures: PSNR, SSIM and the sharpness of a region."""

import torch
from jaxtyping import Float, Real
from torch import Tensor
from torch.nn.functional import conv2d

WINDOW, SIGMA = 11, 1.5  # the Gaussian window of Wang et al. 2004
K1, K2 = 0.01, 0.03

UINT8 = (
    "pictures are uint8, whose differences wrap around: 3 - 5 is 254, taken for -2. Unrelated noise then scores "
    "27.9 dB instead of 7.7. Give floats: x.float() / 255"
)


def psnr(x: Real[Tensor, "*b c h w"], y: Real[Tensor, "*b c h w"], peak: float = 1.0) -> Float[Tensor, "*b"]:
    """Peak signal-to-noise ratio of each picture, 10 log10(peak² / MSE), in dB; infinite where x is y.

    peak: the largest value a pixel can have. To average over frames of which one may be the reference itself, mind
    that one infinite frame makes the mean infinite. Raises ValueError where a picture is not of floats.
    Chapter: book/content-to-video.ipynb
    """
    _check_floats(x, y)
    return 10 * torch.log10(peak**2 / (x - y).square().mean((-3, -2, -1)))


def ssim(x: Real[Tensor, "*b c h w"], y: Real[Tensor, "*b c h w"], peak: float = 1.0) -> Float[Tensor, "*b"]:
    """Structural similarity of each picture, Wang et al. 2004: 11x11 Gaussian window of sigma 1.5, K .01 and .03.

    peak: the range of the pixels. The mean is taken over channels and over the places where the whole window lies in
    the picture. Raises ValueError where a picture is not of floats or smaller than the window.
    Chapter: book/content-to-video.ipynb
    """
    _check_floats(x, y)
    if min(x.shape[-2:]) < WINDOW:
        raise ValueError(f"pictures of {x.shape[-1]}x{x.shape[-2]} pixels are smaller than SSIM's {WINDOW}x{WINDOW}")
    means = _blur(torch.stack([x, y, x * x, y * y, x * y]))
    mu_x, mu_y, xx, yy, xy = means.unbind()
    var_x, var_y, cov = xx - mu_x**2, yy - mu_y**2, xy - mu_x * mu_y
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    similar = (2 * mu_x * mu_y + c1) * (2 * cov + c2) / ((mu_x**2 + mu_y**2 + c1) * (var_x + var_y + c2))
    return similar.mean((-3, -2, -1))


def sharpness(
    x: Real[Tensor, "*b c h w"], y: Real[Tensor, "*b c h w"], box: tuple[int, int, int, int] | None = None
) -> Float[Tensor, "*b"]:
    """How sharp x is beside the truth y: the ratio of their mean gradient magnitudes, 1 where x is as sharp.

    box: (top, bottom, left, right) in pixels, such as the mouth's; None: the whole picture. A mean of many frames is
    blurred and scores below 1, noise above. Raises ValueError where a picture is not of floats.
    Chapter: book/content-to-video.ipynb
    """
    _check_floats(x, y)
    top, bottom, left, right = box or (0, x.shape[-2], 0, x.shape[-1])
    return _gradient(x[..., top:bottom, left:right]) / _gradient(y[..., top:bottom, left:right])


def _gradient(x: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b"]:
    down = x[..., 1:, :-1] - x[..., :-1, :-1]
    across = x[..., :-1, 1:] - x[..., :-1, :-1]
    return torch.hypot(down, across).mean((-3, -2, -1))


def _blur(x: Float[Tensor, "*b h w"]) -> Float[Tensor, "*b h2 w2"]:
    """Gaussian means, only where the whole window lies in the picture."""
    away = torch.arange(WINDOW, device=x.device, dtype=x.dtype) - WINDOW // 2
    weights = torch.exp(-(away**2) / (2 * SIGMA**2))
    weights = weights / weights.sum()
    planes = x.reshape(-1, 1, *x.shape[-2:])
    planes = conv2d(conv2d(planes, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))
    return planes.view(*x.shape[:-2], *planes.shape[-2:])


def _check_floats(*pictures: Real[Tensor, "*b c h w"]) -> None:
    if not all(picture.is_floating_point() for picture in pictures):
        raise ValueError(UINT8)
