"""Tables of Zhou et al.: what each number is, by models whose answers are known."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize, one_hot

from thlab.evaluation.claims import VERDICTS, settle
from thlab.evaluation.test_set import TestSet
from thlab.papers.davs import tables
from thlab.papers.davs.bench import Experiment, variants
from thlab.papers.davs.claims import CLAIMS
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.evaluate import evaluate
from thlab.papers.davs.model import DAVS, Output
from thlab.papers.davs.reported import LEAKAGE, SUPERVISIONS
from thlab.training import Run
from thlab.training.optim import build_seeded

FAST = DAVSConfig.fast()


class QuickJudge(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


class Colours(nn.Module):
    """Who is seen, by the colours of the upper half."""

    def forward(self, x):
        return normalize(nn.functional.adaptive_avg_pool2d(x[:, :, :32], 4).flatten(1) - 0.3, dim=1)


@pytest.fixture(scope="module")
def bench(clips, spoken, fabric):
    """Trained and tested on the same word clips: what numbers mean does not depend on it."""
    shared = ("davs", fabric, clips.memory, clips.memory, spoken, "tiny", "fast", (0, 1))
    return Experiment(*shared, config=FAST, words=clips, test_words=clips)


@pytest.fixture
def untrained(monkeypatch, clips):
    """Each model as it begins."""

    def model(self, seed, name):
        made = build_seeded(lambda: DAVS(variants(self.config)[name], len(clips.words), 4), seed)
        return made.eval().requires_grad_(False)

    monkeypatch.setattr(Experiment, "model", model)


@pytest.fixture(scope="module")
def stage(bench):
    return TestSet(bench.test, QuickJudge(), 6)


def test_a_perfect_word_space_scores_full_marks(clips, monkeypatch):
    which = clips.even(2)
    truth = one_hot(clips.word[which], len(clips.words)).float()
    F = torch.randn(len(which), 3, 4, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(tables, "encode", lambda *_: Output(F, 2 * F, 10 * truth, -truth))
    scores = tables.word_scores(Mirror(False), clips, which)
    assert set(scores) == set(tables.SCORES)
    assert (scores["visual"], scores["both"], scores["V2A R@1"], scores["A2V R@10"], scores["V2A MedR"]) == (
        100,
    ) * 4 + (1,)
    assert scores["audio"] == 0
    monkeypatch.setattr(tables, "encode", lambda *_: Output(F, F.roll(1, 0), truth, truth))
    assert tables.word_scores(Mirror(False), clips, which)["V2A R@1"] < 20


def test_accuracy_is_a_mean_over_words():
    logits = one_hot(torch.tensor([0, 0, 0, 0, 1]), 2).float()
    assert tables.accuracy(logits, torch.tensor([0, 0, 0, 1, 1])) == pytest.approx(100 * (1 + 0.5) / 2)


def test_word_clips_are_encoded_in_their_order_however_many(clips):
    model = build_seeded(lambda: DAVS(FAST, len(clips.words), 4), 0).eval().requires_grad_(False)
    which = torch.arange(40)
    out, alone = tables.encode(model, clips, which), tables.encode(model, clips, which[35:36])
    torch.testing.assert_close(out.F_w_v[35], alone.F_w_v[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(out.words_a[35], alone.words_a[0], rtol=0, atol=1e-5)
    F_p = tables.encode_person(model, clips, which)
    assert F_p.shape == (40, FAST.seen, FAST.dim)
    torch.testing.assert_close(F_p[35], tables.encode_person(model, clips, which[35:36])[0], rtol=0, atol=1e-5)


def test_table_3_has_the_papers_rows_and_columns(bench, untrained, tmp_path):
    table = tables.table_3(bench)
    assert tuple(table.rows) == SUPERVISIONS
    assert all(len(table.values(row, column)) == 2 for row in table.rows for column in table.columns)
    assert table.paper_numbers["LRW"]["L_C + SC + L_adv"]["V2A R@1"] == 64.2
    assert table.paper_numbers["LRW"]["Chung and Zisserman"] == {"visual": 61.1}
    table.save(tmp_path)
    settled = {record["id"]: record for record in settle(CLAIMS, tmp_path)}
    assert {record["verdict"] for record in settled.values()} <= set(VERDICTS)
    assert all("interval" in one for one in settled["davs.modalities"]["evidence"]["comparisons"])


def test_table_1_has_a_row_for_each_source_and_loss_and_what_must_be_beaten(bench, stage, untrained):
    table = tables.table_1(replace(bench, seeds=(0,)), stage)
    assert set(table.rows) >= {"audio, L1", "video, L1", "audio, L1 + GAN", "video, L1 + GAN"}
    assert table.numbers("repeated frame", "PSNR") == [stage.means(stage.trivial()["repeated frame"])["PSNR"]]
    assert table.paper_numbers["LRW"]["video, L1 + GAN"] == {"PSNR": 26.8, "SSIM": 0.884}
    assert "shuffled audio, L1 + GAN" in table.rows


def test_videos_are_moved_by_what_was_asked_for(bench, stage, untrained):
    model = bench.model(0, "disentangled")
    heard, seen, other = (tables.features(stage, model, source) for source in ("audio", "video", "shuffled audio"))
    assert [len(f) for f in heard] == [len(f) for f in seen] == [len(f) for f in other] == [len(r) for r in stage.real]
    torch.testing.assert_close(seen[1], model.e_w_v(stage.real[1][None])[0])
    assert not torch.equal(heard[0], other[0])
    images = [real[0] for real in stage.real]
    made = tables.perform(model, images, heard)
    torch.testing.assert_close(made[2], model.speak(images[2][None], heard[2][None])[0])


def test_svms_read_what_is_there_and_no_more(bench, monkeypatch):
    """Features that hold the label and nothing, in turn."""

    class Named(DAVS):
        def __init__(self, name):
            nn.Module.__init__(self)
            self.told = name == "entangled"

    monkeypatch.setattr(Experiment, "model", lambda self, seed, name: Named(name))

    rng = torch.Generator().manual_seed(0)

    def noise(n, d):
        return torch.randn((n, d), generator=rng)

    def word_in_person(model, clips, which):
        word, person = model.told * one_hot(clips.word[which], 24), one_hot(clips.person[which], 6)
        return noise(len(which) * 12, 30).view(-1, 12, 30) + 20 * torch.cat([word, person], 1)[:, None]

    def person_in_word(model, clips, which):
        features = noise(len(which) * 12, 6).view(-1, 12, 6)
        features = features + 20 * model.told * one_hot(clips.person[which], 6)[:, None]
        return Output(features, features, features[:, 0], features[:, 0])

    monkeypatch.setattr(tables, "encode_person", word_in_person)
    monkeypatch.setattr(tables, "encode", person_in_word)
    table = tables.leakage(bench)
    assert all(table.numbers("before", column) == [100, 100] for column in table.columns)
    assert max(table.numbers("after", "person from f_w")) < 60
    assert table.numbers("after", "person from f_p") == [100, 100]
    assert max(table.numbers("after", "word from F_p")) < 15
    assert table.numbers("chance", "word from F_p")[0] < 15
    assert 25 <= table.numbers("chance", "person from f_w")[0] < 50
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


def test_table_4_finds_the_original_by_its_speech(bench, monkeypatch):
    monkeypatch.setattr(Experiment, "model", lambda self, seed, name: Mirror(name != "entangled"))
    table = tables.table_4(bench)
    still = {column: table.numbers("repeated frame", column) for column in table.columns}
    assert table.numbers("with", "video R@1") == [100, 100]
    assert {column: table.numbers("without", column) for column in table.columns} == still
    assert table.numbers("with", "audio R@1") == still["audio R@1"]


def test_a_still_picture_keeps_the_face_and_says_nothing(bench, stage):
    judges = {"ours": tables.face_judge(Colours())}
    table = tables.identity(bench, stage, Mirror(False), judges)
    row = "another's face, video"
    assert min(table.numbers(row, "face, ours")) > max(table.numbers(row, "speaker, ours"))
    assert set(table.numbers(row, "opening")) == {0}
    mirror = tables.identity(bench, stage, Mirror(True), judges)
    assert min(mirror.numbers(row, "speaker, ours")) == pytest.approx(1, abs=1e-5)  # it shows who speaks instead
    assert max(mirror.numbers(row, "face, ours")) < 0.99
    alone = replace(stage.memory, speaker=torch.zeros_like(stage.memory.speaker))
    with pytest.raises(ValueError, match="one test speaker"):
        tables.identity(bench, TestSet(alone, QuickJudge(), 3), Mirror(True), judges)


def test_dlib_sees_one_person_and_another(bench):
    pytest.importorskip("dlib")
    look, apart = tables.dlib_judge()
    memory = bench.test
    a, b = (memory.frames[memory.start[clip] :][:24].permute(0, 3, 1, 2) / 255 for clip in (0, -2))
    assert apart(look(a), look(a)) == 0
    assert apart(look(a[:12]), look(a[12:])) < apart(look(a), look(b))


def test_words_are_read_speaker_by_speaker_and_a_folder_names_its_table(bench, untrained):
    model = bench.model(0, "disentangled")
    embedded = tables.words_read(bench, model)
    folder = tables.words_read(replace(bench, corpus="/data/grid"), model)
    assert (embedded.table, folder.table) == ("words", "words-grid")
    people = [name for _, name, _ in embedded.values("ours", "visual").index]
    assert people == list(bench.test.speakers)
    assert [len(table.values("ours", "visual")) for table in (embedded, folder)] == [4, 8]  # of a folder both parts
    count = (bench.words.person == 0).sum().item()
    assert embedded.numbers("chance", "V2A R@1")[0] == pytest.approx(100 / count)
    assert embedded.numbers("chance", "A2V MedR")[0] == (count + 1) / 2
    assert embedded.numbers("chance", "audio")[0] == pytest.approx(100 / len(bench.words.words))


def test_a_model_of_the_bench_is_trained_once_from_the_shared_word_space(bench, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    short = replace(bench, config=replace(FAST, first=2, steps=2))
    model = short.model(0, "disentangled")
    space = short.model(0, SUPERVISIONS[-1])
    folders = sorted(path.parent.name for path in tmp_path.rglob("seed0"))
    assert folders == ["L_C+SC+L_adv-2", "disentangled-2-2"]
    assert space.config.painted == 0
    assert not any(p.requires_grad for p in model.parameters())
    monkeypatch.setattr(Run, "log", lambda *_: pytest.fail("it was trained before"))
    assert torch.equal(short.model(0, "disentangled").state_dict()["c_w.2.bias"], model.state_dict()["c_w.2.bias"])


def test_each_variant_differs_in_what_its_name_says():
    made = variants(DAVSConfig.book())
    assert (made["L_C"].shared, made["L_C"].domain, made["L_C"].painted) == (False, 0, 0)
    assert (made["L_C + SC"].shared, made["L_C + SC"].domain) == (True, 0)
    assert (made["L_C + L_adv"].shared, made["L_C + L_adv"].domain) == (False, 0.5)
    assert made["entangled"] == replace(made["disentangled"], dispel_word=0, dispel_person=0)
    assert made["without GAN"] == replace(made["disentangled"], gan=0)
    assert len({config.word_space() for name, config in made.items() if name not in SUPERVISIONS}) == 1


def test_an_unknown_table_or_preset_is_named(fabric, tmp_path):
    with pytest.raises(ValueError, match="no table 'T9'"):
        evaluate(fabric, "T9", out=tmp_path)
    with pytest.raises(ValueError, match="'huge' is not a preset"):
        evaluate(fabric, "T3", corpus="tiny", preset="huge", out=tmp_path)
