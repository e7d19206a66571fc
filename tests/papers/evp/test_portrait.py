"""Edge-to-video of one person: what is carried over, what learns, what is measured and refused."""

from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest
import torch

from thlab.face.edges import edge_maps
from thlab.media import write_mp4
from thlab.metrics.flicker import change_ratio, flicker
from thlab.papers.evp.portrait import footage as footage_module
from thlab.papers.evp.portrait.config import PortraitConfig, PortraitWeights
from thlab.papers.evp.portrait.critics import Critics, around
from thlab.papers.evp.portrait.data import Stretches
from thlab.papers.evp.portrait.footage import (
    Footage,
    check_faces,
    check_length,
    footage_of,
    footage_of_videos,
    footage_to_learn,
    performances,
    portrait_view,
    scene_lengths,
    starts,
    warn_of_little,
)
from thlab.papers.evp.portrait.keyframe import KeyFrame
from thlab.papers.evp.portrait.losses import reconstruction_terms
from thlab.papers.evp.portrait.measure import (
    key_frame_alone,
    measure,
    painted_again,
    repeated_first,
    scores,
)
from thlab.papers.evp.portrait.model import Generator, load_generator, render, with_history
from thlab.papers.evp.portrait.train import train
from thlab.training.device import make_fabric
from thlab.training.job import Job
from thlab.training.optim import build_seeded
from thlab.training.weights import save_weights

FAST = PortraitConfig.fast()
LENGTH = 12  # frames of each of the two clips that tests see


@cache
def person() -> Footage:
    """Two clips of twelve frames of an invented person, 64 px."""
    torch.set_num_threads(1)
    frames = []
    landmarks = []
    for clip in performances(0, [0])[:2]:
        seen, points = clip.scene.at(slice(10, 10 + LENGTH)).shoot("portrait", 64)
        frames.append(seen)
        landmarks.append(points)
    return Footage(np.concatenate(frames), np.concatenate(landmarks), starts([LENGTH, LENGTH]))


def maps_of(footage: Footage) -> torch.Tensor:
    return torch.from_numpy(edge_maps(footage.frames, footage.landmarks))


def of_person(config: PortraitConfig = FAST) -> Generator:
    """A generator that knows its person and has learnt nothing."""
    generator = build_seeded(lambda: Generator(config), 0)
    generator.key.begin(person())
    return generator


def stretches_of_person(config: PortraitConfig = FAST) -> Stretches:
    return Stretches(person(), config, of_person(config).key)


def job(folder, config: PortraitConfig = FAST, footage: Footage | None = None) -> Job:
    fabric = make_fabric("cpu", precision="32-true")
    return Job(config, footage or person(), folder, "portrait", fabric, 0)


def moved(generator: Generator) -> Generator:
    """A generator whose motion and mask matter, as after training."""
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for end in (generator.colour, generator.motion):
            assert end is not None
            end.weight.add_(0.05 * torch.randn(end.weight.shape, generator=rng))
    return generator


def test_guidance_before_a_clips_beginning_is_nothing():
    edges = maps_of(person())
    now = torch.tensor([LENGTH, LENGTH + 1, LENGTH + 5])
    found = with_history(edges, now, torch.full((3,), LENGTH), 2)
    assert torch.equal(found[:, :4], edges[now] / 255)
    assert not found[0, 4:].any()
    assert torch.equal(found[1, 4:8], edges[LENGTH] / 255)
    assert not found[1, 8:].any()
    assert torch.equal(found[2, 8:], edges[LENGTH + 3] / 255)


def test_nothing_is_carried_from_clip_to_clip():
    generator = moved(of_person())
    edges = maps_of(person())
    points = person().landmarks
    both = render(generator, edges, points, person().start)
    second = render(generator, edges[LENGTH:], points[LENGTH:])
    assert torch.equal(both[LENGTH:], second)
    as_one = render(generator, edges, points)
    assert not torch.equal(as_one[LENGTH:], second)
    assert torch.equal(as_one[:LENGTH], both[:LENGTH])


