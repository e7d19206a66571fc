"""Tables of talking heads: what is trained once, what the claims need, and a head that knows the
truth.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from thlab.audio import speech_mask
from thlab.data.tensors import load_clips
from thlab.evaluation.comparison import Comparison, paired
from thlab.metrics import lmd
from thlab.papers.priors import PAPER
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.evaluate import emotions, heads, mouths, quality, sources
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import UNTRAINED, MFCCContent
from thlab.papers.priors.head.model import Generator, GeneratorConfig
from thlab.papers.priors.head.talking import HeadNet, PriorsHead
from thlab.papers.priors.head.temporal import TemporalGenerator
from thlab.papers.priors.reported import GAN_OURS, OURS, PLAIN, RECOGNISER
from thlab.papers.runner import make_table, open_experiment

SETTINGS = ("steps=1", "pretrain_steps=1", "hidden=8")


@pytest.fixture(scope="module")
def experiment(tiny_corpus):
    torch.set_num_threads(1)
    return open_experiment(
        PAPER, PAPER.tables["T1"], str(tiny_corpus), "fast", (0,), settings=SETTINGS
    )


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(0)
    source = UNTRAINED["mfcc"]()
    return PriorsHead(
        source.features, HeadNet(source.content, Generator(GeneratorConfig.fast(), 32))
    )


def test_the_tables_heads_have_few_steps_and_no_critics(experiment):
    book = heads.head_config(replace(experiment, preset="book", overrides=()))
    assert (book.steps, book.critics_from) == (600, 600)
    assert replace(book, steps=2000, critics_from=1500) == GANConfig.book()
    assert heads.head_config(replace(experiment, overrides=())) == GANConfig.fast()


@pytest.mark.parametrize("row", [GAN_OURS, PLAIN])
def test_rows_are_trained_once(experiment, row, home):
    head = heads.trained_head(experiment, row, 0)
    assert isinstance(head.net.generator, TemporalGenerator if row == GAN_OURS else Generator)
    assert isinstance(head.net.content, MFCCContent) == (row == PLAIN)
    (log,) = home.glob("runs/priors/*/head-*/seed0/head/log.jsonl")
    before = log.read_bytes()
    again = heads.trained_head(experiment, row, 0)
    assert log.read_bytes() == before
    for x, y in zip(head.parameters(), again.parameters(), strict=True):
        assert torch.equal(x, y)


def test_all_sources_hear_as_far(experiment):
    """A click is heard in frames up to 140 ms away, whatever the source listens with."""
    audio = torch.zeros(25 * 640)
    audio[12 * 640 + 320] = 1.0  # the middle of frame 12
    for row in (OURS, RECOGNISER, PLAIN):
        features = sources.source_of(experiment, row, 0).features
        rows = features(audio, 25).flatten(1)
        quiet = features(1e-9 * torch.ones(25 * 640), 25).flatten(1)
        changed = (rows - quiet).abs().amax(1) > 1e-4
        heard = changed.nonzero()[:, 0]
        assert (heard.min().item(), heard.max().item()) == (9, 15), row


def test_mouths_are_scored_in_pixels_of_the_view(experiment):
    """True points have LMD 0, an image that stands still the LMD of its landmarks."""
    asked = mouths.asked_clips(experiment, False)
    perfect = [mouths.true_points(asked, clip) for clip in asked.clips]
    assert all(value == 0 for *_, value in mouths.score(asked, "r", "clean", perfect, 64))
    still = [
        asked.points[asked.image[clip]].expand(len(true), -1, -1)
        for clip, true in zip(asked.clips, perfect, strict=True)
    ]
    off = mouths.score(asked, "r", "clean", still, 64)
    for (_, _, _, _, value), clip in zip(off, asked.clips, strict=True):
        start, end = asked.tensors.start[clip : clip + 2].tolist()
        exact = asked.tensors.landmarks[start:end]
        image = asked.tensors.landmarks[asked.image[clip]].expand_as(exact)
        assert value == pytest.approx(lmd(image, exact), rel=1e-4)


def test_test_sentences_are_new(experiment):
    known = {clip.text for clip in experiment.splits["train"]}
    new = mouths.new_sentences(experiment)
    assert not {clip.text for clip in new} & known
    assert len(new) == sum(clip.text not in known for clip in experiment.splits["test"]) > 0


def test_quiet_clips_are_the_same_speech_without_a_floor(experiment):
    clips = list(experiment.splits["test"])[:2]
    tensors = load_clips(clips, False)
    quiet = mouths.without_floor(tensors, clips)
    for loud, without, clip in zip(tensors.audio, quiet.audio, clips, strict=True):
        assert len(loud) == len(without)
        assert (without[:320] == 0).all()  # nobody speaks yet
        assert (loud[:320] != 0).any()
        noise = (loud - without).square().mean().sqrt()
        speech = without[speech_mask(without)].square().mean().sqrt()
        level = 20 * torch.log10(noise / speech).item()
        assert level == pytest.approx(float(clip.labels["floor_db"]), abs=1.0)


class QuickNet(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


def test_table_1_has_what_its_claims_need(experiment):
    table = make_table(PAPER, experiment, "T1", PAPER.tables["T1"].rows)
    for name, claim in CLAIMS.items():
        for one in claim.comparisons if claim.table == "T1" else ():
            if isinstance(one, Comparison):
                assert np.isfinite(paired(one, table)[0]).all(), name
    assert table.evidence["pixels"] == 64
    assert set(table.rows) == set(mouths.T1_ROWS)
    for level in mouths.LEVELS:  # it hears nothing
        assert table.numbers("mean mouth", level) == table.numbers("mean mouth", "clean")
    assert table.measured("ours, shuffled audio") == ["clean"]


def test_table_2_has_its_rows(experiment, head, monkeypatch):
    monkeypatch.setattr(heads, "CLIPS", 12)
    monkeypatch.setattr(heads, "head_of", lambda *_: head)
    monkeypatch.setattr(heads, "load_weights", lambda *_: QuickNet())
    table = make_table(PAPER, experiment, "T2", PAPER.tables["T2"].rows)
    assert set(table.rows) == set(heads.T2_ROWS)
    assert table.measured("ours") == list(heads.COLUMNS)
    monkeypatch.setattr(heads, "TestSet", lambda *_: pytest.fail("it was scored before"))
    again = make_table(PAPER, experiment, "T2", PAPER.tables["T2"].rows)
    assert again.records.equals(table.records)


def test_emotions_are_compared_speaker_by_speaker(experiment):
    table = make_table(PAPER, experiment, "emotions", PAPER.tables["emotions"].rows)
    assert set(table.records["clip"]) == {""}
    for column in emotions.COLUMNS:
        assert len(table.numbers("ours", column)) == 1  # tiny has one test speaker
    assert table.numbers("mean mouth", "happy, range") == [0.0]
    data = emotions.neutral(experiment.train_sound)
    assert set(data.emotion.tolist()) == {data.emotions.index("neutral")}
    start, end = data.start[1:3].tolist()
    which = experiment.train_sound.ids.index(data.ids[1])
    first, last = experiment.train_sound.start[which : which + 2].tolist()
    assert torch.equal(data.landmarks[start:end], experiment.train_sound.landmarks[first:last])


def test_quality_of_a_head_that_knows_the_truth(experiment, monkeypatch):
    """A head that is told the true frames: nearest to the truth of all rows but the truth's own."""

    class Oracle(nn.Module):
        size = 64

        def content(self, speech):
            return (speech.lips + 0.01).clamp(max=1).flatten(1)

        def render(self, image, content, controls=None):
            return content.unflatten(-1, (3, 64, 64))

    monkeypatch.setattr(
        "thlab.evaluation.test_set.mediapipe_points",
        lambda frames: (
            frames.reshape(len(frames), -1)[:, :956].reshape(-1, 478, 2).astype(np.float32)
        ),
    )
    monkeypatch.setattr(quality, "load_head", lambda weights: Oracle())
    monkeypatch.setattr(quality, "CLIPS", 4)
    monkeypatch.setattr(quality, "MEDIAPIPE", 2)
    table = make_table(PAPER, experiment, "quality", ("ours",))
    assert table.rows == ["truth", "ours", "ours, shuffled audio", "repeated frame", "mean frame"]
    assert table.interval("ours", "LMD").over == "1 seed, 4 clips of one speaker"
    assert len(table.values("ours", "LMD, mediapipe")) == 2
    mean = {
        row: {c: table.values(row, c).mean() for c in table.measured(row)} for row in table.rows
    }
    assert mean["ours"]["LMD"] < 0.3 * mean["repeated frame"]["LMD"]
    assert mean["ours"]["opening"] > 0.9 > 0.5 > mean["ours, shuffled audio"]["opening"]
    assert mean["ours"]["PSNR"] == pytest.approx(40, abs=3)  # 0.01 brighter, but for what is white
    assert "PSNR" not in table.measured("truth")
