"""Eq. 1 to 8 of [zhou2019], one function each, and the two phases of a step; each phase returns named terms."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from thlab.face.align import mouth
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import Critics, Output, Said

Terms = dict[str, Float[Tensor, ""]]
Video = Float[Tensor, "b t 3 h w"]
Features = Float[Tensor, "b n d"]
Patches = Float[Tensor, "b 1 h w"]


def contrastive(F_v: Features, F_a: Features) -> Float[Tensor, ""]:
    """L_C of Eq. 1 of [zhou2019] over the batch's pairs, divided by the batch: each sample's share.

    A sample's features are one vector of length 1. Unlike the code's, distances are not squared and both sides learn,
    as the text has it. Chapter: book/davs.ipynb
    """
    # \sum_{n,m} ( l_{mn} d_{mn} + (1 - l_{mn}) \max(1 - d_{mn}, 0) )
    v, a = (normalize(F.flatten(1), dim=1) for F in (F_v, F_a))
    d = (2 - 2 * v @ a.T).clamp(min=1e-6).sqrt()  # a root has no slope at 0
    own = torch.eye(len(d), device=d.device)
    return (own * d + (1 - own) * (1 - d).clamp(min=0)).sum() / len(d)


def uneven(logits: Float[Tensor, "b k"]) -> Float[Tensor, ""]:
    """L_p^w of Eq. 3 and L_w^p of Eq. 5 of [zhou2019]: how far a classifier is from giving each class 1 / N.

    The squared distance, which is 0 and without gradient where nothing is told. Chapter: book/davs.ipynb
    """
    # \sum_j \| \mathrm{softmax}(C(f))_j - \tfrac{1}{N} \|_2^2
    return (logits.softmax(1) - 1 / logits.shape[1]).square().sum(1).mean()


def likeness(fake: Video, real: Video) -> Terms:
    """L_L1 of Eq. 6 of [zhou2019] as a mean over pixels, and what the public code adds to it.

    mouth: the same in the mouth's box. still: of the difference between one frame and the next, outside that box.
    Chapter: book/davs.ipynb
    """
    difference, jumps = (fake - real).abs(), (fake - real).diff(dim=1).abs()
    outside = torch.ones_like(jumps)
    mouth(outside).zero_()
    still = (outside * jumps).sum() / outside.sum().clamp(min=1)
    return {"l1": difference.mean(), "mouth": mouth(difference).mean(), "still": still}


def critic_gan(real: Patches, fakes: list[Patches]) -> Float[Tensor, ""]:
    """-L_GAN of Eq. 7 of [zhou2019], which D_seq makes small: of logits, mean over patches and kinds of fakes.

    Chapter: book/davs.ipynb
    """
    # -\log D(S^v) - \log(1 - D(G(f_p^v, F_w)))
    return binary_cross_entropy_with_logits(real, torch.ones_like(real)) + torch.stack(
        [binary_cross_entropy_with_logits(fake, torch.zeros_like(fake)) for fake in fakes]
    ).mean()  # fmt: skip


def generator_gan(fakes: list[Patches]) -> Float[Tensor, ""]:
    """G's side of Eq. 7 of [zhou2019] as -log D(G), which has a gradient where D_seq is sure, as log(1 - D(G)) has not.

    Chapter: book/davs.ipynb
    """
    return torch.stack([binary_cross_entropy_with_logits(fake, torch.ones_like(fake)) for fake in fakes]).mean()


def critic_phase(critics: torch.nn.Module, out: Output, batch: dict[str, Tensor]) -> Terms:
    """The classifiers' and D_seq's half of a step: Eq. 2, Eq. 4, the modalities, Eq. 7. Chapter: book/davs.ipynb"""
    # detached: they learn to read what the encoders and G make, and shall not make it easier to read
    said: Said = critics(out.detached(), batch.get("real"))
    modality = torch.zeros_like(batch["word"])
    terms = {
        "c_w_p": cross_entropy(said.person, batch["person"].repeat_interleave(out.F_w_v.shape[1])),
        "modality": (cross_entropy(said.modality_v, modality) + cross_entropy(said.modality_a, modality + 1)) / 2,
    }
    if said.word is not None:
        terms["c_p_w"] = cross_entropy(said.word, batch["word"])
    if said.real is not None and said.fake_v is not None and said.fake_a is not None:
        terms["d_seq"] = critic_gan(said.real, [said.fake_v, said.fake_a])
    return terms | {"critics": torch.stack(list(terms.values())).sum()}


def encoder_phase(config: DAVSConfig, critics: Critics, out: Output, batch: dict[str, Tensor]) -> Terms:
    """The encoders', C_w's and G's half: named terms and their weighted "total". `critics` must be frozen.

    Eq. 1, cross-entropy of words, modalities that shall not be told apart (as Eq. 3, of two classes), Eq. 5; with
    pictures also the person's cross-entropy from f_p, Eq. 3, and Eq. 6 to 8 of video and audio, each the mean of both.
    Chapter: book/davs.ipynb
    """
    said: Said = critics(out)
    terms = {
        "contrastive": contrastive(out.F_w_v, out.F_w_a),
        "words": cross_entropy(out.words_v, batch["word"]) + cross_entropy(out.words_a, batch["word"]),
        "domain": uneven(said.modality_v) + uneven(said.modality_a),
        "dispel_person": uneven(said.person),
    }
    if out.fake_v is not None and out.fake_a is not None and out.people is not None and said.word is not None:
        terms |= {"people": cross_entropy(out.people, batch["person"]), "dispel_word": uneven(said.word)}
        both = likeness(out.fake_v, batch["real"]), likeness(out.fake_a, batch["real"])
        terms |= {name: (both[0][name] + both[1][name]) / 2 for name in both[0]}
    if said.fake_v is not None and said.fake_a is not None:
        terms["gan"] = generator_gan([said.fake_v, said.fake_a])
    weighted = [getattr(config, name, 1.0) * term for name, term in terms.items()]  # words and people weigh 1
    return terms | {"total": torch.stack(weighted).sum()}
