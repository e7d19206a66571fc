"""The segment VAE: what it is fed, its two stages, sequences that outgrow the table, and those
never seen.
"""

import dataclasses
import json

import pytest
import torch

from thlab.audio import log_spectrogram, segments
from thlab.data import open_splits
from thlab.data.tensors import load_clips
from thlab.papers.priors.data import SpeechSegments
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.priors.train import (
    draw_sequences,
    new_vae,
    pretrain,
    refill_table,
    train,
    train_vae,
)
from thlab.training import make_fabric
from thlab.training.job import Job

SHORT = dataclasses.replace(VAEConfig.fast(), pretrain_steps=3, steps=6)


@pytest.fixture(scope="module")
def speech(tiny_corpus) -> SpeechSegments:
    return SpeechSegments(load_clips(open_splits(tiny_corpus)["val"], frames=False))


@pytest.fixture(scope="module")
def fabric():
    return make_fabric("cpu", precision="32-true")


def losses(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_segments_and_labels_are_those_of_the_clips(speech):
    memory = speech.tensors
    for clip in (0, 3, len(memory.ids) - 1):
        start, end = memory.start[clip : clip + 2].tolist()
        batch = speech.batch(torch.arange(start, end))
        assert torch.equal(batch.x, segments(log_spectrogram(memory.audio[clip]), end - start))
        assert set(batch.emotion.tolist()) == {
            memory.emotions.index(memory.ids[clip].split("_")[1])
        }
        assert set(batch.n_segments.tolist()) == {end - start}
        assert set(batch.sequence.tolist()) == {clip}


def test_a_choice_of_clips_is_drawn_from_alone_and_numbers_its_own_rows(speech):
    chosen = torch.tensor([7, 2, 9])
    some = speech.only(chosen)
    batch = some.draw(dataclasses.replace(SHORT, batch=200), torch.Generator().manual_seed(0))
    assert set(batch.sequence.tolist()) == {0, 1, 2}
    lengths = speech.tensors.start.diff()
    assert torch.equal(batch.n_segments, lengths[chosen[batch.sequence]])


def test_the_first_stage_moves_content_and_decoder_only(speech, fabric, tmp_path):
    vae, before = new_vae(SHORT, speech), new_vae(SHORT, speech)
    pretrain(vae, speech, tmp_path, fabric)
    moved = {
        name.split(".")[0]
        for name, p in vae.named_parameters()
        if not torch.equal(p, before.get_parameter(name))
    }
    unmoved = {k for k in ("e", "s") if torch.equal(vae.mu[k], before.mu[k])}
    assert moved == {"content", "decoder", "mu"}
    assert unmoved == {"e", "s"}


def test_training_lowers_the_objective(speech, fabric, tmp_path):
    config = dataclasses.replace(SHORT, steps=40, batch=32, learning_rate=5e-3)
    train(new_vae(config, speech), speech, tmp_path, fabric)
    total = [line["total"] for line in losses(tmp_path)]
    assert sum(total[-5:]) < 0.8 * sum(total[:5])


def test_hierarchical_sampling_goes_on_bit_for_bit(speech, fabric, tmp_path):
    config = dataclasses.replace(SHORT, table=5, refill=2)
    for name, stops in (("whole", (6,)), ("stopped", (3, 6))):
        for steps in stops:  # the config in the folder is that of the whole run, as after a kill
            vae = new_vae(config, speech)
            assert len(vae.mu["s"]) == 5
            run_to(vae, speech, tmp_path / name, fabric, config, steps)
    assert losses(tmp_path / "whole") == losses(tmp_path / "stopped")


def run_to(
    vae: SequenceVAE, speech: SpeechSegments, folder, fabric, config: VAEConfig, steps: int
) -> None:
    """Train up to a step as a run of more steps would."""
    vae.config = dataclasses.replace(config, steps=steps)
    train(vae, speech, folder, fabric)
    (folder / "config.json").write_text(
        (folder / "config.json").read_text().replace('"steps": 3', '"steps": 6')
    )


def test_other_sequences_come_into_the_table_and_are_inferred(speech):
    config = dataclasses.replace(SHORT, table=5, refill=2)
    vae = new_vae(config, speech)
    optimizer = torch.optim.Adam(vae.parameters())
    blocks = [draw_sequences(speech, config, 0, step).clips.tolist() for step in range(4)]
    assert blocks[0] == blocks[1] != blocks[2] == blocks[3]
    drawn = draw_sequences(speech, config, 0, 2)
    refill_table(vae, optimizer, drawn)
    clip = int(drawn.clips[3])
    start, end = speech.tensors.start[clip : clip + 2].tolist()
    some = torch.linspace(start, end - 1, 16).long()
    torch.testing.assert_close(vae.mu["s"][3].detach(), vae.infer_mu_s(speech.batch(some).x))


def test_mu_of_an_unseen_sequence_is_the_posterior_mean(speech):
    vae = new_vae(SHORT, speech)
    x = speech.batch(torch.arange(9)).x
    z = vae(x).s.mean
    precision = (
        1 / vae.config.var_prior + len(z) / vae.config.var_latent
    )  # of mu given z: Gaussians multiply
    torch.testing.assert_close(
        vae.infer_mu_s(x), (z.sum(0) / vae.config.var_latent / precision).detach()
    )


def test_variants_in_beta_share_stage_1_and_its_folder_is_not_written_again(
    speech, fabric, tmp_path
):
    """Another beta trains the second stage alone; the first one's run is that of its own config."""
    vaes = {}
    for beta in (1.0, 0.0):
        config = dataclasses.replace(SHORT, beta=beta)
        job = Job(config, speech.tensors, tmp_path / str(beta), "vae", fabric, 0)
        vaes[beta] = train_vae(job, first=tmp_path / "first")
        log = losses(tmp_path / "first")
        assert len(log) == SHORT.pretrain_steps
        assert len(losses(tmp_path / str(beta) / "vae")) == SHORT.steps
    assert json.loads((tmp_path / "first" / "config.json").read_text())["beta"] == 0
    assert [vae.config.beta for vae in vaes.values()] == [1, 0]
    assert not torch.equal(vaes[1.0].mu["c"], vaes[0.0].mu["c"])
