"""perform, replay and swap against the corpus's own clips, whose every factor is known."""

import numpy as np
import pytest

from thlab.corpus import EMOTIONS, VISEMES, neutral_face, perform, replay, swap
from thlab.corpus.clip import film
from thlab.corpus.grammar import sentences
from thlab.corpus.head import load_head
from thlab.corpus.motion import Lips
from thlab.corpus.scene import person
from thlab.corpus.settings import read_settings
from thlab.data import open_corpus
from thlab.metrics.landmark import mouth_opening

SENTENCE = sentences(3)[2]


@pytest.fixture(scope="module")
def clips(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none")


@pytest.fixture(scope="module")
def one(clips):
    return next(clip for clip in clips if clip.id.endswith("happy_02"))


@pytest.fixture(scope="module")
def other(clips, one):
    return next(c for c in clips if c.speaker != one.speaker and c.emotion == "angry")


def test_replay_knows_every_label_of_a_clip(one):
    again = replay(one)
    labels = again.labels()
    assert labels.keys() == one.labels.keys()
    for name, values in one.labels.items():
        np.testing.assert_array_equal(labels[name], values, err_msg=name)
    np.testing.assert_array_equal(np.round(again.audio * 32767) / 32768, one.audio)
    assert again.words == one.words
    assert again.phones == one.phones
    np.testing.assert_array_equal(again.viseme, one.labels["viseme"])


def test_pictures_are_the_clips_before_compression(tiny_corpus, one):
    again = replay(one)
    settings = read_settings(tiny_corpus)
    frames, labels = film(again.row, again.speech, settings)
    np.testing.assert_array_equal(again.render(settings.view, settings.size), frames)
    np.testing.assert_array_equal(again.landmarks(), labels["landmarks"])
    assert np.abs(frames.astype(int) - one.frames).mean() < 8  # H.264


def test_landmarks_without_rendering_are_those_of_the_pictures_in_either_view(other):
    scene = replay(other).scene.at([0, 7, 11])
    for view in ("face", "portrait"):
        for size in (64, 128):
            np.testing.assert_array_equal(scene.landmarks(view, size), scene.shoot(view, size)[1])


def test_perform_is_the_clip_of_that_number(one):
    speaker, number = int(one.speaker[1:]), int(one.id[-2:])
    again = perform(speaker, one.text.split(), one.emotion, number=number)
    assert again.id == one.id
    assert again.intensity == one.intensity
    np.testing.assert_array_equal(again.landmarks(), one.labels["landmarks"])


def test_visemes_cover_the_phones_and_the_track_reads_them():
    said = perform(3, SENTENCE, "sad", 0.7)
    assert said.visemes[0].start == said.phones[0].start
    assert said.visemes[-1].end == said.phones[-1].end
    for before, after in zip(said.visemes[:-1], said.visemes[1:], strict=True):
        assert before.end == after.start
    middle = (np.arange(len(said.viseme)) + 0.5) / 25
    for time, viseme in zip(middle, said.viseme, strict=True):
        told = [span.label for span in said.visemes if span.start <= time < span.end]
        assert VISEMES[viseme] == (told[0] if told else "sil")


def autocorrelation_pitch(audio: np.ndarray) -> float:
    """Median over loud 40 ms windows of the lag, 60 to 400 Hz, at which each repeats itself."""
    windows = np.lib.stride_tricks.sliding_window_view(audio, 1280)[::640]
    loud = windows[(windows**2).mean(1) > 0.3 * (windows**2).mean(1).max()]
    found = []
    for window in loud - loud.mean(1, keepdims=True):
        alike = np.correlate(window, window, "full")[1279:]
        found.append(16000 / (40 + alike[40:267].argmax()))
    return float(np.median(found))


@pytest.mark.parametrize("speaker", [0, 1, 2, 3])
def test_pitch_is_what_is_heard(speaker):
    said = perform(speaker, SENTENCE)
    low, high = said.pitch
    assert 0.9 * low < autocorrelation_pitch(said.audio) < 1.1 * high


def test_rate_is_phones_a_second():
    said = perform(5, SENTENCE, "fear", 1.0)
    slow = perform(5, SENTENCE, "sad", 1.0)
    seconds = said.phones[-1].end - said.phones[0].start
    assert said.rate == pytest.approx(len(said.phones) / seconds)
    assert said.rate > slow.rate


def test_retakes_and_motion_seeds_keep_the_speech_and_change_the_motion():
    takes = [
        perform(2, SENTENCE),
        perform(2, SENTENCE, retake=0),
        perform(2, SENTENCE, motion_seed=1),
    ]
    for take in takes[1:]:
        np.testing.assert_array_equal(take.audio, takes[0].audio)
        same_light = take.scene.lighting.direction == takes[0].scene.lighting.direction
        assert same_light.all() == (take.retake is not None)
        assert np.abs(take.landmarks() - takes[0].landmarks()).max() > 0.1


def test_a_swap_with_oneself_gives_the_clips_own_pictures(one):
    again = replay(one)
    same = swap(one, expression_from=one, pose_from=one, light_from=one)
    np.testing.assert_array_equal(same.render(), again.render())
    np.testing.assert_array_equal(swap(again).landmarks("portrait"), again.landmarks("portrait"))


@pytest.mark.parametrize("part", ["expression_from", "pose_from", "light_from"])
def test_a_swap_back_undoes_a_swap(one, other, part):
    there = swap(one, **{part: other})
    back = swap(there, **{part: one})
    shared = replay(one).scene.at(slice(len(there)))
    np.testing.assert_array_equal(back.render(), shared.render())
    changed = np.abs(there.render().astype(int) - shared.render())
    assert changed.mean() > 0.5


def test_a_swap_takes_what_it_says_and_keeps_the_rest(one, other):
    own, theirs = replay(one), replay(other)
    n = min(len(own.scene), len(theirs.scene))
    units = [name not in ("mouthClose",) for name in load_head().face_unit_names]
    mixed = swap(one, expression_from=other, pose_from=other)
    np.testing.assert_array_equal(mixed.motion.face_units[:, units], theirs.face_units[:n, units])
    np.testing.assert_array_equal(mixed.motion.pose, theirs.pose[:n])
    np.testing.assert_array_equal(mixed.motion.gaze, theirs.gaze[:n])
    assert mixed.speaker == own.scene.speaker
    assert mixed.lighting is not theirs.scene.lighting
    lit = swap(one, light_from=other)
    np.testing.assert_array_equal(lit.lighting.direction, other.labels["light"])
    np.testing.assert_array_equal(lit.landmarks(), one.labels["landmarks"])
    # the lips of this person meet where the other's met
    lips = Lips(load_head(), person(own.scene.speaker).vertices)
    expression = mixed.motion.expression
    meets = expression.closed > 0.999
    gap = lips.opening(mixed.motion.face_units)
    np.testing.assert_allclose(gap[meets], expression.apart[meets], atol=2e-3)


def test_a_mood_is_swapped_and_the_words_stay():
    words = ("place", "blue", "by", "m", "two", "please")
    angry = perform(3, words, "angry", 1.0, number=4)
    plain = perform(8, words, "neutral", number=1)
    same = swap(angry, mood_from=angry)
    np.testing.assert_array_equal(same.motion.face_units, angry.face_units)
    calm = swap(angry, mood_from=plain)
    np.testing.assert_array_equal(calm.motion.pose, angry.pose)
    np.testing.assert_array_equal(calm.motion.gaze, angry.gaze)
    np.testing.assert_array_equal(calm.motion.blink, angry.blink)
    brows = load_head().unit("browDownLeft")
    assert angry.face_units[:, brows].mean() > 0.4
    assert abs(calm.motion.face_units[:, brows]).mean() < 0.05
    there = swap(plain, mood_from=angry)
    assert there.motion.face_units[:, brows].mean() > 0.4
    for own, swapped in ((angry, calm), (plain, there)):  # the mouth says the same
        before, after = mouth_opening(own.landmarks()), mouth_opening(swapped.landmarks())
        assert np.corrcoef(before, after)[0, 1] > 0.9
        shut = own.viseme == VISEMES.index("MBP")
        assert abs(before - after)[shut].max() < 0.3  # px of 64
    with pytest.raises(ValueError, match="a scene knows no words"):
        swap(angry.scene, mood_from=plain)
    with pytest.raises(ValueError, match="give it or mood_from"):
        swap(angry, mood_from=plain, expression_from=plain)


def test_other_frames_are_chosen_by_at(one, other):
    first, second = replay(one).scene.at([4, 9]), replay(other).scene.at([7, 1])
    mixed = swap(first, expression_from=second)
    np.testing.assert_array_equal(mixed.motion.blink, replay(other).blink[[7, 1]])
    assert mixed.render().shape == (2, 64, 64, 3)


def test_a_neutral_face_is_at_rest_in_the_clips_light(one):
    still = neutral_face(one)
    assert len(still) == 1
    for part in (still.motion.pose, still.motion.gaze, still.motion.blink):
        assert not part.any()
    np.testing.assert_array_equal(still.lighting.direction, one.labels["light"])
    points = still.landmarks()[0]
    assert np.linalg.norm(points[62] - points[66]) < 0.3
    # of another clip of the same person: the same face in another light
    kin = replay(one).scene
    again = neutral_face(perform(kin.speaker, SENTENCE, "sad", number=1))
    np.testing.assert_array_equal(again.landmarks(), still.landmarks())
    assert (again.render() != still.render()).any()


def test_one_light_for_a_person():
    first = perform(6, SENTENCE, "sad", number=1, light="person")
    second = perform(6, SENTENCE, "happy", number=2, light="person")
    for a, b in zip(first.scene.lighting, second.scene.lighting, strict=True):
        np.testing.assert_array_equal(a, b)
    of_clip = perform(6, SENTENCE, "sad", number=1)
    np.testing.assert_array_equal(of_clip.landmarks(), first.landmarks())
    other = perform(7, SENTENCE, light="person")
    for elsewhere in (of_clip, other):
        direction = elsewhere.scene.lighting.direction
        assert (direction != first.scene.lighting.direction).any()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"sentence": SENTENCE[:5]}, "6 words"),
        ({"sentence": " ".join(SENTENCE)}, "6 words"),
        ({"sentence": ("purple", *SENTENCE[1:])}, "'purple' is no command"),
        ({"emotion": "bored"}, "bored"),
        ({"emotion": "happy", "intensity": 1.2}, "1.2"),
        ({"intensity": 0.5}, "neutral"),
        ({"speaker": -1}, "speaker -1"),
        ({"number": 1000}, "1000"),
        ({"head_motion": 2}, "2"),
        ({"light": "room"}, "room"),
    ],
)
def test_what_cannot_be_performed_is_named(wrong, named):
    with pytest.raises(ValueError, match=named):
        perform(**{"speaker": 0, "sentence": SENTENCE} | wrong)


def test_only_clips_of_a_built_corpus_are_replayed(one):
    with pytest.raises(ValueError, match="not a clip of the embedded corpus"):
        replay({"id": "s1_bbaf2n", "seed": None})
    with pytest.raises(ValueError, match="give settings"):
        replay(replay(one).row)
    with pytest.raises(ValueError, match="no view 'side'"):
        replay(one).landmarks("side")


def test_every_emotion_is_had_at_no_intensity():
    plain = perform(1, SENTENCE, "neutral", 0.0)
    for emotion in EMOTIONS[1:]:
        flat = perform(1, SENTENCE, emotion, 0.0)
        assert flat.intensity == 0
        assert set(flat.row) == set(plain.row)
