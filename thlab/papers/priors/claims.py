"""What [mittal2020] says of its results, as comparisons; in words it stands in book/claims.json."""

from typing import Any

import numpy as np

from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Comparison, Untestable, less, more, within
from thlab.papers.priors.reported import (
    AUGMENTED,
    GAN,
    GAN_OURS,
    LEVELS,
    NO_MARGIN,
    OURS,
    PLAIN,
    RECOGNISER,
    RIVALS,
    ROWS,
    TABLE_1,
    TABLE_3,
)

MEAN_FRAME = "mean frame"  # hears nothing
STILLS = ("repeated frame", MEAN_FRAME)  # anchors of mouths: two videos that stand still
PX = "px of 256"
Numbers = Any  # a float, or an array of them
NOT_BUILT = "this book does not build its generator"


def printed(row: str, level: str) -> float:
    """LMD of Table 1 in the paper, px of 256."""
    return TABLE_1[row][LEVELS.index(level)]


def less_noisy(row: str, other: str) -> Comparison:
    """LMD at −30 dB: a row below another."""
    paper = printed(row, "-30") - printed(other, "-30")
    return less(row, other, "-30", paper=paper, unit=PX, anchors=STILLS)


def lost(noisy: Numbers, clean: Numbers, deaf: Numbers) -> Numbers:
    """The part of what hearing gives that noise takes, of LMDs: 0 none, 1 all."""
    return (noisy - clean) / (deaf - clean)


def loses_less(other: str) -> Comparison:
    """Ours loses a smaller part than another from clean to −30 dB.

    The paper has no mean frame. All its methods fail at −10 dB, so its LMD there stands for deaf.
    """

    def paper(row: str) -> float:
        return lost(*(printed(row, level) for level in ("-30", "clean", "-10")))

    return Comparison(
        f"part lost at -30: {OURS} − {other}",
        ((OURS, "-30"), (OURS, "clean"), (other, "-30"), (other, "clean"), (MEAN_FRAME, "clean")),
        lambda a, a_clean, b, b_clean, deaf: lost(a, a_clean, deaf) - lost(b, b_clean, deaf),
        high=0,
        paper=paper(OURS) - paper(other),
        unit="part of what hearing gives",
    )


def smaller_gap_at_low_noise() -> Comparison:
    """What the margin loss gives, ours against ours without it: less at −40 dB than at −30 dB."""
    cells = [(row, level) for level in ("-40", "-30") for row in (OURS, NO_MARGIN)]
    return Comparison(
        "size of the gap of ours to ours without margin loss: at -40 − at -30",
        tuple(cells),
        lambda a_40, b_40, a_30, b_30: np.abs(a_40 - b_40) - np.abs(a_30 - b_30),
        high=0,
        unit=PX,
        anchors=((STILLS[0], "-30"), (STILLS[1], "-30")),  # −40 dB is drawn in Fig. 5, not printed
    )


def at_par(other: str) -> Comparison:
    """LMD on clean sound at most 1.1 times another's."""
    paper = printed(OURS, "clean") - 1.1 * printed(other, "clean")
    return less(OURS, other, "LMD", factor=1.1, paper=paper, unit=PX)


def margin_moves(row: str, label: str, up: bool) -> Claim:
    """Accuracy of a label read from a latent rises, or falls, with the margin loss."""
    column = ("viseme", "emotion").index(label)
    paper = TABLE_3[row][column] - TABLE_3[row][column + 2]
    compare = more if up else less
    facts = {"other_column": f"{label}, without", "paper": paper, "unit": "%"}
    moved = compare(row, row, f"{label}, with margin", anchors=("chance", row), **facts)
    return Claim("T3", (moved,))


CLAIMS = {
    "priors.low-noise": Claim(
        "T1",
        tuple(within(row, row, "-60", -0.1, 0.1, unit=PX, other_column="clean") for row in ROWS),
    ),
    "priors.robust": Claim("T1", tuple(loses_less(row) for row in RIVALS)),
    "priors.augment-helps": Claim("T1", (less_noisy(AUGMENTED, PLAIN),)),
    "priors.augment-not-enough": Claim("T1", (less_noisy(OURS, AUGMENTED),)),
    "priors.asr-not-enough": Claim("T1", (less_noisy(OURS, RECOGNISER),)),
    "priors.margin-robust": Claim(
        "T1",
        (less_noisy(OURS, NO_MARGIN), smaller_gap_at_low_noise()),
    ),
    "priors.compatible": Claim("T1", (less_noisy(GAN_OURS, GAN),)),
    "priors.high-noise-fails": Claim(
        "T1",
        tuple(more(row, MEAN_FRAME, "-10", paper=None, anchors=STILLS) for row in ROWS),
    ),
    "priors.clean-par": Claim(
        "T2",
        (
            *(at_par(row) for row in RIVALS),
            Untestable("ours − 1.1 × Chung (ref. 7), LMD", NOT_BUILT),
            Untestable("ours − 1.1 × Chen (ref. 6), LMD", NOT_BUILT),
        ),
    ),
    "priors.margin-content-viseme": margin_moves("content", "viseme", up=True),
    "priors.margin-content-emotion": margin_moves("content", "emotion", up=False),
    "priors.margin-emotion-viseme": margin_moves("emotion", "viseme", up=False),
    "priors.margin-emotion-emotion": margin_moves("emotion", "emotion", up=True),
    "priors.collapse": Claim(  # the paper's words are near and far; the factors are ours
        "collapse",
        (
            less("without", "with", "spread", factor=0.1, paper=None, anchors=("without", "with")),
            less("without", "chance", "accuracy", factor=2, paper=None, anchors=("chance", "with")),
            more("with", "chance", "accuracy", factor=5, paper=None, anchors=("chance", "with")),
        ),
    ),
}
