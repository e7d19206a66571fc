"""What the tables share: test clips, takes of each, true takes, and what is observed in a take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

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
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.head import StochasticHead, Take, load_head, takes_of
from thlab.training import load_weights

LATENT = "stochastic-latent"  # the weights that are judged
K = 8  # takes of a clip
MANY, FEW = 36, 12  # test clips; few where mediapipe looks at all takes, or true takes are rendered

# rows that several tables have
OURS = "ours"
MEAN_Z = "ours, mean of z"
WHITE = "ours, chance alone in each frame"
SHUFFLED = "ours, shuffled audio"
DETERMINISTIC = "deterministic"

# what models that are trained for a table have instead of the preset's own
SHORT: dict[str, Any] = {"first": 700, "steps": 450, "warm_up": 225, "batch": 4, "free_bits": 0.0}

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


@lru_cache(maxsize=2)
def make_test_set(experiment: Experiment, n_clips: int) -> TestSet:
    """Test clips of an experiment, with our landmark net; a third of them in preset fast.

    Chapter: book/latent-kl.ipynb
    """
    net = load_weights("landmarks", LandmarkNet())
    return TestSet(experiment.test, net, thinned(experiment, n_clips))


def thinned(experiment: Experiment, n_clips: int) -> int:
    """How many clips are looked at: a third in preset fast, which is for tests.

    Chapter: book/latent-kl.ipynb
    """
    return n_clips // 3 if experiment.preset == "fast" else n_clips


def latent_head(experiment: Experiment) -> StochasticHead:
    """The head that is judged. Chapter: book/latent-kl.ipynb"""
    return load_head(experiment.weights, "latent")


def short_config(experiment: Experiment) -> StochasticConfig:
    """Of models that are trained for a table: fewer steps than the preset's, but for fast.

    Chapter: book/latent-kl.ipynb
    """
    config = experiment.config(StochasticConfig)
    return config if experiment.preset == "fast" else replace(config, **SHORT)


def one_take(clip: int) -> Take:
    """Take 0 of a clip, whose number is the seed. Chapter: book/latent-kl.ipynb"""
    return Take(seed=clip)


def mean_of_z(clip: int) -> Take:
    """The mean prediction. Chapter: book/latent-kl.ipynb"""
    return Take(seed=clip, temperature=0.0)


def white_take(clip: int) -> Take:
    """Take 0 of a clip, its noise drawn for each frame alone. Chapter: book/latent-kl.ipynb"""
    return Take(seed=clip, lasting=False)


CONTROLS = {MEAN_Z: mean_of_z, WHITE: white_take}  # of rows of one video a clip


def videos_of(experiment: Experiment, test_set: TestSet, row: str) -> list[Video]:
    """One video a clip: of the deterministic model, or of the judged one as the row's name says.

    Chapter: book/latent-kl.ipynb
    """
    if row == DETERMINISTIC:
        plain = load_head(experiment.weights, "plain")
        return test_set.videos(plain, test_set.contents(plain))
    head = latent_head(experiment)
    contents = test_set.contents(head)
    if row == SHUFFLED:
        contents = test_set.shuffled(contents)
    return test_set.videos(head, contents, CONTROLS.get(row, one_take))


def takes_a_clip(
    test_set: TestSet,
    head: StochasticHead,
    contents: Sequence[Float[Tensor, "_ 28 12"]] | None = None,
    lasting: bool = True,
) -> list[Takes]:
    """K takes of each clip, from its sound or from other contents; the seed is the clip's number.

    Chapter: book/latent-kl.ipynb
    """
    contents = contents or test_set.contents(head)
    made = []
    for clip, image, content in zip(test_set.clips, test_set.images(), contents, strict=True):
        made.append(head.takes(image, content, takes_of(K, clip, lasting=lasting)))
    return made


def true_takes(experiment: Experiment, test_set: TestSet) -> list[Takes]:
    """Each clip performed anew, K times; of the embedded corpus alone.

    Chapter: book/latent-kl.ipynb
    """
    made = []
    for clip in test_set.clips:
        frames = torch.from_numpy(performed_anew(experiment.corpus, test_set.tensors.ids[clip]))
        made.append(frames.permute(0, 1, 4, 2, 3) / 255)
    return made


@lru_cache(maxsize=2 * FEW)  # two tables look at the same
def performed_anew(corpus: str, clip: str) -> UInt8[np.ndarray, "k t h w 3"]:
    """Pictures of K other performances of a clip. Chapter: book/latent-kl.ipynb"""
    return np.stack([frames for frames, _ in retakes(ensure(corpus), clip, K)])


def card_facts(experiment: Experiment) -> dict[str, Any]:
    """What a table of judged weights says of them beside the rest. Chapter: book/latent-kl.ipynb"""
    card = experiment.card(LATENT)
    return {
        "pixels": card["config"]["size"],
        "takes": K,
        "weights": "given" if experiment.weights else "committed",
        "steps": card["steps"],
    }
