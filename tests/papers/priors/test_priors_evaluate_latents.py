"""Tables of latents: what is probed, what is shared between runs, exact factors drawn again; and what tables hold."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score

from thlab.audio import speech_mask
from thlab.corpus import speech as corpus_speech
from thlab.evaluation.comparison import judge
from thlab.papers.priors import tables
from thlab.papers.priors.bench import open_experiment
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.evaluate import evaluate
from thlab.training import make_fabric

VAE = {"steps": 2, "pretrain_steps": 1, "hidden": 8}


@pytest.fixture(scope="module")
def fabric():
    torch.set_num_threads(1)
    return make_fabric("cpu", precision="32-true")


@pytest.fixture(scope="module")
def bench(tiny_corpus, fabric):
    return open_experiment(fabric, str(tiny_corpus), "fast", (0, 1), **VAE)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Runs go to a folder of the test's own."""
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    return tmp_path / "runs" / "priors"


def test_codes_are_the_posterior_means(bench):
    vae, frames = bench.vae(0), bench.test_speech.frames[::7]
    codes = tables.encode(vae, bench.test_speech, frames)
    posterior = vae(bench.test_speech.batch(frames)["x"])
    for k in "ces":
        torch.testing.assert_close(codes[k], getattr(posterior, k).mean)


def test_means_of_clips():
    codes = torch.randn(9, 3)
    clip = torch.tensor([0, 0, 1, 2, 2, 2, 2, 1, 0])
    expected = torch.stack([codes[clip == c].mean(0) for c in range(3)])
    torch.testing.assert_close(tables.clip_means(codes, clip, 3), expected)


def test_spread_and_balanced_accuracy():
    table = torch.randn(21, 32)
    distances = torch.cdist(table, table).square().sum() / (2 * 21 * 21)  # half the mean squared distance of pairs
    assert tables.spread(table) == pytest.approx(distances.sqrt().item(), rel=1e-5)
    assert tables.spread(torch.ones(5, 4)) == 0
    label, said = torch.randint(4, (2, 300))
    assert tables.balanced_accuracy(said, label) == pytest.approx(balanced_accuracy_score(label, said))


def test_probes_read_what_a_latent_was_given(bench, monkeypatch):
    """z_c that is the viseme, z_e that is the emotion plus noise which a clip's mean removes, z_s that is nothing."""

    def planted(vae, speech, frames):
        rng = torch.Generator().manual_seed(0)
        emotion = torch.eye(8)[speech.memory.emotion[speech.memory.clip_of[frames]]]
        noise = torch.randn(len(frames), 8, generator=rng)
        return {"c": torch.eye(21)[speech.memory.viseme[frames]], "e": emotion + noise, "s": noise}

    monkeypatch.setattr(tables, "encode", planted)
    found = tables.probe_latents(bench, bench.vae(0))
    share = tables.chance(bench)
    assert found["content"]["viseme"] > 99
    assert found["content"]["emotion"] < share["emotion, without"][0] + 10
    assert share["emotion, without"][0] == 12.5
    assert found["emotion"]["emotion"] < 80 < found["emotion"]["emotion of clips"]
    assert found["emotion"]["viseme"] == pytest.approx(share["viseme, without"][0], abs=5)
    assert found["sequence"]["emotion of clips"] < 40


def test_table_3_and_what_its_runs_share(bench, home, monkeypatch):
    numbers = {row: dict.fromkeys(tables.LABELS, 50.0) for row in tables.ROWS}
    monkeypatch.setattr(tables, "probe_latents", lambda bench, vae: numbers)
    table = tables.table_3(bench)
    assert table.numbers("content", "viseme, with margin") == [50.0, 50.0]
    assert table.paper_numbers["GRID and CREMA-D"]["emotion"]["emotion, without"] == 55.3
    (comparison,) = CLAIMS["priors.margin-content-viseme"].comparisons
    assert judge(comparison, table)["interval"] == [0, 0]
    names = {folder.name for folder in next(home.iterdir()).joinpath("fast").iterdir()}
    assert names == {"stage1-1", "vae-1-2", "vae-1-2-beta0"}
    exchanged = tables.variances(bench)
    assert set(exchanged.measured("content, variances exchanged")) == {
        f"{label}, with margin" for label in tables.LABELS
    }
    assert (home / next(home.iterdir()).name / "fast" / "vae-1-2-var_latent1-var_prior0.25").is_dir()
    monkeypatch.setattr(type(bench), "vae", lambda *_, **__: pytest.fail("it was trained and probed before"))
    assert tables.table_3(bench).records.equals(table.records)


