"""Forced alignment against GRID's official .align files and the embedded corpus's exact times."""

import numpy as np
import pytest

from thlab.audio import VISEMES, align_dtw, align_pocketsphinx, viseme_track
from thlab.audio.alignment_dtw import say
from thlab.audio.visemes import ESPEAK_TO_VISEME

SENTENCE = ("bin", "blue", "at", "f", "two", "now")


def boundary_errors(aligner, clips) -> np.ndarray:
    """|error| in ms of the start and the end of each of the six words: (clips, 6, 2)."""
    errors = []
    for clip in clips:
        found = aligner(clip.audio, [word.label for word in clip.words]).words
        assert [span.label for span in found] == [word.label for word in clip.words]
        times = [[(span.start, span.end) for span in spans] for spans in (found, clip.words)]
        errors.append(1000 * np.abs(np.subtract(*times)))
    return np.array(errors)


@pytest.fixture(scope="module")
def grid(real_data):
    """24 of the 160 clips with official times, evenly spread; benchmarks/align.py does all."""
    from thlab.data import open_corpus

    clips = open_corpus("grid", real_data / "grid", check="none")
    timed = [clip for clip in clips if clip.speaker == "s1" and clip.timed]
    return timed[:: len(timed) // 24][:24]


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """A synthetic voice that no aligner uses, with 300 ms of silence on both sides."""
    return np.pad(say(SENTENCE, "gmw/en-US+m5").audio, 4800)


def test_pocketsphinx_on_real_speech(grid):
    errors = boundary_errors(align_pocketsphinx, grid)
    assert np.median(errors) <= 25


def test_dtw_on_real_speech(grid):
    errors = boundary_errors(align_dtw, grid)
    assert np.median(errors) <= 30


@pytest.mark.parametrize("aligner", [align_pocketsphinx, align_dtw])
def test_times_are_ordered_inside_the_clip_and_phones_fill_their_words(aligner, spoken):
    words, phones = aligner(spoken, SENTENCE)
    assert [span.label for span in words] == list(SENTENCE)
    for spans in (words, phones):
        times = [time for span in spans for time in (span.start, span.end)]
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] <= len(spoken) / 16000
    for word in words:
        inside = [phone for phone in phones if word.start <= phone.start and phone.end <= word.end]
        assert inside[0].start == word.start
        assert inside[-1].end == word.end


@pytest.mark.parametrize("aligner", [align_pocketsphinx, align_dtw])
def test_words_are_found_where_a_synthetic_voice_says_them(aligner, spoken):
    take = say(SENTENCE, "gmw/en-US+m5")
    own = [take.times[take.word == number] for number in range(6)]
    truth = 0.3 + np.array([times[[0, -1], [0, 1]] for times in own])
    found = np.array([(span.start, span.end) for span in aligner(spoken, SENTENCE).words])
    assert np.median(np.abs(found - truth)) < 0.03


def test_a_voice_is_aligned_with_itself_to_the_frame(spoken):
    take = say(SENTENCE, "gmw/en-US+m5")
    found = np.array(
        [(span.start, span.end) for span in align_dtw(spoken, SENTENCE, ["gmw/en-US+m5"]).phones]
    )
    np.testing.assert_allclose(found, take.times + 0.3, atol=0.011)


def test_phones_become_visemes(spoken):
    n_frames = len(spoken) // 640
    arpabet = viseme_track(align_pocketsphinx(spoken, SENTENCE).phones, n_frames)
    espeak = viseme_track(align_dtw(spoken, SENTENCE).phones, n_frames, phone_map=ESPEAK_TO_VISEME)
    for track in (arpabet, espeak):
        assert {"MBP", "FV", "LNTD", "U"} <= {VISEMES[index] for index in track}
    assert (arpabet == espeak).mean() > 0.5


def test_pronunciations_may_be_given(spoken):
    invented = {"blork": ["B", "L", "UW"]}
    words = ["BIN", "blork", *SENTENCE[2:]]
    found = align_pocketsphinx(spoken, words, invented)
    known = align_pocketsphinx(spoken, SENTENCE)
    assert [span.label for span in found.words] == words
    assert [span[:2] for span in found.words] == [span[:2] for span in known.words]
    with pytest.raises(ValueError, match="'blork' is not in the dictionary"):
        align_pocketsphinx(spoken, words)
    with pytest.raises(ValueError, match="'blork': QQ is no ARPAbet phone"):
        align_pocketsphinx(spoken, words, {"blork": ["B", "QQ"]})


def test_letters_are_spelled():
    assert say(["a"], "gmw/en").phones == say(["A"], "gmw/en").phones
    assert [say([letter], "gmw/en").phones[0] for letter in "aiz"] == ["eI", "aI", "z"]


@pytest.mark.parametrize("aligner", [align_pocketsphinx, align_dtw])
@pytest.mark.parametrize(
    ("audio", "words", "message"),
    [
        (np.zeros(0, np.float32), ["bin"], "is empty"),
        (np.zeros(16000, np.float32), ["bin"], "is silent"),
        (np.full(16000, np.nan, np.float32), ["bin"], "NaN"),
        (np.ones((2, 16000), np.float32), ["bin"], r"one clip of shape \(n,\)"),
        (np.ones(16000, np.float32), [], "no words"),
    ],
)
def test_what_cannot_be_aligned_is_an_error(aligner, audio, words, message):
    with pytest.raises(ValueError, match=message):
        aligner(audio, words)


def test_too_little_audio_for_the_words_is_an_error():
    with pytest.raises(ValueError, match=r"does not fit into 0.10 s of audio"):
        align_pocketsphinx(np.ones(1600, np.float32), SENTENCE)


def test_words_that_espeak_reads_otherwise_are_an_error():
    with pytest.raises(ValueError, match="espeak-ng reads 'two words bin' as 3 words, not 2"):
        align_dtw(np.ones(16000, np.float32), ["two words", "bin"])
