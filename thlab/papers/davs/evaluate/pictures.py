"""Tables 1 and 4 of [zhou2019]: how near generated frames are to the true ones, and which they
find.
"""

import torch

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.papers.davs.evaluate.experiment import (
    SHUFFLED,
    SOURCES,
    contents,
    test_set,
    test_words,
    trained,
    training_words,
)
from thlab.papers.davs.evaluate.word_space import TEST_PART, retrievals
from thlab.papers.davs.head import make_head
from thlab.papers.davs.model import DAVS, SEEN
from thlab.papers.davs.reported import RANKS, TABLE_1, TOGETHER
from thlab.papers.davs.words import WordClips, spread

LOSSES = {"L1": "without GAN", "L1 + GAN": "disentangled"}
BASELINES = ("repeated frame", "mean frame")
QUALITY_ROWS = (*TABLE_1, f"{SHUFFLED}, L1 + GAN", *BASELINES)
QUALITY = (
    "PSNR",
    "SSIM",
    "LMD",
    "LMD, exact",
    "opening",
    "sharpness",
    "contrast inside",
    "pattern inside",
)
QUALITY_COLUMNS = {name: name for name in QUALITY}
MODELS = {"with": "disentangled", "without": "entangled"}
FOUND_ROWS = (*MODELS, "repeated frame")
FOUND_COLUMNS = {f"{source} {rank}": rank for source in SOURCES for rank in RANKS}
PER_WORD = 3  # clips of each word to generate from


def measure_quality(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 1 of [zhou2019]: PSNR and SSIM with and without Eq. 7, with mouths, and the baselines.

    One value a clip. Chapter: book/davs.ipynb
    """
    stage = test_set(experiment)
    if row in BASELINES:
        videos = stage.baselines()[row]
    else:
        source, _, loss = row.partition(", ")
        head = make_head(trained(experiment, LOSSES[loss], seed))
        videos = stage.videos(head, contents(stage, head, source))
    return stage.measurements(row, stage.scores(videos))


def measure_found(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 4 of [zhou2019]: is the original found by a video that was generated from one frame and
    its speech?

    All rows are looked at by the same E_w^v, of the word space from which both models began. R@1
    and R@10 are of a recording's word clips, MedR of a speaker's. The numbers are a picture in the
    paper. Chapter: book/davs.ipynb
    """
    clips = test_words(experiment, training_words(experiment).words)
    evaluator = trained(experiment, TOGETHER, seed)
    model = trained(experiment, MODELS[row], seed) if row in MODELS else None
    return found_scores(row, evaluator, model, clips)


@torch.no_grad()
def found_scores(row: str, evaluator: DAVS, model: DAVS | None, clips: WordClips) -> Measurements:
    """Ranks of the originals for videos of a model, or for its image repeated where there is none.

    Chapter: book/davs.ipynb
    """
    which = clips.balanced(PER_WORD)
    frames, rows = clips.times(which, spread(SEEN))
    real = clips.pictures(frames)
    images = clips.pictures(clips.tensors.start[clips.clip[which]])
    original = evaluator.e_w_v(real)
    made = []
    for source in SOURCES:
        if model is None:
            video = images[:, None].expand_as(real)
        else:
            f_w = model.e_w_a(clips.rows[rows]) if source == "audio" else model.e_w_v(real)
            video = model.speak(images, f_w)
        made += retrievals(row, source, evaluator.e_w_v(video), original, clips, which, TEST_PART)
    return made
