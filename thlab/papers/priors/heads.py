"""Tables of talking heads: Table 1 with Fig. 5 and Table 2 of [mittal2020], and how good the book's own head is."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from thlab.audio import NOISE_LEVELS_DB
from thlab.evaluation.experiment import kept
from thlab.evaluation.table import Table
from thlab.evaluation.test_set import TestSet
from thlab.papers.priors.bench import Experiment
from thlab.papers.priors.content import make_source
from thlab.papers.priors.generator import Generator, roll_out
from thlab.papers.priors.reported import (
    AUGMENTED,
    GAN,
    GAN_OURS,
    NO_MARGIN,
    OURS,
    PLAIN,
    RECOGNISER,
    ROWS,
    TABLE_1,
    TABLE_2,
)
from thlab.papers.priors.temporal import TemporalGenerator
from thlab.papers.priors.train_gan import GANConfig, RecogniserConfig, TalkingHead, train_generator, train_recogniser
from thlab.training.optim import build_seeded

SOURCES = {
    GAN: "waveform", GAN_OURS: "vae", PLAIN: "mfcc", AUGMENTED: "mfcc+noise", RECOGNISER: "asr", NO_MARGIN: "vae",
    OURS: "vae",
}  # fmt: skip
LEVELS = {"clean": None} | {str(db): db for db in NOISE_LEVELS_DB}
SCORES = {"T1": "LMD", "T1-exact": "LMD, exact", "T1-opening": "opening"}
PICTURES = ("LMD", "PSNR", "SSIM")


def trained_head(bench: Experiment, config: GANConfig, row: str, seed: int) -> TalkingHead:
    """The generator of a row of Table 1 and one seed, trained as far as it is not yet, with L1 alone.

    No critics and no judges: those cost more than the rest, and a judge that trained a row must not score it.
    """
    kind, net = SOURCES[row], None
    if kind == "vae":
        net = bench.vae(seed, **({"beta": 0.0} if row == NO_MARGIN else {})).cpu()
    if kind == "asr":
        folder = bench.folder("recogniser", seed)
        net = train_recogniser(RecogniserConfig(), bench.train, folder, bench.fabric, seed).cpu()
    source = build_seeded(lambda: make_source(kind, net), seed)
    make = TemporalGenerator if row in (GAN, GAN_OURS) else Generator
    return train_generator(
        config, source, bench.train, head_folder(bench, config, row, seed), bench.fabric, seed, make=make
    )


def head_folder(bench: Experiment, config: GANConfig, row: str, seed: int) -> Path:
    """The run folder of a row's generator."""
    return bench.folder(f"head-{config.steps}-{re.sub('[^a-z0-9]+', '-', row.lower()).strip('-')}", seed)


def score_head(
    stage: TestSet, bench: Experiment, config: GANConfig, row: str, seed: int
) -> dict[str, dict[str, float]]:
    """Means over clips of every score, at each noise level and from shuffled audio."""
    head = trained_head(bench, config, row, seed)
    hear, paint = head.source.cpu().content, partial(roll_out, head.generator.to(stage.device))
    heard = {level: stage.contents(hear, db) for level, db in LEVELS.items()}
    heard["shuffled"] = stage.shuffled(hear)
    return {level: stage.means(stage.videos(paint, contents)) for level, contents in heard.items()}


def tables_1_and_2(bench: Experiment, judge: nn.Module, config: GANConfig, n_clips: int = 12) -> Iterator[Table]:
    """Table 1 with Fig. 5, and Table 2, of [mittal2020]: every row with the same data, steps and sizes.

    T1: LMD by the judge in both videos, as in the paper; T1-exact: against exact landmarks; T1-opening: correlation of
    the lips' opening with the truth's. Beside the rows stand what must be beaten and ours from shuffled audio, beside
    T2 as T2-references. Pixels are the corpus's own. Chapter: book/content-to-video.ipynb
    """
    stage = TestSet(bench.test, judge, n_clips, bench.fabric.device)

    def scores(row: str, seed: int) -> dict[str, dict[str, float]]:
        file = head_folder(bench, config, row, seed) / f"scores-{n_clips}.json"
        return kept(file, partial(score_head, stage, bench, config, row, seed))

    # of each row, a number of each score a seed; what stands beside them hears no noise
    rows = {row: [scores(row, seed) for seed in bench.seeds] for row in ROWS}
    beside = {row: [stage.means(videos)] * len(bench.seeds) for row, videos in stage.trivial().items()}
    beside["shuffled audio"] = [found["shuffled"] for found in rows[OURS]]
    steps = {"stage 1": bench.config.pretrain_steps, "stage 2": bench.config.steps, "head": config.steps}
    facts = {"pixels": config.generator.size, "test_clips": len(stage.clips), "critics": "none", "steps": steps}

    printed = {row: dict(zip(("clean", "-60", "-30", "-10"), numbers, strict=True)) for row, numbers in TABLE_1.items()}
    at_levels = rows | {row: [dict.fromkeys(LEVELS, one) for one in found] for row, found in beside.items()}
    for name, score in SCORES.items():
        cells = {
            row: {level: [one[level][score] for one in found] for level in LEVELS} for row, found in at_levels.items()
        }
        columns = dict.fromkeys(LEVELS, score)
        yield bench.table(name, columns, cells, {"GRID": printed} if name == "T1" else None, **facts)

    printed = {row: dict(zip(PICTURES, numbers, strict=True)) for row, numbers in TABLE_2.items()}
    clean = {row: [one["clean"] for one in found] for row, found in rows.items()}
    for name, part, paper in (("T2", clean, {"GRID": printed}), ("T2-references", beside, None)):
        cells = {row: {score: [one[score] for one in found] for score in PICTURES} for row, found in part.items()}
        yield bench.table(name, PICTURES, cells, paper, **facts)


def quality(
    bench: Experiment, judge: nn.Module, head: TalkingHead, n_clips: int = 48, n_mediapipe: int = 12, **evidence: Any
) -> Table:
    """A trained head on held-out clips beside the truth, what must be beaten, and itself with shuffled audio.

    LMD in pixels by the judge (which also trained the book's head), against the corpus's own landmarks, and by
    mediapipe on some of the clips. A number a clip. No PSNR of the truth, which is infinite.
    Chapter: book/content-to-video.ipynb
    """
    stage = TestSet(bench.test, judge, n_clips, bench.fabric.device)
    hear, paint = head.source.cpu().content, partial(roll_out, head.generator.to(stage.device))
    videos = {"truth": stage.real} | stage.trivial()
    videos["ours"] = stage.videos(paint, stage.contents(hear))
    videos["ours, shuffled audio"] = stage.videos(paint, stage.shuffled(hear))
    rows = {}
    for row, made in videos.items():
        scores = stage.mouths(made) | stage.pictures(made) | stage.mediapipe(made, n_mediapipe)
        rows[row] = {name: stage.of_clips(values) for name, values in scores.items()}
    del rows["truth"]["PSNR"]
    facts = {"seeds": [0], "pixels": stage.real[0].shape[-1], "test_clips": len(stage.clips)}
    return bench.table("quality", list(rows["ours"]), rows, **facts | evidence)
