"""Table 1 of [ji2021] by pictures: voices of the corpus drive four invented people's footage.

The truth is what the corpus renders: the target's pose and light, the expression of the clip that
is heard.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from thlab.corpus import swap
from thlab.corpus.performance import Performance
from thlab.data import Clip
from thlab.data.tensors import as_floats
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.face.align import align_face
from thlab.metrics.flicker import change_ratio, flicker
from thlab.metrics.frechet import fid
from thlab.metrics.image import psnr, ssim
from thlab.metrics.landmark import FACE, correlation, landmark_distance, mouth_opening
from thlab.nn.emotion_net import EmotionNet
from thlab.nn.face_encoder import FaceEncoder
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.evp.chain import (
    Target,
    portrait,
    read_target,
    settled,
    there_and_back,
    with_lids,
)
from thlab.papers.evp.evaluate.codes import unenrolled_clips
from thlab.papers.evp.evaluate.portraits import FIRST
from thlab.papers.evp.evaluate.trained import (
    PARTS,
    disentangler,
    speaking,
    speech_of_part,
)
from thlab.papers.evp.model import DisentangleConfig
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import footage_of, footage_to_learn, neutral_performances
from thlab.papers.evp.portrait.model import Generator
from thlab.papers.evp.portrait.train import train as train_portrait
from thlab.papers.evp.reported import CHEN, OURS, WANG, WANG_TRUE, WITHOUT
from thlab.papers.evp.speech import EmotionalSpeech
from thlab.training import load_weights, read_card

PEOPLE = (0, 1, 2, 3)  # training speakers, each with a generator of its own
VOICES = 12  # of each part
LABEL = "ours, emotion by label"
SHUFFLED = "ours, another's sound"
EXACT = "exact landmarks"  # what the generator makes of the truth's own
FOOTAGE = "the target's own face"
NETS = {  # row -> the emotion's code, and the term of Eq. 6 that the encoders lack
    OURS: ("", ""),
    CHEN: ("none", ""),
    WANG: ("heard", ""),
    WANG_TRUE: ("true", ""),
    WITHOUT["l_cross"]: ("", "l_cross"),
    LABEL: ("", ""),
    SHUFFLED: ("", ""),
}
ROWS = (*NETS, EXACT, FOOTAGE, FIRST)
SCORES = {
    "SSIM": "SSIM",
    "PSNR": "PSNR",
    "FID": "FID",
    "flicker": "flicker",
    "change": "change",
    "M-LD": "LD",
    "F-LD": "LD",
    "opening": "opening",
    "emotion": "emotion shown",
}
COLUMNS = {f"{score}, {part}": metric for part in PARTS for score, metric in SCORES.items()}


class Show(NamedTuple):
    """A video to make: clip `clip` of a part's speech is heard, and a person's footage shows it.

    other: a clip of another voice, another sentence and another emotion. frames: of the footage.
    truth: the frames as the corpus renders them; landmarks: exact, in their px.
    """

    part: str
    clip: int
    other: int
    person: int
    frames: Int[np.ndarray, "t"]
    truth: UInt8[np.ndarray, "t h w 3"]
    landmarks: Float[np.ndarray, "t 68 2"]


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A number a video; of FID one a target and part. Chapter: book/evp-portrait.ipynb"""
    scorer = experiment.once("scorer", Scorer)
    make = maker(experiment, row, seed)
    found: Measurements = []
    features: dict[tuple[str, int], list[tuple[Tensor, Tensor]]] = {}
    for show in experiment.once("shows", lambda: list(shows(experiment))):
        made = make(show).numpy()
        speech = speech_of_part(experiment, show.part)
        emotion = speech.tensors.emotions[int(speech.tensors.emotion[show.clip])]
        values, seen = scorer.of_video(made, show, emotion)
        name = f"{speech.tensors.ids[show.clip]} by s{show.person:03}"
        speaker = speech.speaker_of(show.clip)
        for column, value in values.items():
            if not math.isnan(value):
                found.append((row, f"{column}, {show.part}", speaker, name, value))
        features.setdefault((show.part, show.person), []).append(seen)
    for (part, person), pairs in features.items():
        fake, real = (torch.cat(several) for several in zip(*pairs, strict=True))
        found.append((row, f"FID, {part}", f"s{person:03}", "", fid(fake, real)))
    return found