def test_frames_before_are_seen_bent_and_painted_over():
    generator = moved(of_person())
    bent = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    edges = torch.rand(1, 12, 64, 64, generator=torch.Generator().manual_seed(0))
    none = torch.zeros(1, 2, 3, 64, 64)
    first = generator(bent, edges, none)
    assert torch.equal(first.frame, first.raw)  # with nothing before, all is painted
    later = generator(bent, edges, none + 0.5)
    assert not torch.allclose(later.frame, later.raw)


def test_each_stretch_begins_as_a_clip_does_or_with_the_true_frames_before():
    config = replace(FAST, begin=0.5)
    stretches = stretches_of_person(config)
    drawn = stretches.draw(16, 4, torch.Generator().manual_seed(0))
    assert drawn.edges.shape == (16, 4, 12, 64, 64)
    assert drawn.weight.min() == 1
    assert drawn.weight.max() == config.face + config.inside
    real = person().frames.transpose(0, 3, 1, 2) / np.float32(255)
    begun = 0
    for before, following in zip(drawn.before, drawn.real, strict=True):
        at = int(np.abs(real - following[0].numpy()).sum((1, 2, 3)).argmin())
        if before[0].any():
            assert np.array_equal(before[0].numpy(), real[at - 1])
        else:
            begun += 1
    assert 4 <= begun <= 14


def test_every_weight_learns(tmp_path):
    before = build_seeded(lambda: Generator(FAST), 0).state_dict()
    after = train(job(tmp_path, replace(FAST, steps=12))).state_dict()
    for name, value in before.items():
        assert not torch.equal(value, after[name]), name


def test_the_critics_learn_from_frames_mouths_and_clips():
    critics = build_seeded(lambda: Critics(FAST), 0)
    drawn = stretches_of_person().draw(2, 3, torch.Generator().manual_seed(0))
    verdicts = critics(drawn.real, drawn.edges[:, :, :4], drawn.lips)
    assert set(verdicts) == {"frame", "mouth", "clip"}
    total = sum(one.score.square().sum() for of_kind in verdicts.values() for one in of_kind)
    total.backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in critics.parameters())
    without = replace(FAST, weights=PortraitWeights(clip=0.0))
    assert "clip" not in Critics(without)(drawn.real, drawn.edges[:, :, :4], drawn.lips)


def test_the_mouths_box_is_round_the_mouth_and_in_the_picture():
    picture = torch.arange(100.0).view(1, 1, 10, 10)
    box = around(picture, torch.tensor([[5.0, 4.0]]), 4)
    assert torch.equal(box[0, 0], picture[0, 0, 2:6, 3:7])
    corner = around(picture, torch.tensor([[0.0, 30.0]]), 4)
    assert torch.equal(corner[0, 0], picture[0, 0, 6:, :4])


