"""Audio to landmarks: Eq. 7, its axes, and that it hears."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from thlab.corpus import perform
from thlab.metrics.landmark import correlation, mouth_opening
from thlab.papers.evp.landmarks import ahead
from thlab.papers.evp.landmarks.ahead import landmarks_ahead, turn
from thlab.papers.evp.landmarks.data import (
    Heard,
    LandmarkBatch,
    encoded,
    spoken_landmarks,
    training_clips,
)
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


def test_few_axes_hold_most(faces):
    spoken, _ = faces
    net = new_network(replace(CONFIG, axes=20), spoken, told_openings, 0)
    moved = spoken.moved(spoken.clips[3])
    again = net.displacements(net.coordinates(moved))
    assert (again - moved).norm(dim=-1).mean() < 0.1  # px of 64


def test_faces_at_rest_are_shut_and_neutral(faces):
    spoken, _ = faces
    assert mouth_opening(torch.stack(list(spoken.rest.values()))).max() < 0.6
    assert max(mouth_opening(points).max() for points in spoken.points.values()) > 3


def test_heads_that_look_ahead_turn_no_more(speeches):
    """One sentence with a still head and with a lively one: the same landmarks, turned to the
    front.
    """
    words = ("put", "blue", "by", "u", "four", "now")
    still = perform(800, words, "happy", head_motion=0.0)
    lively = perform(800, words, "happy", head_motion=1.0)
    front = turn(lively.landmarks())
    expected = still.landmarks()
    as_seen = np.linalg.norm(lively.landmarks() - expected, axis=-1).mean()
    error = np.linalg.norm(front - expected, axis=-1).mean()
    assert error < 0.5
    assert error < 0.5 * as_seen


def test_heads_are_fitted_once(speeches, tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    found = landmarks_ahead(speeches.train.tensors, [3, 5])
    monkeypatch.setattr(ahead, "fit_head", None)
    again = landmarks_ahead(speeches.train.tensors, [3, 5])
    assert all(torch.equal(one, other) for one, other in zip(found, again, strict=True))
    assert len(found[0]) == int(speeches.train.tensors.start.diff()[3])


def test_the_loss_is_that_of_eq_7(faces):
    spoken, _ = faces
    net = new_network(CONFIG, spoken, told_openings, 0)
    batch = spoken.draw(CONFIG, told_openings, torch.Generator().manual_seed(0))
    terms = landmark_loss(net, net, batch)
    l_d = net.displacements(net(batch.l_a, batch.content, batch.emotion))
    error = batch.l_a[:, None] + l_d - batch.landmarks
    assert torch.isclose(terms["points"], error.square().mean())
    weights = LandmarkWeights()
    weighted = [getattr(weights, name) * terms[name] for name in vars(weights)]
    assert torch.isclose(terms["total"], torch.stack(weighted).sum())


def test_lips_that_do_not_meet_cost_more_than_wide_ones(faces):
    """The same error of a pixel on a shut and on a wide mouth."""
    spoken, _ = faces
    net = new_network(CONFIG, spoken, told_openings, 0)
    net.axes.zero_()
    net.mean.zero_()
    net.mean.view(68, 2)[66, 1] = 1.0  # all that it ever says: the lower lip goes down by 1 px
    costs = []
    for gap in (0.1, 8.0):
        wanted = torch.zeros(68, 2)
        wanted[66, 1] = gap  # of the lower lip below the upper one
        batch = LandmarkBatch(
            torch.zeros(1, 1, 1), torch.zeros(1, 8), wanted[None], wanted[None, None]
        )
        costs.append(landmark_loss(net, net, batch)["opening"].item())
    assert costs == pytest.approx([(1 / 0.6) ** 2, (1 / 8.5) ** 2], rel=1e-3)


def test_noise_is_a_share_of_the_codes():
    emotion = 3 * torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    batch = LandmarkBatch(
        torch.zeros(500, 1, 1), emotion, torch.zeros(500, 3, 2), torch.zeros(500, 1, 3, 2)
    )
    noisy = disturbed(batch, replace(CONFIG, emotion_noise=0.5), torch.Generator().manual_seed(1))
    assert torch.isclose((noisy.emotion - emotion).std(), 0.5 * emotion.std(), rtol=0.1)


def test_a_mouth_follows_what_it_is_told(speeches, faces, tmp_path):
    config = replace(CONFIG, axes=12, hidden=64, steps=300, frames=24, learning_rate=5e-3)
    net = train_landmarks(job_of(speeches, tmp_path, config), told_openings).eval()
    again = train_landmarks(job_of(speeches, tmp_path, config), told_openings)
    for one, other in zip(net.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    _, spoken = faces
    follows = []
    for clip in spoken.clips:
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
    speech = speeches.train
    moody = [clip for clip in range(9) if speech.tensors.ids[clip].split("_")[1] != "neutral"]
    with pytest.raises(ValueError, match=f"no neutral clip of {speech.tensors.speakers[0]}"):
        spoken_landmarks(speech, moody)


def test_clips_without_landmarks_are_refused(speeches):
    tensors = replace(speeches.train.tensors, landmarks=None)
    with pytest.raises(ValueError, match="clips without landmarks: prepare"):
        spoken_landmarks(replace(speeches.train, tensors=tensors), [0])


def test_training_clips_are_spread_evenly(speeches):
    n = len(speeches.train.texts)
    assert training_clips(speeches.train, n) == list(range(n))
    few = training_clips(speeches.train, n // 4)
    assert few == list(range(0, n, 4))
    assert len(training_clips(speeches.train, n // 4 + 1)) <= n // 4 + 1
