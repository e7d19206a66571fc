"""Eq. 2 to 6 of [ji2021], a function each."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from thlab.nn.losses import weighted_total
from thlab.papers.evp.model import Crossed, DisentangleConfig
from thlab.papers.evp.pairs import Quadruples

Two = Float[Tensor, "b 2 28 12"]  # windows of sentences i and j
IM, JN, JM, IN = range(4)  # the order of a quadruple's windows


def reconstruction_error(made: Two, true: Two, norm: str) -> Float[Tensor, ""]:
    """The norm in Eq. 2 and 3 of [ji2021], a mean over values: "l2" squared, "l1" absolute.

    The sum over both windows, a mean over quadruples. Chapter: book/evp-disentangle.ipynb
    """
    difference = made - true
    error = difference.abs() if norm == "l1" else difference.square()
    return 2 * error.mean()


def l_cross(found: Crossed, x: Float[Tensor, "b 4 28 12"], norm: str) -> Float[Tensor, ""]:
    """Eq. 2 of [ji2021]: content of one clip and emotion of the other make the clip of both.

    Chapter: book/evp-disentangle.ipynb
    """
    # ‖D(E_c(x_{i,m}), E_e(x_{j,n})) − x_{i,n}‖ + ‖D(E_c(x_{j,n}), E_e(x_{i,m})) − x_{j,m}‖
    return reconstruction_error(found.crossed, x[:, [IN, JM]], norm)


def l_self(found: Crossed, x: Float[Tensor, "b 4 28 12"], norm: str) -> Float[Tensor, ""]:
    """Eq. 3 of [ji2021]: a clip's own content and emotion make it again.

    Chapter: book/evp-disentangle.ipynb
    """
    return reconstruction_error(found.own, x[:, [IM, JN]], norm)


def l_cla(found: Crossed, batch: Quadruples) -> Float[Tensor, ""]:
    """Eq. 4 of [ji2021]: C_e tells the emotion of each window, in nats.

    Chapter: book/evp-disentangle.ipynb
    """
    m, n = batch.emotion.unbind(1)
    return cross_entropy(found.logits.flatten(0, 1), torch.stack([m, n, m, n], 1).flatten())


def l_con(content: Float[Tensor, "b 4 c"]) -> Float[Tensor, ""]:
    """Eq. 5 of [ji2021]: one sentence in two moods has one content; mean over the code's numbers.

    The sum over both sentences, a mean over quadruples. Chapter: book/evp-disentangle.ipynb
    """
    im, jn, jm, i_n = content.unbind(1)
    return (im - i_n).abs().mean() + (jm - jn).abs().mean()


def spread(content: Float[Tensor, "b 4 c"]) -> Float[Tensor, ""]:
    """How far contents differ within a batch: their deviation, a mean over the code's numbers.

    Chapter: book/evp-disentangle.ipynb
    """
    return content.flatten(0, 1).std(0).mean()


def disentangling_loss(
    found: Crossed, batch: Quadruples, config: DisentangleConfig
) -> dict[str, Tensor]:
    """Eq. 6 of [ji2021]: the four named terms and their weighted "total"; beside them "spread".

    Chapter: book/evp-disentangle.ipynb
    """
    terms = {
        "l_cross": l_cross(found, batch.x, config.norm),
        "l_self": l_self(found, batch.x, config.norm),
        "l_cla": l_cla(found, batch),
        "l_con": l_con(found.content),
    }
    return weighted_total(terms, config.weights) | {"spread": spread(found.content).detach()}