def maker(
    experiment: Experiment, row: str, seed: int
) -> Callable[[Show], UInt8[Tensor, "t h w 3"]]:
    """What makes the frames of a video in a row. Chapter: book/evp-portrait.ipynb"""
    if row in NETS:
        ahead = landmarks_of(experiment, row, seed)
        return lambda show: portrait(
            generator_of(experiment, show.person),
            target_of(experiment, show.person),
            show.frames,
            ahead(show),
        )
    if row == EXACT:
        return lambda show: portrait(
            generator_of(experiment, show.person),
            target_of(experiment, show.person),
            show.frames,
            torch.from_numpy(show.landmarks),
        )

    def still(show: Show) -> UInt8[Tensor, "t h w 3"]:
        own = torch.from_numpy(target_of(experiment, show.person).footage.frames[show.frames])
        return own if row == FOOTAGE else own[:1].expand_as(own)

    return still


def landmarks_of(
    experiment: Experiment, row: str, seed: int
) -> Callable[[Show], Float[Tensor, "t 68 2"]]:
    """What a row's network makes of a clip's sound, on the target's face.

    Chapter: book/evp-portrait.ipynb
    """
    emotion, without = NETS[row]
    model = speaking(experiment, seed, emotion, without)
    moods = disentangler(experiment, seed).moods

    @torch.no_grad()
    def ahead(show: Show) -> Float[Tensor, "t 68 2"]:
        speech = speech_of_part(experiment, show.part)
        heard = model.listen(speech, show.other if row == SHUFFLED else show.clip)
        if row == LABEL:
            heard = heard._replace(emotion=moods[int(speech.tensors.emotion[show.clip])])
        content = heard.content[np.arange(len(show.frames)) % len(heard.content)]
        target = target_of(experiment, show.person)
        points = settled(model.net.speak(target.l_a, content, heard.emotion))
        return with_lids(points, target.lids[show.frames])

    return ahead


def shows(experiment: Experiment) -> Iterator[Show]:
    """Of each part twelve voices, each heard once by every person, in four different emotions.

    Chapter: book/evp-portrait.ipynb
    """
    for part in PARTS:
        speech = speech_of_part(experiment, part)
        enrolled = experiment.config(DisentangleConfig).enrolled
        clips = unenrolled_clips(speech, enrolled)
        speakers = speech.tensors.speaker.tolist()
        voices = sorted({speakers[clip] for clip in clips})[:VOICES]
        of_corpus = {clip.id: clip for clip in experiment.splits[PARTS[part]]}
        for v, voice in enumerate(voices):
            own = [clip for clip in clips if speakers[clip] == voice]
            foreign = [clip for clip in clips if speakers[clip] == voices[(v + 1) % len(voices)]]
            for person in PEOPLE:
                clip = in_emotion(speech, own, v + 2 * person)
                other = in_emotion(speech, foreign, v + 2 * person + 3)
                yield shown(experiment, part, clip, other, person, of_corpus)


def in_emotion(speech: EmotionalSpeech, clips: list[int], number: int) -> int:
    """The first of some clips in the emotion of a number, counted around.

    Chapter: book/evp-portrait.ipynb
    """
    wanted = number % len(speech.tensors.emotions)
    return next(clip for clip in clips if int(speech.tensors.emotion[clip]) == wanted)


