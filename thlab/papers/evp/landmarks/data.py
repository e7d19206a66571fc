"""Speech, its codes, and the landmarks that go with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.papers.evp.landmarks.ahead import landmarks_ahead
from thlab.papers.evp.landmarks.model import LandmarkConfig, Shapes, principal_axes
from thlab.papers.evp.model import Disentangler
from thlab.papers.evp.speech import EmotionalSpeech


class Heard(NamedTuple):
    """Codes of a clip: content a frame, one emotion."""

    content: Float[Tensor, "t c"]
    emotion: Float[Tensor, "e"]


Listener = Callable[[EmotionalSpeech, int], Heard]  # speech and the number of a clip to its codes


def encoded(model: Disentangler, enrolled: int) -> Listener:
    """What E_c and E_e hear: of emotion, the mean over the frames in which words are said.

    The model is frozen: what it heard of a clip is kept, for a training asks many times.
    Chapter: book/evp-disentangle.ipynb
    """
    known: dict[tuple[int, int], Heard] = {}

    @torch.no_grad()
    def listen(speech: EmotionalSpeech, clip: int) -> Heard:
        asked = (id(speech), clip)
        if asked not in known:
            speaker = int(speech.tensors.speaker[clip])
            codes = model.encode(speech.windows(clip, speech.enrolment(speaker, enrolled)))
            known[asked] = Heard(codes.content, codes.emotion[speech.said(clip)].mean(0))
        return known[asked]

    return listen


class LandmarkBatch(NamedTuple):
    """Sequences: codes, landmarks at rest, and where landmarks are, in px."""

    content: Float[Tensor, "b t c"]
    emotion: Float[Tensor, "b e"]
    l_a: Float[Tensor, "b p 2"]
    landmarks: Float[Tensor, "b t p 2"]


@dataclass(frozen=True)
class SpokenLandmarks:
    """Some clips with their landmarks in a pose-free frame, and each speaker's face at rest.

    clips: their numbers. points: the landmarks of each. rest: l_a of each speaker, the mean of
    their faces before they say neutral sentences.
    """

    speech: EmotionalSpeech
    clips: tuple[int, ...]
    points: dict[int, Float[Tensor, "_ p 2"]]
    rest: dict[int, Float[Tensor, "p 2"]]

    def l_a(self, clip: int) -> Float[Tensor, "p 2"]:
        """The face at rest of who speaks in a clip."""
        return self.rest[int(self.speech.tensors.speaker[clip])]

    def moved(self, clip: int) -> Float[Tensor, "t p 2"]:
        """How far landmarks are from the face at rest."""
        return self.points[clip] - self.l_a(clip)

    def shapes(self, config: LandmarkConfig) -> Shapes:
        """The axes on which displacements lie."""
        moved = torch.cat([self.moved(clip) for clip in self.clips])
        rest = torch.stack(list(self.rest.values())).mean(0)
        return principal_axes(moved, config.axes)._replace(rest=rest)

    def draw(self, config: LandmarkConfig, listen: Listener, rng: torch.Generator) -> LandmarkBatch:
        """Random sequences of random clips, as a listener hears them."""
        long = [clip for clip in self.clips if len(self.points[clip]) >= config.frames]
        if not long:
            raise ValueError(f"no clip has {config.frames} frames")
        parts: list[tuple[Tensor, ...]] = []
        for k in torch.randint(len(long), (config.batch,), generator=rng).tolist():
            clip = long[k]
            latest = len(self.points[clip]) - config.frames
            first = int(torch.randint(latest + 1, (), generator=rng))
            frames = torch.arange(first, first + config.frames)
            heard = listen(self.speech, clip)
            landmarks = self.points[clip][frames]
            parts.append((heard.content[frames], heard.emotion, self.l_a(clip), landmarks))
        return LandmarkBatch(*(torch.stack(part) for part in zip(*parts, strict=True)))


def spoken_landmarks(speech: EmotionalSpeech, clips: Sequence[int]) -> SpokenLandmarks:
    """Some clips' landmarks. ValueError where there are none, or where a speaker of these clips has
    no neutral one among them. Chapter: book/evp-disentangle.ipynb
    """
    turned = landmarks_ahead(speech.tensors, clips)
    points = dict(zip(clips, turned, strict=True))
    rest = {}
    for speaker in sorted({int(speech.tensors.speaker[clip]) for clip in clips}):
        neutral = [clip for clip in speech.neutral[speaker].tolist() if clip in points]
        if not neutral:
            name = speech.tensors.speakers[speaker]
            raise ValueError(f"no neutral clip of {name}: how does that face look at rest?")
        rest[speaker] = torch.stack([points[clip][0] for clip in neutral]).mean(0)
    return SpokenLandmarks(speech, tuple(clips), points, rest)


def training_clips(speech: EmotionalSpeech, most: int) -> list[int]:
    """About `most` clips, evenly spread over all. Chapter: book/evp-disentangle.ipynb"""
    n = len(speech.texts)
    return list(range(0, n, max(1, -(-n // most))))
