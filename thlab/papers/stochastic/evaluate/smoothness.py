"""Do frames follow one another without jumps?"""

from typing import Any

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet, Video
from thlab.face.align import eyes, mouth
from thlab.papers.stochastic.evaluate.heads import (
    sampled_take,
    short_config,
    short_head,
    trained_heads,
    training_facts,
    videos_of,
)
from thlab.papers.stochastic.evaluate.takes import (
    DETERMINISTIC,
    MANY,
    MEAN_Z,
    OURS,
    make_test_set,
)
from thlab.papers.stochastic.reported import SAMPLED

TRUTH = "truth"
# alike but for the LSTMs' memory: trained equally long, both with the paper's sampling
SHORT = "short training"
FRAME_BY_FRAME = "frame by frame"  # a model without memory, each of whose frames is made for itself
MEMORY = {SHORT: True, FRAME_BY_FRAME: False}
ROWS = (TRUTH, OURS, SAMPLED, MEAN_Z, DETERMINISTIC, *MEMORY)
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
    """One video a clip: the true one, of a training at the preset, or of a short one.

    Chapter: book/latent-kl.ipynb
    """
    if row == TRUTH:
        return test_set.real
    if row in MEMORY:
        head = short_head(experiment, seed, memory=MEMORY[row])
        return test_set.videos(head, test_set.contents(head), sampled_take)
    return videos_of(trained_heads(experiment, seed), test_set, row)


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


def facts(experiment: Experiment) -> dict[str, Any]:
    """Those of the trainings, and the steps of the short ones. Chapter: book/latent-kl.ipynb"""
    short = short_config(experiment)
    found = training_facts(experiment) | {"short_steps": [short.first, short.steps]}
    return found | {"test_clips": len(make_test_set(experiment, MANY).clips)}
