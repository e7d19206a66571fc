"""Picture metrics against scikit-image, and the trap of unsigned differences."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn.functional import avg_pool2d

from thlab.metrics.image import psnr, sharpness, ssim


def pictures(seed: int = 0, size: tuple[int, int] = (24, 33)) -> tuple[torch.Tensor, torch.Tensor]:
    """Two batches (2, 4, 3, h, w) in [0, 1]: smooth pictures, and the same with noise."""
    generator = torch.Generator().manual_seed(seed)
    rough = torch.rand(2, 4, 3, *size, generator=generator)
    x = avg_pool2d(rough.flatten(0, 1), 5, 1, 2).view_as(rough)
    return x, (x + 0.1 * torch.randn(x.shape, generator=generator)).clamp(0, 1)


def of_each(function, x, y) -> np.ndarray:
    """A skimage metric of each picture of the batch, channels last."""
    pairs = zip(x.flatten(0, 1).double(), y.flatten(0, 1).double(), strict=True)
    return np.array(
        [function(a.permute(1, 2, 0).numpy(), b.permute(1, 2, 0).numpy()) for a, b in pairs]
    ).reshape(2, 4)


def test_psnr_is_scikit_images():
    x, y = pictures()
    expected = of_each(lambda a, b: peak_signal_noise_ratio(a, b, data_range=1), x, y)
    np.testing.assert_allclose(psnr(x, y), expected, rtol=1e-5)
    np.testing.assert_allclose(psnr(255 * x, 255 * y, peak=255), expected, rtol=1e-5)


def test_psnr_of_the_same_picture_is_infinite():
    x, _ = pictures()
    assert psnr(x, x).isposinf().all()


@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_ssim_is_scikit_images(peak):
    def oracle(a, b):
        settings = {
            "gaussian_weights": True,
            "sigma": 1.5,
            "use_sample_covariance": False,
            "channel_axis": 2,
        }
        return structural_similarity(a, b, data_range=peak, **settings)

    x, y = (peak * picture for picture in pictures())
    np.testing.assert_allclose(ssim(x, y, peak), of_each(oracle, x, y), atol=1e-5)
    np.testing.assert_allclose(ssim(x, x, peak), 1, atol=1e-5)


def test_ssim_sees_only_places_where_the_window_fits():
    x, y = pictures(size=(11, 11))
    assert ssim(x, y).shape == (2, 4)
    with pytest.raises(ValueError, match="33x10 pixels are smaller"):
        ssim(*pictures(size=(10, 33)))


def test_the_trap_of_uint8_differences():
    a, b = torch.randint(
        0, 256, (2, 3, 256, 256), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    # as it is often written
    wrapped = 10 * np.log10(255**2 / np.mean((a.numpy() - b.numpy()) ** 2))
    assert wrapped == pytest.approx(27.9, abs=0.05)
    assert psnr(a.float() / 255, b.float() / 255).item() == pytest.approx(7.75, abs=0.05)
    for metric in (psnr, ssim, sharpness):
        with pytest.raises(ValueError, match=r"x.float\(\) / 255.*scores 27.9 dB instead of 7.7"):
            metric(a, b)


def test_sharpness_is_a_ratio_of_gradients():
    x, _ = pictures()
    torch.testing.assert_close(sharpness(0.25 * x + 0.5, x), torch.full((2, 4), 0.25))
    across = torch.arange(8.0).expand(1, 3, 6, 8)
    slanted = across + torch.arange(6.0)[:, None]
    torch.testing.assert_close(sharpness(slanted, across), torch.tensor([2**0.5]))
    blurred = avg_pool2d(x.flatten(0, 1), 3, 1, 1)
    assert (sharpness(blurred, x.flatten(0, 1)) < 0.9).all()


def test_sharpness_looks_only_into_its_box():
    x, y = pictures()
    x[..., 6:12, 20:30] = y[..., 6:12, 20:30] / 2
    torch.testing.assert_close(sharpness(x, y, (6, 12, 20, 30)), torch.full((2, 4), 0.5))
    assert (sharpness(x, y) - 0.5).abs().min() > 0.01
