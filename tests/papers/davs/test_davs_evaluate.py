"""Tables of Zhou et al.: what each number is, by models whose answers are known."""

from dataclasses import replace
from statistics import mean

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize, one_hot

from thlab.evaluation.experiment import Experiment
from thlab.evaluation.test_set import TestSet
from thlab.papers import load_paper
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.evaluate import experiment as shared
from thlab.papers.davs.evaluate import found, identity, leakage, pictures, word_space
from thlab.papers.davs.evaluate.experiment import (
    LANDMARKS,
    LANDMARKS_BRIEFLY,
    PIXELS,
    contents,
    encode,
    encode_person,
    settings,
    trained,
    variants,
    words_heard,
)
from thlab.papers.davs.head import make_head
from thlab.papers.davs.losses import loss_weights
from thlab.papers.davs.model import DAVS, SEEN, Output
from thlab.papers.davs.reported import LEAKAGE, SCORES, SUPERVISIONS
from thlab.papers.runner import save_stage
from thlab.training import Run
from thlab.training.job import Job
from thlab.training.optim import build_seeded

FAST = DAVSConfig.fast()
PAPER = load_paper("davs")


class QuickLandmarks(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


class Colours(nn.Module):
    """Who is seen, by the colours of the upper half."""

    def forward(self, x):
        return normalize(nn.functional.adaptive_avg_pool2d(x[:, :, :32], 4).flatten(1) - 0.3, dim=1)


@pytest.fixture(scope="module")
def experiment(spoken, fabric, clips):
    """Trained and tested on the same word clips: what numbers mean does not depend on it."""
    splits = {"train": spoken, "test": spoken}
    made = Experiment("davs", fabric, "tiny", splits, "fast", (0, 1), PAPER.training_code)
    made.once("test set", lambda: TestSet(clips.tensors, QuickLandmarks(), 6))
    made.once(("training words",), lambda: clips)
    made.once(("test words", *clips.words), lambda: clips)
    made.once(("noisy words", 0.0, *clips.words), lambda: clips)
    return made


@pytest.fixture
def test_set(experiment):
    return shared.test_set(experiment)


def untrained_model(name, clips, seed=0, kind=PIXELS):
    config = variants(settings(FAST, kind))[name]
    model = build_seeded(lambda: DAVS(config, len(clips.words), 4), seed)
    return model.eval().requires_grad_(False)


@pytest.fixture
def untrained(monkeypatch, clips):
    """Each model as it begins."""

    def model(experiment, kind, name, seed):
        return untrained_model(name, clips, seed, kind)

    for module in (word_space, leakage, pictures, found):
        monkeypatch.setattr(module, "trained", model)


def numbers(made, row, column):
    """The values of a cell."""
    return [value for one, which, _, _, value in made if (one, which) == (row, column)]


def test_a_perfect_word_space_scores_full_marks(clips):
    which = clips.balanced(2)
    truth = one_hot(clips.word[which], len(clips.words)).float()
    F = torch.randn(len(which), 3, 4, generator=torch.Generator().manual_seed(0))
    out = Output(F, 2 * F, 10 * truth, -truth)
    scores = word_space.word_scores("ours", out, clips, which, "test part")
    assert {column for _, column, *_ in scores} == set(SCORES)
    for column in ("visual", "both", "V2A R@1", "A2V R@10"):
        assert set(numbers(scores, "ours", column)) == {100}
    assert set(numbers(scores, "ours", "V2A MedR")) == {1}
    assert set(numbers(scores, "ours", "audio")) == {0}
    out = Output(F, F.roll(1, 0), truth, truth)
    scores = word_space.word_scores("ours", out, clips, which, "test part")
    assert mean(numbers(scores, "ours", "V2A R@1")) < 20


def test_accuracy_is_a_number_a_word_of_a_speaker(clips):
    which = clips.balanced(3)
    guess = clips.word[which].clone()
    person, word = clips.person[which][0], clips.word[which][0]
    missed = (clips.person[which] == person) & (clips.word[which] == word)
    guess[missed] = (word + 1) % len(clips.words)
    made = word_space.accuracies(
        "ours", "visual", one_hot(guess, len(clips.words)).float(), clips, which, "test part"
    )
    by_hand = {(clips.tensors.speakers[person], f"{clips.words[word]}, test part"): 0.0}
    found = {(speaker, clip): value for _, _, speaker, clip, value in made}
    assert {where: value for where, value in found.items() if value < 100} == by_hand
    spoken_pairs = {
        (int(p), int(w)) for p, w in zip(clips.person[which], clips.word[which], strict=True)
    }
    assert len(found) == len(made) == len(spoken_pairs)


def test_retrieval_is_a_share_of_each_recordings_word_clips(clips):
    which = torch.arange(12)  # two recordings of six words
    ranks = torch.ones(12).long()
    ranks[:2] = 2
    made = word_space.retrievals("ours", "V2A", ranks, clips, which, "test part")
    assert numbers(made, "ours", "V2A R@1") == pytest.approx([100 * 4 / 6, 100])
    assert [clip for _, column, _, clip, _ in made if column == "V2A R@1"] == list(
        clips.tensors.ids[:2]
    )
    assert set(numbers(made, "ours", "V2A MedR")) == {1}


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


@pytest.mark.parametrize("name", ["T3", "T3-brief", "T3-pixels"])
def test_table_3_has_the_papers_rows_and_columns(experiment, untrained, name):
    spec = PAPER.tables[name]
    assert spec.rows == SUPERVISIONS
    assert tuple(spec.columns)[: len(SCORES)] == SCORES
    made = spec.measure(experiment, "L_C + L_adv", 1)
    assert {row for row, *_ in made} == {"L_C + L_adv"}
    assert {column for _, column, *_ in made} == set(spec.columns)
    assert len({where[:4] for where in made}) == len(made)
    # what is called noisy is the same sound here
    quiet = [where[2:] for where in made if where[1] == "both"]
    assert [where[2:] for where in made if where[1] == "both, 0 dB"] == quiet
    assert spec.numbers["LRW"]["L_C + SC + L_adv"]["V2A R@1"] == 64.2
    assert spec.numbers["LRW"]["Chung and Zisserman"] == {"visual": 61.1}


def scored_codes(experiment, clips, monkeypatch, F_v, F_a):
    """Table 3 of a model with these codes, that tells every word."""
    logits = one_hot(clips.word).float()
    monkeypatch.setattr(word_space, "encode", lambda *_: Output(F_v, F_a, logits, logits))
    monkeypatch.setattr(word_space, "words_heard", lambda *_: logits)
    monkeypatch.setattr(word_space, "trained", lambda *_: None)
    monkeypatch.setattr(word_space, "modality_told", lambda *_: [])
    return PAPER.tables["T3"].measure(experiment, "L_C", 0)


def test_what_is_found_among_ones_own_clips_may_be_lost_among_all(experiment, clips, monkeypatch):
    """Everyone's first clip has one code, everyone's second another."""
    number = torch.zeros(len(clips.word)).long()
    for person in clips.person.unique():
        own = clips.person == person
        number[own] = torch.arange(int(own.sum()))
    F = one_hot(number).float()[:, None]
    made = scored_codes(experiment, clips, monkeypatch, F, F)
    assert set(numbers(made, "L_C", "V2A R@1")) == {100}
    assert set(numbers(made, "L_C", "V2A MedR, all people")) == {len(clips.tensors.speakers)}


def test_lengths_count_where_codes_are_not_normalised(experiment, clips, monkeypatch):
    rng = torch.Generator().manual_seed(0)
    F = torch.randn(len(clips.word), 1, 64, generator=rng)
    lengths = torch.where(torch.arange(len(F)) % 2 == 0, 0.2, 5.0)
    made = scored_codes(experiment, clips, monkeypatch, F, lengths[:, None, None] * F)
    assert set(numbers(made, "L_C", "V2A R@1")) == {100}
    assert mean(numbers(made, "L_C", "V2A R@1, unnormalised")) == pytest.approx(50, abs=5)


def test_words_are_heard_as_with_the_pictures(clips):
    which = torch.arange(40)
    for name in ("L_C", "L_C + SC"):
        model = untrained_model(name, clips, kind=LANDMARKS)
        expected = encode(model, clips, which).words_a
        torch.testing.assert_close(words_heard(model, clips, which), expected)


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


def test_words_are_read_speaker_by_speaker_and_of_a_folder_both_parts(
    experiment, clips, fabric, tmp_path
):
    model = untrained_model("disentangled", clips)
    save_stage(PAPER, Job(FAST, clips, tmp_path, "disentangled", fabric, 0), model, {"seed": 0})
    spec = PAPER.tables["words"]
    embedded = replace(experiment, weights=tmp_path)
    folder = replace(embedded, corpus="/data/grid")
    made = spec.measure(embedded, "ours", 0)
    assert {column for _, column, *_ in made} == set(spec.columns)
    assert {speaker for _, _, speaker, *_ in made} == set(clips.tensors.speakers)
    assert len({where[:4] for where in made}) == len(made)
    chances = [spec.measure(one, "chance", 0) for one in (embedded, folder)]
    assert [len(numbers(one, "chance", "visual")) for one in chances] == [4, 8]
    assert len({where[:4] for where in chances[1]}) == len(chances[1])
    count = (clips.person == 0).sum().item()
    assert numbers(chances[0], "chance", "V2A R@1")[0] == pytest.approx(100 / count)
    assert numbers(chances[0], "chance", "A2V MedR")[0] == (count + 1) / 2
    assert numbers(chances[0], "chance", "audio")[0] == pytest.approx(100 / len(clips.words))


def test_a_model_is_trained_once_from_the_shared_word_space(
    experiment, clips, monkeypatch, tmp_path
):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    short = replace(experiment, overrides=("first=2", "steps=2"))
    short.once(("training words",), lambda: clips)
    model = trained(short, LANDMARKS, "disentangled", 0)
    space = trained(short, LANDMARKS, SUPERVISIONS[-1], 0)
    (folder,) = tmp_path.rglob("seed0")
    runs = sorted(path.name.partition("-")[0] for path in folder.iterdir())
    assert (len(runs), runs[1]) == (2, "first")
    assert space.config.painted == 0
    assert not any(p.requires_grad for p in model.parameters())
    monkeypatch.setattr(Run, "log", lambda *_: pytest.fail("it was trained before"))
    assert torch.equal(
        trained(short, LANDMARKS, "disentangled", 0).state_dict()["c_w.2.bias"],
        model.state_dict()["c_w.2.bias"],
    )


def test_each_variant_differs_in_what_its_name_says():
    made = variants(DAVSConfig.book())
    assert (made["L_C"].shared, made["L_C"].domain, made["L_C"].painted) == (False, 0, 0)
    assert (made["L_C + SC"].shared, made["L_C + SC"].domain) == (True, 0)
    assert (made["L_C + L_adv"].shared, made["L_C + L_adv"].domain) == (False, 0.5)
    assert made["entangled"] == replace(made["disentangled"], dispel_word=0, dispel_person=0)
    assert made["L1"] == replace(made["L1 + GAN"], gan=0)
    assert made["L1"].mouth_critic is False
    assert loss_weights(made["L1 + GAN"]).l1 == 4 * loss_weights(made["L1 + GAN"]).gan
    assert (
        len({config.word_space() for name, config in made.items() if name not in SUPERVISIONS}) == 1
    )


def test_kinds_of_models_differ_in_what_they_read_and_how_long():
    config = DAVSConfig.book()
    assert settings(config, LANDMARKS).geometry
    assert settings(config, LANDMARKS).first == config.first == 2000
    assert settings(config, LANDMARKS_BRIEFLY) == replace(settings(config, LANDMARKS), first=600)
    assert settings(config, PIXELS) == replace(config, first=1400)
    assert settings(DAVSConfig.fast(), LANDMARKS_BRIEFLY).first == 2
