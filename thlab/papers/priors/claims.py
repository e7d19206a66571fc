"""What [mittal2020] says of its results, as comparisons; in words it stands in book/claims.json."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from thlab.corpus import EMOTIONS
from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Comparison, Untestable, less, more, within
from thlab.papers.priors.evaluate.collapse import ACCURACIES, SPREADS
from thlab.papers.priors.evaluate.emotions import RANGE
from thlab.papers.priors.evaluate.mouths import MEAN
from thlab.papers.priors.reported import (
    AUGMENTED,
    DAVS,
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

# anchors of mouths: what hears nothing, and ours on clean sound
ANCHORS = ((MEAN, "clean"), (OURS, "clean"))
PX = "px of 256"
Numbers = Any  # a float, or an array of them
NOT_BUILT = "this book does not build its generator"


def printed(row: str, level: str) -> float:
    """LMD of Table 1 in the paper, px of 256."""
    return TABLE_1[row][LEVELS.index(level)]


def less_noisy(row: str, other: str) -> Comparison:
    """LMD at −30 dB: a row below another."""
    paper = printed(row, "-30") - printed(other, "-30")
    return less(row, other, "-30", paper=paper, unit=PX)


def lost(noisy: Numbers, clean: Numbers, deaf: Numbers) -> Numbers:
    """The part of what hearing gives that noise takes, of LMDs: 0 none, 1 all."""
    return (noisy - clean) / (deaf - clean)


def loses_less(other: str) -> Comparison:
    """Ours loses a smaller part than another from clean to −30 dB.

    The paper has no mean mouth. All its methods fail at −10 dB, so its LMD there stands for deaf.
    """

    def paper(row: str) -> float:
        return lost(*(printed(row, level) for level in ("-30", "clean", "-10")))

    return Comparison(
        f"part lost at -30: {OURS} − {other}",
        ((OURS, "-30"), (OURS, "clean"), (other, "-30"), (other, "clean"), (MEAN, "clean")),
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
        anchors=ANCHORS,  # −40 dB is drawn in Fig. 5, not printed
    )


def at_par(other: str) -> Comparison:
    """LMD on clean sound at most 1.1 times another's."""
    paper = printed(OURS, "clean") - 1.1 * printed(other, "clean")
    return less(OURS, other, "clean", factor=1.1, paper=paper, unit=PX)


def margin_moves(row: str, label: str, up: bool) -> Claim:
    """Accuracy of a label read from a latent rises, or falls, with the margin loss."""
    column = ("viseme", "emotion").index(label)
    paper = TABLE_3[row][column] - TABLE_3[row][column + 2]
    compare = more if up else less
    facts = {"other_column": f"{label}, without", "paper": paper, "unit": "%"}
    moved = compare(row, row, f"{label}, with margin", anchors=("chance", row), **facts)
    return Claim("T3", (moved,))


def fails(row: str) -> Comparison:
    """LMD at −10 dB above that of the mean mouth, which hears nothing."""
    return Comparison(
        f"{row}, -10 − {MEAN}",
        ((row, "-10"), (MEAN, "-10")),
        lambda noisy, deaf: noisy - deaf,
        low=0,
        unit=PX,
        anchors=ANCHORS,
    )


def worst(of_emotions: Sequence[Numbers]) -> Numbers:
    """The cell whose mean is the largest."""
    means = [np.mean(cell) for cell in of_emotions]
    return of_emotions[int(np.argmax(means))]


def rises_less(other: str) -> Comparison:
    """From neutral to the worst emotion, LMD of ours rises less than another's."""

    def rise(cells: Sequence[Numbers]) -> Numbers:
        neutral = cells[EMOTIONS.index("neutral")]
        return worst(cells) - neutral

    n = len(EMOTIONS)
    return Comparison(
        f"rise of LMD from neutral to the worst emotion: {OURS} − {other}",
        tuple((row, emotion) for row in (OURS, other) for emotion in EMOTIONS),
        lambda *cells: rise(cells[:n]) - rise(cells[n:]),
        high=0,
        anchors=((MEAN, "neutral"), (OURS, "neutral")),
    )


def narrows_less(other: str) -> Comparison:
    """From neutral to the worst emotion, the opening's range of ours falls less than another's."""

    def fall(cells: Sequence[Numbers]) -> Numbers:
        neutral = cells[EMOTIONS.index("neutral")]
        return neutral + worst([-cell for cell in cells])

    n = len(EMOTIONS)
    columns = [f"{emotion}{RANGE}" for emotion in EMOTIONS]
    return Comparison(
        f"fall of the opening's range from neutral to the worst emotion: {OURS} − {other}",
        tuple((row, column) for row in (OURS, other) for column in columns),
        lambda *cells: fall(cells[:n]) - fall(cells[n:]),
        high=0,
        anchors=((MEAN, f"neutral{RANGE}"), (OURS, f"neutral{RANGE}")),
    )


def collapsed(k: str) -> Comparison:
    """Without the discriminative terms, rows lie a tenth as far apart as with them, or nearer."""
    return less("without", "with", SPREADS[k], factor=0.1, paper=None, anchors=("without", "with"))


def told(k: str, factor: float) -> tuple[Comparison, Comparison]:
    """Labels told by a table: without the terms at most twice as often as by a guess, with them
    `factor` times as often.
    """
    anchors = ("chance", "with")
    column = ACCURACIES[k]
    return (
        less("without", "chance", column, factor=2, paper=None, anchors=anchors),
        more("with", "chance", column, factor=factor, paper=None, anchors=anchors),
    )


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
    "priors.high-noise-fails": Claim("T1", tuple(fails(row) for row in ROWS)),
    "priors.clean-par": Claim(
        "T1",
        (
            *(at_par(row) for row in RIVALS),
            Untestable("ours − 1.1 × Chung (ref. 7), LMD", NOT_BUILT),
            Untestable("ours − 1.1 × Chen (ref. 6), LMD", NOT_BUILT),
        ),
    ),
    "priors.emotion-robust": Claim("emotions", (rises_less(DAVS), narrows_less(DAVS))),
    "priors.margin-content-viseme": margin_moves("content", "viseme", up=True),
    "priors.margin-content-emotion": margin_moves("content", "emotion", up=False),
    "priors.margin-emotion-viseme": margin_moves("emotion", "viseme", up=False),
    "priors.margin-emotion-emotion": margin_moves("emotion", "emotion", up=True),
    # the paper's words are near and far; the factors are ours
    "priors.collapse-visemes": Claim("collapse", (collapsed("c"), *told("c", 5))),
    "priors.collapse-emotions": Claim("collapse", (collapsed("e"), *told("e", 2))),
    "priors.collapse-sequences": Claim("collapse", (collapsed("s"),)),
}
