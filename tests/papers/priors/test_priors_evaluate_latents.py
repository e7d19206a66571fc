"""Tables of latents: what is probed, what is shared between runs, exact factors drawn again; and
what tables hold.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score

from thlab.audio import speech_mask
from thlab.corpus import speech as corpus_speech
from thlab.evaluation.comparison import settle_comparison
from thlab.evaluation.table import Table
from thlab.metrics.probes import linear_probe
from thlab.papers.priors import PAPER, readers
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.data import SegmentBatch, SpeechSegments
from thlab.papers.priors.evaluate import codes, collapse, leakage, probes, vaes
from thlab.papers.priors.losses import log_likelihood
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.runner import evaluate, make_table, open_experiment

SETTINGS = ("steps=2", "pretrain_steps=1", "hidden=8")


@pytest.fixture(scope="module")
def experiment(tiny_corpus):
    torch.set_num_threads(1)
    return open_experiment(
        PAPER, PAPER.tables["T3"], str(tiny_corpus), "fast", (0, 1), settings=SETTINGS
    )


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Runs and results go to a folder of the test's own."""
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    return tmp_path


def table_of(experiment, name):
    return make_table(PAPER, experiment, name, PAPER.tables[name].rows)


def untrained(experiment):
    torch.manual_seed(0)
    return SequenceVAE(
        experiment.config(VAEConfig), 21, 8, len(experiment.train_sound.ids)
    ).requires_grad_(False)


def test_codes_are_the_posterior_means(experiment):
    vae, segments = untrained(experiment), SpeechSegments(experiment.test_sound)
    frames = segments.frames[::7]
    found = codes.encode(vae, segments, frames)
    posterior = vae(segments.batch(frames).x)
    for k in "ces":
        torch.testing.assert_close(found[k], getattr(posterior, k).mean)


def test_means_of_clips():
    z = torch.randn(9, 3)
    clip = torch.tensor([0, 0, 1, 2, 2, 2, 2, 1, 0])
    expected = torch.stack([z[clip == c].mean(0) for c in range(3)])
    torch.testing.assert_close(codes.clip_means(z, clip, 3), expected)


def test_shares_of_clips_are_those_of_their_segments(experiment):
    test = experiment.test_sound
    hits = torch.rand(len(test.viseme), generator=torch.Generator().manual_seed(0)) < 0.3
    found = codes.of_clips(test, "row", "column", hits, test.clip_of)
    assert [clip for _, _, _, clip, _ in found] == list(test.ids)
    lengths = test.start.diff().tolist()
    pooled = sum(value * length for (*_, value), length in zip(found, lengths, strict=True)) / sum(
        lengths
    )
    assert pooled == pytest.approx(100 * hits.double().mean().item())


def test_spread_and_balanced_accuracy():
    table = torch.randn(21, 32)
    distances = torch.cdist(table, table).square().sum() / (
        2 * 21 * 21
    )  # half the mean squared distance of pairs
    assert collapse.spread(table) == pytest.approx(distances.sqrt().item(), rel=1e-5)
    assert collapse.spread(torch.ones(5, 4)) == 0
    label, said = torch.randint(4, (2, 300))
    assert collapse.balanced_accuracy(said, label) == pytest.approx(
        balanced_accuracy_score(label, said)
    )


def test_probes_read_what_a_latent_was_given(experiment, monkeypatch):
    """z_c that is the viseme, z_e that is the emotion plus noise which a clip's mean removes, z_s
    that is nothing.
    """

    def planted(vae, segments, frames):
        rng = torch.Generator().manual_seed(0)
        emotion = torch.eye(8)[segments.batch(frames).emotion]
        noise = torch.randn(len(frames), 8, generator=rng)
        return {"c": torch.eye(21)[segments.batch(frames).viseme], "e": emotion + noise, "s": noise}

    monkeypatch.setattr(probes, "encode", planted)
    cells: dict = {}
    for row, label, _, _, value in probes.probe_latents(experiment, untrained(experiment)):
        cells.setdefault((row, label), []).append(value)
    for row, column, _, _, value in probes.chance(experiment):
        cells.setdefault((row, column), []).append(value)
    found = {cell: np.mean(values) for cell, values in cells.items()}
    share = {label: found["chance", f"{label}, without"] for label in probes.LABELS}
    assert found["content", "viseme"] > 99
    assert found["content", "emotion"] < share["emotion"] + 10
    assert share["emotion"] == 12.5
    assert found["emotion", "emotion"] < 80 < found["emotion", "emotion of clips"]
    assert found["emotion", "viseme"] == pytest.approx(share["viseme"], abs=5)
    assert found["sequence", "emotion of clips"] < 40
    train, test = (
        probes.labelled(untrained(experiment), SpeechSegments(part), stride)["e", "emotion"]
        for part, stride in ((experiment.train_sound, probes.STRIDE), (experiment.test_sound, 1))
    )
    pooled = 100 * linear_probe(train.z, train.label, test.z, test.label)
    lengths = experiment.test_sound.start.diff().tolist()
    assert np.average(cells["emotion", "emotion"], weights=lengths) == pytest.approx(pooled)


