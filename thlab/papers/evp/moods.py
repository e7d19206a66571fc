"""What emotion a face shall show: a label or a mix of labels, and how strongly."""

import math
from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor


def parse_mix(text: str, emotions: Sequence[str]) -> dict[str, float]:
    """ "happy", or "happy:.6,sad:.4", as shares that add up to 1.

    ValueError for an unknown emotion, one that is named twice, a share that is no number, and
    shares whose sum is not above 0. Chapter: book/evp-disentangle.ipynb
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, colon, number = part.strip().partition(":")
        if name not in emotions:
            raise ValueError(f"emotion {name!r}: choose one of {', '.join(emotions)}")
        if name in shares:
            raise ValueError(f"emotion {text!r} names {name} twice")
        try:
            share = float(number) if colon else 1.0
        except ValueError:
            share = math.nan
        if not 0 <= share < math.inf:
            raise ValueError(f"emotion {part.strip()!r}: write it as {name}:0.6")
        shares[name] = share
    whole = sum(shares.values())
    if whole <= 0:
        raise ValueError(f"emotion {text!r}: at least one share must be above 0")
    return {name: share / whole for name, share in shares.items()}


def mixed(
    moods: Float[Tensor, "n e"], emotions: Sequence[str], mix: Mapping[str, float]
) -> Float[Tensor, "e"]:
    """The code between mean codes, alpha E_s + (1 - alpha) E_t of [ji2021] for two.

    Chapter: book/evp-disentangle.ipynb
    """
    code = moods.new_zeros(moods.shape[1])
    for name, share in mix.items():
        code = code + share * moods[emotions.index(name)]
    return code


def with_intensity(
    code: Float[Tensor, "e"], neutral: Float[Tensor, "e"], intensity: float
) -> Float[Tensor, "e"]:
    """A code nearer to the neutral one: 0 is neutral, 1 the code itself.

    Chapter: book/evp-disentangle.ipynb
    """
    return neutral + intensity * (code - neutral)
