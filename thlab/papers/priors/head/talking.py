"""The talking head: what it hears, and the frames or the changes that it makes of a picture."""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.inference import Speech
from thlab.nn.warp import Changes
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import ContentNet, Features, vae_source
from thlab.papers.priors.head.data import Heard, Painted
from thlab.papers.priors.head.model import Content, Generator, Video, generate
from thlab.papers.priors.head.temporal import NOISE
from thlab.papers.priors.model import SequenceVAE
from thlab.papers.priors.train import load_vae
from thlab.training import from_card, load_weights, read_card
from thlab.training.weights import beside, state_digest

HEAD = "priors-head"
VAE = "priors-vae"


class HeadNet(nn.Module):
    """What is trained and saved of a head: the source's content net, and a generator.

    Chapter: book/content-to-video.ipynb
    """

    generator: Any  # Generator or TemporalGenerator

    def __init__(self, content: ContentNet, generator: nn.Module):
        super().__init__()
        self.content = content
        self.generator = generator

    def forward(
        self, painted: Painted, heard: Heard
    ) -> tuple[Video, Float[Tensor, "b k d"], Float[Tensor, "c u p 2"]]:
        """Frames, the content they were made from, and how what is heard moves lips."""
        z_c, rest = self.listen(painted.rows, painted.noise)
        moves = self.moves(heard)
        unseen = z_c.shape[1] - painted.real.shape[1]
        fake = self.generator(painted.image, z_c, rest, painted.goal, unseen)
        return fake, z_c[:, unseen:], moves

    def moves(self, heard: Heard) -> Float[Tensor, "c u p 2"]:
        """How what is heard moves lips and chin."""
        told, _ = self.listen(heard.rows, heard.noise)
        return self.generator.moves(told, heard.points)

    def listen(
        self, rows: Tensor, noise: Float[Tensor, "b t n"]
    ) -> tuple[Content, Float[Tensor, "b t m"]]:
        """Content of rows, and the noise that is left for the generator: its first numbers are the
        content net's.
        """
        own, rest = noise.split([self.content.width, NOISE], -1)
        content = self.content(rows.flatten(0, 1), own.flatten(0, 1))
        return content.unflatten(0, rows.shape[:2]), rest


class MovingLips(nn.Module):
    """A head's net where only lips are moved, and nothing is painted.

    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, net: HeadNet):
        super().__init__()
        self.net = net

    def forward(self, heard: Heard) -> Float[Tensor, "c u p 2"]:
        """How what is heard moves them."""
        return self.net.moves(heard)


class PriorsHead(nn.Module):
    """A head that bends and repaints the mouth of a picture, by what its features hear.

    features: frozen, with weights of their own. Chapter: book/content-to-video.ipynb
    """

    def __init__(self, features: Features, net: HeadNet):
        super().__init__()
        self.features = features
        self.net = net.eval()
        self.size: int = net.generator.config.size  # pixels of the aligned face view

    @property
    def device(self) -> torch.device:
        """Where frames are made; what goes in and comes out is on the CPU."""
        return next(self.net.parameters()).device

    @torch.no_grad()
    def content(self, speech: Speech) -> Float[Tensor, "t d"]:
        """What is heard, without chance."""
        rows = self.features(speech.audio, speech.n_frames)
        return self.net.content(rows.to(self.device)).cpu()

    def render(
        self, image: Float[Tensor, "3 h w"], content: Float[Tensor, "t d"], controls: None = None
    ) -> Tensor:
        """The video (t, 3, h, w) of an aligned picture."""
        video = generate(
            self.net.generator, image[None].to(self.device), content[None].to(self.device)
        )
        return video[0].cpu()

    @torch.inference_mode()
    def changes(
        self, image: Float[Tensor, "3 h w"], content: Float[Tensor, "t d"], controls: None = None
    ) -> Changes:
        """How each frame's mouth is bent, opened and coloured, on the grid of the view."""
        found = self.net.generator.changes(
            image[None].to(self.device), content[None].to(self.device)
        )
        maps = {
            name: value.cpu()
            for name, value in found._asdict().items()
            if isinstance(value, Tensor)
        }
        return found._replace(**maps)


def load_head(weights: Path | None = None) -> PriorsHead:
    """The head in the folder of a finished training, or the committed one.

    Its VAE is the one of that folder, else the committed one. FileNotFoundError where there is
    none, ValueError where the head was trained on the content of another VAE.
    Chapter: book/content-to-video.ipynb
    """
    name = Path(HEAD) if weights is None else weights / HEAD
    card = read_card(name)
    vae = load_vae(beside(weights, VAE))
    if card["content_digest"] != encoder_digest(vae):
        raise ValueError(
            f"{name} was trained on the content of another {VAE}: give both files of one training"
        )
    config = from_card(GANConfig, card["config"])
    source = vae_source(vae)
    net = HeadNet(source.content, Generator(config.generator, source.content.width))
    return PriorsHead(source.features, load_weights(name, net))


def encoder_digest(vae: SequenceVAE) -> str:
    """SHA-256 of the weights that z_c depends on. Chapter: book/content-to-video.ipynb"""
    return state_digest(vae.content.state_dict() | {"x_mean": vae.x_mean, "x_std": vae.x_std})
