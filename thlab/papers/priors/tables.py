"""Tables of what the latents know: Table 3 of [mittal2020] and its ablations, collapsed priors, leakage."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.audio import NOISE_LEVELS_DB, add_noise
from thlab.corpus.clip import SPEECH_STREAM, is_male
from thlab.corpus.voice import MOODS, Voice, variant
from thlab.data.clip import Clip
from thlab.data.tensors import ClipTensors
from thlab.evaluation.experiment import Rows, add, kept, new_rows
from thlab.evaluation.table import Table
from thlab.metrics.disentanglement import dci, mig, sap
from thlab.metrics.probes import linear_probe
from thlab.papers.priors.bench import Experiment
from thlab.papers.priors.losses import log_p_labels
from thlab.papers.priors.model import LATENTS, SequenceVAE, VAEConfig
from thlab.papers.priors.reported import TABLE_3
from thlab.papers.priors.train import Speech
from thlab.training import step_generator

ROWS = dict(zip(("content", "emotion", "sequence"), LATENTS, strict=True))
LABELS = ("viseme", "emotion", "emotion of clips")
SIDES = {"with margin": {}, "without": {"beta": 0.0}}
COLUMNS = [f"{label}, {side}" for side in SIDES for label in LABELS]
ACCURACIES = dict.fromkeys(COLUMNS, "probe accuracy")
PRIORS = {"spread": "spread of means", "accuracy": "balanced accuracy"}
STRIDE = 4  # a probe is trained on every fourth segment
REDUCTION = "log p(x|z) summed over 20 x 200 values, all terms means over segments, nll weight 1"


@torch.no_grad()
def encode(vae: SequenceVAE, speech: Speech, frames: Int[Tensor, "n"]) -> dict[str, Float[Tensor, "n d"]]:
    """Posterior means of z_c, z_e and z_s of segments, by the latent's letter. Chapter: book/priors.ipynb"""
    codes = []
    for part in frames.split(512):
        x = speech.batch(part)["x"].to(vae.x_mean.device)
        c, e = vae.infer(x).mean, vae.emotion(vae.scale(x)).mean
        codes.append(torch.stack([c, e, vae.encode_sequence(x, c, e).mean]).cpu())
    return dict(zip(LATENTS, torch.cat(codes, 1), strict=True))


def clip_means(codes: Float[Tensor, "n d"], clip: Int[Tensor, "n"], n_clips: int) -> Float[Tensor, "c d"]:
    """The mean code of each clip. Chapter: book/priors.ipynb"""
    return torch.zeros(n_clips, codes.shape[1]).index_add(0, clip, codes) / clip.bincount(minlength=n_clips)[:, None]


def labelled(vae: SequenceVAE, speech: Speech, stride: int) -> dict[tuple[str, str], tuple[Tensor, Tensor]]:
    """Codes and labels by latent and label, of each stride-th segment and of clips (by the mean of their segments)."""
    memory, frames = speech.memory, speech.frames[::stride]
    clip, pairs = memory.clip_of[frames], {}
    for k, z in encode(vae, speech, frames).items():
        pairs[k, "viseme"] = z, memory.viseme[frames]
        pairs[k, "emotion"] = z, memory.emotion[clip]
        pairs[k, "emotion of clips"] = clip_means(z, clip, len(memory.ids)), memory.emotion
    return pairs


def probe_latents(bench: Experiment, vae: SequenceVAE) -> dict[str, dict[str, float]]:
    """Accuracy (%) on test speakers of probes trained on the training speakers. Chapter: book/priors.ipynb"""
    train, test = labelled(vae, bench.speech, STRIDE), labelled(vae, bench.test_speech, 1)
    return {
        row: {label: 100 * linear_probe(*train[k, label], *test[k, label]) for label in LABELS}
        for row, k in ROWS.items()
    }


def most_frequent(train: Int[Tensor, "n"], test: Int[Tensor, "m"]) -> float:
    """What a probe scores (%) that always says the training set's most frequent label."""
    return 100 * test.eq(train.mode().values).float().mean().item()


def chance(bench: Experiment) -> dict[str, list[float]]:
    """The row of what needs no latent."""
    viseme = most_frequent(bench.train.viseme, bench.test.viseme)
    emotion = most_frequent(bench.train.emotion, bench.test.emotion)
    return {column: [viseme if "viseme" in column else emotion] * len(bench.seeds) for column in COLUMNS}


