"""Test clips and those who look on: the image, the judge, what is heard, what must be beaten."""

import math

import pytest
import torch

from thlab.audio import log_spectrogram, segments
from thlab.data import open_splits
from thlab.data.tensors import load_clips
from thlab.evaluation.test_set import TestSet
from thlab.metrics.image import psnr
from thlab.nn.landmark_net import LandmarkNet
from thlab.training import load_weights


@pytest.fixture(scope="module")
def stage(tiny_corpus):
    judge = LandmarkNet()
    load_weights("landmarks", judge)
    return TestSet(load_clips(open_splits(str(tiny_corpus))["test"]), judge, 5)


def hear(audio, n_frames):
    return segments(log_spectrogram(audio), n_frames)


def test_images_are_open_eyed(stage):
    for clip, image in zip(stage.clips, stage.image, strict=True):
        start, end = stage.memory.start[clip : clip + 2]
        assert stage.memory.blink[start + image] == stage.memory.blink[start:end].min()


def test_the_truth_is_near_itself(stage):
    found = stage.mouths(stage.real)
    assert found["LMD"] == [0] * 5
    assert max(found["LMD, exact"]) < 1
    assert min(found["opening"]) > 0.9
    assert stage.pictures(stage.real)["sharpness"] == [1] * 5


def test_what_stands_still_has_no_correlation_and_the_images_own_frame_is_left_out(stage):
    videos = stage.trivial()["repeated frame"]
    assert stage.mouths(videos)["opening"] == pytest.approx([0] * 5, abs=1e-6)
    real, i = stage.real[0], stage.image[0]
    others = [psnr(real[i], frame).item() for j, frame in enumerate(real) if j != i]
    assert stage.pictures(videos)["PSNR"][0] == pytest.approx(sum(others) / len(others), rel=1e-5)


def test_noise_is_fixed_and_shuffling_takes_another_clip_and_turns_it(stage):
    noisy, again = (stage.contents(hear, -10) for _ in range(2))
    clean = stage.contents(hear)
    assert all(torch.equal(x, y) for x, y in zip(noisy, again, strict=True))
    assert not torch.allclose(noisy[0], clean[0])
    mixed = stage.shuffled(hear)
    assert [len(z) for z in mixed] == [len(z) for z in clean]
    n = min(len(mixed[4]), len(clean[0]))
    turns = [torch.equal(mixed[4][:n], clean[0].roll(-k, 0)[:n]) for k in range(len(clean[0]))]
    assert sum(turns) == 1
    assert not turns[0]


def test_numbers_of_clips_have_their_speakers_and_names(stage):
    stage = object.__new__(TestSet)
    stage.clips = [0, 2, 3]
    speakers, ids = ("s7", "s8"), ("a", "b", "c", "d")
    known = {"speaker": torch.tensor([0, 0, 1, 1]), "speakers": speakers, "ids": ids}
    stage.memory = type("ClipTensors", (), known)
    assert stage.of_clips([1.0, 3.0, math.nan]) == {("s7", "a"): 1.0, ("s8", "c"): 3.0}


def test_a_video_without_a_face_and_one_that_is_not_chosen_have_no_distance(stage):
    pytest.importorskip("mediapipe")
    grey = [torch.full_like(video, 0.5) for video in stage.real[:1]] + stage.real[1:]
    found = stage.mediapipe(grey, 2)["LMD, mediapipe"]
    assert [math.isnan(x) for x in found] == [True, True, True, True, False]
    assert found[4] == 0
