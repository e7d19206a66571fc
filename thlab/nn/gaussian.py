"""Diagonal Gaussians by mean and log-variance, as the latents of every paper's VAE are."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Gaussian(NamedTuple):
    """Mean and log-variance of diagonal Gaussians."""

    mean: Float[Tensor, "*b d"]
    logvar: Float[Tensor, "*b d"]

    def sample(self, noise: Float[Tensor, "*b d"] | float) -> Float[Tensor, "*c d"]:
        """mean + sigma · noise; noise 0 gives the mean."""
        return self.mean + (0.5 * self.logvar).exp() * noise

    def noise(self, z: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """What `sample` makes z of: how many sigma it lies from the mean."""
        return (z - self.mean) * (-0.5 * self.logvar).exp()


def kl(q: Gaussian, p: Gaussian) -> Float[Tensor, "*b d"]:
    """KL(q ‖ p) a dimension, in nats; its sum over the last axis is that of the whole, the KL of
    Eq. 2 of [yadav2020].

    Chapter: book/latent-kl.ipynb
    """
    # \tfrac12 ( \ln \sigma_p^2 - \ln \sigma_q^2
    #   + (\sigma_q^2 + (\mu_q - \mu_p)^2) / \sigma_p^2 - 1 )
    distance = q.logvar.exp() + (q.mean - p.mean).square()
    return 0.5 * (p.logvar - q.logvar + distance * (-p.logvar).exp() - 1)
