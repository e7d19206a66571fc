"""Readers that learn beside the VAE what a latent should not hold: a control of Eq. 5.

The margins of [mittal2020] are judged by the tables mu_c and mu_e, which the encoders can satisfy
without losing anything: a latent hides from a table by moving away from its rows. A reader is a
net that follows. It learns to read the label, and the encoder learns to leave it in doubt.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from thlab.papers.priors.data import SegmentBatch
from thlab.papers.priors.model import Posterior, SequenceVAE, VAEConfig
from thlab.training.optim import build_seeded, optimizer_step

HIDDEN = 64
# label -> the latents that should not know it, Eq. 5
UNWANTED = {"viseme": ("e", "s"), "emotion": ("c", "s")}
RATE = 2e-3  # of Adam: a reader must keep up with what it reads


class Readers(nn.Module):
    """A small net for each latent and label that do not belong together.

    Chapter: book/priors.ipynb
    """

    def __init__(self, config: VAEConfig, n_visemes: int, n_emotions: int):
        super().__init__()
        labels = {"viseme": n_visemes, "emotion": n_emotions}
        nets = {}
        for label, latents in UNWANTED.items():
            for k in latents:
                nets[f"{label}_{k}"] = nn.Sequential(
                    nn.Linear(config.dim, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, labels[label])
                )
        self.nets = nn.ModuleDict(nets)

    def forward(self, means: dict[str, Float[Tensor, "b d"]]) -> dict[str, Float[Tensor, "b n"]]:
        """Logits of each label in each latent that should not hold it, by "<label>_<latent>"."""
        return {name: net(means[name[-1]]) for name, net in self.nets.items()}


class ReaderTeacher:
    """Readers with their optimizer, which learn a step and then teach the VAE.

    Chapter: book/priors.ipynb
    """

    def __init__(self, fabric: Any, vae: SequenceVAE, seed: int):
        rows = (len(vae.mu["c"]), len(vae.mu["e"]))
        readers = build_seeded(lambda: Readers(vae.config, *rows), seed)
        optimizer = torch.optim.Adam(readers.parameters(), RATE)
        self.fabric = fabric
        self.readers, self.optimizer = fabric.setup(readers, optimizer)

    @property
    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {"readers": self.readers, "reader_optimizer": self.optimizer}

    def step(self, out: Posterior, batch: SegmentBatch) -> dict[str, Float[Tensor, ""]]:
        """Let the readers learn from a batch; then the VAE's term, "confusion"."""
        means = means_of(out)
        bare = self.readers.module
        bare.requires_grad_(True)
        detached = {k: mean.detach() for k, mean in means.items()}
        optimizer_step(self.fabric, self.optimizer, reading_loss(self.readers(detached), batch))
        bare.requires_grad_(False)
        return {"confusion": confusion(bare(means))}


def means_of(out: Posterior) -> dict[str, Float[Tensor, "b d"]]:
    """What readers are shown: the posterior means. Chapter: book/priors.ipynb"""
    return {"c": out.c.mean, "e": out.e.mean, "s": out.s.mean}


def reading_loss(logits: dict[str, Float[Tensor, "b n"]], batch: SegmentBatch) -> Float[Tensor, ""]:
    """What the readers learn by: the sum of their cross-entropies.

    Chapter: book/priors.ipynb
    """
    labels = {"viseme": batch.viseme, "emotion": batch.emotion}
    losses = [cross_entropy(found, labels[name[:-2]]) for name, found in logits.items()]
    return torch.stack(losses).sum()


def confusion(logits: dict[str, Float[Tensor, "b n"]]) -> Float[Tensor, ""]:
    """How far the readers are from giving each label the same probability, in nats; 0 at best.

    KL(uniform ‖ reader), summed over readers. Chapter: book/priors.ipynb
    """
    found = []
    for one in logits.values():
        n = one.shape[1]
        found.append(-one.log_softmax(1).mean() - torch.tensor(float(n)).log())
    return torch.stack(found).sum()
