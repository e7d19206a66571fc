"""The losses of the head of [mittal2020], Sect. 3.3 and 3.4, one function each."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from thlab.face.align import mouth
from thlab.nn.face_encoder import FaceEncoder
from thlab.nn.gan import gradient_penalty, wasserstein_critic
from thlab.nn.losses import perceptual
from thlab.nn.mouth import mouth_masks

Terms = dict[str, Tensor]
Video = Float[Tensor, "b t 3 h w"]
Lips = Float[Tensor, "b t p 2"]  # the true frames' points in 32nds of the mouth box


@dataclass(frozen=True)
class Weights:
    """Weights of the generator's terms; the paper tells none but that they are there."""

    l1: float = 1.0
    mouth: float = 8.0  # of a pixel of the mouth box, where the others have 1
    between: float = 16.0  # more of a pixel between the lips, where the teeth are: they are few
    perceptual: float = 0.1
    points: float = 0.1  # of squared 32nds of the mouth box
    adversarial: float = 0.005  # of each critic
    viseme: float = 0.01
    penalty: float = 10.0  # lambda of WGAN-GP, in the critics' loss


class Critics(NamedTuple):
    """D_frame and D_video, bare or as Fabric wraps them."""

    frame: nn.Module
    video: nn.Module

    def bare(self) -> "Critics":
        """The modules themselves: what Fabric wraps for mixed precision gives a gradient to
        fabric.backward alone.
        """
        return Critics(*(getattr(critic, "module", critic) for critic in self))


class Shown(NamedTuple):
    """What the critics are shown."""

    real: Video
    fake: Video
    content: Float[Tensor, "b t d"]  # that the fake frames were made from
    viseme: Int[Tensor, "b t"]
    lips: Float[Tensor, "b t p 2"]


def weighted_l1(fake: Video, real: Video, lips: Lips, weights: Weights) -> Float[Tensor, ""]:
    """Mean absolute difference, weighted more in the mouth box and yet more between the lips.

    lips: the true frames' points in 32nds of the mouth box. Chapter: book/content-to-video.ipynb
    """
    difference = (fake - real).abs()
    box = mouth(difference)
    between = mouth_masks(lips, box.shape[-1])
    more = (weights.mouth - 1 + weights.between * between).expand_as(box)
    return (difference.sum() + (more * box).sum()) / (difference.numel() + more.sum())


def landmark_l2(
    moves: Float[Tensor, "*b p 2"], wanted: Float[Tensor, "*b p 2"]
) -> Float[Tensor, ""]:
    """The squared L2 distance of mouth landmarks, Sect. 3.3, mean over points: of the moves that
    content asks for.

    Not of a detector's in the frames made, which must judge them later.
    Chapter: book/content-to-video.ipynb
    """
    return (moves - wanted).square().sum(-1).mean()


def reconstruction_loss(
    weights: Weights, fake: Video, real: Video, lips: Lips, faces: FaceEncoder | None
) -> Terms:
    """L1, and given an encoder the perceptual term, of each clip's last frame.

    Chapter: book/content-to-video.ipynb
    """
    terms = {"l1": weighted_l1(fake, real, lips, weights)}
    if faces is not None:
        terms["perceptual"] = perceptual(faces.features, fake[:, -1], real[:, -1])
    return terms


def critic_phase(
    weights: Weights, critics: Critics, shown: Shown, mix: Float[Tensor, "b"]
) -> Terms:
    """Both critics' losses, Sect. 3.4; the viseme's cross-entropy on real frames, the only ones
    with a true mouth.

    mix: where between real and fake each video's gradient is penalised.
    Chapter: book/content-to-video.ipynb
    """
    # the critics learn from what the generator made, but must not change it, nor the content that
    # made it
    fake = shown.fake.detach()
    content = shown.content.detach()
    real_frames = shown.real.flatten(0, 1)
    fake_frames = fake.flatten(0, 1)
    z_c = content.flatten(0, 1)
    lips = shown.lips.flatten(0, 1)
    bare = critics.bare()
    real_score, logits = critics.frame(real_frames, z_c, lips)
    fake_score, _ = critics.frame(fake_frames, z_c, lips)
    mixes = mix.repeat_interleave(shown.real.shape[1])
    frame_penalty = gradient_penalty(
        lambda x: bare.frame(x, z_c, lips)[0], real_frames, fake_frames, mixes
    )
    video_penalty = gradient_penalty(lambda x: bare.video(x, content), shown.real, fake, mix)
    real_video = critics.video(shown.real, content)
    fake_video = critics.video(fake, content)
    terms = {
        "critic_frame": wasserstein_critic(real_score, fake_score, frame_penalty, weights.penalty),
        "critic_video": wasserstein_critic(real_video, fake_video, video_penalty, weights.penalty),
        "critic_viseme": cross_entropy(logits, shown.viseme.flatten()),
    }
    return terms | {"critics": torch.stack(list(terms.values())).sum()}


def generator_phase(critics: Critics, shown: Shown) -> Terms:
    """−E[D] of both critics, and the viseme seen in the frames, Sect. 3.4.

    Chapter: book/content-to-video.ipynb
    """
    # the content is detached: it shall change the frames, not flatter the critics that are shown it
    content = shown.content.detach()
    score, logits = critics.frame(
        shown.fake.flatten(0, 1), content.flatten(0, 1), shown.lips.flatten(0, 1)
    )
    adversarial = -score.mean() - critics.video(shown.fake, content).mean()
    return {"adversarial": adversarial, "viseme": cross_entropy(logits, shown.viseme.flatten())}
