"""Test clips and evaluators: image, audio features, baselines, and a head scored in one call."""

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


class Parrot:
    """A head that shows the true frames of the clip whose sound it is given."""

    size = 64

    def __init__(self, test_set):
        self.frames = {}
        for clip, real in zip(test_set.clips, test_set.real, strict=True):
            self.frames[test_set.tensors.audio[clip].abs().sum().item()] = real

    def content(self, speech):
        key = speech.audio.abs().sum().item()
        nearest = min(self.frames, key=lambda known: abs(known - key))
        return self.frames[nearest]

    def render(self, image, content, controls=None):
        return content


class Ear:
    """A head whose content is spectrogram segments."""

    size = 64

    def content(self, speech):
        return segments(log_spectrogram(speech.audio), speech.n_frames)

    def render(self, image, content, controls=None):
        return image.expand(len(content), -1, -1, -1)


@pytest.fixture(scope="module")
def test_set(tiny_corpus):
    net = load_weights("landmarks", LandmarkNet())
    return TestSet(load_clips(open_splits(str(tiny_corpus))["test"]), net, 5)


def test_images_are_open_eyed(test_set):
    tensors = test_set.tensors
    for clip, image in zip(test_set.clips, test_set.image, strict=True):
        start, end = tensors.start[clip : clip + 2]
        assert tensors.blink[start + image] == tensors.blink[start:end].min()


def test_the_truth_is_near_itself(test_set):
    found = test_set.mouths(test_set.real)
    assert found["LMD"] == [0] * 5
    assert max(found["LMD, exact"]) < 1
    assert sum(found["opening"]) / 5 > 0.95
    assert min(found["opening"]) > 0.8  # of fear in a lively head, the net's hardest
    assert test_set.pictures(test_set.real)["sharpness"] == [1] * 5
    insides = test_set.insides(test_set.real)
    assert insides["contrast inside"] == pytest.approx([1] * 5)
    assert insides["pattern inside"] == pytest.approx([1] * 5)


def test_what_stands_still_has_no_correlation_and_the_images_own_frame_is_left_out(test_set):
    videos = test_set.baselines()["repeated frame"]
    assert test_set.mouths(videos)["opening"] == pytest.approx([0] * 5, abs=1e-6)
    real = test_set.real[0]
    i = test_set.image[0]
    others = [psnr(real[i], frame).item() for j, frame in enumerate(real) if j != i]
    assert test_set.pictures(videos)["PSNR"][0] == pytest.approx(
        sum(others) / len(others), rel=1e-5
    )


def test_noise_is_fixed_and_shuffling_takes_another_clip_and_turns_it(test_set):
    noisy, again = (test_set.contents(Ear(), -10) for _ in range(2))
    clean = test_set.contents(Ear())
    assert all(torch.equal(x, y) for x, y in zip(noisy, again, strict=True))
    assert not torch.allclose(noisy[0], clean[0])
    mixed = test_set.shuffled(clean)
    assert [len(z) for z in mixed] == [len(z) for z in clean]
    n = min(len(mixed[4]), len(clean[0]))
    turns = [torch.equal(mixed[4][:n], clean[0].roll(-k, 0)[:n]) for k in range(len(clean[0]))]
    assert sum(turns) == 1
    assert not turns[0]


def test_a_head_is_scored_beside_its_baselines_in_one_call(test_set):
    found = test_set.score(Parrot(test_set), "parrot", levels=(-60,))
    assert {row for row, *_ in found} == {
        "parrot",
        "parrot, shuffled audio",
        "parrot, -60 dB",
        "repeated frame",
        "mean frame",
    }
    means = {}
    for row, column, _, _, value in found:
        if math.isfinite(value):
            means.setdefault((row, column), []).append(value)
    mean = {cell: sum(values) / len(values) for cell, values in means.items()}
    assert mean["parrot", "LMD"] == 0
    assert mean["parrot", "opening"] > 0.9 > mean["parrot, shuffled audio", "opening"] + 0.3
    assert mean["parrot, -60 dB", "LMD"] == 0
    assert mean["repeated frame", "LMD"] > 0.1
    speakers = {(speaker, clip) for row, _, speaker, clip, _ in found if row == "parrot"}
    assert speakers == {
        (test_set.speaker(clip), test_set.tensors.ids[clip]) for clip in test_set.clips
    }


def test_what_was_not_measured_is_left_out(test_set):
    scores = {"LMD": [1.0, math.nan, 2.0, 3.0, 4.0]}
    found = test_set.measurements("ours", scores)
    assert [value for *_, value in found] == [1.0, 2.0, 3.0, 4.0]
    assert found[1][3] == test_set.tensors.ids[test_set.clips[2]]


def test_a_video_without_a_face_and_one_that_is_not_chosen_have_no_distance(test_set):
    pytest.importorskip("mediapipe")
    grey = [torch.full_like(video, 0.5) for video in test_set.real[:1]] + test_set.real[1:]
    found = test_set.mediapipe(grey, 2)["LMD, mediapipe"]
    assert [math.isnan(x) for x in found] == [True, True, True, True, False]
    assert found[4] == 0


def test_lips_are_judged_by_their_own_clips_sound(test_set):
    """True clips fit their sound better than each other's; what stands still is not judged."""
    others = [*test_set.real[1:], *test_set.real[:1]]
    swapped = []
    for other, real in zip(others, test_set.real, strict=True):
        swapped.append(other[torch.arange(len(real)) % len(other)])
    true = test_set.lip_sync(test_set.real)
    false = test_set.lip_sync(swapped)
    for k in range(len(test_set.clips)):
        assert true["sync confidence"][k] > false["sync confidence"][k]
        assert true["LSE-D"][k] < false["LSE-D"][k]
    still = test_set.lip_sync(test_set.baselines()["repeated frame"])
    assert all(math.isnan(value) for value in still["sync confidence"])
