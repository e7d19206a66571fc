"""The talking head of [yadav2020]: takes of one voice, each from its own noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.inference import Speech
from thlab.nn.warp import Changes
from thlab.papers.stochastic.model import TalkingFace, audio_features, generate, latents_of_sound
from thlab.papers.stochastic.noise import noise_of_take
from thlab.papers.stochastic.train import load_model


@dataclass(frozen=True)
class Take:
    """Which take of a voice: all that its frames depend on, beside picture, sound and weights.

    number: of `samples` that are made; take k is the same however many these are, but for rounding.
    temperature scales the noise, 0 is the mean prediction. lasting: as in `noise_of_take`.
    latent_offset: added to each z_t.
    """

    seed: int = 0
    number: int = 0
    samples: int = 1
    temperature: float = 1.0
    lasting: bool = True
    latent_offset: Float[Tensor, "z"] | None = None


class StochasticHead:
    """A trained model as a talking head; one that paints whole frames.

    Raises ValueError where more than one take is asked of a model without a latent.
    Chapter: book/latent-kl.ipynb
    """

    def __init__(self, model: TalkingFace):
        self.model = model
        self.size = model.config.size

    def content(self, speech: Speech) -> Float[Tensor, "t 28 12"]:
        """MFCC windows, one a video frame."""
        return audio_features(speech.audio, speech.n_frames)

    def render(
        self,
        image: Float[Tensor, "3 h w"],
        content: Float[Tensor, "t 28 12"],
        controls: Take | None = None,
    ) -> Float[Tensor, "t 3 h w"]:
        """One take; without controls take 0 of seed 0."""
        return self.takes(image, content, [controls or Take()])[0]

    def takes(
        self,
        image: Float[Tensor, "3 h w"],
        content: Float[Tensor, "t 28 12"],
        wanted: Sequence[Take],
    ) -> Float[Tensor, "n t 3 h w"]:
        """Several takes in one batch, which differ in seed and number alone."""
        like = wanted[0]
        return generate(
            self.model,
            image[None],
            content[None],
            self.noise(wanted, len(content)),
            like.temperature,
            like.latent_offset,
        )

    def noise(self, wanted: Sequence[Take], frames: int) -> Float[Tensor, "n frames z"] | None:
        """The noise of takes; None of a model without a latent, which has one take."""
        if self.model.config.stochastic:
            drawn = []
            for one in wanted:
                residuals = self.model.residuals
                drawn.append(noise_of_take(one.seed, one.number, frames, residuals, one.lasting))
            return torch.stack(drawn)
        asked = max(len(wanted), wanted[0].samples)
        if asked > 1:
            same = "these weights have no latent, all takes would be the same"
            raise ValueError(f"--samples {asked}: {same}; ask for 1")
        return None


class BendingHead(StochasticHead):
    """A head whose frames are its picture bent and recoloured. Chapter: book/latent-kl.ipynb"""

    @torch.inference_mode()
    def changes(
        self,
        image: Float[Tensor, "3 h w"],
        content: Float[Tensor, "t 28 12"],
        controls: Take | None = None,
    ) -> Changes:
        """Motion and colour of each frame of one take."""
        take = controls or Take()
        model = self.model
        noise = self.noise([take], len(content))
        h_a = model.audio_encoder(content[None])
        z = latents_of_sound(model, h_a, noise, take.temperature, take.latent_offset)
        g, _ = model.predict(h_a, z)
        return model.decoder.changes(g, model.read_face(image[None]).skips, z)


def make_head(model: TalkingFace) -> StochasticHead:
    """A trained model as a talking head, with changes where it makes some.

    Chapter: book/latent-kl.ipynb
    """
    return BendingHead(model) if model.decoder.bends else StochasticHead(model)


def load_head(weights: Path | None, stage: str = "latent") -> StochasticHead:
    """The head of a folder of weights, or the committed one. Chapter: book/latent-kl.ipynb"""
    name = f"stochastic-{stage}"
    return make_head(load_model(weights / name if weights else name))


def takes_of(
    samples: int,
    seed: int = 0,
    temperature: float = 1.0,
    lasting: bool = True,
) -> list[Take]:
    """Takes 0 … samples - 1 of a seed. Chapter: book/latent-kl.ipynb"""
    return [Take(seed, k, samples, temperature, lasting) for k in range(samples)]
