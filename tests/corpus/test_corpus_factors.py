"""Every factor of a clip is what it says, and the mouth follows the visemes."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile

from thlab.audio.espeak import STOPS, english_data
from thlab.audio.visemes import VISEMES, viseme_segments
from thlab.corpus import EMOTIONS, WORDS, clip, settings
from thlab.corpus.expression import EMOTION_AT_REST
from thlab.corpus.grammar import sentences
from thlab.corpus.head import load_head
from thlab.corpus.rows import clip_rows
from thlab.corpus.speech import speak
from thlab.corpus.voice import Voice
from thlab.face.points import (
    INNER_LIP_BOTTOM,
    INNER_LIP_TOP,
    TEMPLATE,
    anchors,
    similarity,
    transform,
)

FACE = settings.settle(settings.Preset((1, 0, 1), 1, 64), "face", None, 1.0, 0)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def row() -> dict:
    return next(row for row in clip_rows(FACE) if row["id"] == "s800_happy_00")


@pytest.fixture(scope="module")
def corpus_clips(tiny_corpus) -> list[tuple[dict, dict[str, np.ndarray]]]:
    rows = [json.loads(line) for line in (tiny_corpus / "manifest.jsonl").read_text().splitlines()]
    return [(row, dict(np.load(tiny_corpus / f"{row['id']}.npz"))) for row in rows]


def opening(labels: dict) -> np.ndarray:
    """Distance of the inner lips, pixels, per frame."""
    points = labels["landmarks"]
    return np.linalg.norm(points[:, INNER_LIP_TOP] - points[:, INNER_LIP_BOTTOM], axis=-1)


def times(labels: dict) -> np.ndarray:
    return (np.arange(len(labels["viseme"])) + 0.5) / 25


def test_lips_close_at_rest_and_on_bilabials_and_open_in_speech(corpus_clips):
    rest, closed, speech = [], [], []
    for row, labels in corpus_clips:
        gap, t = opening(labels), times(labels)
        first, last = labels["phone_start"][0], labels["phone_end"][-1]
        if row["emotion"] not in EMOTION_AT_REST:  # these moods part the lips
            rest += gap[(t < first - 0.1) | (t > last + 0.12)].tolist()
        speech += gap[(t >= first) & (t < last)].tolist()
        bilabial = np.isin(labels["phone"], ["m", "b", "p"])
        middles = (labels["phone_start"] + labels["phone_end"])[bilabial] / 2
        closed += gap[(middles * 25).astype(int)].tolist()
    assert len(rest) > 400
    assert len(closed) > 100
    assert np.median(rest) <= 0.6
    assert np.median(closed) <= 0.6
    assert np.percentile(speech, 95) >= 5


def test_words_and_phones_lie_in_the_clip_without_gaps(corpus_clips, tiny_corpus):
    for row, labels in corpus_clips:
        start, end = labels["phone_start"], labels["phone_end"]
        assert np.all(start < end)
        assert np.array_equal(start[1:], end[:-1])
        assert 0 < start[0] < end[-1] < len(labels["viseme"]) / 25
        assert labels["word"].tolist() == row["words"]
        assert all(word in slot for word, slot in zip(row["words"], WORDS.values(), strict=True))
        for i in range(6):
            assert labels["word_start"][i] == start[labels["phone_word"] == i].min()
            assert labels["word_end"][i] == end[labels["phone_word"] == i].max()
        rate, audio = scipy.io.wavfile.read(tiny_corpus / f"{row['id']}.wav")
        assert (rate, audio.dtype, audio.shape) == (16000, np.int16, (len(labels["viseme"]) * 640,))
        assert EMOTIONS[EMOTIONS.index(row["emotion"])] == labels["emotion"]


def test_the_sound_is_where_the_phones_are(corpus_clips, tiny_corpus):
    for row, labels in corpus_clips[::7]:
        audio = scipy.io.wavfile.read(tiny_corpus / f"{row['id']}.wav")[1] / 32768
        first, last = (labels[key][i] for key, i in (("phone_start", 0), ("phone_end", -1)))
        inside = audio[int(first * 16000) : int(last * 16000)]
        assert np.abs(audio[: int((first - 0.01) * 16000)]).max() < 0.02 * np.abs(inside).max()
        # a voiceless stop between vowels starts with its closure: quieter than what comes before it
        energy = {}
        for a, b, phone in zip(
            labels["phone_start"],
            labels["phone_end"],
            labels["phone"],
            strict=True,
        ):
            part = audio[int(a * 16000) : int(b * 16000)]
            energy.setdefault("stop" if phone in STOPS else "other", []).append(
                np.sqrt((part[: len(part) // 3] ** 2).mean())
            )
        assert np.median(energy["stop"]) < 0.5 * np.median(energy["other"])


def test_visemes_are_what_is_said_at_the_frames_centres(corpus_clips):
    for _, labels in corpus_clips[::5]:
        segments = viseme_segments(
            labels["phone_start"],
            labels["phone_end"],
            labels["phone"].tolist(),
        )
        expected = []
        for t in times(labels):
            said = [viseme for start, end, viseme in segments if start <= t < end]
            expected.append(said[0] if said else "sil")
        assert [VISEMES[i] for i in labels["viseme"]] == expected


def test_landmarks_are_the_projection_of_the_factors(row, scratch):
    speech = clip.say(row, scratch)
    _, labels = clip.film(row, speech, FACE)
    _, portrait = clip.film(row, speech, dataclasses.replace(FACE, view="portrait"))
    for frame in range(0, speech.n_frames, 5):
        place = similarity(anchors(portrait["landmarks"][frame]), TEMPLATE * 64)
        there = transform(portrait["landmarks"][frame].astype(float), place)
        np.testing.assert_allclose(labels["landmarks"][frame], there, atol=2e-3)
    for key in ("face_units", "pose", "gaze", "blink", "light"):
        np.testing.assert_array_equal(labels[key], portrait[key])
    assert labels["face_unit_names"].tolist() == list(load_head().face_unit_names)
    # the head turns about the neck: a yaw to the picture's right moves the nose right of the eyes
    points = portrait["landmarks"]
    eyes = points[:, 36:48].mean(1)
    # from eye to eye, as the head rolls
    across = points[:, 42:48].mean(1) - points[:, 36:42].mean(1)
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    beside = ((points[:, 30] - eyes) * across).sum(-1)
    assert np.corrcoef(beside, portrait["pose"][:, 0])[0, 1] > 0.95


def test_the_face_view_holds_eyes_and_nose_in_place(corpus_clips):
    points = np.concatenate([labels["landmarks"] for _, labels in corpus_clips[::4]])
    held = anchors(points)
    # the fit keeps the centroid exactly
    assert np.abs(held.mean(1) - 64 * TEMPLATE.mean(0)).max() < 1e-3
    assert np.percentile(np.abs(held - 64 * TEMPLATE), 95) < 2
    assert abs(np.median(np.linalg.norm(held[:, 0] - held[:, 1], axis=-1)) - 22) < 1
    assert np.percentile(points[:, 8, 1], 99) < 64  # the chin stays in


def test_other_motion_leaves_the_speech_as_it_is(row, scratch, tmp_path):
    other = dataclasses.replace(FACE, motion_seed=1)
    (tmp_path / "b").mkdir()
    first = clip.make_clip(tmp_path, row, FACE, scratch)
    second = clip.make_clip(tmp_path / "b", row, other, scratch)
    assert first["sha256"]["wav"] == second["sha256"]["wav"]
    assert first["sha256"]["mp4"] != second["sha256"]["mp4"]
    a, b = (dict(np.load(folder / f"{row['id']}.npz")) for folder in (tmp_path, tmp_path / "b"))
    for key in ("phone_start", "viseme", "word_end"):
        np.testing.assert_array_equal(a[key], b[key])
    # the mouth itself differs: one speech, many faces
    assert np.abs(opening(a) - opening(b)).mean() > 0.05


def test_head_motion_scales_the_pose(row, scratch):
    speech = clip.say(row, scratch)
    poses = []
    for scale in (0, 0.5, 1):
        _, labels = clip.film(row, speech, dataclasses.replace(FACE, head_motion=scale))
        poses.append(labels["pose"])
    assert not poses[0].any()
    np.testing.assert_allclose(2 * poses[1], poses[2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_intensity_zero_is_neutral(emotion, scratch):
    if not (data := scratch / "data").exists():
        english_data(data)
    voice, words = Voice(3, male=False), sentences(3)[2]
    still = speak(voice, words, "neutral", 0.0, np.random.default_rng(5), data)
    flat = speak(voice, words, emotion, 0.0, np.random.default_rng(5), data)
    loud = speak(voice, words, emotion, 1.0, np.random.default_rng(5), data)
    np.testing.assert_array_equal(flat.audio, still.audio)
    assert (emotion == "neutral") == np.array_equal(loud.audio, still.audio)


def test_emotion_shows_in_voice_and_face(corpus_clips):
    unit = load_head().unit

    def mean(emotion: str, name: str) -> float:
        shown = [labels for row, labels in corpus_clips if row["emotion"] == emotion]
        return float(np.mean([labels["face_units"][:, unit(name)].mean() for labels in shown]))

    assert mean("happy", "mouthSmileLeft") > mean("neutral", "mouthSmileLeft") + 0.2
    assert mean("angry", "browDownLeft") > 0.4
    assert mean("surprise", "eyeWideLeft") > mean("sad", "eyeWideLeft") + 0.2
    length = {}
    for emotion in ("sad", "neutral", "fear"):
        said = [labels["viseme"] for row, labels in corpus_clips if row["emotion"] == emotion]
        length[emotion] = np.mean([len(visemes) for visemes in said])
    assert length["sad"] > length["neutral"] > length["fear"]