def shown(
    experiment: Experiment,
    part: str,
    clip: int,
    other: int,
    person: int,
    of_corpus: dict[str, Clip],
) -> Show:
    """A video to make, with its truth. Chapter: book/evp-portrait.ipynb"""
    speech = speech_of_part(experiment, part)
    heard = of_corpus[speech.tensors.ids[clip]]
    target = target_of(experiment, person)
    wanted = int(speech.tensors.start[clip + 1] - speech.tensors.start[clip])
    frames = there_and_back(target.footage.start, wanted)
    own = longest(performances_of(experiment, person))
    first = int(target.footage.start[int(target.footage.start.diff().argmax())])
    stage = own.scene.at((frames - first).tolist())
    scene = swap(stage, expression_from=heard)
    truth, landmarks = scene.shoot("portrait", target.footage.frames.shape[1])
    return Show(part, clip, other, person, frames[: len(truth)], truth, landmarks)


def performances_of(experiment: Experiment, person: int) -> list[Performance]:
    """What a person says neutrally, of the sentences that the generator did not learn from.

    Chapter: book/evp-portrait.ipynb
    """
    return experiment.once(("performances", person), lambda: neutral_performances(person))


def longest(said: list[Performance]) -> Performance:
    """The performance of most frames, the first of these. Chapter: book/evp-portrait.ipynb"""
    return max(said, key=lambda one: len(one.scene))


def target_of(experiment: Experiment, person: int) -> Target:
    """A person's footage, with its poses. Chapter: book/evp-portrait.ipynb"""
    size = experiment.config(PortraitConfig).size

    def read() -> Target:
        return read_target(footage_of(performances_of(experiment, person), size))

    return experiment.once(("target", person), read)


def generator_of(experiment: Experiment, person: int) -> Generator:
    """A person's generator, trained as far as it is not yet. Chapter: book/evp-portrait.ipynb"""
    config = replace(experiment.config(PortraitConfig), speaker=person)
    footage = experiment.once(("footage", person), lambda: footage_to_learn(config, {}))
    job = experiment.job("portrait", config, footage, 0, f"portrait of {person}")
    return experiment.trained(job, train_portrait)


class Scorer:
    """Videos beside their truth, with the nets that only score."""

    def __init__(self):
        self.look = load_weights("landmarks", LandmarkNet()).eval()
        self.faces = load_weights("faces", FaceEncoder()).eval()
        self.emotions = read_card("emotions")["emotions"]
        net = EmotionNet(len(self.emotions))
        self.feel = load_weights("emotions", net).eval()

    @torch.no_grad()
    def of_video(
        self, made: UInt8[np.ndarray, "t h w 3"], show: Show, emotion: str
    ) -> tuple[dict[str, float], tuple[Tensor, Tensor]]:
        """Scores of a video by column, and the faces' features of it and of its truth.

        Faces are aligned by the truth's exact landmarks; landmarks are those that our net sees in
        both.
        """
        n = len(show.truth)
        fake = as_floats(torch.from_numpy(made[:n]))
        true = as_floats(torch.from_numpy(show.truth))
        faces = self.aligned(made[:n], show.landmarks)
        true_faces = self.aligned(show.truth, show.landmarks)
        points = self.look(faces)
        true_points = self.look(true_faces)
        told = self.feel(faces).log_softmax(1).mean(0).argmax()
        values = {
            "SSIM": ssim(fake, true).mean().item(),
            "PSNR": psnr(fake, true).mean().item(),
            "flicker": flicker(fake, true),
            "change": change_ratio(fake, true),
            "M-LD": landmark_distance(points, true_points),
            "F-LD": landmark_distance(points, true_points, FACE),
            "opening": correlation(mouth_opening(points), mouth_opening(true_points)).item(),
            "emotion": 100.0 * (self.emotions[int(told)] == emotion),
        }
        return values, (self.faces(faces), self.faces(true_faces))

    def aligned(
        self, frames: UInt8[np.ndarray, "t h w 3"], landmarks: Float[np.ndarray, "t 68 2"]
    ) -> Float[Tensor, "t 3 64 64"]:
        """The aligned face view of frames, in [0, 1]."""
        faces, _ = align_face(frames, landmarks, 64)
        return as_floats(torch.from_numpy(faces))
