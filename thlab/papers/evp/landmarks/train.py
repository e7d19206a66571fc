"""Training of the audio-to-landmark network, Eq. 7 of [ji2021]."""

import torch
from torch import Tensor

from thlab.metrics.landmark import mouth_opening
from thlab.nn.losses import weighted_total
from thlab.papers.evp.landmarks.data import (
    LandmarkBatch,
    Listener,
    SpokenLandmarks,
    encoded,
    spoken_landmarks,
    training_clips,
)
from thlab.papers.evp.landmarks.model import AudioToLandmark, LandmarkConfig, Sizes
from thlab.papers.evp.model import DISENTANGLER, load_disentangler
from thlab.papers.evp.speech import EmotionalSpeech
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, set_rate, warmup_cosine

SHUT = 0.5  # px of 64: lips that are less apart look shut


def train_on_weights(job: Job) -> AudioToLandmark:
    """The network, on codes of trained encoders: those of the run folder, else the committed ones.

    FileNotFoundError, which says how to train them, where there are none.
    Chapter: book/evp-disentangle.ipynb
    """
    model = load_disentangler(job.weights(DISENTANGLER))
    return train_landmarks(job, encoded(model, model.config.enrolled))


def train_landmarks(job: Job, listen: Listener) -> AudioToLandmark:
    """The network, on what a listener hears; resumes where its run stopped.

    Chapter: book/evp-disentangle.ipynb
    """
    config: LandmarkConfig = job.config
    speech: EmotionalSpeech = job.data.train
    spoken = spoken_landmarks(speech, training_clips(speech, config.clips))
    net = new_network(config, spoken, listen, job.seed)
    optimizer = torch.optim.Adam(net.parameters(), config.learning_rate)
    model, optimizer = job.fabric.setup(net, optimizer)
    facts = job.data.facts
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=facts)
    for step in run.steps(run.resume(model=model, optimizer=optimizer)):
        rng = step_generator(job.seed, step)
        drawn = disturbed(spoken.draw(config, listen, rng), config, rng)
        batch = LandmarkBatch(**my_part(job.fabric, drawn._asdict()))
        set_rate(optimizer, config.learning_rate * warmup_cosine(step, config.steps))
        terms = landmark_loss(model, net, batch)
        run.check(step, terms)
        optimizer_step(job.fabric, optimizer, terms["total"])
        run.log(step, terms)
    return net


def new_network(
    config: LandmarkConfig, spoken: SpokenLandmarks, listen: Listener, seed: int
) -> AudioToLandmark:
    """An untrained network on the axes of some people's faces.

    Chapter: book/evp-disentangle.ipynb
    """
    heard = listen(spoken.speech, spoken.clips[0])
    shapes = spoken.shapes(config)
    sizes = Sizes(heard.content.shape[1], len(heard.emotion), len(shapes.rest), len(shapes.axes))
    net = build_seeded(lambda: AudioToLandmark(config, sizes), seed)
    net.set_shapes(shapes)
    return net


def disturbed(batch: LandmarkBatch, config: LandmarkConfig, rng: torch.Generator) -> LandmarkBatch:
    """A batch with noise on its emotions: those of unknown voices are less clear.

    Chapter: book/evp-disentangle.ipynb
    """
    noise = torch.randn(batch.emotion.shape, generator=rng)
    size = config.emotion_noise * batch.emotion.std()
    return batch._replace(emotion=batch.emotion + size * noise)


def landmark_loss(model, net: AudioToLandmark, batch: LandmarkBatch) -> dict[str, Tensor]:
    """Eq. 7 as named terms and their weighted "total".

    The paper's norm of l_a + l_d - l, its coordinates on the axes, and steps in time. "opening" is
    no term of the paper's: the squared error of the gap between the lips, over what the gap is. A
    mean of many mouths is never shut, and costs little in px; lips that do not meet on p, b and m
    are seen. Chapter: book/evp-disentangle.ipynb
    """
    true = batch.landmarks - batch.l_a[:, None]
    found = model(batch.l_a, batch.content, batch.emotion)
    wanted = net.coordinates(true)
    error = net.displacements(found) - true  # \hat{l} - l = l_a + l_d - l
    gap = mouth_opening(batch.landmarks.flatten(0, 1))
    made_gap = mouth_opening((batch.landmarks + error).flatten(0, 1))
    terms = {
        "points": error.square().mean(),
        "axes": (found - wanted).square().mean(),
        "velocity": error.diff(dim=1).square().mean(),
        "opening": ((made_gap - gap) / (gap + SHUT)).square().mean(),
    }
    return weighted_total(terms, net.config.weights)