def margin_rows(bench: Experiment, suffix: str = "", sides: dict[str, dict] = SIDES, **changes: float) -> Rows:
    """Train and probe with and without margin terms: rows with a number a seed."""
    rows = new_rows()
    for seed, (side, beta) in product(bench.seeds, sides.items()):
        file = bench.vae_folder(seed, **changes | beta) / "probes.json"
        found = kept(file, lambda seed=seed, beta=beta: probe_latents(bench, bench.vae(seed, **changes | beta)))
        for row, scores in found.items():
            add(rows, row + suffix, {f"{label}, {side}": score for label, score in scores.items()})
    return rows


def table_3(bench: Experiment) -> Table:
    """Table 3 of [mittal2020]: what linear probes read off the latents, with and without the margin terms of Eq. 5.

    More than the paper has: z_s, emotion from the means of clips, and chance. Chapter: book/priors.ipynb
    """
    rows = margin_rows(bench) | {"chance": chance(bench)}
    printed = [f"{label}, {side}" for side in SIDES for label in ("viseme", "emotion")]
    paper = {row: dict(zip(printed, numbers, strict=True)) for row, numbers in TABLE_3.items()}
    return bench.table("T3", ACCURACIES, rows, {"GRID and CREMA-D": paper}, reduction=REDUCTION)


def variances(bench: Experiment) -> Table:
    """Table 3 with the other reading of "the variance of priors 1 and latent variables .25": the two exchanged.

    Chapter: book/priors.ipynb
    """
    exchanged = {"var_prior": bench.config.var_latent, "var_latent": bench.config.var_prior}
    rows = margin_rows(bench, ", variances exchanged", {"with margin": {}}, **exchanged)
    columns = {column: ACCURACIES[column] for column in COLUMNS[: len(LABELS)]}
    return bench.table("variances", columns, rows, reduction=REDUCTION)


def sweep(bench: Experiment, scales: tuple[int, ...] = (1, 10, 100)) -> Table:
    """Table 3 of one seed with multiples of alpha and beta: do they weigh too little? Chapter: book/priors.ipynb"""
    bench, paper, rows = replace(bench, seeds=bench.seeds[:1]), VAEConfig.paper(), {}
    for alpha, beta in ((scale * paper.alpha, scale * paper.beta) for scale in scales):
        sides = SIDES | {"with margin": {"beta": beta}}
        rows |= margin_rows(bench, f", α {alpha:g} β {beta:g}", sides, alpha=alpha)
    return bench.table("sweep", ACCURACIES, rows | {"chance": chance(bench)}, reduction=REDUCTION)


def spread(table: Float[Tensor, "n d"]) -> float:
    """RMS distance of a table's rows from their mean, 0 for trivial priors. Chapter: book/priors.ipynb"""
    return (table - table.mean(0)).square().sum(1).mean().sqrt().item()


def balanced_accuracy(said: Int[Tensor, "n"], label: Int[Tensor, "n"]) -> float:
    """Mean over labels of the share of their samples that is told: chance is 1 / labels, however rare some are."""
    return torch.stack([said[label == v].eq(v).float().mean() for v in label.unique()]).mean().item()


def collapse(bench: Experiment) -> Table:
    """The priors with and without the discriminative terms, Eq. 4 of [mittal2020]; neither has margin terms.

    accuracy: of the label that the table mu_c itself gives a segment of a test speaker, balanced; then those of mu_e.
    Chapter: book/priors.ipynb
    """
    speech, rows = bench.test_speech, new_rows()
    labels = {"c": speech.memory.viseme, "e": speech.memory.emotion[speech.memory.clip_of]}
    sides = {"with": {"beta": 0.0}, "without": {"alpha": 0.0, "beta": 0.0}}
    for (row, changes), seed in product(sides.items(), bench.seeds):
        vae = bench.vae(seed, **changes)
        codes = encode(vae, speech, speech.frames)
        for k, prefix in (("c", ""), ("e", "emotion, ")):
            mu = vae.mu[k].cpu()
            said = log_p_labels(codes[k], mu, vae.config.var_latent).argmax(1)
            add(rows, row, {f"{prefix}spread": spread(mu), f"{prefix}accuracy": balanced_accuracy(said, labels[k])})
    for k, prefix in (("c", ""), ("e", "emotion, ")):
        rows["chance"][f"{prefix}accuracy"] = [1 / len(labels[k].unique())] * len(bench.seeds)
    columns = {f"{prefix}{name}": metric for prefix in ("", "emotion, ") for name, metric in PRIORS.items()}
    return bench.table("collapse", columns, rows, {}, reduction=REDUCTION)


