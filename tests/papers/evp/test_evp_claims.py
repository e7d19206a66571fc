"""By its own numbers every claim of [ji2021] holds, and each falls when its number does."""

from paper_claims import PaperClaims

from thlab.papers.evp.claims import CLAIMS, FELT, NOT_FELT, OTHER, SAID
from thlab.papers.evp.evaluate.clusters import CHANCE, PRETRAINED
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


def seen(scores, values):
    """Numbers in the columns of known voices."""
    return {f"{score}, seen": value for score, value in zip(scores, values, strict=True)}


N = len(LANDMARK_SCORES)
LESS = WITHOUT["l_cross"]
NUMBERS = {  # what the paper lacks is made up
    "T1": {row: seen(LANDMARK_SCORES, values[:N]) for row, values in TABLE_1.items()},
    "T2": {row: seen(LANDMARK_SCORES, values) for row, values in TABLE_2.items()},
    "video": {
        CHEN: seen(PICTURE_SCORES, TABLE_1[CHEN][N:]),
        LESS: {"emotion, seen": EMOTION_ACCURACY[LESS]},
    },
    "clusters": {
        OURS: {"silhouette": 0.2},
        PRETRAINED: {"silhouette": 0.1},
        LESS: {"silhouette": 0.12},
        CHANCE: {"silhouette": -0.1},
    },
    "align": {
        "one similarity a clip": {"contour, turned": 6.0},
        "a similarity a frame": {"contour, turned": 7.0},
        "3D, Eq. 8": {"contour, turned": 1.0},
    },
    "editing": {OURS: {"order along alpha": 0.99, "largest step": 1.4}},
    "cross": {
        OURS: {SAID: 0.7, OTHER: 0.05, FELT: 60.0, NOT_FELT: 10.0},
        LESS: {SAID: 0.4, OTHER: 0.1, FELT: 50.0, NOT_FELT: 15.0},
    },
    "poses": {
        OURS: {"yaw up to 3": 35.0, "yaw 3 to 7": 34.0, "yaw from 7": 33.0},
        "first frame": {"yaw up to 3": 30.0, "yaw 3 to 7": 28.0, "yaw from 7": 25.0},
    },
}
for rival in (WANG, OURS):
    numbers = seen(PICTURE_SCORES, TABLE_1[rival][N:])
    NUMBERS["video"][rival] = numbers | {"emotion, seen": EMOTION_ACCURACY[rival]}
BREAKS = [  # claim, cell, a number that breaks it
    ("best-m-ld", "T1", WANG, "M-LD, seen", 2.4),
    ("best-m-lvd", "T1", CHEN, "M-LVD, seen", 1.7),
    ("best-f-ld", "T1", WANG, "F-LD, seen", 3.0),
    ("best-f-lvd", "T1", CHEN, "F-LVD, seen", 1.5),
    ("best-ssim", "video", WANG, "SSIM, seen", 0.72),
    ("best-psnr", "video", CHEN, "PSNR, seen", 29.6),
    ("best-fid", "video", WANG, "FID, seen", 7.9),
    ("needs-cla", "T2", WITHOUT["l_cla"], "M-LVD, seen", 1.7),
    ("needs-con", "T2", WITHOUT["l_con"], "F-LD, seen", 3.0),
    ("needs-self", "T2", WITHOUT["l_self"], "M-LD, seen", 2.4),
    ("needs-cross", "T2", WITHOUT["l_cross"], "F-LVD, seen", 1.5),
    ("emotion-kept", "video", WANG, "emotion, seen", 84.0),
    ("cross-emotion", "video", LESS, "emotion, seen", 84.0),
    ("clusters", "clusters", PRETRAINED, "silhouette", 0.21),
    ("clusters", "clusters", LESS, "silhouette", 0.21),
    ("align3d", "align", "3D, Eq. 8", "contour, turned", 7.5),
    ("smooth-editing", "editing", OURS, "order along alpha", 0.9),
    ("smooth-editing", "editing", OURS, "largest step", 2.5),
    ("cross-drive", "cross", OURS, SAID, 0.01),
    ("cross-drive", "cross", OURS, OTHER, 0.3),
    ("cross-drive", "cross", OURS, FELT, 5.0),
    ("any-pose", "poses", OURS, "yaw from 7", 24.0),
]


class TestEVPClaims(PaperClaims):
    paper = "evp"
    claims = CLAIMS
    numbers = NUMBERS
    breaks = BREAKS
