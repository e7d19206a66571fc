"""The losses of [mittal2020], Sect. 3.3 and 3.4, one function each; each returns named terms and their total."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from thlab.face.align import mouth
from thlab.nn.face_encoder import FaceEncoder
from thlab.papers.priors.generator import Content, Image, inside

Terms = dict[str, Tensor]
Video = Float[Tensor, "b t 3 h w"]
Scores = Float[Tensor, "b"]
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


def reconstruction(fake: Video, real: Video, lips: Float[Tensor, "b t p 2"], weights: Weights) -> Float[Tensor, ""]:
    """Mean absolute difference, weighted more in the mouth box and yet more between the lips.

    lips: the true frames' points in 32nds of the mouth box. Chapter: book/content-to-video.ipynb
    """
    difference = (fake - real).abs()
    box = mouth(difference)
    between = inside(lips.flatten(0, 1), box.shape[-1]).view(*box.shape[:2], 1, *box.shape[-2:])
    more = (weights.mouth - 1 + weights.between * between).expand_as(box)
    return (difference.sum() + (more * box).sum()) / (difference.numel() + more.sum())


def perceptual(features: Callable[[Tensor], list[Tensor]], fake: Image, real: Image) -> Float[Tensor, ""]:
    """Mean absolute difference of a network's features, summed over its levels. Chapter: book/content-to-video.ipynb"""
    with torch.no_grad():
        wanted = features(real)
    return torch.stack([(a - b).abs().mean() for a, b in zip(features(fake), wanted, strict=True)]).sum()


def landmark_l2(moves: Float[Tensor, "*b p 2"], wanted: Float[Tensor, "*b p 2"]) -> Float[Tensor, ""]:
    """The squared L2 distance of mouth landmarks, Sect. 3.3, mean over points: of the moves that content asks for.

    Not of a detector's in the frames made, which must judge them later. Chapter: book/content-to-video.ipynb
    """
    return (moves - wanted).square().sum(-1).mean()


def critic_loss(real: Scores, fake: Scores, penalty: Float[Tensor, ""], weight: float = 10.0) -> Float[Tensor, ""]:
    """Wasserstein critic's loss, E[D(fake)] − E[D(real)] + λ GP, Eq. 3 of [gulrajani2017]."""
    return fake.mean() - real.mean() + weight * penalty


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Float[Tensor, "b"]
) -> Float[Tensor, ""]:
    """E[(‖∇D(x̂)‖₂ − 1)²] at x̂ = mix · real + (1 − mix) · fake, [gulrajani2017].

    critic: from pictures (b, …) to scores (b,). mix in [0, 1], one a sample. Chapter: book/content-to-video.ipynb
    """
    mix = mix.view(-1, *[1] * (real.ndim - 1))
    between = (mix * real + (1 - mix) * fake).detach().requires_grad_()  # the penalty is the critic's alone
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).square().sum(1).add(1e-12).sqrt() - 1).square().mean()


def likeness(weights: Weights, fake: Video, real: Video, lips: Lips, faces: FaceEncoder | None) -> Terms:
    """L1, and given an encoder the perceptual term, of each clip's last frame. Chapter: book/content-to-video.ipynb"""
    terms = {"l1": reconstruction(fake, real, lips, weights)}
    if faces is not None:
        terms["perceptual"] = perceptual(faces.features, fake[:, -1], real[:, -1])
    return terms


def generator_loss(weights: Weights, terms: Terms) -> Terms:
    """The named terms and their weighted total; `l1` is there always, the others where they were computed."""
    return terms | {"total": torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()}


def critic_phase(
    weights: Weights, d_frame: nn.Module, d_video: nn.Module, real: Video, fake: Video, content: Content,
    viseme: Int[Tensor, "b t"], lips: Lips, mix: Float[Tensor, "b"],
) -> Terms:  # fmt: skip
    """Both critics' losses, Sect. 3.4; the viseme's cross-entropy on real frames, the only ones with a true mouth.

    Chapter: book/content-to-video.ipynb
    """
    # the critics learn from what the generator made, but must not change it, nor the content that made it
    fake, content = fake.detach(), content.detach()
    frames = real.flatten(0, 1), fake.flatten(0, 1)
    told, mixes = (content.flatten(0, 1), lips.flatten(0, 1)), mix.repeat_interleave(real.shape[1])
    (real_score, logits), (fake_score, _) = d_frame(frames[0], *told), d_frame(frames[1], *told)
    # the bare modules: what Fabric wraps for mixed precision lets no gradient be taken but by fabric.backward
    bare_frame, bare_video = (getattr(critic, "module", critic) for critic in (d_frame, d_video))
    frame_penalty = gradient_penalty(lambda x: bare_frame(x, *told)[0], *frames, mixes)
    video_penalty = gradient_penalty(lambda x: bare_video(x, content), real, fake, mix)
    terms = {
        "critic_frame": critic_loss(real_score, fake_score, frame_penalty, weights.penalty),
        "critic_video": critic_loss(d_video(real, content), d_video(fake, content), video_penalty, weights.penalty),
        "critic_viseme": cross_entropy(logits, viseme.flatten()),
    }
    return terms | {"critics": torch.stack(list(terms.values())).sum()}


def generator_phase(
    d_frame: nn.Module, d_video: nn.Module, fake: Video, content: Content, viseme: Int[Tensor, "b t"], lips: Lips
) -> Terms:
    """−E[D] of both critics, and the viseme seen in the frames, Sect. 3.4. Chapter: book/content-to-video.ipynb"""
    # the content is detached: it shall change the frames, not flatter the critics that are shown it
    content = content.detach()
    score, logits = d_frame(fake.flatten(0, 1), content.flatten(0, 1), lips.flatten(0, 1))
    adversarial = -score.mean() - d_video(fake, content).mean()
    return {"adversarial": adversarial, "viseme": cross_entropy(logits, viseme.flatten())}