def test_table_3_and_what_its_runs_share(experiment, home, monkeypatch):
    test = experiment.test_sound

    def half(experiment, vae):
        hits = torch.arange(len(test.viseme)) % 2 == 0
        made = []
        for row in probes.ROWS:
            for label in probes.LABELS:
                made += codes.of_clips(test, row, label, hits, test.clip_of)
        return made

    monkeypatch.setattr(probes, "probe_latents", half)
    table = table_of(experiment, "T3")
    assert table.seeds("content", "viseme, with margin") == pytest.approx([50, 50], abs=2)
    assert set(table.records["clip"]) == set(test.ids)
    assert table.paper_numbers["GRID and CREMA-D"]["emotion"]["emotion, without"] == 55.3
    (comparison,) = CLAIMS["priors.margin-content-viseme"].comparisons
    assert settle_comparison(comparison, table)["interval"] == [0, 0]
    corpus_runs = next((home / "runs" / "priors").iterdir())
    folders = [folder.name.rsplit("-", 1)[0] for folder in corpus_runs.iterdir()]
    assert sorted(folders) == [
        "vae",
        "vae",
        "vae-stage1",
    ]  # with and without margin, from one first stage
    exchanged = table_of(experiment, "variances")
    of_row = {f"{label}, with margin" for label in probes.LABELS}
    assert set(exchanged.measured("content, variances exchanged")) == of_row
    assert exchanged.evidence["steps"] == {"stage 1": 1, "stage 2": 2}
    monkeypatch.setattr(
        vaes, "train_vae", lambda *_, **__: pytest.fail("it was trained and probed before")
    )
    assert table_of(experiment, "T3").records.equals(table.records)


def test_margins_change_what_their_rows_say(experiment, monkeypatch):
    asked = []

    def trained(experiment, config, seed):
        asked.append((config.likelihood, config.beta, config.readers))
        return untrained(experiment)

    clip = experiment.test_sound.ids[0]
    monkeypatch.setattr(vaes, "trained_vae", trained)
    found = [(row, label, "s", clip, 50.0) for row in probes.ROWS for label in probes.LABELS]
    monkeypatch.setattr(probes, "probe_latents", lambda *_: found)
    table = table_of(replace(experiment, seeds=(0,)), "margins")
    settings = [(share, beta, 0.0) for share in (1.0, 0.01) for beta in (0.0, 1.0, 10.0, 50.0)]
    assert asked == [*settings, (1.0, 0.0, 10.0)]  # once for both latents
    assert set(table.columns) == {f"{label}, with margin" for label in probes.LABELS}
    assert table.numbers("emotion, likelihood × 0.01, β 50", "viseme, with margin") == [50.0]
    assert table.measured("emotion, readers") == list(table.columns)


def test_readers_learn_to_read_and_the_encoder_leaves_them_in_doubt():
    """A latent that is the label is read; one that is nothing leaves readers at chance."""
    torch.manual_seed(0)
    config = VAEConfig(dim=8)
    net = readers.Readers(config, 8, 8)
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    label = torch.arange(8).repeat(16)
    told = {k: torch.eye(8)[label] for k in "ces"}
    batch = SegmentBatch(torch.zeros(128, 1), label, label, label, label)
    for _ in range(200):
        optimizer.zero_grad()
        readers.reading_loss(net(told), batch).backward()
        optimizer.step()
    assert readers.reading_loss(net(told), batch) < 0.1
    assert readers.confusion(net(told)) > 4  # four readers, each sure
    doubt = {name: torch.zeros(3, 8) for name in net(told)}
    assert readers.confusion(doubt).item() == pytest.approx(0, abs=1e-6)


def test_a_vae_with_readers_trains_and_hides_more(experiment):
    """What readers teach reaches the encoder: its confusion falls where it is weighed."""
    config = replace(experiment.config(VAEConfig), steps=30, pretrain_steps=1, readers=100.0)
    vae = vaes.trained_vae(experiment, config, 0)
    other = vaes.trained_vae(experiment, replace(config, readers=0.0), 0)
    first = vae.content.head.weight
    assert not torch.equal(first, other.content.head.weight)


def test_collapse_feeds_its_claims(experiment):
    table = table_of(experiment, "collapse")
    labels = len(experiment.test_sound.viseme.unique())
    # of tiny's only test speaker, a seed each
    assert table.numbers("chance", "visemes, accuracy") == [1 / labels] * 2
    assert table.numbers("at the start", "visemes, spread")[0] > 4  # √32: nothing is learnt yet
    for name in ("visemes", "emotions", "sequences"):
        for one in CLAIMS[f"priors.collapse-{name}"].comparisons:
            assert "interval" in settle_comparison(one, table)


