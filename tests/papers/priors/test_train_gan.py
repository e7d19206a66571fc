"""Batches of footage, the training loop of both generators, what resumes, and what is saved."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch

from thlab.data.sampler import EYES_OPEN
from thlab.nn.augment import jitter
from thlab.nn.face_encoder import FaceEncoder
from thlab.papers.priors import train_gan
from thlab.papers.priors.content import MFCCContent, WaveformContent, make_source
from thlab.papers.priors.gan_losses import Weights
from thlab.papers.priors.generator import Generator, GeneratorConfig, to_box
from thlab.papers.priors.temporal import TemporalGenerator
from thlab.papers.priors.train_gan import (
    MISS,
    NOSE,
    Footage,
    GANConfig,
    RecogniserConfig,
    TalkingHead,
    load_head,
    rate,
    save_head,
    train_generator,
    train_recogniser,
)
from thlab.training import Run, make_fabric

TINY = replace(GANConfig.fast(), generator=GeneratorConfig(widths=(8, 8, 16)), steps=4, critics_from=2)


@pytest.fixture(scope="module")
def fabric():
    return make_fabric("cpu", precision="32-true")


def source(kind=MFCCContent):
    torch.manual_seed(0)
    return kind()


def losses(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_batch_is_neighbouring_frames_of_one_clip_and_an_open_eyed_image_of_it(memory):
    footage, seen = Footage(memory, source(), TINY), set()
    unseen = set()
    footage.rows = torch.arange(len(memory.clip_of))[:, None]
    for seed in range(30):
        batch = footage.draw(2, 3, torch.Generator().manual_seed(seed))
        for rows in (batch["rows"], batch["heard"]):
            frames = rows[:, :, 0]
            assert (frames.diff() == 1).all()
            assert (memory.clip_of[frames] == memory.clip_of[frames[:, :1]]).all()
        frames = batch["rows"][:, -3:, 0]
        unseen |= {batch["rows"].shape[1] - 3}
        assert batch["noise"].shape[1] == batch["rows"].shape[1]
        assert (batch["viseme"] == memory.viseme[frames]).all()
        assert torch.equal(batch["goal"], to_box(memory.landmarks[frames], 64))
        image = footage.image(frames[:, 1], memory.clip_of[frames[:, 1]], torch.Generator().manual_seed(seed))
        assert (memory.clip_of[image] == memory.clip_of[frames[:, 1]]).all()
        assert (memory.blink[image] <= EYES_OPEN).all()
        seen |= set(memory.clip_of[frames[:, 0]].tolist())
    assert len(seen) > len(memory.ids) / 2
    assert unseen == {0, 1, 2}  # up to frames_unseen


def test_clips_that_are_too_short_are_said_to_be(memory):
    with pytest.raises(ValueError, match="no clip has 1003 frames"):
        Footage(memory, source(), replace(TINY, frames_unseen=1000))


def test_moves_lead_from_the_image_to_the_frames(memory):
    footage = Footage(memory, source(), TINY)
    footage.rows = torch.arange(len(memory.clip_of))[:, None]
    batch = footage.draw(2, 1, torch.Generator().manual_seed(0))
    reached = batch["points"][:, None] + batch["moves"]
    there = to_box(memory.landmarks[batch["heard"][:, :, 0]], 64)
    missed = reached - there
    assert missed.std() > 0  # what is found in an image is never exact
    assert missed.abs().max() < 5 * MISS
    torch.testing.assert_close(missed, missed[:, :, :1].expand_as(missed), rtol=0, atol=1e-4)  # one shift an image


def test_a_clip_of_shut_eyes_has_an_image_too(memory):
    footage = Footage(replace(memory, blink=torch.full_like(memory.blink, 0.7)), source(), TINY)
    assert len(footage.open_frames) == len(memory.blink)


def test_images_posed_alike_are_nearer_than_random_ones(memory):
    nose, distance = memory.landmarks[:, NOSE], []
    for alike in (True, False):
        footage, rng = Footage(memory, source(), replace(TINY, posed_alike=alike)), torch.Generator().manual_seed(0)
        frames = torch.arange(0, len(memory.clip_of), 7)
        image = footage.image(frames, memory.clip_of[frames], rng)
        distance.append((nose[image] - nose[frames]).norm(dim=-1).mean())
    assert distance[0] < 0.7 * distance[1]


def test_jitter_is_one_for_all_pictures_of_a_clip():
    pictures = torch.rand(16, 1, 3, 8, 8).expand(-1, 3, -1, -1, -1)
    changed = jitter(pictures, torch.Generator().manual_seed(0))
    assert (changed[:, 0] == changed[:, 2]).all()
    assert ((changed / pictures).mean((1, 2, 3, 4)).std() > 0.03).all()


def test_rate_falls_to_a_tenth_in_each_phase():
    config = GANConfig(steps=100, critics_from=60, learning_rate=1.0, late_rate=0.2)
    assert rate(config, 0) == 1
    assert rate(config, 59) == pytest.approx(0.1, abs=0.01)
    assert rate(config, 60) == 0.2
    assert rate(config, 99) == pytest.approx(0.02, abs=0.002)


@pytest.mark.parametrize("temporal", [False, True])
def test_training_resumes_bit_for_bit_and_critics_join_when_told(temporal, memory, fabric, tmp_path, monkeypatch):
    def train(folder):
        head = source(WaveformContent if temporal else MFCCContent)
        return train_generator(TINY, head, memory, folder, fabric, make=TemporalGenerator if temporal else Generator)

    def interrupted(config, step):
        if step == 3:
            raise KeyboardInterrupt
        return rate(config, step)

    monkeypatch.setattr(train_gan, "Run", partial(Run, save_every=1))
    whole = train(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(train_gan, "rate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "parts")
    parts = train(tmp_path / "parts")
    for name, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], value), name
    log = losses(tmp_path / "whole")
    assert log == losses(tmp_path / "parts")
    assert "adversarial" not in log[1]
    assert {"l1", "adversarial", "viseme", "critic_frame", "critic_video", "critic_viseme"} <= set(log[2])


def test_the_face_encoder_adds_its_term_and_is_not_trained(memory, fabric, tmp_path):
    faces = FaceEncoder()
    before = [p.clone() for p in faces.parameters()]
    config = replace(TINY, steps=2, critics_from=2, weights=Weights(perceptual=0.5))
    train_generator(config, source(), memory, tmp_path, fabric, faces=faces)
    log = losses(tmp_path)[0]
    expected = log["l1"] + 0.5 * log["perceptual"] + config.weights.points * log["points"]
    assert log["total"] == pytest.approx(expected, rel=1e-5)
    assert all(torch.equal(p, old) for p, old in zip(faces.parameters(), before, strict=True))


def test_a_head_is_saved_and_loaded_whole(tmp_path):
    torch.manual_seed(0)
    head = TalkingHead(make_source("mfcc"), Generator(TINY.generator))
    save_head(tmp_path / "head", head, {"seed": 0})
    again = load_head(tmp_path / "head.safetensors")
    assert again.generator.config == TINY.generator
    for name, value in head.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=1e-3, atol=1e-3)


def test_the_recogniser_learns_visemes(memory, fabric, tmp_path):
    train_recogniser(RecogniserConfig(steps=40), memory, tmp_path, fabric)
    log = [line["viseme"] for line in losses(tmp_path)]
    assert sum(log[-5:]) < 0.85 * sum(log[:5])
