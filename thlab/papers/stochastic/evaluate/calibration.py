"""Is the spread of our takes the spread of the true ones, given the sound?"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.papers.stochastic.evaluate.heads import card_facts, judged_heads, takes_a_clip
from thlab.papers.stochastic.evaluate.takes import (
    FEW,
    K,
    Observation,
    make_test_set,
    needs_embedded,
    observe,
    true_takes,
)

ROWS = ("lips", "lids", "gaze")
COLUMNS = {
    "true spread": "spread of true takes",
    "spread of ours": "spread of takes",
    "ratio": "ratio of spreads",
    "inside": "share inside",
}
EXPECTED_INSIDE = (K - 1) / (K + 1)
Seen = list[Observation]  # of the takes of one clip


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """One feature's spread, a number a clip, as `compare_spreads` has it.

    Rows are features, seen by the same nets in true takes and ours; clips in which mediapipe found
    no face are left out. Raises ValueError for a real corpus, whose truth is known once.
    Chapter: book/latent-kl.ipynb
    """
    needs_embedded(experiment, "calibration", "which can say a sentence again")
    test_set = make_test_set(experiment, FEW)
    scores: dict[str, list[float]] = {column: [] for column in COLUMNS}
    # all rows look at the same takes
    for true, ours in experiment.once("observed takes", lambda: observe_takes(experiment)):
        found = compare_spreads(tracks(true, row), tracks(ours, row))
        for column, value in found.items():
            scores[column].append(value)
    return test_set.measurements(row, scores)


def observe_takes(experiment: Experiment) -> list[tuple[Seen, Seen]]:
    """What is seen in the true takes of each clip, and in ours. Chapter: book/latent-kl.ipynb"""
    test_set = make_test_set(experiment, FEW)
    ours = takes_a_clip(test_set, judged_heads(experiment)("latent"))
    pairs = []
    for true, made in zip(true_takes(experiment, test_set), ours, strict=True):
        of_truth = [observe(test_set, take) for take in true]
        of_ours = [observe(test_set, take) for take in made]
        pairs.append((of_truth, of_ours))
    return pairs


def tracks(seen: Seen, feature: str) -> Float[Tensor, "k t"]:
    """A feature of some takes; gaze and lids minus each take's mean, for frame 1 tells the habit.

    Chapter: book/latent-kl.ipynb
    """
    found = torch.stack([getattr(one, feature) for one in seen])
    return found if feature == "lips" else found - found.mean(1, keepdim=True)


def compare_spreads(true: Float[Tensor, "k t"], ours: Float[Tensor, "k t"]) -> dict[str, float]:
    """Spreads (root of the mean variance over takes), their ratio, and who lies inside.

    inside: how often a true take lies in the range of as many of ours: for equal distributions in
    (K - 1) / (K + 1) of frames. NaN where a track is not finite. Chapter: book/latent-kl.ipynb
    """
    if not (true.isfinite().all() and ours.isfinite().all()):
        return dict.fromkeys(COLUMNS, torch.nan)
    true_spread = true.var(0).mean().sqrt().item()
    our_spread = ours.var(0).mean().sqrt().item()
    inside = (true >= ours.min(0).values) & (true <= ours.max(0).values)
    return {
        "true spread": true_spread,
        "spread of ours": our_spread,
        "ratio": our_spread / true_spread,
        "inside": inside.float().mean().item(),
    }


def facts(experiment: Experiment) -> dict[str, Any]:
    """Those of the card, and the share inside that a calibrated model has.

    Chapter: book/latent-kl.ipynb
    """
    found = card_facts(experiment) | {"expected_inside": EXPECTED_INSIDE}
    return found | {"test_clips": len(make_test_set(experiment, FEW).clips)}
