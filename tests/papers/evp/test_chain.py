"""From sound and footage to a video, with nets that are not trained."""

import numpy as np
import pytest
import torch

from thlab.corpus import perform
from thlab.inference import Speech
from thlab.metrics.landmark import eye_opening, mouth_opening
from thlab.papers.evp.chain import (
    INNER_LIPS,
    Voice,
    driven_landmarks,
    lips_that_meet,
    moved_by_emotion,
    portrait,
    read_target,
    steadied,
    there_and_back,
    with_lids,
)
from thlab.papers.evp.landmarks.data import encoded
from thlab.papers.evp.landmarks.model import LandmarkConfig
from thlab.papers.evp.landmarks.train import new_network
from thlab.papers.evp.model import DisentangleConfig, Disentangler
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import Footage
from thlab.papers.evp.portrait.model import Generator
from thlab.training.optim import build_seeded


@pytest.fixture(scope="module")
def voice(speeches, faces):
    model = build_seeded(lambda: Disentangler(DisentangleConfig.fast(), 8), 0).eval()
    with torch.no_grad():
        model.moods.normal_(generator=torch.Generator().manual_seed(0))
    spoken, _ = faces
    net = new_network(LandmarkConfig.fast(), spoken, encoded(model, 2), 0).eval()
    return Voice(model, net, speeches.train.tensors.emotions)


@pytest.fixture(scope="module")
def target():
    said = perform(3, ("put", "blue", "by", "u", "four", "now"), "neutral", light="person")
    frames = said.render("portrait", 64)[:30]
    landmarks = said.landmarks("portrait", 64)[:30]
    return read_target(Footage(frames, landmarks, torch.tensor([0, 10, 30])))


def test_frames_go_forth_and_back_in_the_longest_scene():
    start = torch.tensor([0, 2, 6, 7])
    assert there_and_back(start, 9).tolist() == [2, 3, 4, 5, 4, 3, 2, 3, 4]
    assert there_and_back(start, 2).tolist() == [2, 3]
    assert there_and_back(torch.tensor([0, 1]), 3).tolist() == [0, 0, 0]
    assert there_and_back(torch.tensor([0, 2]), 5).tolist() == [0, 1, 0, 1, 0]


def test_a_target_at_rest_is_its_shut_face(target):
    words = ("put", "blue", "by", "u", "four", "now")
    still = perform(3, words, "neutral", head_motion=0.0)
    rest = still.landmarks("face", 64)[0]  # before anything is said
    assert np.linalg.norm(target.l_a.numpy() - rest, axis=-1).mean() < 0.8


def test_a_face_turned_as_it_was_is_what_was_seen(target):
    """The target's own pose-free landmarks, turned by its own pose, lie where they were."""
    from thlab.face.head3d import frontal

    own = target.footage.landmarks.astype(np.float64)
    ahead = frontal(target.fit, own)
    frames = np.arange(30)
    again = driven_landmarks(target, ahead, frames, "gaussian")
    assert np.linalg.norm(again - own, axis=-1).mean() < 0.6


def test_a_face_blinks_as_in_its_footage(target):
    points = target.l_a.repeat(3, 1, 1)
    shut = with_lids(points, torch.tensor([1.0, 0.5, 0.0]))
    assert torch.equal(shut[0], points[0])
    opening = eye_opening(shut)
    assert 0.45 < opening[1] / opening[0] < 0.55
    assert opening[2] < 0.02 * opening[0]
    moved = (shut - points).abs().amax((0, 2)).nonzero()[:, 0]
    assert moved.tolist() == [37, 38, 43, 44]
    assert 0.9 < target.lids.median() <= 1


def test_what_no_word_moves_is_steadied_most(target):
    noise = torch.randn(200, 68, 2, generator=torch.Generator().manual_seed(0))
    calm = steadied(target.l_a + noise) - target.l_a
    left = calm.std(0).mean(-1)
    assert left[17:48].max() < 0.6 < left[48:].min()
    still = target.l_a.repeat(20, 1, 1)
    torch.testing.assert_close(steadied(still), still)


def test_lips_that_nearly_meet_do_and_wide_mouths_stay(target):
    gaps = torch.tensor([0.2, 0.4, 0.8, 2.0, 5.0])
    points = target.l_a.repeat(5, 1, 1)
    for upper, lower in INNER_LIPS:
        points[:, lower] = points[:, upper] + torch.stack([torch.zeros(5), gaps], 1)
    met = lips_that_meet(points)
    opening = mouth_opening(met)
    assert opening[:2].max() < 0.1  # px of 64
    assert (opening.diff() > 0).all()
    assert torch.allclose(met[3:], points[3:], atol=5e-3)
    moved = (met - points).abs().amax((0, 2)).nonzero()[:, 0]
    assert set(moved.tolist()) == {50, 51, 52, 56, 57, 58, 61, 62, 63, 65, 66, 67}
    middle = (points[:, 62] + points[:, 66]) / 2
    torch.testing.assert_close((met[:, 62] + met[:, 66]) / 2, middle)
    torch.testing.assert_close(met[:, 51] - points[:, 51], met[:, 62] - points[:, 62])


def test_an_emotion_of_no_strength_is_neutral(voice, target):
    speech = Speech(torch.randn(640 * 12, generator=torch.Generator().manual_seed(1)))
    codes = voice.hear(speech)
    assert len(codes.content) == 12
    happy = voice.disentangler.moods[voice.emotions.index("happy")]
    none = voice.move(target.l_a, codes.content, happy, intensity=0.0)
    plain = voice.move(target.l_a, codes.content, voice.neutral)
    assert torch.equal(none, plain)
    moved = moved_by_emotion(voice, target.l_a, codes, happy)
    assert set(moved) == {"brows", "mouth corners"}
    assert moved_by_emotion(voice, target.l_a, codes, voice.neutral)["brows"] == 0


def test_a_video_lasts_as_long_as_the_sound(voice, target):
    speech = Speech(torch.randn(640 * 25, generator=torch.Generator().manual_seed(1)))
    codes = voice.hear(speech)
    ahead = voice.move(target.l_a, codes.content, codes.emotion)
    generator = build_seeded(lambda: Generator(PortraitConfig.fast()), 0).eval()
    frames = there_and_back(target.footage.start, 25)
    made = portrait(generator, target, frames, ahead)
    assert made.shape == (25, 64, 64, 3)
    with torch.no_grad():  # an untrained net paints nothing
        generator.colour.weight.normal_(generator=torch.Generator().manual_seed(0))
    shown = portrait(generator, target, frames, ahead)
    opened = ahead.clone()
    opened[:, 60:] += 3
    assert not torch.equal(shown, portrait(generator, target, frames, opened))
