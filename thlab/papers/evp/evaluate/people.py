"""How near a net over many people comes to people whom it knows by one photo alone.

[ji2021], Sect. 3.3, trains a net a person; whether one net may serve all, its text leaves open.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from thlab.corpus.settings import FIRST_SPEAKER
from thlab.data.tensors import as_floats
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.face.edges import edge_maps
from thlab.face.points import MOUTH
from thlab.metrics.flicker import change_ratio
from thlab.papers.evp.evaluate.portraits import COLUMNS as OF_PORTRAITS
from thlab.papers.evp.evaluate.portraits import FIRST, clip_scores
from thlab.papers.evp.portrait.footage import HELD_OUT, Footage, footage_of, performances
from thlab.papers.evp.portrait.model import Generator
from thlab.papers.evp.portrait.people import PeopleConfig, PhotoGenerator
from thlab.papers.evp.portrait.people_data import people_to_learn
from thlab.papers.evp.portrait.people_train import train_people

NET = "net over many people"
PLATES = "plates alone"
OTHER_MOUTH = "other mouth"
ROWS = (NET, PLATES, FIRST, OTHER_MOUTH)
# of the blinks one photo says nothing
SCORES = {name: metric for name, metric in OF_PORTRAITS.items() if not name.startswith("blink")}
COLUMNS = SCORES | {"change": "change"}
TESTED = 12  # test speakers
EVERY = 4  # of the emotions of each of them: every fourth one


class Shown(NamedTuple):
    """A clip of someone whom no net has met; its first frame is the photo."""

    speaker: str
    name: str
    footage: Footage

    @property
    def photo(self) -> Footage:
        """The first frame alone."""
        one = self.footage
        return Footage(one.frames[:1], one.landmarks[:1], torch.tensor([0, 1]), one.facts)


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A number a clip of unseen people, painted from its first frame and the true landmarks.

    Chapter: book/evp-portrait.ipynb
    """
    config = experiment.config(PeopleConfig)
    people = people_of(experiment.preset)
    clips = experiment.once("clips", lambda: clips_of("test", people, config.size))
    net = None if row == FIRST else net_of(experiment, seed)
    found: Measurements = []
    for clip in clips:
        made = made_of(row, net, clip)
        found += scores_of(row, clip, made)
    return found


def net_of(experiment: Experiment, seed: int) -> Generator:
    """The net over many people, trained as far as it is not yet.

    Chapter: book/evp-portrait.ipynb
    """
    config = experiment.config(PeopleConfig)
    data = experiment.once("people", lambda: people_to_learn(config, {}))
    return experiment.trained(experiment.job("people", config, data, seed), train_people)


def people_of(preset: str) -> int:
    """How many people are tested at a preset.

    Chapter: book/evp-portrait.ipynb
    """
    return 1 if preset == "fast" else TESTED


def clips_of(part: str, people: int, size: int) -> list[Shown]:
    """Clips of the first speakers of a part, of a sentence that no one else says.

    Chapter: book/evp-portrait.ipynb
    """
    found = []
    for number in range(people):
        speaker = FIRST_SPEAKER[part] + number
        said = performances(speaker, HELD_OUT[:1])[number % EVERY :: EVERY]
        footage = footage_of(said, size)
        for k, clip in enumerate(said):
            found.append(Shown(f"s{speaker:03}", clip.id, footage.clips([k])))
    return found


def made_of(row: str, net: Generator | None, clip: Shown) -> UInt8[Tensor, "t h w 3"]:
    """What a row makes of a clip's photo and landmarks.

    Chapter: book/evp-portrait.ipynb
    """
    frames, landmarks = clip.footage.frames, clip.footage.landmarks
    if row == FIRST or net is None:
        return torch.from_numpy(frames[:1]).expand(len(frames), -1, -1, -1)
    generator = PhotoGenerator(net, clip.photo)
    if row == PLATES:
        return generator.plates_alone(landmarks)
    driven = with_other_mouth(landmarks) if row == OTHER_MOUTH else landmarks
    maps = edge_maps(frames, landmarks, driven)
    return generator.render(torch.from_numpy(maps), driven)


def with_other_mouth(landmarks: Float[np.ndarray, "t 68 2"]) -> Float[np.ndarray, "t 68 2"]:
    """Landmarks with the mouth of the frame half a clip away, at the own one's place.

    Chapter: book/evp-portrait.ipynb
    """
    mouth = landmarks[:, MOUTH]
    other = np.roll(mouth, len(mouth) // 2, 0)
    found = landmarks.copy()
    found[:, MOUTH] = other - other.mean(1, keepdims=True) + mouth.mean(1, keepdims=True)
    return found


def scores_of(row: str, clip: Shown, made: UInt8[Tensor, "t h w 3"]) -> Measurements:
    """The columns of a clip.

    Chapter: book/evp-portrait.ipynb
    """
    found = clip_scores(row, clip.speaker, [clip.name], made, clip.footage, SCORES)
    true = as_floats(torch.from_numpy(clip.footage.frames))
    changed = change_ratio(as_floats(made), true)
    return [*found, (row, "change", clip.speaker, clip.name, changed)]


def people_evidence(experiment: Experiment) -> dict[str, Any]:
    """What the nets learnt from, and for how long.

    Chapter: book/evp-portrait.ipynb
    """
    config = experiment.config(PeopleConfig)
    return {"people": config.people, "steps": config.steps, "tested": people_of(experiment.preset)}
