"""What [zhou2019] says of its results, as comparisons; in words it stands in book/claims.json."""

from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Comparison, less, more
from thlab.papers.davs.reported import (
    CHANCE_OF_LRW,
    CONTRASTIVE,
    DOMAIN,
    GALLERY_OF_LRW,
    LEAKAGE,
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
# R@10 and median ranks are at their bounds in one speaker's gallery: these are of all people's
RANKED = tuple(f"{way} {rank}" for way in WAYS for rank in ("R@10", "MedR"))
ALL_PEOPLE = ", all people"
OUR_GALLERY = 2016  # word clips of the corpus's test
WORD_IS_READ = 30.0  # %, of F_p before: else there is no word to take away
WORD_FROM_PERSON = (LEAKAGE["after"][0], LEAKAGE["before"][0], CHANCE_OF_LRW)
ENDS = (CONTRASTIVE, TOGETHER)  # anchors of Table 3: its first and its last row


def printed(row: str, column: str) -> float:
    """A number of Table 3 in the paper: %, or a rank."""
    return TABLE_3[row][SCORES.index(column)]


def better(row: str, other: str, column: str, ending: str = "") -> Comparison:
    """A row of Table 3 better than another: a higher accuracy or recall, or a lower median rank.

    ending: of the column in our table, where it is not the paper's own. A difference of ranks is
    taken as a share of the gallery, which is a twelfth of the paper's.
    """
    paper = printed(row, column) - printed(other, column)
    if column.endswith("MedR"):
        paper *= OUR_GALLERY / GALLERY_OF_LRW
        return less(row, other, column + ending, paper=paper, unit="rank", anchors=ENDS)
    return more(row, other, column + ending, paper=paper, unit="%", anchors=ENDS)


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


def best(columns: tuple[str, ...], ending: str = "") -> Claim:
    """All supervisions together better than each of the other rows, in some columns."""
    pairs = [(row, column) for row in SUPERVISIONS[:-1] for column in columns]
    return Claim("T3", tuple(better(TOGETHER, row, column, ending) for row, column in pairs))


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


def told_better(column: str, other: str) -> Claim:
    """Words told better in one column than in another, in each row."""
    comparisons = []
    for row in SUPERVISIONS:
        paper = printed(row, column) - printed(row, other)
        facts = {"other_column": other, "paper": paper, "unit": "%", "anchors": ENDS}
        comparisons.append(more(row, row, column, **facts))
    return Claim("T3", tuple(comparisons))


def leaves(column: str, paper: tuple[float, float, float] | None, needs: float | None) -> Claim:
    """What SVMs tell from the wrong code falls, and what is above chance at least by half.

    paper: its accuracy after, before and by chance. needs: the accuracy before from which on there
    is something to take away.
    """
    needed = None if needs is None else (("before", column), needs)
    rows = ("after", "before", "chance")
    cells = tuple((row, column) for row in rows)

    def fall(after, before, chance):
        return after - before

    def beyond_half(after, before, chance):
        return after - (before + chance) / 2

    comparisons = []
    names = {f"after − before, {column}": fall}
    names[f"after − the middle of before and chance, {column}"] = beyond_half
    for what, quantity in names.items():
        one = Comparison(
            what,
            cells,
            quantity,
            high=0,
            paper=quantity(*paper) if paper else None,
            unit="%",
            anchors=(("chance", column), ("before", column)),
            needs=needed,
        )
        comparisons.append(one)
    return Claim("SVM", tuple(comparisons))


def found_again() -> Claim:
    """The original is found by what was generated with disentangling more often than without."""
    comparisons = []
    for column in ("audio R@1", "video R@1"):
        anchors = ("repeated frame", "without")
        comparisons.append(more("with", "without", column, paper=None, unit="%", anchors=anchors))
    return Claim("T4", tuple(comparisons))


def opens(row: str, other: str, columns: tuple[str, ...]) -> Claim:
    """A supervision of Fig. 5 b above another in some columns, between a still mouth and the
    truth.
    """
    anchors = ("mean mouth", "truth")
    comparisons = []
    for column in columns:
        comparisons.append(more(row, other, column, paper=None, anchors=anchors))
    return Claim("F5b", tuple(comparisons))


CLAIMS = {
    "davs.gan-psnr": gan_raises("PSNR", "dB"),
    "davs.gan-ssim": gan_raises("SSIM", ""),
    "davs.shared-classifier-words": raises(SHARED, WORDS),
    "davs.shared-classifier-retrieval": raises(SHARED, FOUND),
    "davs.domain-adversarial-words": raises(DOMAIN, WORDS),
    "davs.domain-adversarial-retrieval": raises(DOMAIN, FOUND),
    "davs.together-words": best(WORDS),
    "davs.together-retrieval": best(FOUND),
    "davs.together-ranks": best(RANKED, ALL_PEOPLE),
    "davs.together-gain": Claim("T3", tuple(gains_more(column) for column in FOUND)),
    "davs.modalities": told_better("both", "audio"),
    "davs.audio-over-video": told_better("audio", "visual"),
    "davs.shared-classifier-opening": opens(SHARED, CONTRASTIVE, ("range", "time open")),
    "davs.together-opening": opens(TOGETHER, SHARED, ("opening",)),
    "davs.word-leaves-person": leaves("word from F_p", WORD_FROM_PERSON, WORD_IS_READ),
    "davs.person-leaves-word": leaves("person from f_w", None, None),
    "davs.disentangle-retrieval": found_again(),
}
