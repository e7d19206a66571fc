"""Tables of Zhou et al.: what each number is, by models whose answers are known."""

from dataclasses import replace
from statistics import mean

import pytest
import torch
from davs_tables import FAST, PAPER, QuickLandmarks, numbers, untrained_model
from torch import nn
from torch.nn.functional import normalize, one_hot

from thlab.evaluation.test_set import TestSet
from thlab.papers.davs.evaluate import experiment as shared
from thlab.papers.davs.evaluate import found, identity, leakage
from thlab.papers.davs.evaluate.experiment import (
    LANDMARKS,
    contents,
    encode,
    encode_person,
    settings,
)
from thlab.papers.davs.head import make_head
from thlab.papers.davs.model import DAVS, SEEN, Output
from thlab.papers.davs.reported import LEAKAGE


class Colours(nn.Module):
    """Who is seen, by the colours of the upper half."""

    def forward(self, x):
        return normalize(nn.functional.adaptive_avg_pool2d(x[:, :, :32], 4).flatten(1) - 0.3, dim=1)


@pytest.fixture
def test_set(experiment):
    return shared.test_set(experiment)


def test_word_clips_are_encoded_in_their_order_however_many(clips):
    model = untrained_model("disentangled", clips)
    which = torch.arange(40)
    out, alone = encode(model, clips, which), encode(model, clips, which[35:36])
    torch.testing.assert_close(out.F_w_v[35], alone.F_w_v[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(out.words_a[35], alone.words_a[0], rtol=0, atol=1e-5)
    F_p = encode_person(model, clips, which)
    assert F_p.shape == (40, SEEN, FAST.dim)
    torch.testing.assert_close(
        F_p[35], encode_person(model, clips, which[35:36])[0], rtol=0, atol=1e-5
    )


def test_table_1_has_a_row_for_each_source_and_loss_and_the_baselines(
    experiment, untrained, test_set
):
    spec = PAPER.tables["T1"]
    assert set(spec.rows) >= {"audio, L1", "video, L1", "audio, L1 + GAN", "video, L1 + GAN"}
    assert spec.numbers["LRW"]["video, L1 + GAN"] == {"PSNR": 26.8, "SSIM": 0.884}
    still = spec.measure(experiment, "repeated frame", 0)
    baseline = test_set.pictures(test_set.baselines()["repeated frame"])
    assert numbers(still, "repeated frame", "PSNR") == baseline["PSNR"]
    made = spec.measure(experiment, "video, L1 + GAN", 0)
    assert {column for _, column, *_ in made} == set(spec.columns)
    assert [clip for _, column, _, clip, _ in made if column == "LMD"] == [
        test_set.tensors.ids[k] for k in test_set.clips
    ]


def test_videos_are_moved_by_what_was_asked_for(test_set, clips):
    model = untrained_model("disentangled", clips)
    head = make_head(model)
    heard, seen, other = (
        contents(test_set, head, source) for source in ("audio", "video", "shuffled audio")
    )
    lengths = [len(real) for real in test_set.real]
    assert [len(f) for f in heard] == [len(f) for f in seen] == [len(f) for f in other] == lengths
    torch.testing.assert_close(seen[1], model.e_w_v(test_set.real[1][None])[0])
    assert not torch.equal(heard[0], other[0])


class Named(DAVS):
    """A model that is only known by its name."""

    def __init__(self, name):
        nn.Module.__init__(self)
        self.told = name == "entangled"


def test_svms_read_what_is_there_and_no_more(experiment, monkeypatch):
    """Features that hold the label and nothing, in turn."""
    rng = torch.Generator().manual_seed(0)

    def noise(n, d):
        return torch.randn((n, d), generator=rng)

    def word_in_person(model, clips, which):
        word, person = model.told * one_hot(clips.word[which], 24), one_hot(clips.person[which], 6)
        return (
            noise(len(which) * 12, 30).view(-1, 12, 30) + 20 * torch.cat([word, person], 1)[:, None]
        )

    def person_in_word(model, clips, which):
        features = noise(len(which) * 12, 6).view(-1, 12, 6)
        features = features + 20 * model.told * one_hot(clips.person[which], 6)[:, None]
        return Output(features, features, features[:, 0], features[:, 0])

    monkeypatch.setattr(leakage, "trained", lambda experiment, kind, name, seed: Named(name))
    monkeypatch.setattr(leakage, "encode_person", word_in_person)
    monkeypatch.setattr(leakage, "encode", person_in_word)
    spec = PAPER.tables["SVM"]
    before, after, chance = (spec.measure(experiment, row, 0) for row in spec.rows)
    for column in spec.columns:
        assert set(numbers(before, "before", column)) == {100}
    assert mean(numbers(after, "after", "person from f_w")) < 60
    assert set(numbers(after, "after", "person from f_p")) == {100}
    assert mean(numbers(after, "after", "word from F_p")) < 15
    assert numbers(chance, "chance", "word from F_p")[0] < 15
    assert 25 <= numbers(chance, "chance", "person from f_w")[0] < 50
    cells = [{where[1:4] for where in made} for made in (before, after, chance)]
    assert cells[0] == cells[1] == cells[2]  # or a claim could not pair them
    assert LEAKAGE == {"before": (27.8,), "after": (9.7,)}


class Mirror(DAVS):
    """A model that repeats what it is shown, pixel by pixel, or stands still."""

    def __init__(self, repeats: bool):
        nn.Module.__init__(self)
        self.config, self.repeats = FAST, repeats

    def e_w_v(self, frames):
        return frames.flatten(2)

    def e_w_a(self, rows):
        return rows.new_zeros(*rows.shape[:2], 3 * 64 * 64)

    def speak(self, image, f_w):
        still = image[:, None].expand(-1, f_w.shape[1], -1, -1, -1)
        return f_w.unflatten(2, (3, 64, 64)) if self.repeats and f_w.any() else still


class PointMirror(DAVS):
    """A lip reader that sees the points themselves; as a model it repeats them, or stands still."""

    def __init__(self, repeats: bool):
        nn.Module.__init__(self)
        self.config = settings(FAST, LANDMARKS)
        self.repeats = repeats

    def e_w_v(self, frames):
        return frames.flatten(2)

    def e_w_a(self, rows):
        return rows.new_zeros(*rows.shape[:2], 58)

    def speak(self, image, f_w):
        still = image[:, None].expand(-1, f_w.shape[1], -1, -1)
        return f_w.unflatten(2, (29, 2)) if self.repeats and f_w.any() else still


def test_table_4_finds_the_original_by_its_speech(experiment, monkeypatch):
    asked = []

    def model(experiment, kind, name, seed):
        asked.append((kind, name))
        return PointMirror(name != "entangled")

    monkeypatch.setattr(found, "trained", model)
    spec = PAPER.tables["T4"]
    made = {row: spec.measure(experiment, row, 0) for row in spec.rows}
    assert set(numbers(made["with"], "with", "video R@1")) == {100}
    for column in spec.columns:
        still = numbers(made["repeated frame"], "repeated frame", column)
        assert numbers(made["without"], "without", column) == still
    still = numbers(made["repeated frame"], "repeated frame", "audio R@1")
    assert numbers(made["with"], "with", "audio R@1") == still
    assert max(still) < 100
    # the lip reader is no model's own word space
    assert found.LIP_READER not in ("L_C + SC + L_adv", *found.MODELS.values())
    assert {kind for kind, _ in asked} == {LANDMARKS}


def test_a_still_picture_keeps_the_face_and_says_nothing(test_set):
    evaluators = {"ours": identity.encoder_evaluator(Colours())}
    known = identity.faces_of(test_set, evaluators)
    row = "another's face, video"
    still = identity.identity_scores(row, test_set, make_head(Mirror(False)), evaluators, known)
    assert min(numbers(still, row, "face, ours")) > max(numbers(still, row, "speaker, ours"))
    assert set(numbers(still, row, "opening")) == {0}
    mirror = identity.identity_scores(row, test_set, make_head(Mirror(True)), evaluators, known)
    assert min(numbers(mirror, row, "speaker, ours")) == pytest.approx(
        1, abs=1e-5
    )  # it shows who speaks instead
    assert max(numbers(mirror, row, "face, ours")) < 0.99
    own = identity.identity_scores(
        "own face, audio", test_set, make_head(Mirror(False)), evaluators, known
    )
    assert numbers(own, "own face, audio", "face, ours") == numbers(
        own, "own face, audio", "speaker, ours"
    )


def test_another_persons_face_needs_another_person(test_set):
    people = test_set.tensors.speaker[test_set.clips]
    others = identity.clips_of_others(test_set)
    assert (people[others] != people).all()
    alone = replace(test_set.tensors, speaker=torch.zeros_like(test_set.tensors.speaker))
    with pytest.raises(ValueError, match="one test speaker"):
        identity.clips_of_others(TestSet(alone, QuickLandmarks(), 3))


def test_dlib_sees_one_person_and_another(clips):
    pytest.importorskip("dlib")
    look, apart = identity.dlib_evaluator()
    tensors = clips.tensors
    a, b = (
        tensors.frames[tensors.start[clip] :][:24].permute(0, 3, 1, 2) / 255 for clip in (0, -2)
    )
    assert apart(look(a), look(a)) == 0
    assert apart(look(a[:12]), look(a[12:])) < apart(look(a), look(b))
