"""From sound and a target's footage to an emotional video of the target, Sect. 3 of [ji2021] whole.

Sound gives content and emotion; these move the target's own landmarks in a pose-free frame; Eq. 8
turns them as the target's head is turned; the edge-to-video net paints them into its frames.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from thlab.audio.noise import speech_mask
from thlab.face.align import smooth_tracks
from thlab.face.edges import edge_maps
from thlab.face.head3d import HeadFit, Pose, fit_head, frontal, repose, smooth_pose
from thlab.inference import Speech
from thlab.media import SAMPLES_A_FRAME
from thlab.metrics.landmark import eye_opening, mouth_opening
from thlab.papers.evp.landmarks.data import Heard
from thlab.papers.evp.landmarks.model import AudioToLandmark
from thlab.papers.evp.model import Disentangler
from thlab.papers.evp.moods import with_intensity
from thlab.papers.evp.portrait.footage import Footage
from thlab.papers.evp.portrait.model import Generator
from thlab.papers.evp.portrait.people import PhotoGenerator
from thlab.papers.evp.speech import Enrolment, cut, enrol, padded_mfcc

SHUT = 0.2  # of a target's frames, those with the least open mouths: among them it is at rest
UPPER = slice(17, 48)  # brows, nose and eyes, which no word moves
UPPER_WIDTH = 1.5  # frames, deviation of the Gaussian that steadies them
LIPS_WIDTH = 0.5  # and of that for jaw and lips
# px of 64: lips that come nearer than about this are drawn together. Of 0 to 1.5 on validation
# voices: 96 % of p, b and m are shut and not 79 %, the mouth's distance grows by .003 px
MEET = 0.8
INNER_LIPS = ((61, 67), (62, 66), (63, 65))  # a point of the upper lip, and the one below it
OUTER_LIPS = ((50, 58), (51, 57), (52, 56))  # and the outer ones that go along
# of an eye: a point of the upper lid, and the one of the lower lid under it
LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))
BROWS = slice(17, 27)
CORNERS = (48, 54)


@dataclass(frozen=True)
class Voice:
    """Both nets that listen, and the emotions they know.

    error: px of 64 by which landmarks err for voices that the nets did not learn from, F-LD.
    """

    disentangler: Disentangler
    landmarks: AudioToLandmark
    emotions: tuple[str, ...]
    error: float = 0.0

    @property
    def everyone(self) -> Enrolment:
        """How all training voices sound: for a voice that nobody enrols."""
        return Enrolment(*self.disentangler.voice)

    @property
    def neutral(self) -> Float[Tensor, "e"]:
        """The code of neutral speech; of no emotion in particular, where none is called so."""
        moods = self.disentangler.moods
        if "neutral" in self.emotions:
            return moods[self.emotions.index("neutral")]
        return moods.mean(0)

    @torch.no_grad()
    def hear(self, speech: Speech) -> Heard:
        """Content and emotion of a recording, by how its voice sounds in its neutral ones.

        Without these, by how all training voices sound. The emotion is a mean over the frames in
        which someone speaks.
        """
        known = enrol(speech.neutral) if speech.neutral else self.everyone
        x = cut(known.standardised(padded_mfcc(speech.audio)[:, 1:]))
        codes = self.disentangler.encode(x)
        said = speech_mask(speech.audio)[::SAMPLES_A_FRAME]
        return Heard(codes.content, codes.emotion[said].mean(0))

    @torch.no_grad()
    def move(
        self,
        l_a: Float[Tensor, "p 2"],
        content: Float[Tensor, "t c"],
        emotion: Float[Tensor, "e"],
        intensity: float = 1.0,
    ) -> Float[Tensor, "t p 2"]:
        """Landmarks of a face that looks straight ahead, in px of the 64-px `face` view, Eq. 7.

        They are settled: steadied over time, and with lips that meet where they nearly do.
        """
        mood = with_intensity(emotion, self.neutral, intensity)
        return settled(self.landmarks.speak(l_a, content, mood))


def settled(points: Float[Tensor, "t 68 2"]) -> Float[Tensor, "t 68 2"]:
    """Landmarks of a net as they drive a face: frame by frame it hears a little otherwise, and
    brows would tremble with it; and a mean of many mouths is never shut.

    Chapter: book/evp-portrait.ipynb
    """
    return lips_that_meet(steadied(points))


def lips_that_meet(points: Float[Tensor, "t 68 2"]) -> Float[Tensor, "t 68 2"]:
    """Landmarks whose lips close where they nearly do; wide mouths stay as they are.

    A gap of g px becomes g (1 − exp(−(g / MEET)²)), half of it by each lip.
    Chapter: book/evp-portrait.ipynb
    """
    shut = points.clone()
    for inner, outer in zip(INNER_LIPS, OUTER_LIPS, strict=True):
        upper, lower = inner
        down = points[:, lower] - points[:, upper]
        nearness = torch.exp(-down.square().sum(-1, keepdim=True) / MEET**2)
        move = nearness * down / 2
        for lip in (upper, outer[0]):
            shut[:, lip] += move
        for lip in (lower, outer[1]):
            shut[:, lip] -= move
    return shut


def steadied(points: Float[Tensor, "t 68 2"]) -> Float[Tensor, "t 68 2"]:
    """Landmarks smoothed over time: jaw and lips a little, what no word moves more.

    Chapter: book/evp-portrait.ipynb
    """
    tracks = points.numpy()
    smooth = smooth_tracks(tracks, LIPS_WIDTH)
    smooth[:, UPPER] = smooth_tracks(tracks[:, UPPER], UPPER_WIDTH)
    return torch.from_numpy(smooth)


class Target(NamedTuple):
    """A person's footage: its poses, and its face at rest as if it looked straight ahead.

    lids: how far eyes are open in each frame, 1 as usual, 0 shut.
    """

    footage: Footage
    fit: HeadFit
    l_a: Float[Tensor, "68 2"]
    lids: Float[Tensor, "f"]


def read_target(footage: Footage) -> Target:
    """Poses of a target's frames, by Eq. 8's fit, and its landmarks at rest.

    Chapter: book/evp-portrait.ipynb
    """
    landmarks = footage.landmarks.astype(np.float64)
    fit = fit_head(landmarks)
    ahead = frontal(fit, landmarks)
    opening = mouth_opening(torch.from_numpy(ahead)).numpy()
    shut = opening <= np.quantile(opening, SHUT)
    l_a = torch.from_numpy(np.median(ahead[shut], 0)).float()
    eyes = eye_opening(ahead).float()
    lids = (eyes / eyes.median()).clamp(max=1)
    return Target(footage, fit, l_a, lids)


def with_lids(ahead: Float[Tensor, "t 68 2"], lids: Float[Tensor, "t"]) -> Float[Tensor, "t 68 2"]:
    """Landmarks with upper lids lowered: a face blinks as in its footage, for no sound tells when.

    lids: 1 where eyes stay as they are, 0 where they shut. Chapter: book/evp-portrait.ipynb
    """
    lowered = ahead.clone()
    for upper, lower in LIDS:
        lowered[:, upper] = torch.lerp(ahead[:, lower], ahead[:, upper], lids[:, None])
    return lowered


def there_and_back(start: Int[Tensor, "c1"], wanted: int) -> Int[np.ndarray, "t"]:
    """Frames of the longest clip that go forth and back as long as is wanted: nothing jumps.

    Chapter: book/evp-portrait.ipynb
    """
    clip = int(start.diff().argmax())
    first, end = start[clip : clip + 2].tolist()
    once = np.concatenate([np.arange(first, end), np.arange(end - 2, first, -1)])
    return np.resize(once, wanted)


def driven_landmarks(
    target: Target, ahead: Float[np.ndarray, "t 68 2"], frames: Int[np.ndarray, "t"], smooth: str
) -> Float[np.ndarray, "t 68 2"]:
    """Landmarks of a face that looks straight ahead, turned as the target's head is in its frames.

    smooth: of the target's poses, "gaussian" or "one-euro". Chapter: book/evp-portrait.ipynb
    """
    fit = fit_head(ahead)
    pose = smooth_pose(target.fit.pose, smooth)
    own = Pose(pose.rotation[frames], pose.scale[frames], pose.shift[frames], pose.distance)
    return repose(fit, own, ahead)


def portrait(
    generator: Generator | PhotoGenerator,
    target: Target,
    frames: Int[np.ndarray, "t"],
    ahead: Float[Tensor, "t 68 2"],
    smooth: str = "gaussian",
) -> UInt8[Tensor, "t h w 3"]:
    """Frames of the target's footage, the face as the landmarks say, the head as it moved.

    Chapter: book/evp-portrait.ipynb
    """
    footage = target.footage
    driven = driven_landmarks(target, ahead.double().numpy(), frames, smooth)
    driven = driven.astype(np.float32)
    maps = edge_maps(footage.frames[frames], footage.landmarks[frames], driven)
    return generator.render(torch.from_numpy(maps), driven)


def moved_by_emotion(
    voice: Voice, l_a: Float[Tensor, "68 2"], codes: Heard, emotion: Float[Tensor, "e"]
) -> dict[str, float]:
    """How far an emotion moves brows and mouth corners from a neutral face, in px of 64.

    Chapter: book/evp-portrait.ipynb
    """
    shown = voice.move(l_a, codes.content, emotion)
    plain = voice.move(l_a, codes.content, voice.neutral)
    far = (shown - plain).norm(dim=-1).mean(0)
    return {"brows": far[BROWS].mean().item(), "mouth corners": far[list(CORNERS)].mean().item()}
