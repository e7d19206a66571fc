"""The segment VAE of [mittal2020], Sect. 3.1: one 200 ms segment of speech as content, emotion and
sequence latents.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.audio.features import SEGMENT
from thlab.audio.stft import BINS
from thlab.nn.gaussian import Gaussian

X = BINS - 1  # 200 log-magnitudes a hop
LAYERS = 2  # of each LSTM
LATENTS = ("c", "e", "s")


@dataclass(frozen=True)
class VAEConfig:
    """Sizes and weights; where nothing else is said, Sect. 4.2's."""

    hidden: int = 256  # of each of the two LSTM layers
    dim: int = 32  # of z_c, z_e and z_s: Eq. 5 compares them by one table, so they share a size
    var_prior: float = 1.0  # of p(mu)
    var_latent: float = 0.25  # of p(z | mu)
    alpha: float = 10.0  # weight of the discriminative terms, Eq. 6
    beta: float = 1.0  # weight of the margin ranking terms, Eq. 6; 0 is "without margin loss"
    gamma: float = 0.5  # the margin, Eq. 5
    likelihood: float = 1.0  # weight of log p(x|z), Eq. 6
    # weight of the confusion of readers that learn beside it: a control in the margins' place
    readers: float = 0.0
    learning_rate: float = 1e-3
    # times that, the rate of the tables: Adam moves no number further than its rate a step, and at
    # 1e-3 rows that begin 5 apart stay where they were drawn
    table_rate: float = 1.0
    falls: bool = False  # the rates rise and fall; False: they are the same in all steps
    batch: int = 64
    pretrain_steps: int = 10_000  # content pipeline alone, neutral speech
    steps: int = 40_000  # everything, emotional speech
    table: int = 2000  # rows of mu_s; with more sequences: hierarchical sampling
    refill: int = 500  # steps between two draws of hierarchical sampling

    @classmethod
    def paper(cls) -> "VAEConfig":
        """The paper's sizes; its number of steps is not known."""
        return cls()

    @classmethod
    def book(cls) -> "VAEConfig":
        """What the committed weights were trained with."""
        return cls(
            hidden=160,
            alpha=100.0,
            beta=10.0,
            table_rate=30.0,
            falls=True,
            pretrain_steps=600,
            steps=5000,
        )

    @classmethod
    def fast(cls) -> "VAEConfig":
        """Seconds, for tests."""
        return cls(hidden=32, pretrain_steps=10, steps=20, batch=16)


class Encoder(nn.Module):
    """q(z | x): a two-layer LSTM, the last state of both layers, and a linear map to mean and
    log-variance.
    """

    def __init__(self, config: VAEConfig, inputs: int):
        super().__init__()
        self.lstm = nn.LSTM(inputs, config.hidden, LAYERS, batch_first=True)
        self.head = nn.Linear(LAYERS * config.hidden, 2 * config.dim)

    def forward(self, x: Float[Tensor, "b t i"]) -> Gaussian:
        """The posterior of segments."""
        _, (h, _) = self.lstm(x)  # (layers, B, hidden)
        mean, logvar = self.head(h.transpose(0, 1).flatten(1)).chunk(2, dim=-1)
        return Gaussian(mean, logvar.clamp(-8, 4))


class Decoder(nn.Module):
    """p(x | z): an LSTM fed the same z at each of the 20 hops gives each value's mean and
    log-variance.
    """

    def __init__(self, config: VAEConfig):
        super().__init__()
        self.lstm = nn.LSTM(len(LATENTS) * config.dim, config.hidden, LAYERS, batch_first=True)
        self.head = nn.Linear(config.hidden, 2 * X)

    def forward(self, z: Float[Tensor, "b z"]) -> Gaussian:
        """The distribution of the spectrogram, (B, 20, 200) each."""
        h, _ = self.lstm(z[:, None].expand(-1, SEGMENT, -1))  # (B, 20, hidden)
        mean, logvar = self.head(h).chunk(2, dim=-1)
        return Gaussian(mean, logvar.clamp(-6, 3))


class Posterior(NamedTuple):
    """What one pass of the VAE gives: three posteriors, samples of them, and the reconstruction."""

    c: Gaussian
    e: Gaussian
    s: Gaussian
    z: dict[str, Float[Tensor, "b d"]]
    x: Gaussian


class SequenceVAE(nn.Module):
    """Encoders of content, emotion and sequence, decoder, and the lookup tables mu_c, mu_e, mu_s of
    Eq. 2.

    x: log-spectrogram segments (B, 20, 200); `scale` standardises them per bin.
    Chapter: book/priors.ipynb
    """

    def __init__(self, config: VAEConfig, n_visemes: int, n_emotions: int, n_sequences: int):
        super().__init__()
        self.config = config
        self.content = Encoder(config, X)
        self.emotion = Encoder(config, X)
        self.sequence = Encoder(config, X + 2 * config.dim)
        self.decoder = Decoder(config)
        rows = {"c": n_visemes, "e": n_emotions, "s": min(n_sequences, config.table)}
        self.mu = nn.ParameterDict()
        for k, n in rows.items():
            self.mu[k] = nn.Parameter(torch.randn(n, config.dim))
        self.x_mean = nn.Buffer(torch.zeros(X))
        self.x_std = nn.Buffer(torch.ones(X))

    def scale(self, x: Float[Tensor, "*b 200"]) -> Float[Tensor, "*b 200"]:
        """Log-magnitudes minus the training set's mean, over its standard deviation, a bin at a
        time.
        """
        return (x - self.x_mean) / self.x_std

    def infer(self, x: Float[Tensor, "b 20 200"]) -> Gaussian:
        """q(z_c | x), all that a talking head needs. Chapter: book/priors.ipynb"""
        return self.content(self.scale(x))

    @torch.no_grad()
    def infer_mu_s(self, x: Float[Tensor, "n 20 200"]) -> Float[Tensor, "d"]:
        """mu_s of a sequence that is not in the table, from its segments: Σ z̄ / (n + var_latent /
        var_prior).

        The posterior mean of mu under p(mu) and p(z|mu), as in the public code of Hsu's factorised
        hierarchical VAE, on which the paper builds.
        Chapter: book/priors.ipynb
        """
        z = self(x).s.mean  # (n, d)
        return z.sum(0) / (len(z) + self.config.var_latent / self.config.var_prior)

    def encode_sequence(self, x: Float[Tensor, "b 20 200"], z_c: Tensor, z_e: Tensor) -> Gaussian:
        """q(z_s | z_c, z_e, x): the two latents are appended to each hop."""
        z = torch.cat([z_c, z_e], -1)[:, None].expand(-1, x.shape[1], -1)
        return self.sequence(torch.cat([self.scale(x), z], -1))

    def forward(
        self, x: Float[Tensor, "b 20 200"], noise: Float[Tensor, "b 3 d"] | None = None
    ) -> Posterior:
        """Posteriors, samples (means without noise) and the reconstruction of scale(x)."""
        scaled = self.scale(x)
        noise_c, noise_e, noise_s = (0.0, 0.0, 0.0) if noise is None else noise.unbind(1)
        c = self.content(scaled)
        e = self.emotion(scaled)
        z_c = c.sample(noise_c)
        z_e = e.sample(noise_e)
        s = self.encode_sequence(x, z_c, z_e)
        z = {"c": z_c, "e": z_e, "s": s.sample(noise_s)}
        return Posterior(c, e, s, z, self.decoder(torch.cat(list(z.values()), -1)))
