"""EVP's pseudo pairs on people: RAVDESS takes of one statement in eight emotions, aligned by DTW.

No phone times exist for these recordings, so word boundaries come from a reference that knows
nothing of DTW, the forced aligner of pocketsphinx, on both takes. Its own errors are in the
numbers: they are no exact truth.
"""

from itertools import combinations

import numpy as np
import pytest

from thlab.audio import dtw, map_times, mfcc
from thlab.data import open_corpus
from thlab.data.readers.acted import RAVDESS_EMOTIONS

HOP = 0.01
ACTORS = 4  # drawn, of 20
SEED = 7


def word_boundaries(clip):
    """Start of each word and the end of the last in seconds, by forced alignment."""
    from thlab.audio.alignment import align_pocketsphinx

    words = align_pocketsphinx(clip.audio, clip.text.split()).words
    return np.array([word.start for word in words] + [words[-1].end])


@pytest.fixture(scope="module")
def takes(real_data):
    """(actor, statement, emotion) -> (MFCCs without their mean, word boundaries, seconds)."""
    corpus = open_corpus("ravdess", real_data / "ravdess", check="none")
    actors = np.random.default_rng(SEED).choice(corpus.speakers, ACTORS, replace=False)
    found = {}
    for clip in corpus:
        *_, intensity, _, repetition, _ = clip.id.split("-")
        if clip.speaker in actors and (intensity, repetition) == ("01", "01"):
            features = mfcc(clip.audio).numpy()
            key = clip.speaker, clip.text, clip.emotion
            found[key] = features - features.mean(0), word_boundaries(clip), len(clip.audio) / 16000
    return found


def mapped_errors(a, b):
    """|error| in ms of a's boundaries in b: stretched evenly, between true ends, by DTW."""
    x, times_x, seconds_x = a
    y, times_y, seconds_y = b
    ends = np.interp(times_x, times_x[[0, -1]], times_y[[0, -1]])
    warped = map_times(dtw(x, y).path, times_x, HOP)
    return 1e3 * np.abs(np.stack([times_x * seconds_y / seconds_x, ends, warped]) - times_y)


WAYS = ("stretched", "ends known", "DTW")


def row(name, errors):
    """Median and mean of each way's errors, as a line of text."""
    pairs = zip(np.median(errors, axis=1), errors.mean(axis=1), strict=True)
    return f"  {name:20s}" + "".join(f"{median:8.0f} {mean:5.0f}" for median, mean in pairs)


def test_dtw_carries_word_boundaries_between_emotions(takes, record_property, capsys):
    """DTW against an even stretch of the clip, per pair of emotions, both directions together."""
    scenes = sorted({key[:2] for key in takes})
    found = {}
    for a, b in combinations(RAVDESS_EMOTIONS, 2):
        both = [(takes[*s, a], takes[*s, b]) for s in scenes] + [
            (takes[*s, b], takes[*s, a]) for s in scenes
        ]
        # (3, boundaries)
        found[f"{a} - {b}"] = np.concatenate([mapped_errors(*pair) for pair in both], axis=1)
    every = np.concatenate(list(found.values()), axis=1)
    lines = [row(name, errors) for name, errors in found.items()] + [row("all pairs", every)]
    for line in lines:
        record_property("median and mean ms: " + ", ".join(WAYS), line.strip())
    with capsys.disabled():
        print(
            f"\nRAVDESS, {len(scenes)} scenes of {ACTORS} actors: "
            "|error| in ms, the reference is pocketsphinx"
        )
        print(
            " " * 22 + "".join(f"{way:>14s}" for way in WAYS),
            " " * 22 + "  median  mean" * 3,
            *lines,
            sep="\n",
        )
    stretched, ends_known, warped = every
    assert all(errors[2].mean() < errors[0].mean() for errors in found.values())
    assert np.median(warped) < np.median(stretched) / 3  # seen: 10 and 43 ms
    assert warped.mean() < stretched.mean() / 2  # seen: 20 and 62 ms
    assert warped.mean() < ends_known.mean() / 1.5  # seen: 20 and 40 ms
