"""The tables of [ji2021] as the house runs them."""

from collections.abc import Mapping, Sequence
from typing import Any

from thlab.evaluation.experiment import Experiment
from thlab.papers.evp.evaluate import (
    alignment,
    amounts,
    clusters,
    crossed,
    editing,
    mouths,
    people,
    portraits,
    poses,
    videos,
)
from thlab.papers.evp.landmarks.model import LandmarkConfig
from thlab.papers.evp.model import DisentangleConfig
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.model import PORTRAIT
from thlab.papers.evp.reported import LANDMARK_SCORES, PICTURE_SCORES, TABLE_1, TABLE_2
from thlab.papers.paper import TableSpec

CORPUS = "emotions"


def printed(
    numbers: Mapping[str, Sequence[float]], columns: Sequence[str], first: int = 0
) -> dict[str, Any]:
    """The paper's numbers, which are of voices that its nets know.

    first: where those of the columns begin in a row of the paper's.
    """
    found = {}
    for row, values in numbers.items():
        names = [f"{column}, seen" for column in columns]
        found[row] = dict(zip(names, values[first : first + len(names)], strict=True))
    return {"MEAD": found}


def speaking_evidence(experiment: Experiment) -> dict[str, Any]:
    """Steps of the trainings that make landmarks of speech."""
    of_codes = experiment.config(DisentangleConfig)
    of_landmarks = experiment.config(LandmarkConfig)
    return {
        "steps of E_c, E_e": [of_codes.content_steps, of_codes.emotion_steps],
        "steps of both": of_codes.steps,
        "steps of landmarks": of_landmarks.steps,
    }


def video_evidence(experiment: Experiment) -> dict[str, Any]:
    """Steps of all trainings."""
    steps = experiment.config(PortraitConfig).steps
    people = [f"s{person:03}" for person in videos.PEOPLE]
    return speaking_evidence(experiment) | {"steps of a portrait": steps, "targets": people}


def amounts_evidence(experiment: Experiment) -> dict[str, Any]:
    """Steps of a training."""
    return {"steps of a portrait": experiment.config(PortraitConfig).steps}


TABLES = {
    "portrait": TableSpec(
        "a person's trained generator on sentences that it did not learn from",
        portraits.measure,
        portraits.ROWS,
        portraits.COLUMNS,
        of_weights=PORTRAIT,
        corpus=CORPUS,
        facts=portraits.portrait_evidence,
    ),
    "T1": TableSpec(
        "landmarks by sound, of known and of unknown voices",
        mouths.table_1,
        mouths.T1_ROWS,
        mouths.COLUMNS,
        printed(TABLE_1, LANDMARK_SCORES),
        corpus=CORPUS,
        facts=speaking_evidence,
    ),
    "T2": TableSpec(
        "the same without one term of Eq. 6",
        mouths.table_2,
        mouths.T2_ROWS,
        mouths.COLUMNS,
        printed(TABLE_2, LANDMARK_SCORES),
        corpus=CORPUS,
        facts=speaking_evidence,
    ),
    "clusters": TableSpec(
        "do codes of one emotion lie together?",
        clusters.measure,
        clusters.ROWS,
        clusters.COLUMNS,
        corpus=CORPUS,
        facts=speaking_evidence,
    ),
    "cross": TableSpec(
        "one clip's words with another's emotion",
        crossed.measure,
        crossed.ROWS,
        crossed.COLUMNS,
        corpus=CORPUS,
        facts=speaking_evidence,
    ),
    "editing": TableSpec(
        "faces between two emotions",
        editing.measure,
        editing.ROWS,
        editing.COLUMNS,
        corpus=CORPUS,
        facts=speaking_evidence,
    ),
    "align": TableSpec(
        "one clip's landmarks in another's pose, with and without 3D",
        alignment.measure,
        alignment.ROWS,
        alignment.COLUMNS,
        corpus=CORPUS,
        seeds=1,
    ),
    "poses": TableSpec(
        "four people's generators by how far the head is turned",
        poses.measure,
        poses.ROWS,
        poses.COLUMNS,
        corpus=CORPUS,
        seeds=1,
        facts=video_evidence,
    ),
    "footage": TableSpec(
        "two people's generators by how much footage they learn from",
        amounts.measure,
        amounts.ROWS,
        amounts.COLUMNS,
        corpus=CORPUS,
        seeds=1,
        facts=amounts_evidence,
    ),
    "people": TableSpec(
        "one net over many people, for people known by one photo alone",
        people.measure,
        people.ROWS,
        people.COLUMNS,
        corpus=CORPUS,
        facts=people.people_evidence,
    ),
    "video": TableSpec(
        "the whole chain: voices drive four people's footage",
        videos.measure,
        videos.ROWS,
        videos.COLUMNS,
        printed(TABLE_1, PICTURE_SCORES, len(LANDMARK_SCORES)),
        corpus=CORPUS,
        facts=video_evidence,
    ),
}
