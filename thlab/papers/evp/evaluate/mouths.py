"""Tables 1 and 2 of [ji2021] as far as landmarks go: what faces do, of known and unknown voices.

Landmarks are those of a face that looks straight ahead; no picture is painted.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.landmark import FACE, correlation, landmark_distance, lvd, mouth_opening
from thlab.metrics.probes import linear_hits
from thlab.papers.evp.evaluate.trained import (
    PARTS,
    Speaking,
    speaking,
    tested_faces,
    training_faces,
)
from thlab.papers.evp.landmarks.data import SpokenLandmarks
from thlab.papers.evp.reported import (
    CHEN,
    MEAN,
    MEAN_OF_CLIP,
    MEAN_OF_EMOTION,
    OURS,
    REPEATED,
    WANG,
    WANG_TRUE,
    WITHOUT,
)

Points = Float[Tensor, "t p 2"]
TRAINED = {OURS: "", CHEN: "none", WANG: "heard", WANG_TRUE: "true"}  # row -> emotion code
T1_ROWS = (*TRAINED, REPEATED, MEAN, MEAN_OF_EMOTION, MEAN_OF_CLIP)
T2_ROWS = (OURS, *WITHOUT.values())
SCORES = {  # name -> metric
    "M-LD": "LD",
    "M-LVD": "LVD",
    "F-LD": "LD",
    "F-LVD": "LVD",
    "opening": "opening",
    "emotion": "emotion shown",
}
COLUMNS = {f"{score}, {part}": metric for part in PARTS for score, metric in SCORES.items()}


def table_1(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A row of Table 1: a network, or what hears nothing. Chapter: book/evp-disentangle.ipynb"""
    if row in TRAINED:
        made = spoken_by(speaking(experiment, seed, TRAINED[row]))
    else:
        made = deaf(row, training_faces(experiment))
    return score(experiment, row, made)


def table_2(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A row of Table 2: Eq. 6 whole, or without one of its terms.

    Chapter: book/evp-disentangle.ipynb
    """
    terms = {name: term for term, name in WITHOUT.items()}
    return score(experiment, row, spoken_by(speaking(experiment, seed, "", terms.get(row, ""))))


Make = Callable[[SpokenLandmarks, int], Points]  # landmarks of a clip


def spoken_by(model: Speaking) -> Make:
    """l_a + l_d of a trained network. Chapter: book/evp-disentangle.ipynb"""

    @torch.no_grad()
    def make(spoken: SpokenLandmarks, clip: int) -> Points:
        heard = model.listen(spoken.speech, clip)
        return model.net.speak(spoken.l_a(clip), heard.content, heard.emotion)

    return make


def at_rest(spoken: SpokenLandmarks, clip: int) -> Points:
    """l_a in every frame. Chapter: book/evp-disentangle.ipynb"""
    return spoken.l_a(clip).expand_as(spoken.points[clip])


def mean_displacement(train: SpokenLandmarks) -> Make:
    """The mean of all training displacements. Chapter: book/evp-disentangle.ipynb"""
    mean = torch.cat([train.moved(clip) for clip in train.clips]).mean(0)
    return lambda spoken, clip: at_rest(spoken, clip) + mean


def mean_of_emotion(train: SpokenLandmarks) -> Make:
    """The mean displacement of the true emotion in training: an oracle.

    Chapter: book/evp-disentangle.ipynb
    """
    moved: dict[int, list[Points]] = {}
    for clip in train.clips:
        moved.setdefault(int(train.speech.tensors.emotion[clip]), []).append(train.moved(clip))
    means = {emotion: torch.cat(of_emotion).mean(0) for emotion, of_emotion in moved.items()}

    def make(spoken: SpokenLandmarks, clip: int) -> Points:
        return at_rest(spoken, clip) + means[int(spoken.speech.tensors.emotion[clip])]

    return make


def mean_of_clip(spoken: SpokenLandmarks, clip: int) -> Points:
    """The mean of the true landmarks: an oracle. Chapter: book/evp-disentangle.ipynb"""
    true = spoken.points[clip]
    return true.mean(0).expand_as(true)


def deaf(row: str, train: SpokenLandmarks) -> Make:
    """The landmarks of a row that hears nothing. Chapter: book/evp-disentangle.ipynb"""
    if row == MEAN:
        return mean_displacement(train)
    if row == MEAN_OF_EMOTION:
        return mean_of_emotion(train)
    return at_rest if row == REPEATED else mean_of_clip


def score(experiment: Experiment, row: str, make: Make) -> Measurements:
    """All scores of all tested clips, of unknown and known voices.

    Chapter: book/evp-disentangle.ipynb
    """
    found: Measurements = []
    for part in PARTS:
        spoken = tested_faces(experiment, part)
        speech = spoken.speech
        clips = list(spoken.clips)
        made = [make(spoken, clip) for clip in clips]
        shown = emotions_shown(experiment, spoken, clips, made)
        for clip, points, told in zip(clips, made, shown.tolist(), strict=True):
            scores = of_clip(points, spoken.points[clip]) | {"emotion": 100.0 * told}
            speaker = speech.speaker_of(clip)
            for name, value in scores.items():
                found.append((row, f"{name}, {part}", speaker, speech.tensors.ids[clip], value))
    return found


def of_clip(points: Points, true: Points) -> dict[str, float]:
    """Distances of a clip's landmarks, in px of 64, and how its mouth follows the truth's.

    Chapter: book/evp-disentangle.ipynb
    """
    return {
        "M-LD": landmark_distance(points, true),
        "M-LVD": lvd(points, true),
        "F-LD": landmark_distance(points, true, FACE),
        "F-LVD": lvd(points, true, FACE),
        "opening": correlation(mouth_opening(points), mouth_opening(true)).item(),
    }


def emotions_shown(
    experiment: Experiment,
    spoken: SpokenLandmarks,
    clips: list[int],
    made: list[Any],
    asked: list[int] | None = None,
) -> Bool[Tensor, "n"]:
    """Whether the evaluator sees in each clip's landmarks its own emotion, or that of other clips.

    It is a logistic regression on mean and deviation of how landmarks lie off the face at rest,
    which learnt from the true landmarks of the training people. made: landmarks of each clip.
    asked: the clips whose emotion is looked for. Chapter: book/evp-disentangle.ipynb
    """
    train = training_faces(experiment)

    def learnt() -> Float[Tensor, "n d"]:
        return torch.stack([outline(train.moved(clip)) for clip in train.clips])

    known = experiment.once("outlines", learnt)
    of_known = train.speech.tensors.emotion[torch.tensor(train.clips)]
    looks = [outline(points - spoken.l_a(c)) for points, c in zip(made, clips, strict=True)]
    emotion = spoken.speech.tensors.emotion[torch.tensor(asked or clips)]
    return linear_hits(known, of_known, torch.stack(looks), emotion)


def outline(moved: Points) -> Float[Tensor, "d"]:
    """Mean and deviation of displacements over a clip. Chapter: book/evp-disentangle.ipynb"""
    return torch.cat([moved.mean(0).flatten(), moved.std(0).flatten()])
