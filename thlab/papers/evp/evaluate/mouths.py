"""Tables 1 and 2 of [ji2021] as far as landmarks go: what faces do, of known and unknown voices.

Landmarks are exact and those of a face that looks straight ahead; no picture is painted.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.landmark import FACE, correlation, landmark_distance, lvd, mouth_opening
from thlab.metrics.probes import linear_hits
from thlab.papers.evp.evaluate.codes import unenrolled_clips
from thlab.papers.evp.evaluate.trained import PARTS, Speaking, speaking, speech_of_part, speeches_of
from thlab.papers.evp.landmarks.data import SpokenLandmarks
from thlab.papers.evp.model import DisentangleConfig
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
from thlab.papers.evp.speech import EmotionalSpeech

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
    """A row of Table 1: a network, or what hears nothing."""
    if row in TRAINED:
        made = spoken_by(speaking(experiment, seed, TRAINED[row]))
    else:
        made = partial(STILL[row], speeches_of(experiment).train)
    return score(experiment, row, made)


def table_2(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A row of Table 2: Eq. 6 whole, or without one of its terms."""
    terms = {name: term for term, name in WITHOUT.items()}
    return score(experiment, row, spoken_by(speaking(experiment, seed, "", terms.get(row, ""))))


Make = Callable[[SpokenLandmarks, int], Points]  # landmarks of a clip


def spoken_by(model: Speaking) -> Make:
    """l_a + l_d of a trained network."""

    @torch.no_grad()
    def make(spoken: SpokenLandmarks, clip: int) -> Points:
        heard = model.listen(spoken.speech, clip)
        l_a = spoken.l_a(clip)
        coordinates = model.net(l_a[None], heard.content[None], heard.emotion[None])
        return l_a + model.net.displacements(coordinates)[0]

    return make


def at_rest(train: EmotionalSpeech, spoken: SpokenLandmarks, clip: int) -> Points:
    """l_a in every frame."""
    return spoken.l_a(clip).expand_as(true_landmarks(spoken, clip))


def mean_displacement(train: EmotionalSpeech, spoken: SpokenLandmarks, clip: int) -> Points:
    """The mean of all training displacements."""
    mean = moved(train).mean(0)
    return at_rest(train, spoken, clip) + mean


def mean_of_emotion(train: EmotionalSpeech, spoken: SpokenLandmarks, clip: int) -> Points:
    """The mean displacement of the true emotion in training: an oracle."""
    emotion = spoken.speech.tensors.emotion[clip]
    of_frame = train.tensors.emotion[train.tensors.clip_of]
    return at_rest(train, spoken, clip) + moved(train)[of_frame == emotion].mean(0)


def mean_of_clip(train: EmotionalSpeech, spoken: SpokenLandmarks, clip: int) -> Points:
    """The mean of the true landmarks: an oracle."""
    true = true_landmarks(spoken, clip)
    return true.mean(0).expand_as(true)


STILL = {
    REPEATED: at_rest,
    MEAN: mean_displacement,
    MEAN_OF_EMOTION: mean_of_emotion,
    MEAN_OF_CLIP: mean_of_clip,
}


def no_listener(speech: EmotionalSpeech, clip: int) -> Any:
    """Of those who need no sound."""
    raise AssertionError("landmarks were asked for, not codes")


def moved(speech: EmotionalSpeech) -> Float[Tensor, "f p 2"]:
    """Landmarks of all frames less those of the speaker at rest."""
    spoken = SpokenLandmarks(speech, no_listener)
    return spoken.landmarks - spoken.rest[speech.tensors.speaker[speech.tensors.clip_of]]


def true_landmarks(spoken: SpokenLandmarks, clip: int) -> Points:
    """Where landmarks are in a clip."""
    start = spoken.speech.tensors.start
    return spoken.landmarks[start[clip] : start[clip + 1]]


def score(experiment: Experiment, row: str, make: Make) -> Measurements:
    """All scores of all tested clips, of unknown and known voices."""
    enrolled = experiment.config(DisentangleConfig).enrolled
    found: Measurements = []
    for part in PARTS:
        speech = speech_of_part(experiment, part)
        spoken = SpokenLandmarks(speech, no_listener)
        clips = unenrolled_clips(speech, enrolled)
        made = [make(spoken, clip) for clip in clips]
        shown = emotions_shown(experiment, spoken, clips, made)
        for clip, points, told in zip(clips, made, shown.tolist(), strict=True):
            scores = of_clip(points, true_landmarks(spoken, clip)) | {"emotion": 100.0 * told}
            speaker = speech.tensors.speakers[int(speech.tensors.speaker[clip])]
            for name, value in scores.items():
                found.append((row, f"{name}, {part}", speaker, speech.tensors.ids[clip], value))
    return found


def of_clip(points: Points, true: Points) -> dict[str, float]:
    """Distances of a clip's landmarks, in px of 64, and how its mouth follows the truth's."""
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
    asked: the clips whose emotion is looked for.
    """
    train = speeches_of(experiment).train

    def learnt() -> Float[Tensor, "n d"]:
        lengths = train.tensors.start.diff().tolist()
        return torch.stack([outline(part) for part in moved(train).split(lengths)])

    known = experiment.once("outlines", learnt)
    looks = [outline(points - spoken.l_a(c)) for points, c in zip(made, clips, strict=True)]
    emotion = spoken.speech.tensors.emotion[torch.tensor(asked or clips)]
    return linear_hits(known, train.tensors.emotion, torch.stack(looks), emotion)


def outline(moved: Points) -> Float[Tensor, "d"]:
    """Mean and deviation of displacements over a clip."""
    return torch.cat([moved.mean(0).flatten(), moved.std(0).flatten()])