def test_an_error_that_stands_still_costs_no_change():
    real = torch.rand(2, 3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    weight = torch.ones(2, 3, 1, 8, 8)
    terms = reconstruction_terms(real + 0.1, real, real, weight)
    assert terms["pixels"] == pytest.approx(0.1, abs=1e-6)
    assert terms["changes"] == pytest.approx(0, abs=1e-6)
    assert terms["gradients"] == pytest.approx(0, abs=1e-6)
    assert terms["raw"] == 0
    half = torch.zeros(2, 3, 1, 8, 8)
    half[..., :4] = 1
    spoilt = real.clone()
    spoilt[..., 4:] = 0  # where nothing weighs
    assert reconstruction_terms(spoilt, real, real, half)["pixels"] == 0


def test_it_learns_a_person_and_follows_the_landmarks(tmp_path):
    config = replace(FAST, steps=160, paint_from=60, own_from=120, critics_from=150)
    generator = train(job(tmp_path, config))
    found = measure(generator, person())
    assert found["ours"]["PSNR"] > found["first frame"]["PSNR"] + 1
    edges = maps_of(person())
    shuffled = edges.clone()
    shuffled[:, :3] = edges[torch.randperm(len(edges), generator=torch.Generator().manual_seed(0))][
        :, :3
    ]
    points = person().landmarks
    other = scores(render(generator, shuffled, points, person().start), person())
    assert other["PSNR"] < found["ours"]["PSNR"]
    still = np.repeat(points[:1], len(points), 0)
    other = scores(render(generator, edges, still, person().start), person())
    assert other["PSNR"] < found["ours"]["PSNR"] - 0.5


def test_a_stopped_training_resumes_bit_for_bit(tmp_path, monkeypatch):
    whole = train(job(tmp_path / "whole"))
    monkeypatch.setenv("THLAB_SAVE_EVERY", "7")
    draw = Stretches.draw
    drawn = []

    def stops(self, n, length, rng):
        drawn.append(length)
        if len(drawn) == 16:
            raise KeyboardInterrupt
        return draw(self, n, length, rng)

    monkeypatch.setattr(Stretches, "draw", stops)
    with pytest.raises(KeyboardInterrupt):
        train(job(tmp_path / "stopped"))
    assert set(drawn) == {2, FAST.warm + FAST.frames}
    monkeypatch.setattr(Stretches, "draw", draw)
    resumed = train(job(tmp_path / "stopped"))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_saved_generator_is_read_again(tmp_path):
    generator = moved(of_person())
    for weight in generator.parameters():
        weight.data = weight.data.half().float()
    save_weights(tmp_path / "one", generator, {"config": asdict(FAST)})
    again = load_generator(tmp_path / "one")
    assert again.config == FAST
    edges = maps_of(person())[:3]
    points = person().landmarks[:3]
    assert torch.equal(render(again, edges, points), render(generator, edges, points))


def test_without_history_each_frame_is_for_itself(tmp_path):
    config = replace(FAST, history=0, steps=2)
    generator = train(job(tmp_path, config))
    edges = maps_of(person())
    points = person().landmarks
    whole = render(generator, edges, points)
    assert torch.equal(whole[5:], render(generator, edges[5:], points[5:]))


def test_a_generator_that_paints_nothing_shows_its_bent_key_frame():
    generator = of_person(replace(FAST, history=0))
    torch.nn.init.zeros_(generator.colour.weight)
    bare = key_frame_alone(generator, person())
    assert torch.equal(bare, painted_again(generator, person()))
    torch.nn.init.constant_(generator.colour.bias, 0.1)
    assert (painted_again(generator, person()).float() - bare).mean() > 5


def test_flicker_is_0_for_the_truth_and_1_for_a_frozen_picture():
    true = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert flicker(true, true) == 0
    assert flicker(true + 0.1, true) == pytest.approx(0, abs=1e-5)
    assert flicker(true[:1].expand(5, -1, -1, -1), true) == 1
    assert flicker(true.flip(0), true) > 1
    assert change_ratio(true.flip(0), true) == pytest.approx(1)
    assert change_ratio(true[:1].expand(5, -1, -1, -1), true) == 0
    with pytest.raises(ValueError, match="floats"):
        flicker((255 * true).byte(), (255 * true).byte())


def test_scores_of_the_truth_and_of_the_first_frame():
    true = scores(torch.from_numpy(person().frames), person())
    assert true["flicker"] == 0
    assert true["SSIM"] == pytest.approx(1)
    for name in ("sharpness", "mouth: sharpness", "eyes: sharpness"):
        assert true[name] == pytest.approx(1)
    frozen = scores(repeated_first(person()), person())
    assert frozen["flicker"] == 1
    assert 20 < frozen["PSNR"] < 40


def test_a_cut_begins_a_clip():
    frames = person().frames.copy()
    frames[7:16] = 255 - frames[7:16]
    assert scene_lengths(frames) == [7, 9, 8]
    assert scene_lengths(person().frames) == [2 * LENGTH]


def test_the_portrait_is_a_still_square_round_the_face():
    points = person().landmarks[:LENGTH] * 5 + np.float32([300, 40])
    view = portrait_view(points, 64)
    assert view[0, 0] == view[1, 1]
    assert view[0, 1] == 0
    seen = points @ view[:, :2].T + view[:, 2]
    assert 0 < seen.min() < seen.max() < 64
    height = np.ptp(seen.mean(0)[:, 1])
    assert height == pytest.approx(64 / footage_module.ROOM, abs=0.5)


def test_videos_without_a_face_or_too_short_are_refused_and_short_ones_warned_of():
    with pytest.raises(ValueError, match=r"^a\.mp4: a face is found in 40% of the frames only$"):
        check_faces("a.mp4", np.arange(1000) < 400)
    check_faces("a.mp4", np.arange(1000) < 900)
    with pytest.raises(ValueError, match=r"^a\.mp4: 1\.0 s are too short"):
        check_length("a.mp4", 1.0)
    check_length("a.mp4", 6.0)
    little = np.zeros((150, 2, 2, 3), np.uint8)
    points = np.zeros((150, 68, 2), np.float32)
    with pytest.warns(UserWarning, match=r"a\.mp4: 6\.0 s; with less than 20 s"):
        warn_of_little(Footage(little, points, starts([150]), {"videos": "a.mp4"}))
    enough = Footage(np.tile(little, (4, 1, 1, 1)), np.tile(points, (4, 1, 1)), starts([600]))
    warn_of_little(enough)


def test_footage_of_videos_shares_one_square(tmp_path, monkeypatch):
    """Detection is that of `thlab.face`: here it is told where the face is."""
    frames = person().frames.repeat(4, 0)
    for name in ("a.mp4", "b.mp4"):
        write_mp4(tmp_path / name, frames, fps=25)
    points = person().landmarks.repeat(4, 0)
    known = (points, np.ones(len(points), bool))
    monkeypatch.setattr(footage_module, "detect_landmarks", lambda frames, name: known)
    monkeypatch.setattr(footage_module, "to_68", lambda points: points)
    videos = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    both = footage_of_videos(videos, 64)
    with pytest.warns(UserWarning, match=r"a\.mp4, b\.mp4: 7\.7 s"):  # who trains is told
        learnt = footage_to_learn(FAST, {"target": videos})
    assert np.array_equal(learnt.frames, both.frames)
    assert both.frames.shape == (2 * len(frames), 64, 64, 3)
    assert both.start.tolist() == [0, len(frames), 2 * len(frames)]
    other = footage_of_videos([tmp_path / "b.mp4"], 64, both.view)
    assert np.array_equal(other.frames, both.frames[len(frames) :])
    assert np.array_equal(other.landmarks, both.landmarks[len(frames) :])


def test_footage_of_the_corpus_is_one_person_in_one_light(tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    clips = performances(0, [0])
    assert len(clips) == 8  # emotions
    made = footage_of(clips[:1], 64)
    assert np.array_equal(made.frames, clips[0].render("portrait", 64))
    assert np.array_equal(made.landmarks, clips[0].landmarks("portrait", 64))
    monkeypatch.setattr(footage_module, "_render", None)  # now read from its file
    again = footage_of(clips[:1], 64)
    assert np.array_equal(again.frames, made.frames)
    assert again.facts["corpus_digest"]
    with pytest.raises(ValueError, match="one person"):
        footage_of([*clips[:1], *performances(1, [0])[:1]], 64)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="give a multiple of 8"):
        Generator(replace(FAST, size=60))
    with pytest.raises(ValueError, match="64x64 pixels, but size=128"):
        Stretches(person(), PortraitConfig.book(), KeyFrame(FAST))
    with pytest.raises(ValueError, match="give longer ones"):
        stretches_of_person(replace(FAST, warm=20))
    generator = build_seeded(lambda: Generator(replace(FAST, size=32)), 0)
    with pytest.raises(ValueError, match="32x32"):
        render(generator, maps_of(person()), person().landmarks)
    with pytest.raises(ValueError, match="24 guidance maps and 3 faces"):
        render(of_person(), maps_of(person()), person().landmarks[:3])


def test_some_clips_of_footage():
    second = person().clips([1])
    assert np.array_equal(second.frames, person().frames[LENGTH:])
    assert second.start.tolist() == [0, LENGTH]