def test_rows_that_never_occur_do_not_count_as_spread(experiment):
    """One far row whose viseme no training clip says."""
    vae = untrained(experiment)
    said = experiment.train_sound.viseme.unique().tolist()
    unsaid = [row for row in range(21) if row not in said]
    before = {column: value for _, column, _, _, value in collapse.spreads(experiment, "", vae)}
    vae.mu["c"][unsaid] = 1000.0
    after = {column: value for _, column, _, _, value in collapse.spreads(experiment, "", vae)}
    assert before == after


def test_plateau_shows_likelihood_and_probes(experiment):
    table = table_of(replace(experiment, seeds=(0,)), "plateau")
    assert table.rows == [f"{steps} steps" for steps in probes.PLATEAU]
    vae = vaes.trained_vae(experiment, experiment.config(VAEConfig), 0)
    segments = SpeechSegments(experiment.test_sound)
    own = segments.frames[segments.tensors.clip_of == 3]
    x = segments.batch(own).x
    expected = -log_likelihood(vae.scale(x), vae(x).x).mean().item()
    clip = experiment.test_sound.ids[3]
    found = table.values("300 steps", "NLL").xs(clip, level="clip")
    assert found.tolist() == pytest.approx([expected], rel=1e-4)


def test_pitch_is_what_the_synthesiser_was_told(experiment, monkeypatch):
    told = []
    original = corpus_speech.variant
    monkeypatch.setattr(
        corpus_speech, "variant", lambda *args: told.append(original(*args)) or told[-1]
    )
    clip = experiment.splits["test"][5]
    pitch, rate = leakage.pitch_and_rate(clip)
    low, high = (float(word) for word in told[0].split("pitch ")[1].split("\n")[0].split())
    assert pitch == (low + high) / 2
    assert rate == pytest.approx(len(clip.phones) / (clip.phones[-1].end - clip.phones[0].start))


def test_noise_is_of_the_stated_level(experiment):
    clean = experiment.test_sound
    tensors, levels = leakage.noisy(clean)
    assert len(levels.unique()) > 3
    for clip in range(8):
        added = tensors.audio[clip] - clean.audio[clip]
        if levels[clip] == 0:
            assert not added.any()
        else:
            mask = speech_mask(clean.audio[clip])
            ratio = added.square().mean() / clean.audio[clip][mask].square().mean()
            db = leakage.NOISE_LEVELS_DB[levels[clip] - 1]
            assert 10 * torch.log10(ratio).item() == pytest.approx(db, abs=0.01)


def test_quantiles():
    x = torch.randn(100)
    assert np.array_equal(
        leakage.quantiles(x), np.searchsorted(np.quantile(x, (0.25, 0.5, 0.75)), x)
    )


def test_leakage_finds_planted_factors(experiment, monkeypatch):
    """A latent that is the noise level and another that is the emotion, both one number a
    dimension.
    """

    def planted(vae, segments, frames):
        clip = segments.tensors.clip_of[frames]
        noise = leakage.noisy(experiment.test_sound)[1][clip].float()
        other = torch.randn(len(frames), 2, generator=torch.Generator().manual_seed(0))
        emotion = torch.eye(8)[segments.tensors.emotion[clip]]
        return {"c": torch.stack([noise, noise.square()], 1), "e": emotion, "s": other}

    monkeypatch.setattr(leakage, "encode", planted)
    monkeypatch.setattr(vaes, "trained_vae", lambda *_: untrained(experiment))
    table = table_of(replace(experiment, seeds=(0,)), "leakage")
    assert table.seeds("z_e", "emotion") == [100]
    assert table.seeds("z_c", "noise")[0] > 95
    assert table.seeds("z_s", "noise")[0] < 60
    assert "speaker" not in table.measured("z_c")  # tiny has one test speaker
    assert {"viseme", "pitch", "rate", "MIG", "SAP", "disentanglement"} <= set(
        table.measured("all three")
    )
    assert "MIG" not in table.measured("chance")


def test_one_row_is_shown_and_a_whole_table_written(tiny_corpus, tmp_path):
    out = tmp_path / "tables"
    asked = {
        "corpus": str(tiny_corpus),
        "preset": "fast",
        "seeds": 1,
        "out": out,
        "table": "collapse",
    }
    (shown,) = evaluate(PAPER, row="with", settings=SETTINGS, **asked)
    assert "| with |" in shown
    assert not out.exists()
    (shown,) = evaluate(PAPER, settings=SETTINGS, **asked)
    assert "| chance |" in shown
    stored = Table.load(out / f"priors.collapse-{tiny_corpus.name}.json")
    assert stored.evidence["settings"] == list(SETTINGS)
    assert {"command", "seeds", "preset", "corpus", "hardware", "steps", "commit"} <= set(
        stored.evidence
    )
