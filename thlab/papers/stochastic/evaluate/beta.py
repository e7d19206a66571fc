"""What beta, its warm-up, free bits and `fine` do: models alike but for these."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet, Video
from thlab.face.align import eyes, mouth
from thlab.metrics.image import psnr, ssim
from thlab.metrics.landmark import correlation, mouth_opening
from thlab.nn.gaussian import kl
from thlab.papers.stochastic.evaluate.heads import short_config, short_head
from thlab.papers.stochastic.evaluate.takes import FEW, Takes, difference, make_test_set
from thlab.papers.stochastic.head import StochasticHead, takes_of
from thlab.papers.stochastic.losses import neg_log_likelihood
from thlab.papers.stochastic.model import generate

TAKES = 4  # of a clip
VARIANTS: dict[str, dict[str, Any]] = {
    "beta 0": {"beta": 0.0},
    "beta 0.0123": {"beta": 0.0123},  # beside a sum over 64 x 64 x 3 this is 1e-6 beside the mean
    "beta 0.1": {"beta": 0.1},
    "beta 1": {"beta": 1.0},
    "beta 1, at once": {"beta": 1.0, "warm_up": 0},
    "beta 1, at once, free bits 0.1": {
        "beta": 1.0,
        "warm_up": 0,
        "free_bits": 0.1,
    },  # nats a dimension
    "beta 0.1, not fine": {"beta": 0.1, "fine": False},
}
COLUMNS = {
    "KL": "KL",
    "nll": "NLL",
    "nll, heard": "NLL",
    "SSIM": "SSIM",
    "PSNR": "PSNR",
    "mouth": "difference of takes",
    "eyes": "difference of takes",
    "opening": "opening",
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """One model, trained briefly; all begin with the same steps of sound alone.

    A number a clip, as `score_clip` has it. Chapter: book/latent-kl.ipynb
    """
    head = short_head(experiment, seed, **VARIANTS[row])
    test_set = make_test_set(experiment, FEW)
    scores: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for k in range(len(test_set.clips)):
        for column, value in score_clip(test_set, k, head).items():
            scores[column].append(value)
    return test_set.measurements(row, scores)


@torch.no_grad()
def score_clip(test_set: TestSet, k: int, head: StochasticHead) -> dict[str, float]:
    """The model's likelihood and divergence on one clip, and its takes.

    KL: nats a frame. nll: of frames from z of their own posterior; heard: from z of the sound, as
    in use.

    SSIM and PSNR: of takes, all frames but the image's. mouth, eyes: how takes differ. opening: do
    they follow? k: which of the test clips. Chapter: book/latent-kl.ipynb
    """
    real = test_set.real[k]
    image = real[test_set.image[k]]
    rows = head.content(test_set.speeches()[k])
    config = head.model.config
    out = head.model(image[None], real[None], rows[None])
    heard = generate(head.model, image[None], rows[None])
    made = head.takes(image, rows, takes_of(TAKES, test_set.clips[k]))
    others = torch.arange(len(real)) != test_set.image[k]
    gap = mouth_opening(test_set.exact[k])
    openings = [correlation(mouth_opening(test_set.look(take)), gap) for take in made]
    assert out.q_f is not None
    assert out.q_a is not None
    return {
        "KL": kl(out.q_f, out.q_a).sum(-1).mean().item(),
        "nll": neg_log_likelihood(out.frames, real[None], config).item(),
        "nll, heard": neg_log_likelihood(heard, real[None], config).item(),
        "SSIM": of_takes(ssim, made[:, others], real[others]),
        "PSNR": of_takes(psnr, made[:, others], real[others]),
        "mouth": difference(made, mouth),
        "eyes": difference(made, eyes),
        "opening": float(np.mean(openings)),
    }


def of_takes(metric: Callable[[Tensor, Tensor], Tensor], made: Takes, real: Video) -> float:
    """A metric of pictures, mean over takes and frames. Chapter: book/latent-kl.ipynb"""
    return torch.stack([metric(take, real).mean() for take in made]).mean().item()


def facts(experiment: Experiment) -> dict[str, Any]:
    """Pictures' size, takes and steps. Chapter: book/latent-kl.ipynb"""
    config = short_config(experiment)
    found = {"pixels": config.size, "takes": TAKES, "steps": [config.first, config.steps]}
    return found | {"test_clips": len(make_test_set(experiment, FEW).clips)}
