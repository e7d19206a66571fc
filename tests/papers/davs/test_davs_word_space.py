"""Table 3 and the models that tables compare: what each number is, by codes that are known."""

from dataclasses import replace
from statistics import mean

import pytest
import torch
from davs_tables import FAST, PAPER, numbers, untrained_model
from torch.nn.functional import one_hot

from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.evaluate import word_space
from thlab.papers.davs.evaluate.experiment import (
    LANDMARKS,
    LANDMARKS_BRIEFLY,
    PIXELS,
    encode,
    settings,
    trained,
    variants,
    words_heard,
)
from thlab.papers.davs.losses import loss_weights
from thlab.papers.davs.model import Output
from thlab.papers.davs.reported import SCORES, SUPERVISIONS
from thlab.papers.runner import save_stage
from thlab.training import Run
from thlab.training.job import Job


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
