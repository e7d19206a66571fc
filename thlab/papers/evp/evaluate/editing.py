"""Fig. 1 b and "Emotion Editing" of [ji2021]: between the mean codes of two emotions."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from scipy.stats import spearmanr
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.papers.evp.evaluate.trained import (
    Speaking,
    disentangler,
    speaking,
    tested_faces,
)
from thlab.papers.evp.landmarks.data import SpokenLandmarks
from thlab.papers.evp.reported import OURS

STEPS = 11  # values of alpha, 0 to 1
ROWS = (OURS,)
COLUMNS = {
    "order along alpha": "rank correlation",
    "largest step": "of the mean step",
    "order of intensity": "rank correlation",
}


class Path(NamedTuple):
    """Faces along alpha: how far each has gone from the first to the last, and its steps."""

    progress: Float[Tensor, "a"]
    steps: Float[Tensor, "a1"]


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Paths from each emotion to the next, and from neutral to each, in what is said neutrally.

    Chapter: book/evp-disentangle.ipynb
    """
    means = disentangler(experiment, seed).moods
    model = speaking(experiment, seed)
    spoken = tested_faces(experiment, "unseen")
    speech = spoken.speech
    names = speech.tensors.emotions
    neutral = names.index("neutral")
    found: Measurements = []
    for clip in neutral_clips(spoken):
        speaker = speech.speaker_of(clip)
        for k, name in enumerate(names):
            target = (k + 1) % len(names)
            path = walk(model, spoken, clip, means[k], means[target])
            where = (speaker, f"{speech.tensors.ids[clip]}, {name} to {names[target]}")
            found.append((row, "order along alpha", *where, order(path.progress)))
            jump = (path.steps.max() / path.steps.mean()).item()
            found.append((row, "largest step", *where, jump))
            if k == neutral:
                continue
            stronger = walk(model, spoken, clip, means[neutral], means[k])
            where = (speaker, f"{speech.tensors.ids[clip]}, {name}")
            found.append((row, "order of intensity", *where, order(stronger.progress)))
    return found


def neutral_clips(spoken: SpokenLandmarks) -> list[int]:
    """A neutral clip of each speaker. Chapter: book/evp-disentangle.ipynb"""
    tensors = spoken.speech.tensors
    neutral = tensors.emotions.index("neutral")
    found: dict[int, int] = {}
    for clip in spoken.clips:
        if int(tensors.emotion[clip]) == neutral:
            found.setdefault(int(tensors.speaker[clip]), clip)
    return list(found.values())


@torch.no_grad()
def walk(
    model: Speaking,
    spoken: SpokenLandmarks,
    clip: int,
    source: Float[Tensor, "e"],
    target: Float[Tensor, "e"],
) -> Path:
    """The mean face of a clip for each alpha: alpha E_t + (1 - alpha) E_s.

    Chapter: book/evp-disentangle.ipynb
    """
    content = model.listen(spoken.speech, clip).content
    alpha = torch.linspace(0, 1, STEPS)[:, None]
    moods = alpha * target + (1 - alpha) * source
    l_a = spoken.l_a(clip).expand(STEPS, -1, -1)
    coordinates = model.net(l_a, content.expand(STEPS, -1, -1), moods)
    faces = model.net.displacements(coordinates).mean(1).flatten(1)  # (alpha, 136)
    way = faces[-1] - faces[0]
    progress = (faces - faces[0]) @ way / way.square().sum()
    return Path(progress, faces.diff(dim=0).norm(dim=1))


def order(values: Float[Tensor, "a"]) -> float:
    """Spearman's rank correlation with alpha: 1 where a face never goes back.

    Chapter: book/evp-disentangle.ipynb
    """
    correlation, _ = spearmanr(range(len(values)), values.numpy())
    return float(correlation)
