"""The noise that takes of one voice are drawn with."""

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.training import step_generator

FADE = 8  # a stretch of residuals fades in and out over one in so many of its frames


def noises(
    seed: int, samples: int, frames: int, residuals: Float[Tensor, "n t z"], lasting: bool = True
) -> Float[Tensor, "samples frames z"]:
    """Noise of takes 0 … samples - 1; as `noise_of_take`, one a take.

    Chapter: book/latent-kl.ipynb
    """
    return torch.stack([noise_of_take(seed, k, frames, residuals, lasting) for k in range(samples)])


def noise_of_take(
    seed: int, number: int, frames: int, residuals: Float[Tensor, "n t z"], lasting: bool = True
) -> Float[Tensor, "frames z"]:
    """Noise of one take, which follows from the seed and the take's number.

    residuals: the model's. lasting: stretches of these; else, and in the paper, N(0, I), drawn for
    each frame alone. Chapter: book/latent-kl.ipynb
    """
    rng = step_generator(seed, number)
    if lasting:
        return stretches_of(residuals, frames, rng)
    return torch.randn((frames, residuals.shape[2]), generator=rng)


def stretches_of(
    residuals: Float[Tensor, "n t z"],
    frames: int,
    rng: torch.Generator,
) -> Float[Tensor, "frames z"]:
    """Random clips' residuals one after another, each fading into the next.

    Chapter: book/latent-kl.ipynb
    """
    n, t, z = residuals.shape
    window = fading_window(t)[:, None]
    step = t - t // FADE  # from the beginning of one to that of the next
    noise = torch.zeros(frames + 2 * t, z)
    begin = int(torch.randint(t // FADE, t - t // FADE + 1, (1,), generator=rng))
    for at in range(begin, frames + t, step):
        clip = int(torch.randint(n, (1,), generator=rng))
        noise[at : at + t] += window * residuals[clip].cpu()
    return noise[t : t + frames]


def fading_window(t: int) -> Float[Tensor, "t"]:
    """Weights that rise and fall; squares of a rise and of a fall add up to 1: the variance stays.

    Chapter: book/latent-kl.ipynb
    """
    fade = t // FADE
    rise = (torch.pi / 2 * (torch.arange(fade) + 0.5) / fade).sin()
    return torch.cat([rise, torch.ones(t - 2 * fade), rise.flip(0)])
