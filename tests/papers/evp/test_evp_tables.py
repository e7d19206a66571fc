"""Tables of [ji2021]: clusters, crossed clips, editing, alignment."""

import numpy as np
import pytest
import torch

from thlab.corpus import perform
from thlab.data import open_splits
from thlab.evaluation.experiment import Experiment
from thlab.metrics.registry import metric_of
from thlab.papers.evp.evaluate import (
    alignment,
    amounts,
    clusters,
    codes,
    crossed,
    editing,
    mouths,
    portraits,
    poses,
    trained,
    videos,
)
from thlab.papers.evp.portrait.footage import Footage, starts
from thlab.training import make_fabric


@pytest.fixture(scope="module")
def experiment(tiny_corpus, tmp_path_factory):
    splits = open_splits("tiny")
    both = [*splits["val"], *splits["test"]]  # two people, for pairs
    test = type(splits["test"])("embedded", both, [], splits["test"].facts)
    patch = pytest.MonkeyPatch()
    patch.setenv("THLAB_HOME", str(tmp_path_factory.mktemp("home")))
    yield Experiment(
        paper="evp",
        fabric=make_fabric(accelerator="cpu", precision="32-true"),
        corpus="tiny",
        splits={**splits, "test": test},
        preset="fast",
        seeds=(0,),
        code=(),
    )
    patch.undo()


def columns(found):
    cells = {}
    for _, column, _, _, value in found:
        cells.setdefault(column, []).append(value)
    return {column: np.array(values) for column, values in cells.items()}


@pytest.mark.parametrize(
    "table",
    [mouths, clusters, crossed, editing, alignment, portraits, poses, videos, amounts],
)
def test_columns_have_metrics(table):
    for metric in table.COLUMNS.values():
        metric_of(metric)


def test_clusters_are_told_apart(experiment):
    codes = torch.tensor([[0.0, 0], [0, 0.1], [9, 9], [9, 9.1]])
    assert min(clusters.silhouettes(codes, torch.tensor([0, 0, 1, 1]))) > 0.9
    assert max(clusters.silhouettes(codes, torch.tensor([0, 1, 0, 1]))) < 0
    found = columns(clusters.measure(experiment, clusters.PRETRAINED, 0))
    assert set(found) == set(clusters.COLUMNS)
    n = len(experiment.splits["test"])
    assert len(found["silhouette"]) == n - 2 * 2 * 8  # of both people, two enrolled sentences
    assert len(found["silhouette, intense"]) < len(found["silhouette"])


def test_known_people_are_enrolled_by_what_they_said_in_training(experiment):
    """All of their new sentences are tested, and none of these enrols anyone."""
    speech = trained.speech_of_part(experiment, "seen")
    assert len(experiment.splits["heldout"]) == len(speech.texts) > 0
    assert codes.unenrolled_clips(speech, 2) == list(range(len(speech.texts)))
    train = trained.speeches_of(experiment).train
    assert not set(speech.texts) & {train.texts[int(c)] for own in train.neutral for c in own[:2]}
    for k, name in enumerate(speech.tensors.speakers):
        known = train.enrolment(train.tensors.speakers.index(name), 2)
        assert torch.equal(speech.enrolment(k, 2).mean, known.mean)
    assert len(trained.tested_faces(experiment, "seen").clips) == len(speech.texts)


def test_means_by_speaker_are_taken_away():
    codes = torch.tensor([[1.0], [3.0], [10.0]])
    found = clusters.means_by(torch.tensor([0, 0, 1]), codes)
    assert found.tolist() == [[2.0], [2.0], [10.0]]


def test_crossed_clips_share_neither_voice_nor_sentence_nor_mood(experiment):
    spoken = crossed.tested_faces(experiment, "unseen")
    speech = spoken.speech
    pairs = list(crossed.crossed_pairs(speech, list(spoken.clips)))
    assert len(pairs) > 7
    tensors = speech.tensors
    for content, emotion in pairs:
        assert tensors.speaker[content] != tensors.speaker[emotion]
        assert speech.texts[content] != speech.texts[emotion]
        assert tensors.emotion[content] != tensors.emotion[emotion]


def test_crossed_clips_are_measured(experiment):
    found = columns(crossed.measure(experiment, crossed.OURS, 0))
    assert set(found) == set(crossed.COLUMNS)
    assert set(found["emotion, of the emotion's clip"]) <= {0.0, 100.0}


