"""Frames of many people, each with a photo of the same person."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.face.edges import edge_maps, face_mask, mouth_mask
from thlab.face.points import MOUTH
from thlab.face.thin_plates import thin_plate_motion
from thlab.papers.evp.portrait.data import Stretch, pixel_weights
from thlab.papers.evp.portrait.footage import Footage, footage_of, performances, starts
from thlab.papers.evp.portrait.people import PeopleConfig

PAIR = 2  # frames in a row, by which flicker is seen


@dataclass(frozen=True)
class People:
    """Pairs of neighbouring frames of many people: of each a `Footage`, a clip a pair."""

    footage: Sequence[Footage]
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def n_clips(self) -> int:
        """How many pairs there are."""
        return sum(one.n_clips for one in self.footage)


def people_to_learn(config: PeopleConfig, options: Mapping[str, Any]) -> People:
    """The first training speakers of the corpus, each in all emotions with one sentence.

    Chapter: book/evp-portrait.ipynb
    """
    found = []
    for person in range(config.people):
        sentence = config.sentences[person % len(config.sentences)]
        clips = performances(person, [sentence])
        found.append(footage_of(clips, config.size, config.pairs))
    return People(found, facts_of(found))


def facts_of(footage: Sequence[Footage]) -> dict[str, str]:
    """Which corpus, and how many people of it.

    Chapter: book/evp-portrait.ipynb
    """
    first = footage[0].facts
    digests = [one.facts["corpus_digest"] for one in footage]
    named = {name: first[name] for name in ("corpus", "corpus_version")}
    return named | {"people": str(len(footage)), "corpus_digest": digest_of(digests)}


def digest_of(digests: Sequence[str]) -> str:
    """One digest of several.

    Chapter: book/evp-portrait.ipynb
    """
    return hashlib.sha256("".join(digests).encode()).hexdigest()


class PhotoPairs:
    """Random pairs of frames, each with a random photo of the same person."""

    def __init__(self, people: People, config: PeopleConfig):
        size = config.size
        self.config = config
        bounds = starts([len(one.frames) for one in people.footage])
        self.first, self.end = bounds[:-1], bounds[1:]
        frames = np.concatenate([one.frames for one in people.footage])
        landmarks = np.concatenate([one.landmarks for one in people.footage])
        self.frames = torch.from_numpy(frames)
        self.points = torch.from_numpy(landmarks).float()
        self.edges = torch.from_numpy(edge_maps(frames, landmarks))
        self.face = torch.from_numpy(face_mask(landmarks, size, size))
        self.inside = torch.from_numpy(mouth_mask(landmarks, size, size))

    def draw(self, n: int, rng: torch.Generator) -> Stretch:
        """n pairs; the photo stands as the frame before, with its guidance behind each frame's."""
        person = torch.randint(len(self.first), (n,), generator=rng)
        begin = self.some_pair(person, rng)
        photo = self.some_pair(person, rng)
        frames = begin[:, None] + torch.arange(PAIR)  # (B, 2)
        of_photo = self.edges[photo][:, None].expand(-1, PAIR, -1, -1, -1)
        points = self.points[frames]
        return Stretch(
            edges=torch.cat([self.edges[frames], of_photo], 2) / 255,
            before=self.pictures(photo)[:, None],
            real=self.pictures(frames),
            weight=pixel_weights(self.config, self.face[frames], self.inside[frames]),
            lips=points[:, :, MOUTH].mean(2),
            points=points,
            plates=torch.stack(list(self.plates(points, self.points[photo]))),
        )

    def some_pair(self, person: Int[Tensor, "b"], rng: torch.Generator) -> Int[Tensor, "b"]:
        """The first frame of a random pair of each person."""
        share = torch.rand(len(person), generator=rng)
        count = (self.end[person] - self.first[person]) // PAIR
        return self.first[person] + PAIR * (share * count).long()

    def plates(
        self, points: Float[Tensor, "b t 68 2"], photos: Float[Tensor, "b 68 2"]
    ) -> Iterator[Float[Tensor, "t 2 n n"]]:
        """What bends each photo to its frames."""
        size = self.config.size
        for some, photo in zip(points, photos, strict=True):
            yield thin_plate_motion(some / size, photo / size, self.config.cells)

    def pictures(self, frames: Int[Tensor, "*n"]) -> Float[Tensor, "*n 3 h w"]:
        """Frames in [0, 1]."""
        return self.frames[frames].movedim(-1, -3) / 255
