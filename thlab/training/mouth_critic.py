"""A critic of the mouth that is trained beside a generator, and what it teaches that."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.face.align import mouth
from thlab.nn.gan import feature_matching, gradient_share, hinge_critic
from thlab.nn.mouth_critic import MouthCritic
from thlab.training.optim import build_seeded, optimizer_step

RATE = 1e-3  # of Adam
SHARE = 0.15  # of the pixel loss's gradient in the mouth's box, for each of the two terms
ALONE = 0.2  # of the steps, in which it learns and does not teach yet


class MouthTeacher:
    """A `MouthCritic` with its optimizer; `parts` are what a run keeps of it.

    fake, real: clips of the aligned view; lips: the true frames' points in 32nds of the mouth box.
    Chapter: book/latent-kl.ipynb
    """

    def __init__(self, fabric: Any, seed: int, steps: int):
        critic = build_seeded(MouthCritic, seed)
        optimizer = torch.optim.Adam(critic.parameters(), RATE, betas=(0.5, 0.99))
        self.fabric = fabric
        self.critic, self.optimizer = fabric.setup(critic, optimizer)
        self.first = int(ALONE * steps)

    @property
    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {"mouth_critic": self.critic, "mouth_optimizer": self.optimizer}

    def learn(
        self,
        fake: Float[Tensor, "b t 3 h w"],
        real: Float[Tensor, "b t 3 h w"],
        lips: Float[Tensor, "b t p 2"],
    ) -> Float[Tensor, ""]:
        """A step of the critic; its loss."""
        self.critic.requires_grad_(True)
        points = lips.flatten(0, 1)
        # detached: the critic learns from what the generator made, and does not change it
        of_fake, _ = self.critic(fake.detach().flatten(0, 1), points)
        of_real, _ = self.critic(real.flatten(0, 1), points)
        loss = hinge_critic(of_real, of_fake)
        optimizer_step(self.fabric, self.optimizer, loss)
        return loss.detach()

    def teach(
        self,
        step: int,
        pixels: Callable[[Tensor], Tensor],
        fake: Float[Tensor, "b t 3 h w"],
        real: Float[Tensor, "b t 3 h w"],
        lips: Float[Tensor, "b t p 2"],
    ) -> Float[Tensor, ""]:
        """The generator's two terms, weighted against its pixel loss; 0 while it learns alone.

        pixels: that loss, of frames.
        """
        if step < self.first:
            return fake.new_zeros(())
        # the bare critic: what Fabric wraps gives its gradient to fabric.backward alone
        bare = self.critic.module
        bare.requires_grad_(False)
        points = lips.flatten(0, 1)
        _, of_real = bare(real.flatten(0, 1), points)

        def gan(frames: Tensor) -> Tensor:
            score, _ = bare(frames.flatten(0, 1), points)
            return -score.mean()

        def maps(frames: Tensor) -> Tensor:
            _, of_fake = bare(frames.flatten(0, 1), points)
            return feature_matching(of_fake, of_real)

        return gradient_share([gan, maps], pixels, fake, SHARE, mouth)
