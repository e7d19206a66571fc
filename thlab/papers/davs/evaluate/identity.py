"""Whose face it is and what it says, when a person's picture is moved by another's speech."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet, Video
from thlab.inference import TalkingHead
from thlab.metrics.judges import dlib_identity
from thlab.metrics.landmark import correlation, lmd, mouth_opening
from thlab.nn.face_encoder import FaceEncoder
from thlab.papers.davs.evaluate.experiment import SHUFFLED, contents, test_set
from thlab.papers.davs.head import load_head
from thlab.training import load_weights

COLUMNS = {
    "face, ours": "cosine to the asked face",
    "speaker, ours": "cosine to the speaker",
    "face, dlib": "distance to the asked face",
    "speaker, dlib": "distance to the speaker",
    "opening": "opening",
    "moves": "LMD of movements",
}
OWN_FACE = "own face, audio"
SOURCE_OF = {
    OWN_FACE: "audio",
    "another's face, audio": "audio",
    "another's face, video": "video",
    "another's face, shuffled audio": SHUFFLED,
}
DLIB_LOOKS = 12  # frames from one to the next that dlib sees: it takes a tenth of a second for each


class FaceEvaluator(NamedTuple):
    """Who is seen in a video, and how alike (or far) two such are."""

    look: Callable[[Video], Tensor]
    compare: Callable[[Tensor, Tensor], float]


def measure_identity(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Whose face it is and what it says: one value a clip, by our face encoder and by dlib.

    "face": what is generated and the person asked for; "speaker": and who speaks. opening:
    correlation of the lips' gap with the speaker's. moves: LMD (px) of mouths minus their mean over
    the clip, so that no one's own mouth counts. Raises ValueError where there is one test speaker.
    Chapter: book/davs.ipynb
    """
    stage = test_set(experiment)
    evaluators = experiment.once("face evaluators", face_evaluators)
    known = experiment.once("known faces", lambda: faces_of(stage, evaluators))
    head = experiment.once("head", lambda: load_head(experiment.weights))
    return identity_scores(row, stage, head, evaluators, known)


def identity_scores(
    row: str,
    test_set: TestSet,
    head: TalkingHead,
    evaluators: dict[str, FaceEvaluator],
    known: dict[str, list[Tensor]],
) -> Measurements:
    """One row of the table, a clip at a time. Chapter: book/davs.ipynb"""
    speech = contents(test_set, head, SOURCE_OF[row])
    others = clips_of_others(test_set)
    images = test_set.images()
    scores: dict[str, list[float]] = {}
    for k in range(len(test_set.clips)):
        asked = k if row == OWN_FACE else others[k]
        video = head.render(images[asked], speech[k])
        of_clip = mouth_scores(test_set, video, k)
        for name, (look, compare) in evaluators.items():
            seen = look(video)
            of_clip[f"face, {name}"] = compare(seen, known[name][asked])
            of_clip[f"speaker, {name}"] = compare(seen, known[name][k])
        for column, value in of_clip.items():
            scores.setdefault(column, []).append(value)
    return test_set.measurements(row, scores)


def mouth_scores(test_set: TestSet, video: Video, k: int) -> dict[str, float]:
    """How a video's mouth moves with the speaker's of clip number k of the test set."""
    seen = test_set.look(video)
    exact = test_set.exact[k]
    return {
        "opening": correlation(mouth_opening(seen), mouth_opening(exact)).item(),
        "moves": lmd(seen - seen.mean(0), exact - exact.mean(0)),
    }


def clips_of_others(test_set: TestSet) -> list[int]:
    """For each clip the next one of another person; ValueError where all are of one.

    Chapter: book/davs.ipynb
    """
    people = test_set.tensors.speaker[test_set.clips].tolist()
    if len(set(people)) < 2:
        raise ValueError(
            "one test speaker, whose speech can move no other's face: choose a larger corpus"
        )
    others = []
    for k, person in enumerate(people):
        j = k
        while people[j] == person:
            j = (j + 1) % len(people)
        others.append(j)
    return others


def faces_of(test_set: TestSet, evaluators: dict[str, FaceEvaluator]) -> dict[str, list[Tensor]]:
    """Who each evaluator sees in each true clip."""
    return {name: [look(real) for real in test_set.real] for name, (look, _) in evaluators.items()}


def face_evaluators() -> dict[str, FaceEvaluator]:
    """Ours, with its weights, and dlib's. Chapter: book/davs.ipynb"""
    return {
        "ours": encoder_evaluator(load_weights("faces", FaceEncoder()).eval()),
        "dlib": dlib_evaluator(),
    }


def encoder_evaluator(faces: nn.Module) -> FaceEvaluator:
    """Cosine of a face encoder's mean vectors: 1 for one and the same film.

    Chapter: book/davs.ipynb
    """

    @torch.no_grad()
    def look(video: Video) -> Tensor:
        return normalize(faces(video).mean(0), dim=0)

    return FaceEvaluator(look, lambda a, b: (a @ b).item())


def dlib_evaluator() -> FaceEvaluator:
    """Distance of dlib's mean embeddings of some frames: below .6 for one person.

    Chapter: book/davs.ipynb
    """

    def look(video: Video) -> Tensor:
        frames = (255 * video[::DLIB_LOOKS]).round().byte().permute(0, 2, 3, 1)
        return torch.from_numpy(dlib_identity(frames.numpy()).mean(0))

    return FaceEvaluator(look, lambda a, b: (a - b).norm().item())
