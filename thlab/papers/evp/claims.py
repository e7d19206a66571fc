"""What [ji2021] says of its results, as comparisons; in words it stands in book/claims.json.

Its numbers are of voices that its nets know: a model is trained a person. So are the columns that
are compared, where a table has both; unknown voices stand beside them. Its pixels are not ours: a
landmark number is compared by its ratio to another row's.
"""

import numpy as np

from thlab.evaluation.claims import Claim
from thlab.evaluation.comparison import Comparison, less, more
from thlab.papers.evp.evaluate import clusters, poses
from thlab.papers.evp.reported import (
    CHEN,
    EMOTION_ACCURACY,
    LANDMARK_SCORES,
    OURS,
    PICTURE_SCORES,
    TABLE_1,
    TABLE_2,
    WANG,
    WITHOUT,
)

RIVALS = (CHEN, WANG)
SCORES = (*LANDMARK_SCORES, *PICTURE_SCORES)
MONOTONE = 0.95  # rank correlation with alpha, at least
JUMP = 2.0  # the largest step along alpha, of the mean step, at most
UNRELATED = 0.2  # correlation of a mouth with a clip that it does not say, at most


def ratio(row: str, other: str, column: str, paper: float) -> Comparison:
    """row / other − 1 in a column, below 0. paper: the same of the paper's numbers."""
    return Comparison(
        f"{row} / {other} − 1, {column}",
        ((row, column), (other, column)),
        lambda one, two: one / two - 1,
        high=0,
        paper=paper,
        unit="of the other's",
    )


def best_landmarks(score: str) -> Claim:
    """The least of a landmark number among the methods compared."""
    k = LANDMARK_SCORES.index(score)
    compared = []
    for rival in RIVALS:
        paper = TABLE_1[OURS][k] / TABLE_1[rival][k] - 1
        compared.append(ratio(OURS, rival, f"{score}, seen", paper))
    return Claim("T1", tuple(compared))


def best_pictures(score: str) -> Claim:
    """The best of a number of pictures among the methods compared."""
    k = SCORES.index(score)
    compared = []
    for rival in RIVALS:
        ours, theirs = TABLE_1[OURS][k], TABLE_1[rival][k]
        column = f"{score}, seen"
        if score == "FID":
            compared.append(ratio(OURS, rival, column, ours / theirs - 1))
        else:
            unit = "dB" if score == "PSNR" else ""
            compared.append(more(OURS, rival, column, paper=ours - theirs, unit=unit))
    return Claim("video", tuple(compared))


def needs(term: str) -> Claim:
    """Without a term of Eq. 6 every landmark number is worse."""
    row = WITHOUT[term]
    compared = []
    for k, score in enumerate(LANDMARK_SCORES):
        paper = TABLE_2[OURS][k] / TABLE_2[row][k] - 1
        compared.append(ratio(OURS, row, f"{score}, seen", paper))
    return Claim("T2", tuple(compared))


def shows_more(other: str) -> Claim:
    """The emotion is seen in more of the videos than with another row."""
    paper = EMOTION_ACCURACY[OURS] - EMOTION_ACCURACY[other]
    return Claim("video", (more(OURS, other, "emotion, seen", paper=paper, unit="%"),))


def between(row: str, column: str, low: float, high: float) -> Comparison:
    """A row's own number in a band."""
    return Comparison(f"{row}, {column}", ((row, column),), lambda one: one, low=low, high=high)


def two_columns(what: str, more_column: str, less_column: str) -> Comparison:
    """One column of ours above another; a tenth of their gap without L_cross matters."""
    weaker = WITHOUT["l_cross"]
    return Comparison(
        what,
        ((OURS, more_column), (OURS, less_column)),
        lambda one, two: one - two,
        low=0,
        anchors=((weaker, more_column), (weaker, less_column)),
    )


SAID, OTHER = "opening, of the content's clip", "opening, of the emotion's clip"
FELT, NOT_FELT = "emotion, of the emotion's clip", "emotion, of the content's clip"
FLAT, SOLID = "a similarity a frame", "3D, Eq. 8"
FAR = "one similarity a clip"
TURNED = "contour, turned"

CLAIMS = {
    "evp.best-m-ld": best_landmarks("M-LD"),
    "evp.best-m-lvd": best_landmarks("M-LVD"),
    "evp.best-f-ld": best_landmarks("F-LD"),
    "evp.best-f-lvd": best_landmarks("F-LVD"),
    "evp.best-ssim": best_pictures("SSIM"),
    "evp.best-psnr": best_pictures("PSNR"),
    "evp.best-fid": best_pictures("FID"),
    "evp.needs-cla": needs("l_cla"),
    "evp.needs-con": needs("l_con"),
    "evp.needs-self": needs("l_self"),
    "evp.needs-cross": needs("l_cross"),
    "evp.emotion-kept": shows_more(WANG),
    "evp.cross-emotion": shows_more(WITHOUT["l_cross"]),
    "evp.clusters": Claim(
        "clusters",
        tuple(
            more(
                OURS,
                other,
                "silhouette",
                paper=None,
                anchors=(clusters.PRETRAINED, clusters.CHANCE),
            )
            for other in (clusters.PRETRAINED, WITHOUT["l_cross"])
        ),
    ),
    "evp.align3d": Claim("align", (less(SOLID, FLAT, TURNED, paper=None, anchors=(FAR, SOLID)),)),
    "evp.smooth-editing": Claim(
        "editing",
        (
            between(OURS, "order along alpha", MONOTONE, np.nextafter(1, 2)),
            between(OURS, "largest step", 0, JUMP),
        ),
    ),
    "evp.cross-drive": Claim(
        "cross",
        (
            two_columns("opening: of the content's clip − of the emotion's", SAID, OTHER),
            between(OURS, OTHER, -UNRELATED, UNRELATED),
            two_columns("emotion shown: of its own clip − of the content's", FELT, NOT_FELT),
        ),
    ),
    "evp.any-pose": Claim(
        "poses",
        tuple(
            more(OURS, poses.FIRST, band, paper=None, anchors=(OURS, poses.FIRST))
            for band in poses.COLUMNS
        ),
    ),
}
