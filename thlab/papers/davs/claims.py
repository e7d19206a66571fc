"""What [zhou2019] says of its results, as comparisons; in words it stands in book/claims.json."""

from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Comparison, less, more
from thlab.papers.davs.reported import (
    CHANCE_OF_LRW,
    CONTRASTIVE,
    DOMAIN,
    LEAKAGE,
    RANKS,
    SCORES,
    SHARED,
    SUPERVISIONS,
    TABLE_1,
    TABLE_3,
    TOGETHER,
    WAYS,
    WORDS,
)

FOUND = tuple(f"{way} R@1" for way in WAYS)
ENDS = (CONTRASTIVE, TOGETHER)  # anchors of Table 3: its first and its last row


def printed(row: str, column: str) -> float:
    """A number of Table 3 in the paper: %, or a rank."""
    return TABLE_3[row][SCORES.index(column)]


def better(row: str, other: str, column: str) -> Comparison:
    """A row of Table 3 better than another: a higher accuracy or recall, or a lower median rank."""
    paper = printed(row, column) - printed(other, column)
    if column.endswith("MedR"):
        return less(row, other, column, paper=paper, unit="rank", anchors=ENDS)
    return more(row, other, column, paper=paper, unit="%", anchors=ENDS)


def gan_raises(column: str, unit: str) -> Claim:
    """A column of Table 1 rises with the adversarial loss, from sound and from video."""
    number = ("PSNR", "SSIM").index(column)
    comparisons = []
    for source in ("audio", "video"):
        row, other = f"{source}, L1 + GAN", f"{source}, L1"
        paper = TABLE_1[row][number] - TABLE_1[other][number]
        anchors = ("repeated frame", "mean frame")
        comparisons.append(more(row, other, column, paper=paper, unit=unit, anchors=anchors))
    return Claim("T1", tuple(comparisons))


def raises(row: str, columns: tuple[str, ...]) -> Claim:
    """A supervision better than the contrastive loss alone, in some columns."""
    return Claim("T3", tuple(better(row, CONTRASTIVE, column) for column in columns))


def best(columns: tuple[str, ...]) -> tuple[Comparison, ...]:
    """All supervisions together better than each of the other rows, in some columns."""
    pairs = [(row, column) for row in SUPERVISIONS[:-1] for column in columns]
    return tuple(better(TOGETHER, row, column) for row, column in pairs)


def gains_more(column: str) -> Comparison:
    """What both add to the contrastive loss, minus what each adds alone."""

    def surplus(alone, shared, domain, both):
        return both - shared - domain + alone

    rows = (CONTRASTIVE, SHARED, DOMAIN, TOGETHER)
    return Comparison(
        f"gain of both minus the two single gains, {column}",
        tuple((row, column) for row in rows),
        surplus,
        low=0,
        paper=surplus(*(printed(row, column) for row in rows)),
        unit="%",
    )


def modalities() -> Claim:
    """Words told from both, better than from audio, better than from video, in each row."""
    comparisons = []
    for row in SUPERVISIONS:
        for column, other in (("both", "audio"), ("audio", "visual")):
            paper = printed(row, column) - printed(row, other)
            facts = {"other_column": other, "paper": paper, "unit": "%", "anchors": ENDS}
            comparisons.append(more(row, row, column, **facts))
    return Claim("T3", tuple(comparisons))


def word_leaves() -> Claim:
    """The word told from F_p falls, and what is above chance at least by half."""
    column = "word from F_p"
    before, after = LEAKAGE["before"][0], LEAKAGE["after"][0]
    halved = Comparison(
        f"after − the middle of before and chance, {column}",
        (("after", column), ("before", column), ("chance", column)),
        lambda left, held, chance: left - (held + chance) / 2,
        high=0,
        paper=after - (before + CHANCE_OF_LRW) / 2,
        unit="%",
    )
    anchors = ("chance", "before")
    falls = less("after", "before", column, paper=after - before, unit="%", anchors=anchors)
    return Claim("SVM", (falls, halved))


def person_leaves() -> Claim:
    """The person told from f_w falls; the paper does not measure it."""
    anchors = ("chance", "before")
    falls = less("after", "before", "person from f_w", paper=None, unit="%", anchors=anchors)
    return Claim("SVM", (falls,))


def found_again() -> Claim:
    """The original found by what was generated: with disentangling above without, above a still."""
    comparisons = []
    for column in ("audio R@1", "video R@1"):
        for row, other in (("with", "without"), ("without", "repeated frame")):
            anchors = ("repeated frame", "without")
            comparisons.append(more(row, other, column, paper=None, unit="%", anchors=anchors))
    return Claim("T4", tuple(comparisons))


CLAIMS = {
    "davs.gan-psnr": gan_raises("PSNR", "dB"),
    "davs.gan-ssim": gan_raises("SSIM", ""),
    "davs.shared-classifier-words": raises(SHARED, WORDS),
    "davs.shared-classifier-retrieval": raises(SHARED, FOUND),
    "davs.domain-adversarial-words": raises(DOMAIN, WORDS),
    "davs.domain-adversarial-retrieval": raises(DOMAIN, FOUND),
    "davs.together-words": Claim("T3", best(WORDS)),
    "davs.together-retrieval": Claim(
        "T3",
        (
            *best(tuple(f"{way} {rank}" for way in WAYS for rank in RANKS)),
            *(gains_more(column) for column in FOUND),
        ),
    ),
    "davs.modalities": modalities(),
    "davs.word-leaves-person": word_leaves(),
    "davs.person-leaves-word": person_leaves(),
    "davs.disentangle-retrieval": found_again(),
}