def test_vaes_that_differ_in_margin_alone_share_stage_1_and_weights_of_another_seed_differ(bench):
    assert bench.vae(0).config.beta == bench.config.beta
    assert bench.vae(0, beta=0.0).config.beta == 0
    assert torch.equal(bench.vae(0).mu["c"], bench.vae(0).mu["c"])
    assert not torch.equal(bench.vae(0).mu["c"], bench.vae(1).mu["c"])


def test_sweep_multiplies_the_papers_weights(bench, monkeypatch):
    asked = []
    monkeypatch.setattr(tables, "probe_latents", lambda bench, vae: asked.append(vae.config) or {"content": {}})
    tables.sweep(replace(bench, seeds=(0,)), scales=(1, 10))
    assert [(config.alpha, config.beta) for config in asked] == [(10, 1), (10, 0), (100, 10), (100, 0)]


def test_collapse_feeds_its_claim(bench):
    table = tables.collapse(bench)
    assert table.numbers("chance", "accuracy") == [1 / len(bench.test.viseme.unique())] * 2
    assert table.numbers("with", "spread")[0] > 4  # √32 where nothing is learnt yet
    assert all("interval" in judge(one, table) for one in CLAIMS["priors.collapse"].comparisons)


def test_pitch_is_what_the_synthesiser_was_told(bench, monkeypatch):
    told = []
    original = corpus_speech.variant
    monkeypatch.setattr(corpus_speech, "variant", lambda *args: told.append(original(*args)) or told[-1])
    clip = bench.clips[5]
    pitch, rate = tables.pitch_and_rate(clip)
    low, high = (float(word) for word in told[0].split("pitch ")[1].split("\n")[0].split())
    assert pitch == (low + high) / 2
    assert rate == pytest.approx(len(clip.phones) / (clip.phones[-1].end - clip.phones[0].start))


def test_noise_is_of_the_stated_level(bench):
    memory, levels = tables.noisy(bench.test)
    assert len(levels.unique()) > 3
    for clip in range(8):
        added = memory.audio[clip] - bench.test.audio[clip]
        if levels[clip] == 0:
            assert not added.any()
        else:
            mask = speech_mask(bench.test.audio[clip])
            ratio = added.square().mean() / bench.test.audio[clip][mask].square().mean()
            db = tables.NOISE_LEVELS_DB[levels[clip] - 1]
            assert 10 * torch.log10(ratio).item() == pytest.approx(db, abs=0.01)


def test_quantiles():
    x = torch.randn(100)
    assert np.array_equal(tables.quantiles(x), np.searchsorted(np.quantile(x, (0.25, 0.5, 0.75)), x))


def test_leakage_finds_planted_factors(bench, monkeypatch):
    """A latent that is the noise level and another that is the emotion, both one number a dimension."""

    def planted(vae, speech, frames):
        clip = speech.memory.clip_of[frames]
        noise = tables.noisy(bench.test)[1][clip].float()
        emotion = torch.eye(8)[speech.memory.emotion[clip]]
        other = torch.randn(len(frames), 2, generator=torch.Generator().manual_seed(0))
        return {"c": torch.stack([noise, noise.square()], 1), "e": emotion, "s": other}

    monkeypatch.setattr(tables, "encode", planted)
    monkeypatch.setattr(type(bench), "vae", lambda *_: None)
    table = tables.leakage(replace(bench, seeds=(0,)))
    assert table.numbers("z_e", "emotion") == [100]
    assert table.numbers("z_c", "noise")[0] > 95
    assert table.numbers("z_s", "noise")[0] < 60
    assert "speaker" not in table.columns  # tiny has one test speaker
    assert {"viseme", "pitch", "rate", "MIG", "SAP", "disentanglement"} <= set(table.columns)


def test_evaluate_writes_what_it_returns(tiny_corpus, fabric, tmp_path):
    with pytest.raises(ValueError, match="no table 'T9'"):
        evaluate(fabric, "T9")
    with pytest.raises(ValueError, match="'huge' is not a preset"):
        evaluate(fabric, "collapse", str(tiny_corpus), "huge")
    found = evaluate(fabric, "collapse", str(tiny_corpus), "fast", 1, tmp_path / "results", **VAE)
    stored = tables.Table.load(tmp_path / "results" / "priors.collapse.json")
    assert stored.markdown() == found["collapse"].markdown()
    assert {"command", "seeds", "preset", "corpus", "hardware", "steps", "commit"} <= set(stored.evidence)
