"""Speech, its codes, and the landmarks that go with it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.papers.evp.landmarks.model import LandmarkConfig, Shapes, principal_axes
from thlab.papers.evp.model import Disentangler
from thlab.papers.evp.speech import EmotionalSpeech

FEW_FRAMES = 20_000  # of which principal axes are found


class Heard(NamedTuple):
    """Codes of a clip: content a frame, one emotion."""

    content: Float[Tensor, "t c"]
    emotion: Float[Tensor, "e"]


Listener = Callable[[EmotionalSpeech, int], Heard]  # speech and the number of a clip to its codes


def encoded(model: Disentangler, enrolled: int) -> Listener:
    """What E_c and E_e hear: of emotion, the mean over the frames in which words are said."""

    @torch.no_grad()
    def listen(speech: EmotionalSpeech, clip: int) -> Heard:
        speaker = int(speech.tensors.speaker[clip])
        x = speech.windows(clip, speech.enrolment(speaker, enrolled))
        codes = model.encode(x)
        said = speech.word[speech.tensors.start[clip] : speech.tensors.start[clip + 1]] > 0
        of_emotion = codes.emotion[said] if said.any() else codes.emotion
        return Heard(codes.content, of_emotion.mean(0))

    return listen


class LandmarkBatch(NamedTuple):
    """Sequences: codes, landmarks at rest, and where landmarks are, in px."""

    content: Float[Tensor, "b t c"]
    emotion: Float[Tensor, "b e"]
    l_a: Float[Tensor, "b p 2"]
    landmarks: Float[Tensor, "b t p 2"]


@dataclass(frozen=True)
class SpokenLandmarks:
    """Clips with landmarks, and a face at rest of each speaker: the first frame of a neutral clip.

    Raises ValueError where there are no landmarks, or a speaker has no neutral clip.
    """

    speech: EmotionalSpeech
    listen: Listener

    def __post_init__(self) -> None:
        if self.speech.tensors.landmarks is None:
            raise ValueError("clips without landmarks: prepare the corpus with data_scripts first")
        names = self.speech.tensors.speakers
        silent = [
            name for name, own in zip(names, self.speech.neutral, strict=True) if not len(own)
        ]
        if silent:
            raise ValueError(f"no neutral clip of {', '.join(silent)}: how do they look at rest?")

    @cached_property
    def landmarks(self) -> Float[Tensor, "f p 2"]:
        """Of all frames."""
        assert self.speech.tensors.landmarks is not None  # asked at the beginning
        return self.speech.tensors.landmarks

    @cached_property
    def rest(self) -> Float[Tensor, "s p 2"]:
        """l_a of each speaker: the mean of their faces before they say neutral sentences."""
        found = []
        for own in self.speech.neutral:
            found.append(self.landmarks[self.speech.tensors.start[own]].mean(0))
        return torch.stack(found)

    def shapes(self, config: LandmarkConfig) -> Shapes:
        """The axes on which displacements lie, from some of the frames."""
        step = max(1, len(self.landmarks) // FEW_FRAMES)
        frames = torch.arange(0, len(self.landmarks), step)
        speaker = self.speech.tensors.speaker[self.speech.tensors.clip_of[frames]]
        moved = self.landmarks[frames] - self.rest[speaker]
        return principal_axes(moved, config.axes)._replace(rest=self.rest.mean(0))

    def l_a(self, clip: int) -> Float[Tensor, "p 2"]:
        """The face at rest of who speaks in a clip."""
        return self.rest[self.speech.tensors.speaker[clip]]

    def draw(self, config: LandmarkConfig, rng: torch.Generator) -> LandmarkBatch:
        """Random sequences of random clips."""
        start = self.speech.tensors.start
        clips = (start.diff() >= config.frames).nonzero()[:, 0]
        if len(clips) == 0:
            raise ValueError(f"no clip has {config.frames} frames")
        parts: list[tuple[Tensor, ...]] = []
        for clip in clips[torch.randint(len(clips), (config.batch,), generator=rng)].tolist():
            length = int(start[clip + 1] - start[clip])
            first = int(torch.randint(length - config.frames + 1, (), generator=rng))
            heard = self.listen(self.speech, clip)
            frames = torch.arange(first, first + config.frames)
            landmarks = self.landmarks[start[clip] + frames]
            parts.append((heard.content[frames], heard.emotion, self.l_a(clip), landmarks))
        return LandmarkBatch(*(torch.stack(part) for part in zip(*parts, strict=True)))
