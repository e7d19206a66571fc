"""Adversarial learning: critics, and what they and a generator are taught by."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu, relu

Scores = Float[Tensor, "b"]
Patches = Float[Tensor, "b 1 h2 w2"]


class PatchDiscriminator(nn.Module):
    """Logits of patches of frames that are stacked, real or generated: a PatchGAN (Isola et al.
    2017) of a sequence.

    widths: channels, each level half the size of the one before. Chapter: book/davs.ipynb
    """

    def __init__(self, n_frames: int, widths: Sequence[int]):
        super().__init__()
        levels = (3 * n_frames, *widths)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(levels))
        self.score = nn.Conv2d(levels[-1], 1, 3, padding=1)

    def forward(self, frames: Float[Tensor, "b t 3 h w"]) -> Patches:
        x = frames.flatten(1, 2) - 0.5  # (B, 3T, H, W)
        for conv in self.convs:
            x = leaky_relu(conv(x), 0.2)
        return self.score(x)


def discriminator_bce(real: Patches, fakes: Sequence[Patches]) -> Float[Tensor, ""]:
    """-log D(real) - log(1 - D(fake)) of logits, mean over patches and over kinds of fakes.

    Chapter: book/davs.ipynb
    """
    of_fakes = [binary_cross_entropy_with_logits(fake, torch.zeros_like(fake)) for fake in fakes]
    return (
        binary_cross_entropy_with_logits(real, torch.ones_like(real)) + torch.stack(of_fakes).mean()
    )


def generator_bce(fakes: Sequence[Patches]) -> Float[Tensor, ""]:
    """-log D(fake): it has a gradient where the discriminator is sure, as log(1 - D(fake)) has not.

    Chapter: book/davs.ipynb
    """
    return torch.stack(
        [binary_cross_entropy_with_logits(fake, torch.ones_like(fake)) for fake in fakes]
    ).mean()


def wasserstein_critic(
    real: Scores, fake: Scores, penalty: Float[Tensor, ""], weight: float = 10.0
) -> Float[Tensor, ""]:
    """A Wasserstein critic's loss, E[D(fake)] − E[D(real)] + λ GP, Eq. 3 of [gulrajani2017].

    Chapter: book/content-to-video.ipynb
    """
    return fake.mean() - real.mean() + weight * penalty


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Float[Tensor, "b"]
) -> Float[Tensor, ""]:
    """E[(‖∇D(x̂)‖₂ − 1)²] at x̂ = mix · real + (1 − mix) · fake, [gulrajani2017].

    critic: from pictures (b, …) to scores (b,). mix in [0, 1], one a sample.
    Chapter: book/content-to-video.ipynb
    """
    mix = mix.view(-1, *[1] * (real.ndim - 1))
    between = (
        (mix * real + (1 - mix) * fake).detach().requires_grad_()
    )  # the penalty is the critic's alone
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).square().sum(1).add(1e-12).sqrt() - 1).square().mean()


def hinge_critic(real: Patches, fake: Patches) -> Float[Tensor, ""]:
    """A critic's hinge loss, E[max(0, 1 − D(real))] + E[max(0, 1 + D(fake))], Lim and Ye 2017.

    Chapter: book/latent-kl.ipynb
    """
    return relu(1 - real).mean() + relu(1 + fake).mean()


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Float[Tensor, ""]:
    """Mean absolute difference of a critic's maps, mean over its levels, Wang et al. 2018.

    Chapter: book/latent-kl.ipynb
    """
    levels = []
    for made, true in zip(fake, real, strict=True):
        levels.append((made - true.detach()).abs().mean())
    return torch.stack(levels).mean()


def gradient_share(
    terms: Sequence[Callable[[Tensor], Tensor]],
    main: Callable[[Tensor], Tensor],
    fake: Tensor,
    share: float,
    region: Callable[[Tensor], Tensor] = lambda pictures: pictures,
) -> Float[Tensor, ""]:
    """Terms of what was made, each weighted so that its gradient there is `share` of the main
    loss's; their sum.

    An adversarial term so weighted is never too weak to count, nor strong enough to lead. region:
    the part of the pictures in which gradients are measured, where the terms see no more: else what
    the main loss asks for elsewhere would make them strong. Chapter: book/latent-kl.ipynb
    """
    of_main = _gradient_norm(main, fake, region)
    weighted = []
    for term in terms:
        of_term = _gradient_norm(term, fake, region)
        weighted.append(share * of_main / of_term.clamp(min=1e-12) * term(fake))
    return torch.stack(weighted).sum()


def _gradient_norm(
    loss: Callable[[Tensor], Tensor], fake: Tensor, region: Callable[[Tensor], Tensor]
) -> Float[Tensor, ""]:
    """The length of a loss's gradient in a region of what was made."""
    # a copy without history: the gradient is wanted in what was made, not in what made it
    copy = fake.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(copy), copy)
    return region(gradient).norm()
