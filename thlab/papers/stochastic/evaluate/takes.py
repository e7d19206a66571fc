"""What the tables share: rows, test clips, true takes, and what is observed in a take."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from thlab.corpus import ensure, retakes
from thlab.evaluation.experiment import Experiment
from thlab.evaluation.test_set import TestSet, Video, seen_by_mediapipe
from thlab.face.landmarks import to_68
from thlab.metrics.judges import gaze
from thlab.metrics.landmark import eye_opening, mouth_opening
from thlab.nn.landmark_net import LandmarkNet
from thlab.training import load_weights

K = 8  # takes of a clip
MANY, FEW = 36, 12  # test clips; few where mediapipe looks at all takes, or true takes are rendered

# rows that several tables have
OURS = "ours"
MEAN_Z = "ours, mean of z"
SHUFFLED = "ours, shuffled audio"
DETERMINISTIC = "deterministic"

Takes = Float[Tensor, "k t 3 h w"]


@dataclass(frozen=True)
class Observation:
    """What is seen in a take: points and the lips' gap (px) by our net, the rest by mediapipe."""

    points: Float[Tensor, "t 68 2"]
    lips: Float[Tensor, "t"]
    lids: Float[Tensor, "t"]  # in widths of the eye
    gaze: Float[Tensor, "t"]  # sideways, in widths of the eye


def observe(test_set: TestSet, video: Video) -> Observation:
    """Look at a take with our landmark net and with mediapipe. Chapter: book/latent-kl.ipynb"""
    ours = test_set.look(video)
    points = seen_by_mediapipe(video)
    sideways = torch.from_numpy(gaze(points)[:, 0])
    return Observation(ours, mouth_opening(ours), eye_opening(to_68(points)), sideways)


def difference(made: Takes, region: Callable[[Tensor], Tensor]) -> float:
    """Mean absolute difference of a region of two takes, over all pairs, in grey levels; 0 of one.

    Chapter: book/latent-kl.ipynb
    """
    if len(made) < 2:
        return 0.0
    part = region(made)
    pairs = [(a - b).abs().mean() for a, b in combinations(part, 2)]
    return 255 * torch.stack(pairs).mean().item()


def make_test_set(experiment: Experiment, n_clips: int) -> TestSet:
    """Test clips of an experiment, with our landmark net; a sixth of them in preset fast.

    Chapter: book/latent-kl.ipynb
    """

    def make() -> TestSet:
        net = load_weights("landmarks", LandmarkNet())
        return TestSet(experiment.test, net, thinned(experiment, n_clips))

    return experiment.once(("test set", n_clips), make)


def thinned(experiment: Experiment, n_clips: int) -> int:
    """How many clips are looked at: a sixth in preset fast, which is for tests.

    Chapter: book/latent-kl.ipynb
    """
    return n_clips // 6 if experiment.preset == "fast" else n_clips


def needs_embedded(experiment: Experiment, table: str, why: str) -> None:
    """ValueError where a table is asked of a corpus that is not made here.

    Chapter: book/latent-kl.ipynb
    """
    if not experiment.embedded:
        raise ValueError(f"{table} needs the embedded corpus, {why}: not {experiment.corpus}")


def true_takes(experiment: Experiment, test_set: TestSet) -> list[Takes]:
    """Each clip performed anew, K times; of the embedded corpus alone.

    Chapter: book/latent-kl.ipynb
    """
    made = []
    for clip in test_set.clips:
        frames = torch.from_numpy(performed_anew(experiment.corpus, test_set.tensors.ids[clip]))
        made.append(frames.permute(0, 1, 4, 2, 3) / 255)
    return made


def performed_anew(corpus: str, clip: str) -> UInt8[np.ndarray, "k t h w 3"]:
    """Pictures of K other performances of a clip. Chapter: book/latent-kl.ipynb"""
    return np.stack([frames for frames, _ in retakes(ensure(corpus), clip, K)])
