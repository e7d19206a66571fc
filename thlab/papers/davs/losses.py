"""Eq. 1 to 8 of [zhou2019], and the two phases of a step; each phase returns named terms."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from thlab.face.align import mouth
from thlab.nn.gan import discriminator_bce, generator_bce
from thlab.nn.losses import weighted_total
from thlab.nn.mouth import mouth_masks
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.critics import CriticOutput
from thlab.papers.davs.model import Frames, Output, WordBatch

Terms = dict[str, Float[Tensor, ""]]
Features = Float[Tensor, "b n d"]


@dataclass(frozen=True)
class LossWeights:
    """The weight of each term of the encoders' phase: four that a config sets, the others the
    public code's.
    """

    domain: float
    dispel_word: float
    dispel_person: float
    gan: float
    contrastive: float = 1.0
    words: float = 1.0
    people: float = 1.0
    l1: float = 4.0  # alpha of Eq. 8
    mouth: float = 8.0
    still: float = 5.0


def loss_weights(config: DAVSConfig) -> LossWeights:
    """The weights that a config asks for. Chapter: book/davs.ipynb"""
    return LossWeights(config.domain, config.dispel_word, config.dispel_person, config.gan)


def contrastive(F_v: Features, F_a: Features) -> Float[Tensor, ""]:
    """L_C of Eq. 1 of [zhou2019] over the batch's pairs, divided by the batch: each sample's share.

    A sample's features are one vector of length 1. Unlike the code's, distances are not squared and
    both sides learn, as the text has it. Chapter: book/davs.ipynb
    """
    # \sum_{n,m} ( l_{mn} d_{mn} + (1 - l_{mn}) \max(1 - d_{mn}, 0) )
    v = normalize(F_v.flatten(1), dim=1)
    a = normalize(F_a.flatten(1), dim=1)
    d = (2 - 2 * v @ a.T).clamp(min=1e-6).sqrt()  # a root has no slope at 0
    own = torch.eye(len(d), device=d.device)
    return (own * d + (1 - own) * (1 - d).clamp(min=0)).sum() / len(d)  # Eq. 1


def confusion_loss(logits: Float[Tensor, "b k"]) -> Float[Tensor, ""]:
    """L_p^w of Eq. 3 and L_w^p of Eq. 5 of [zhou2019]: how far a classifier is from giving each
    class 1 / N.

    The squared distance, which is 0 and without gradient where nothing is told.
    Chapter: book/davs.ipynb
    """
    # \sum_j \| \mathrm{softmax}(C(f))_j - \tfrac{1}{N} \|_2^2
    return (logits.softmax(1) - 1 / logits.shape[1]).square().sum(1).mean()  # Eq. 3, Eq. 5


def reconstruction_loss(
    fake: Frames, real: Frames, lips: Float[Tensor, "b t p 2"] | None = None, inside: float = 1.0
) -> Terms:
    """L_L1 of Eq. 6 of [zhou2019] as a mean over pixels, and what the public code adds to it.

    mouth: the same in the mouth's box, where a pixel between the lips, if their points are given in
    32nds of it, weighs `inside` times as much. still: of the difference between one frame and the
    next, outside that box. Of landmarks the mean over points alone. Chapter: book/davs.ipynb
    """
    difference = (fake - real).abs()  # Eq. 6
    if fake.ndim == 4:  # landmarks
        return {"l1": difference.mean()}
    jumps = (fake - real).diff(dim=1).abs()
    outside = torch.ones_like(jumps)
    mouth(outside).zero_()
    still = (outside * jumps).sum() / outside.sum().clamp(min=1)
    box = mouth(difference)
    weight = torch.ones_like(box)
    if lips is not None:
        weight = weight * (1 + (inside - 1) * mouth_masks(lips, box.shape[-1]))
    return {
        "l1": difference.mean(),
        "mouth": (weight * box).sum() / weight.sum(),
        "still": still,
    }


def critic_phase(critics: nn.Module, out: Output, batch: WordBatch) -> Terms:
    """The classifiers' and D_seq's half of a step: Eq. 2, Eq. 4, the modalities, Eq. 7.

    Chapter: book/davs.ipynb
    """
    # detached: they learn to read what the encoders and G make, and shall not make it easier to
    # read
    told: CriticOutput = critics(out.detached(), batch.real)
    lips = torch.zeros_like(batch.word)
    of_lips = cross_entropy(told.modality_v, lips)
    of_sound = cross_entropy(told.modality_a, lips + 1)
    person_of_each_frame = batch.person.repeat_interleave(out.F_w_v.shape[1])
    terms = {
        "c_w_p": cross_entropy(told.person, person_of_each_frame),  # Eq. 4
        "modality": (of_lips + of_sound) / 2,
    }
    if told.word is not None:
        terms["c_p_w"] = cross_entropy(told.word, batch.word)  # Eq. 2
    if told.real is not None and told.fake_v is not None and told.fake_a is not None:
        terms["d_seq"] = discriminator_bce(told.real, [told.fake_v, told.fake_a])  # Eq. 7
    return terms | {"critics": torch.stack(list(terms.values())).sum()}


def encoder_phase(config: DAVSConfig, critics: nn.Module, out: Output, batch: WordBatch) -> Terms:
    """The encoders', C_w's and G's half: named terms and their weighted "total". `critics` must be
    frozen.

    Eq. 1, cross-entropy of words, modalities that shall not be told apart (as Eq. 3, of two
    classes), Eq. 5; with pictures also the person's cross-entropy from f_p, Eq. 3, and Eq. 6 to 8
    of video and audio, each the mean of both. Chapter: book/davs.ipynb
    """
    told: CriticOutput = critics(out)
    terms = {
        "contrastive": contrastive(out.F_w_v, out.F_w_a),  # Eq. 1
        "words": cross_entropy(out.words_v, batch.word) + cross_entropy(out.words_a, batch.word),
        "domain": confusion_loss(told.modality_v) + confusion_loss(told.modality_a),
        "dispel_person": confusion_loss(told.person),  # Eq. 5
    }
    if out.people is not None and told.word is not None:
        terms["people"] = cross_entropy(out.people, batch.person)
        terms["dispel_word"] = confusion_loss(told.word)  # Eq. 3
    if out.fake_v is not None and out.fake_a is not None and batch.real is not None:
        of_lips = reconstruction_loss(out.fake_v, batch.real, batch.lips, config.inside)
        of_sound = reconstruction_loss(out.fake_a, batch.real, batch.lips, config.inside)
        for name, term in of_lips.items():
            terms[name] = (term + of_sound[name]) / 2  # Eq. 6
    if told.fake_v is not None and told.fake_a is not None:
        terms["gan"] = generator_bce([told.fake_v, told.fake_a])  # Eq. 7
    return weighted_total(terms, loss_weights(config))  # Eq. 8
