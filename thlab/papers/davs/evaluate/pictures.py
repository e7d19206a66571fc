"""Table 1 of [zhou2019]: how near generated frames are to the true ones."""

from collections import defaultdict

import torch

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet, Video
from thlab.metrics.frechet import fid
from thlab.nn.face_encoder import FaceEncoder
from thlab.papers.davs.evaluate.experiment import PIXELS, SHUFFLED, contents, test_set, trained
from thlab.papers.davs.head import make_head
from thlab.papers.davs.reported import TABLE_1
from thlab.training import load_weights

BASELINES = ("repeated frame", "mean frame")
QUALITY_ROWS = (*TABLE_1, f"{SHUFFLED}, L1 + GAN", *BASELINES)
QUALITY = (
    "PSNR",
    "SSIM",
    "sharpness",
    "FID",
    "LMD",
    "LMD, exact",
    "opening",
    "contrast inside",
    "pattern inside",
    "sync confidence",
    "LSE-D",
)
QUALITY_COLUMNS = {name: name for name in QUALITY}


def measure_quality(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 1 of [zhou2019]: pictures with and without Eq. 7 at 1 : 4 of L1, with mouths, and the
    baselines.

    One value a clip, and of FID, by the features of our face encoder, one a speaker.
    Chapter: book/davs.ipynb
    """
    stage = test_set(experiment)
    if row in BASELINES:
        videos = stage.baselines()[row]
    else:
        source, _, losses = row.partition(", ")
        head = make_head(trained(experiment, PIXELS, losses, seed))
        videos = stage.videos(head, contents(stage, head, source))
    made = stage.measurements(row, stage.scores(videos))
    faces = experiment.once("faces", lambda: load_weights("faces", FaceEncoder()).eval())
    return made + distances(row, stage, videos, faces)


@torch.no_grad()
def distances(
    row: str, test_set: TestSet, videos: list[Video], faces: torch.nn.Module
) -> Measurements:
    """FID of each speaker's frames, by the features of a face encoder. Chapter: book/davs.ipynb"""
    features = defaultdict(list)
    for clip, video, real in zip(test_set.clips, videos, test_set.real, strict=True):
        features[test_set.speaker(clip)].append((faces(video), faces(real)))
    made = []
    for speaker, of_clips in features.items():
        fake, real = (torch.cat(several) for several in zip(*of_clips, strict=True))
        made.append((row, "FID", speaker, "", fid(fake, real)))
    return made