def test_a_path_that_never_goes_back_is_in_order():
    assert editing.order(torch.tensor([0.0, 0.1, 0.5, 1.0])) == pytest.approx(1)
    assert editing.order(torch.tensor([1.0, 0.5, 0.1, 0.0])) == pytest.approx(-1)


def test_paths_are_measured(experiment):
    found = columns(editing.measure(experiment, editing.OURS, 0))
    assert set(found) == set(editing.COLUMNS)
    assert (found["largest step"] >= 1).all()
    assert len(found["order along alpha"]) == 2 * 8  # people, emotions


def test_a_clips_own_pose_changes_nothing():
    one = perform(800, ("put", "blue", "by", "u", "four", "now"), "happy")
    pair = alignment.pair_of(one, one, "s800")
    for way in ("a similarity a frame", "3D, residual carried along"):
        made = alignment.WAYS[way](pair.source, pair.target)
        assert np.abs(made - pair.exact).max() < 0.01
    assert not pair.turned.any()


def test_turning_in_3d_beats_two_dimensions(experiment):
    errors = {}
    for row in ("a similarity a frame", "3D, Eq. 8", "3D, residual carried along"):
        errors[row] = columns(alignment.measure(experiment, row, 0))["contour"].mean()
    assert errors["3D, residual carried along"] < 1
    assert errors["3D, Eq. 8"] < 0.5 * errors["a similarity a frame"]


@pytest.fixture
def one_person(monkeypatch):
    """One target, and one voice of each part."""
    monkeypatch.setattr(videos, "PEOPLE", (0,))
    monkeypatch.setattr(poses, "PEOPLE", (0,))
    monkeypatch.setattr(videos, "VOICES", 1)


def test_videos_have_a_truth_that_moves_as_the_footage(experiment, one_person):
    """Pose and light are the target's, the mouth is that of the clip that is heard."""
    shows = list(videos.shows(experiment))
    assert [show.part for show in shows] == ["unseen", "seen"]
    for show in shows:
        target = videos.target_of(experiment, 0)
        own = target.footage.landmarks[show.frames]
        assert show.truth.shape == (len(own), 64, 64, 3)
        nose = slice(27, 31)
        assert np.abs(show.landmarks[:, nose] - own[:, nose]).max() < 1.5
        assert np.abs(show.landmarks - own).max() > 1
    found = columns(videos.measure(experiment, videos.FIRST, 0))
    assert set(found) == set(videos.COLUMNS)
    assert 0.95 < found["flicker, unseen"][0] < 1.05  # a frozen picture


@pytest.mark.slow
def test_videos_of_nets_are_scored(experiment, one_person):
    for row in (videos.OURS, videos.LABEL, videos.SHUFFLED, videos.EXACT):
        found = columns(videos.measure(experiment, row, 0))
        assert set(found) == set(videos.COLUMNS)
    by_pose = columns(poses.measure(experiment, poses.OURS, 0))
    assert set(by_pose) <= set(poses.COLUMNS)


def test_part_of_footage_is_as_long_as_asked():
    lengths = [50, 60, 70, 80]
    frames = np.arange(260, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    footage = Footage(frames, np.zeros((260, 68, 2), np.float32), starts(lengths))
    some = amounts.part_of(footage, 4.0, 0)
    assert 100 <= len(some.frames) < 180
    own = some.start.diff().tolist()
    assert set(own) <= set(lengths)
    assert not np.array_equal(some.frames, amounts.part_of(footage, 4.0, 2).frames)
    assert amounts.part_of(footage, 0.0, 0).n_clips == 1
    assert amounts.part_of(footage, 60.0, 0) is footage


@pytest.mark.slow
def test_generators_learn_from_so_much_footage(experiment, monkeypatch):
    monkeypatch.setattr(amounts, "PEOPLE", (0,))
    monkeypatch.setattr(amounts, "SECONDS", {"6 s": 6.0})
    found = columns(amounts.measure(experiment, "6 s", 0))
    assert set(found) == set(amounts.COLUMNS)
    assert all(len(values) == 16 for values in found.values())  # 2 sentences in 8 emotions


def test_frames_fall_into_bands_of_yaw():
    values = np.arange(12.0)
    yaw = np.repeat([0.0, 2.9, 5.0, 8.0], [3, 3, 5, 1])
    assert poses.by_band(values, yaw) == {"yaw up to 3": 2.5, "yaw 3 to 7": 8.0}
