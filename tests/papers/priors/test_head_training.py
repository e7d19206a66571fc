"""Batches of footage, the training loop of both generators, what resumes, and what is saved."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch

from thlab.data.sampler import EYES_OPEN
from thlab.nn.augment import jitter
from thlab.nn.face_encoder import FaceEncoder
from thlab.nn.mouth import to_box
from thlab.papers.priors.head import train as training
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import UNTRAINED, vae_source
from thlab.papers.priors.head.data import MISS, NOSE, HeadSampler
from thlab.papers.priors.head.losses import Weights
from thlab.papers.priors.head.model import Generator, GeneratorConfig
from thlab.papers.priors.head.recogniser import RecogniserConfig, train_recogniser
from thlab.papers.priors.head.talking import HEAD, VAE, HeadNet, encoder_digest, load_head
from thlab.papers.priors.head.temporal import TemporalGenerator
from thlab.papers.priors.head.train import rate, train_generator
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.priors.train import load_vae
from thlab.training import Run, make_fabric, read_card, save_weights
from thlab.training.job import Job

TINY = replace(
    GANConfig.fast(), generator=GeneratorConfig(widths=(8, 8, 16)), steps=4, critics_from=2
)


@pytest.fixture(scope="module")
def fabric():
    return make_fabric("cpu", precision="32-true")


def source(name="mfcc"):
    torch.manual_seed(0)
    return UNTRAINED[name]()


def losses(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_batch_is_neighbouring_frames_of_one_clip_and_an_open_eyed_image_of_it(memory):
    sampler, seen, unseen = HeadSampler(memory, source(), TINY), set(), set()
    sampler.rows = torch.arange(len(memory.clip_of))[:, None]
    for seed in range(30):
        painted, heard, mix = sampler.draw(2, 3, torch.Generator().manual_seed(seed))
        assert mix.shape == (2, TINY.critic_steps)
        for rows in (painted.rows, heard.rows):
            frames = rows[:, :, 0]
            assert (frames.diff() == 1).all()
            assert (memory.clip_of[frames] == memory.clip_of[frames[:, :1]]).all()
        frames = painted.rows[:, -3:, 0]
        unseen |= {painted.rows.shape[1] - 3}
        assert painted.noise.shape[1] == painted.rows.shape[1]
        assert (painted.viseme == memory.viseme[frames]).all()
        assert torch.equal(painted.goal, to_box(memory.landmarks[frames], 64))
        clips = memory.clip_of[frames[:, 1]]
        image = sampler.image(frames[:, 1], clips, torch.Generator().manual_seed(seed))
        assert (memory.clip_of[image] == clips).all()
        assert (memory.blink[image] <= EYES_OPEN).all()
        seen |= set(memory.clip_of[frames[:, 0]].tolist())
    assert len(seen) > len(memory.ids) / 2
    assert unseen == {0, 1, 2}  # up to frames_unseen


def test_clips_that_are_too_short_are_said_to_be(memory):
    with pytest.raises(ValueError, match="no clip has 1003 frames"):
        HeadSampler(memory, source(), replace(TINY, frames_unseen=1000))


def test_moves_lead_from_the_image_to_the_frames(memory):
    sampler = HeadSampler(memory, source(), TINY)
    sampler.rows = torch.arange(len(memory.clip_of))[:, None]
    heard = sampler.heard(torch.Generator().manual_seed(0))
    reached = heard.points[:, None] + heard.moves
    there = to_box(memory.landmarks[heard.rows[:, :, 0]], 64)
    missed = reached - there
    assert missed.std() > 0  # what is found in an image is never exact
    assert missed.abs().max() < 5 * MISS
    torch.testing.assert_close(
        missed, missed[:, :, :1].expand_as(missed), rtol=0, atol=1e-4
    )  # one shift an image


def test_a_clip_of_shut_eyes_has_an_image_too(memory):
    sampler = HeadSampler(replace(memory, blink=torch.full_like(memory.blink, 0.7)), source(), TINY)
    assert len(sampler.stretches.open_frames) == len(memory.blink)


def test_images_are_posed_more_alike_than_random_ones(memory):
    nose = memory.landmarks[:, NOSE]
    sampler, rng = HeadSampler(memory, source(), TINY), torch.Generator().manual_seed(0)
    frames = torch.arange(0, len(memory.clip_of), 7)
    clips = memory.clip_of[frames]
    distance = []
    for image in (sampler.image(frames, clips, rng), sampler.stretches.open_eyed(clips, rng)):
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


@pytest.mark.parametrize(("name", "make"), [("mfcc", Generator), ("waveform", TemporalGenerator)])
def test_training_resumes_bit_for_bit_and_critics_join_when_told(
    name, make, memory, fabric, tmp_path, monkeypatch
):
    def train(folder):
        return train_generator(Job(TINY, memory, folder, "head", fabric, 0), source(name), make)

    def interrupted(config, step):
        if step == 3:
            raise KeyboardInterrupt
        return rate(config, step)

    monkeypatch.setattr(training, "Run", partial(Run, save_every=1))
    whole = train(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(training, "rate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "parts")
    parts = train(tmp_path / "parts")
    for key, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[key], value), key
    log = losses(tmp_path / "whole" / "head")
    assert log == losses(tmp_path / "parts" / "head")
    assert "adversarial" not in log[1]
    assert {"l1", "adversarial", "viseme", "critic_frame", "critic_video", "critic_viseme"} <= set(
        log[2]
    )


def test_the_face_encoder_adds_its_term_and_is_not_trained(memory, fabric, tmp_path):
    faces = FaceEncoder()
    before = [p.clone() for p in faces.parameters()]
    config = replace(TINY, steps=2, critics_from=2, weights=Weights(perceptual=0.5))
    train_generator(Job(config, memory, tmp_path, "head", fabric, 0), source(), faces=faces)
    log = losses(tmp_path / "head")[0]
    expected = log["l1"] + 0.5 * log["perceptual"] + config.weights.points * log["points"]
    assert log["total"] == pytest.approx(expected, rel=1e-5)
    assert all(torch.equal(p, old) for p, old in zip(faces.parameters(), before, strict=True))


def untrained_vae(seed):
    torch.manual_seed(seed)
    return SequenceVAE(VAEConfig.fast(), 21, 8, 4)


def saved_training(folder):
    """A folder with an untrained VAE and a head on its content, as a training leaves them."""
    vae = untrained_vae(0)
    card = {"config": {"hidden": 32}, "tables": [21, 8, 4]}
    save_weights(folder / VAE, vae, card)
    net = HeadNet(vae_source(vae).content, Generator(TINY.generator, 32))
    head_card = {
        "config": {"generator": {"widths": [8, 8, 16]}},
        "content_digest": encoder_digest(load_vae(folder / VAE)),
    }
    save_weights(folder / HEAD, net, head_card)
    return net


def test_a_head_is_saved_and_loaded_with_the_vae_that_it_hears_by(tmp_path):
    net = saved_training(tmp_path)
    again = load_head(tmp_path)
    assert again.net.generator.config == TINY.generator
    for name, value in net.state_dict().items():
        torch.testing.assert_close(again.net.state_dict()[name], value, rtol=1e-3, atol=1e-3)


def test_a_head_never_meets_another_vae(tmp_path):
    saved_training(tmp_path)
    card = {"config": {"hidden": 32}, "tables": [21, 8, 4]}
    save_weights(tmp_path / VAE, untrained_vae(1), card)
    with pytest.raises(ValueError, match="trained on the content of another priors-vae"):
        load_head(tmp_path)
    (tmp_path / f"{VAE}.safetensors").unlink()  # then the committed one would be taken
    with pytest.raises(ValueError, match="trained on the content of another priors-vae"):
        load_head(tmp_path)


def test_the_committed_head_is_of_the_committed_vae():
    assert read_card(HEAD)["content_digest"] == encoder_digest(load_vae())
    assert load_head().size == 64


def test_the_recogniser_learns_visemes(memory, fabric, tmp_path):
    train_recogniser(Job(RecogniserConfig(steps=40), memory, tmp_path, "recogniser", fabric, 0))
    log = [line["viseme"] for line in losses(tmp_path / "recogniser")]
    assert sum(log[-5:]) < 0.85 * sum(log[:5])
