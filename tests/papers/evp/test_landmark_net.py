"""Audio to landmarks: Eq. 7, its axes, and that it hears."""

from dataclasses import replace

import pytest
import torch

from thlab.metrics.landmark import correlation, mouth_opening
from thlab.papers.evp.landmarks.data import Heard, LandmarkBatch, SpokenLandmarks, encoded
from thlab.papers.evp.landmarks.model import LandmarkConfig, LandmarkWeights, principal_axes
from thlab.papers.evp.landmarks.train import disturbed, landmark_loss, new_network, train_landmarks
from thlab.papers.evp.model import DisentangleConfig, Disentangler
from thlab.training import make_fabric
from thlab.training.job import Job
from thlab.training.optim import build_seeded

CONFIG = LandmarkConfig.fast()


def told_openings(speech, clip):
    """A listener that is told how far the mouth is open, and the emotion."""
    points = speech.tensors.landmarks[slice(*speech.tensors.start[clip:][:2].tolist())]
    return Heard(mouth_opening(points)[:, None], torch.eye(8)[speech.tensors.emotion[clip]])


def job_of(speeches, folder, config=CONFIG):
    fabric = make_fabric(accelerator="cpu", precision="32-true")
    return Job(config, speeches, folder, "landmarks", fabric, 0)


def test_all_axes_hold_all_displacements():
    moved = torch.randn(300, 5, 2, generator=torch.Generator().manual_seed(0))
    shapes = principal_axes(moved, 10)
    coordinates = (moved.flatten(1) - shapes.mean) @ shapes.axes.T / shapes.deviation
    assert torch.allclose(coordinates.std(0, correction=0), torch.ones(10), atol=1e-4)
    again = shapes.mean + (coordinates * shapes.deviation) @ shapes.axes
    assert torch.allclose(again, moved.flatten(1), atol=1e-4)
    assert (shapes.deviation.diff() <= 0).all()


def test_few_axes_hold_most(speeches):
    spoken = SpokenLandmarks(speeches.train, told_openings)
    net = new_network(replace(CONFIG, axes=20), spoken, 0)
    start = int(speeches.train.tensors.start[3])
    moved = spoken.landmarks[start : start + 40] - spoken.l_a(3)
    again = net.displacements(net.coordinates(moved))
    assert (again - moved).norm(dim=-1).mean() < 0.1  # px of 64


def test_faces_at_rest_are_shut_and_neutral(speeches):
    spoken = SpokenLandmarks(speeches.train, told_openings)
    assert mouth_opening(spoken.rest).max() < 0.6
    assert mouth_opening(spoken.landmarks).max() > 3


def test_the_loss_is_that_of_eq_7(speeches):
    spoken = SpokenLandmarks(speeches.train, told_openings)
    net = new_network(CONFIG, spoken, 0)
    batch = spoken.draw(CONFIG, torch.Generator().manual_seed(0))
    terms = landmark_loss(net, net, batch)
    l_d = net.displacements(net(batch.l_a, batch.content, batch.emotion))
    error = batch.l_a[:, None] + l_d - batch.landmarks
    assert torch.isclose(terms["points"], error.square().mean())
    weights = LandmarkWeights()
    weighted = [getattr(weights, name) * terms[name] for name in vars(weights)]
    assert torch.isclose(terms["total"], torch.stack(weighted).sum())


def test_noise_is_a_share_of_the_codes():
    emotion = 3 * torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    batch = LandmarkBatch(
        torch.zeros(500, 1, 1), emotion, torch.zeros(500, 3, 2), torch.zeros(500, 1, 3, 2)
    )
    noisy = disturbed(batch, replace(CONFIG, emotion_noise=0.5), torch.Generator().manual_seed(1))
    assert torch.isclose((noisy.emotion - emotion).std(), 0.5 * emotion.std(), rtol=0.1)


def test_a_mouth_follows_what_it_is_told(speeches, tmp_path):
    config = replace(CONFIG, axes=12, hidden=64, steps=300, frames=24, learning_rate=5e-3)
    net = train_landmarks(job_of(speeches, tmp_path, config), told_openings).eval()
    again = train_landmarks(job_of(speeches, tmp_path, config), told_openings)
    for one, other in zip(net.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    spoken = SpokenLandmarks(speeches.val, told_openings)
    follows = []
    for clip in range(len(speeches.val.texts)):
        heard = told_openings(speeches.val, clip)
        with torch.no_grad():
            found = net(spoken.l_a(clip)[None], heard.content[None], heard.emotion[None])
        made = spoken.l_a(clip) + net.displacements(found)[0]
        follows.append(correlation(mouth_opening(made), heard.content[:, 0]))
    assert torch.stack(follows).mean() > 0.85


def test_encoders_are_heard_as_clips(speeches):
    model = build_seeded(lambda: Disentangler(DisentangleConfig.fast(), 8), 0).eval()
    heard = encoded(model, 2)(speeches.train, 4)
    frames = int(speeches.train.tensors.start.diff()[4])
    assert heard.content.shape == (frames, 32)
    assert heard.emotion.shape == (16,)


def test_people_without_a_neutral_clip_are_named(speeches):
    tensors = replace(speeches.train.tensors, emotions=tuple("abcdefgh"))
    with pytest.raises(ValueError, match=f"no neutral clip of {tensors.speakers[0]}"):
        SpokenLandmarks(replace(speeches.train, tensors=tensors), told_openings)
