"""What tables train and ask: speech, disentanglers, audio-to-landmark networks."""

from dataclasses import asdict, replace
from typing import NamedTuple

import torch
from torch.nn.functional import one_hot

from thlab.evaluation.experiment import Experiment, digest
from thlab.papers.evp.evaluate.codes import EnrolledBefore, unenrolled_clips
from thlab.papers.evp.landmarks.data import (
    Heard,
    Listener,
    SpokenLandmarks,
    encoded,
    spoken_landmarks,
    training_clips,
)
from thlab.papers.evp.landmarks.model import AudioToLandmark, LandmarkConfig
from thlab.papers.evp.landmarks.train import train_landmarks
from thlab.papers.evp.model import DisentangleConfig, Disentangler
from thlab.papers.evp.speech import EmotionalSpeech, Speeches, load_speeches, read_speech
from thlab.papers.evp.train import before_crossing, train_before, train_disentangler

PARTS = {"unseen": "test", "seen": "heldout"}  # column's voices -> split


class Speaking(NamedTuple):
    """What makes landmarks of speech: a network, and what listens for it."""

    net: AudioToLandmark
    listen: Listener


def speeches_of(experiment: Experiment) -> Speeches:
    """The speech that models are trained on."""
    return experiment.once("speeches", lambda: load_speeches(experiment.splits, False))


def speech_of_part(experiment: Experiment, part: str) -> EmotionalSpeech:
    """The speech of new people, or new sentences of people who were heard in training.

    These are enrolled by what they said there.
    """
    known = speeches_of(experiment).train
    enrolled = experiment.config(DisentangleConfig).enrolled

    def read() -> EmotionalSpeech:
        clips = experiment.splits[PARTS[part]]
        speech = read_speech(clips, known.words, frames=False, emotions=known.tensors.emotions)
        names = known.tensors.speakers
        if not set(speech.tensors.speakers) <= set(names):
            return speech
        enrolments = {name: known.enrolment(k, enrolled) for k, name in enumerate(names)}
        return EnrolledBefore(**vars(speech), enrolments=enrolments)

    return experiment.once(("part", part), read)


def training_faces(experiment: Experiment) -> SpokenLandmarks:
    """Landmarks that networks are trained on."""
    speech = speeches_of(experiment).train
    most = experiment.config(LandmarkConfig).clips
    return experiment.once(
        "training faces", lambda: spoken_landmarks(speech, training_clips(speech, most))
    )


def tested_faces(experiment: Experiment, part: str) -> SpokenLandmarks:
    """Landmarks of tested clips, those that say no sentence of an enrolment."""
    speech = speech_of_part(experiment, part)
    clips = unenrolled_clips(speech, experiment.config(DisentangleConfig).enrolled)
    return experiment.once(("faces", part), lambda: spoken_landmarks(speech, clips))


def disentangler(experiment: Experiment, seed: int, without: str = "") -> Disentangler:
    """A model trained as far as it is not yet. without: the term of Eq. 6 that it lacks."""
    config = experiment.config(DisentangleConfig)
    if without:
        config = replace(config, weights=replace(config.weights, **{without: 0.0}))
    first = experiment.folder("before", before_crossing(config), seed)
    job = experiment.job("disentangle", config, speeches_of(experiment), seed, without)
    return experiment.trained(job, lambda job: train_disentangler(job, first), shared=(first,))


def pretrained(experiment: Experiment, seed: int) -> Disentangler:
    """The same encoders before cross-reconstruction, each trained alone."""
    config = experiment.config(DisentangleConfig)
    folder = experiment.folder("before", before_crossing(config), seed)
    job = experiment.job("before", config, speeches_of(experiment), seed)
    return experiment.trained(job, lambda job: train_before(job, folder), shared=(folder,))


def speaking(experiment: Experiment, seed: int, emotion: str = "", without: str = "") -> Speaking:
    """A network that is trained on codes as far as it is not yet.

    emotion: "" for E_e's, "heard" or "true" for a one-hot label, "none" for no emotion. without:
    the term of Eq. 6 that the encoders lack.
    """
    model = disentangler(experiment, seed, without)
    listen = experiment.once(
        ("listener", seed, without), lambda: encoded(model, model.config.enrolled)
    )
    if emotion:
        listen = labelled(listen, model, emotion)
    config = experiment.config(LandmarkConfig)
    codes = digest(asdict(model.config))  # other encoders are another input
    name = f"landmarks {emotion} {without} {codes}"
    job = experiment.job("landmarks", config, speeches_of(experiment), seed, name)
    net = experiment.trained(job, lambda job: train_landmarks(job, listen))
    return Speaking(net, listen)


def labelled(listen: Listener, model: Disentangler, emotion: str) -> Listener:
    """The same content with another emotion code: a one-hot label, or zeros for none."""
    n = model.classifier.out_features

    @torch.no_grad()
    def relabel(speech: EmotionalSpeech, clip: int) -> Heard:
        heard = listen(speech, clip)
        if emotion == "none":
            return heard._replace(emotion=torch.zeros(n))
        label = speech.tensors.emotion[clip]
        if emotion == "heard":
            label = model.classifier(heard.emotion).argmax()
        return heard._replace(emotion=one_hot(label, n).float())

    return relabel