def noisy(memory: ClipTensors) -> tuple[ClipTensors, Int[Tensor, "c"]]:
    """The same clips, each clean or with noise at one of Fig. 5's levels, and which: 0 is clean."""
    levels = torch.randint(len(NOISE_LEVELS_DB) + 1, (len(memory.ids),), generator=step_generator(0, 0))
    audio = [
        add_noise(sound, NOISE_LEVELS_DB[level - 1], step_generator(0, clip)) if level else sound
        for clip, (sound, level) in enumerate(zip(memory.audio, levels.tolist(), strict=True))
    ]
    return replace(memory, audio=audio), levels


def pitch_and_rate(clip: Clip) -> tuple[float, float]:
    """Pitch (Hz, the middle of its range) that the corpus told the synthesiser, drawn again, and phones a second."""
    row = clip.extra
    voice = Voice(int(clip.speaker[1:]), is_male(int(clip.speaker[1:])))
    rng = np.random.default_rng([SPEECH_STREAM, row["seed"]])
    settings = variant(voice, MOODS[row["emotion"]], row["intensity"] * voice.expressive, rng)
    low, high = map(float, re.findall(r"^pitch (\d+) (\d+)$", settings, re.MULTILINE)[0])
    return (low + high) / 2, len(clip.phones) / (clip.phones[-1].end - clip.phones[0].start)


def quantiles(x: Float[Tensor, "c"], n: int = 4) -> Int[Tensor, "c"]:
    """Numbers as labels: which of n equally full ranges each is in."""
    return torch.bucketize(x, x.quantile(torch.arange(1, n) / n).to(x))


def leakage(bench: Experiment) -> Table:
    """What each latent knows of every factor of the corpus, and MIG, DCI and SAP: what the paper could not measure.

    Test speakers, whose clips get a noise level each; probes, accuracy in %, are trained on three quarters of the
    sentences and tested on the others, so that speakers can be told. Pitch and rate are in quarters.
    Chapter: book/priors.ipynb
    """
    memory, levels = noisy(bench.test)
    pitch, rate = (quantiles(torch.tensor(numbers)) for numbers in zip(*map(pitch_and_rate, bench.clips), strict=True))
    of_clip = {"speaker": memory.speaker, "emotion": memory.emotion, "pitch": pitch, "rate": rate, "noise": levels}
    texts = sorted({clip.text for clip in bench.clips})
    held_out = torch.tensor([texts.index(clip.text) >= len(texts) * 3 // 4 for clip in bench.clips])[memory.clip_of]
    factors = {"viseme": memory.viseme} | {name: labels[memory.clip_of] for name, labels in of_clip.items()}
    factors = {name: labels for name, labels in factors.items() if len(labels.unique()) > 1}
    stacked, speech, rows = torch.stack(list(factors.values()), 1), Speech(memory), new_rows()
    for seed in bench.seeds:
        codes = encode(bench.vae(seed), speech, speech.frames)
        every = {f"z_{k}": z for k, z in codes.items()} | {"all three": torch.cat(list(codes.values()), 1)}
        for name, z in every.items():
            train_z, train_y, test_z, test_y = z[~held_out], stacked[~held_out], z[held_out], stacked[held_out]
            found = {f: 100 * linear_probe(train_z, train_y[:, i], test_z, test_y[:, i]) for i, f in enumerate(factors)}
            found |= {"MIG": mig(z, stacked), "SAP": sap(z, stacked)}
            add(rows, name, found | dci(train_z[::8], train_y[::8], test_z[::8], test_y[::8]))
    rows["chance"] = {f: [most_frequent(y[~held_out], y[held_out])] * len(bench.seeds) for f, y in factors.items()}
    columns = {column: "probe accuracy" if column in factors else column for column in rows["z_c"]}
    return bench.table("leakage", columns, rows)


OF_LATENTS = {"T3": table_3, "variances": variances, "sweep": sweep, "collapse": collapse, "leakage": leakage}
