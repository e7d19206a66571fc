"""The real clips of GRID and RAVDESS, every one of them."""

import itertools
from collections import Counter

import numpy as np
import pytest

from thlab.corpus.grammar import GRAMMAR
from thlab.data import open_corpus


@pytest.fixture(scope="module")
def grid(real_data):
    return open_corpus("grid", real_data / "grid")


@pytest.fixture(scope="module")
def grid_sound(grid):
    return [clip.audio for clip in grid]


def test_all_of_grid_is_usable(grid):
    assert grid.unusable == []
    assert len(grid) == len(grid.table) == 165
    assert Counter(clip.speaker for clip in grid) == {"s1": 160, "s2": 2, "s3": 1, "s4": 1, "s5": 1}
    assert {clip.emotion for clip in grid} == {"neutral"}


def test_grid_words_stand_in_order_inside_the_clip(grid):
    timed = [clip for clip in grid if clip.timed]
    assert len(timed) == 161  # s1 whole and one of s2 came with an .align
    for clip in grid:
        assert len(clip.words) == 6
        slots = zip(clip.words, GRAMMAR.values(), strict=True)
        assert all(word.label in words for word, words in slots)
    for clip in timed:
        times = [time for word in clip.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert 0 <= times[0] < times[-1] <= 2.98


def test_grid_pictures(grid):
    for clip in grid:
        assert clip.frames.shape == (75, 288, 360, 3)
        assert clip.fps == 25


def test_grid_sound(grid_sound):
    for audio in grid_sound:
        assert abs(len(audio) / 16000 - 3) < 0.03
        assert 0.01 < np.abs(audio).max() < 1.1


def test_grid_speech_is_louder_inside_its_words(grid, grid_sound):
    """The .align unit is right: all clips' energy lies between the first and the last word."""
    inside, outside = [], []
    for clip, audio in zip(grid, grid_sound, strict=True):
        if clip.timed:
            speech = slice(*(round(t * 16000) for t in (clip.words[0].start, clip.words[-1].end)))
            mask = np.zeros(len(audio), bool)
            mask[speech] = True
            inside.append(np.mean(audio[mask] ** 2))
            outside.append(np.mean(audio[~mask] ** 2))
    assert np.mean(np.greater(inside, outside)) == 1
    assert np.median(inside) > 30 * np.median(outside)


def test_all_of_ravdess_reads_with_its_labels(real_data):
    corpus = open_corpus("ravdess", real_data / "ravdess")
    assert corpus.unusable == []
    assert len(corpus) == 1200
    assert corpus.speakers == [f"{actor:02}" for actor in range(1, 21)]
    emotions = ("calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
    statements = ("kids are talking by the door", "dogs are sitting by the door")
    design = Counter(itertools.product(corpus.speakers, emotions, (0.5, 1.0), statements, (1, 2)))
    design += Counter(itertools.product(corpus.speakers, ("neutral",), (0.5,), statements, (1, 2)))
    found = Counter((c.speaker, c.emotion, c.intensity, c.text, c.extra["take"]) for c in corpus)
    assert found == design  # 60 a speaker, each combination once
    for clip in corpus:
        assert not clip.has_video
        assert not clip.timed
        assert 2.5 < len(clip.audio) / 16000 < 6


def test_grid_audio_agrees_with_another_reader(grid):
    """Mono is the mean of both channels: FFmpeg's own mp2 decoder, torchaudio's resampler."""
    av = pytest.importorskip("av")
    functional = pytest.importorskip("torchaudio").functional
    import torch

    clip = grid[0]
    with av.open(str(clip.path)) as container:
        stereo = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], 1)
    theirs = functional.resample(torch.from_numpy(stereo.mean(0)), 44100, 16000).numpy()
    n = min(len(theirs), len(clip.audio))
    assert abs(len(theirs) - len(clip.audio)) <= 1
    assert np.corrcoef(theirs[:n], clip.audio[:n])[0, 1] > 0.9999
