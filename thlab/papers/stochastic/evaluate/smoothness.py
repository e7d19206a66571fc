"""Do frames follow one another without jumps?"""

from dataclasses import replace

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet, Video
from thlab.face.align import eyes, mouth
from thlab.papers.stochastic.evaluate.takes import (
    DETERMINISTIC,
    MANY,
    MEAN_Z,
    OURS,
    WHITE,
    make_test_set,
    short_config,
    videos_of,
    white_take,
)
from thlab.papers.stochastic.head import make_head
from thlab.papers.stochastic.train import train

TRUTH = "truth"
FRAME_BY_FRAME = "frame by frame"  # a model without memory, each of whose frames is made for itself
ROWS = (TRUTH, OURS, WHITE, MEAN_Z, DETERMINISTIC, FRAME_BY_FRAME)
COLUMNS = {
    "first": "difference of frames",
    "second": "difference of frames",
    "mouth, second": "difference of frames",
    "eyes, second": "difference of frames",
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """First and second differences over time in grey levels, a number a clip.

    Chapter: book/latent-kl.ipynb
    """
    test_set = make_test_set(experiment, MANY)
    scores: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for video in videos_of_row(experiment, test_set, row, seed):
        for column, value in differences(video).items():
            scores[column].append(value)
    return test_set.measurements(row, scores)


def videos_of_row(experiment: Experiment, test_set: TestSet, row: str, seed: int) -> list[Video]:
    """One video a clip; the model without memory is trained here as far as it is not yet.

    Chapter: book/latent-kl.ipynb
    """
    if row == TRUTH:
        return test_set.real
    if row == FRAME_BY_FRAME:
        config = replace(short_config(experiment), memory=False)
        job = experiment.job("framewise", config, experiment.train, seed)
        head = make_head(experiment.trained(job, train))
        return test_set.videos(head, test_set.contents(head), white_take)
    return videos_of(experiment, test_set, row)


def differences(video: Video) -> dict[str, float]:
    """Mean absolute first and second differences over time, in grey levels.

    Chapter: book/latent-kl.ipynb
    """
    steps = 255 * video.diff(dim=0)
    turns = steps.diff(dim=0)
    return {
        "first": steps.abs().mean().item(),
        "second": turns.abs().mean().item(),
        "mouth, second": mouth(turns).abs().mean().item(),
        "eyes, second": eyes(turns).abs().mean().item(),
    }
