"""The key frame of edge-to-video: what it begins as, what moves it, and when it is finished."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from thlab.face.edges import edge_maps, face_mask
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.data import Stretches
from thlab.papers.evp.portrait.footage import Footage, performances, starts
from thlab.papers.evp.portrait.keyframe import STILL, what_moves
from thlab.papers.evp.portrait.model import Generator, render
from thlab.papers.evp.portrait.train import train
from thlab.training.device import make_fabric
from thlab.training.job import Job
from thlab.training.optim import build_seeded

FAST = PortraitConfig.fast()


@cache
def person() -> Footage:
    """A clip of some frames of an invented person, 64 px."""
    torch.set_num_threads(1)
    frames, landmarks = performances(0, [0])[0].scene.at(slice(10, 34)).shoot("portrait", 64)
    return Footage(frames, landmarks, starts([len(frames)]))


def of_person() -> Generator:
    """A generator that knows its person and has learnt nothing."""
    generator = build_seeded(lambda: Generator(FAST), 0).requires_grad_(False)
    generator.key.begin(person())
    return generator


def job(folder, config: PortraitConfig) -> Job:
    fabric = make_fabric("cpu", precision="32-true")
    return Job(config, person(), folder, "portrait", fabric, 0)


def test_the_key_frame_is_itself_at_its_own_landmarks():
    key = of_person().key
    points = torch.from_numpy(person().landmarks)
    nearest = int((points / 64 - key.points).abs().sum((1, 2)).argmin())
    same = points[nearest : nearest + 1]
    bent = key(same, key.plates(same))[0]
    frame = torch.from_numpy(person().frames[nearest]).movedim(-1, 0) / 255
    assert (bent - frame).abs().mean() < 0.005


def test_before_anything_is_learnt_the_bent_key_frame_beats_the_still_one():
    key = of_person().key
    points = torch.from_numpy(person().landmarks)
    real = torch.from_numpy(person().frames).movedim(-1, 1) / 255
    still = (key.texture.unflatten(1, (64, 2)).unflatten(3, (64, 2))).mean((2, 4))
    face = torch.from_numpy(face_mask(person().landmarks, 64, 64))[:, None]
    bent = key(points, key.plates(points))
    assert ((bent - real) * face).abs().mean() < 0.9 * ((still - real) * face).abs().mean()


def test_the_key_frames_face_follows_the_landmarks():
    """Where a landmark is a pixel further to the right, so is what is seen there."""
    key = of_person().key
    points = key.points[None] * 64
    moved_points = points + torch.tensor([1.0, 0.0])
    there = key.plates(moved_points)[0] * 64  # px
    x, y = points[0].mean(0).div(64 / FAST.cells).long().tolist()
    assert there[0, y, x] == pytest.approx(-1, abs=0.1)
    assert there[1, y, x] == pytest.approx(0, abs=0.1)


def test_what_never_moved_is_never_painted():
    generator = of_person()
    for weight in (generator.key.motion, generator.key.colours, generator.colour.weight):
        weight.normal_(generator=torch.Generator().manual_seed(2))
    frames = torch.from_numpy(person().frames)
    still = what_moves(frames)[0] == 0
    assert 0.1 < still.float().mean() < 0.9
    assert frames.float().std(0)[still].max() <= STILL * 1.01
    edges = torch.from_numpy(edge_maps(person().frames, person().landmarks))
    made = render(generator, edges, person().landmarks)
    assert (made[:, still] == made[0, still]).all()
    assert not torch.equal(made[1], made[0])


def test_landmark_coordinates_are_standardised_and_bounded():
    key = of_person().key
    points = torch.from_numpy(person().landmarks)
    found = key.coordinates(points)[:, : FAST.axes]
    assert torch.allclose(found.mean(0), torch.zeros(FAST.axes), atol=0.1)
    assert found.std(0, correction=0).max() < 1.1
    assert found[:, 0].std(correction=0) == pytest.approx(1, abs=0.02)
    far = key.coordinates(3 * points)[:, : FAST.axes]
    assert far.abs().max() <= 4


def test_a_stretch_carries_its_own_landmarks_and_plates():
    key = of_person().key
    drawn = Stretches(person(), FAST, key).draw(3, 2, torch.Generator().manual_seed(0))
    for points, plates in zip(drawn.points, drawn.plates, strict=True):
        assert torch.allclose(key.plates(points), plates, atol=1e-5)


def test_the_key_frame_is_finished_before_anything_is_painted(tmp_path):
    config = replace(FAST, paint_from=4, own_from=6, critics_from=8)
    short = train(job(tmp_path / "short", replace(config, steps=5))).key.state_dict()
    long = train(job(tmp_path / "long", replace(config, steps=9))).key.state_dict()
    for name, value in short.items():
        assert torch.equal(value, long[name]), name
    rates = [config.rate(step) for step in range(config.steps)]
    assert rates[0] == rates[4] == config.learning_rate
    assert rates[3] < 0.5 * config.learning_rate
    assert rates[-1] < 0.1 * config.learning_rate
    assert replace(config, steps=5).rate(4) == config.learning_rate
