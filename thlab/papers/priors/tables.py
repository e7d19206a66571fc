"""Tables of what the latents know: Table 3 of [mittal2020] and its ablations, collapsed priors, leakage."""

from collections import defaultdict
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.metrics.probes import linear_probe
from thlab.metrics.tables import Table
from thlab.papers.priors.bench import Bench, kept
from thlab.papers.priors.losses import log_p_labels
from thlab.papers.priors.model import LATENTS, SequenceVAE, VAEConfig
from thlab.papers.priors.train import Speech

ROWS = dict(zip(("content", "emotion", "sequence"), LATENTS, strict=True))
LABELS = ("viseme", "emotion", "emotion of clips")
SIDES = {"with margin": {}, "without": {"beta": 0.0}}
COLUMNS = [f"{label}, {side}" for side in SIDES for label in LABELS]
TABLE_3 = {
    "content": (77.1, 24.5, 58.7, 37.0),
    "emotion": (29.8, 68.4, 35.4, 55.3),
}  # as printed: viseme and emotion with margin, then without
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


def probe_latents(bench: Bench, vae: SequenceVAE) -> dict[str, dict[str, float]]:
    """Accuracy (%) on test speakers of linear probes of each latent, trained on the training speakers.

    "emotion of clips" is told from the mean code of a clip. Chapter: book/priors.ipynb
    """
    sides = []
    for speech, stride in ((bench.speech, STRIDE), (bench.test_speech, 1)):
        memory, frames = speech.memory, speech.frames[::stride]
        clip = memory.clip_of[frames]
        labels = {"viseme": memory.viseme[frames], "emotion": memory.emotion[clip], "emotion of clips": memory.emotion}
        sides.append((encode(vae, speech, frames), labels, clip))
    found = defaultdict(dict)
    for row, k in ROWS.items():
        for label in LABELS:
            data = []
            for codes, labels, clip in sides:
                of_clips = label == "emotion of clips"
                data += [clip_means(codes[k], clip, len(labels[label])) if of_clips else codes[k], labels[label]]
            found[row][label] = 100 * linear_probe(*data)
    return found


def chance(bench: Bench) -> dict[str, list[float]]:
    """What a probe scores (%) that always says the training set's most frequent label."""
    pairs = {"viseme": (bench.train.viseme, bench.test.viseme), "emotion": (bench.train.emotion, bench.test.emotion)}
    share = {name: 100 * test.eq(train.mode().values).float().mean().item() for name, (train, test) in pairs.items()}
    return {
        column: [share["viseme" if column.startswith("viseme") else "emotion"]] * len(bench.seeds) for column in COLUMNS
    }


def margin_rows(bench: Bench, rows: dict, suffix: str = "", sides: dict | None = None, **changes: float) -> None:
    """Train and probe with and without margin terms, a number a seed into `rows`."""
    for seed in bench.seeds:
        for side, beta in (sides or SIDES).items():
            vae = partial(bench.vae, seed, **changes | beta)
            file = bench.vae_folder(seed, **changes | beta) / "probes.json"
            for row, found in kept(file, lambda vae=vae: probe_latents(bench, vae())).items():
                for label, value in found.items():
                    rows[row + suffix][f"{label}, {side}"].append(value)


def table_3(bench: Bench) -> Table:
    """Table 3 of [mittal2020]: what linear probes read off the latents, with and without the margin terms of Eq. 5.

    More than the paper has: z_s, emotion from the means of clips, chance, and the other reading of "the variance of
    priors 1 and latent variables .25". Chapter: book/priors.ipynb
    """
    rows = defaultdict(lambda: defaultdict(list))
    margin_rows(bench, rows)
    exchanged = {"var_prior": bench.config.var_latent, "var_latent": bench.config.var_prior}
    margin_rows(bench, rows, ", variances exchanged", {"with margin": {}}, **exchanged)
    printed = [f"{label}, {side}" for side in SIDES for label in ("viseme", "emotion")]
    paper = {row: dict(zip(printed, numbers, strict=True)) for row, numbers in TABLE_3.items()}
    rows = {**rows, "chance": chance(bench)}
    return bench.table("T3", COLUMNS, rows, {"GRID and CREMA-D": paper}, better="higher", reduction=REDUCTION)


def sweep(bench: Bench, scales: tuple[int, ...] = (1, 10, 100)) -> Table:
    """Table 3 with multiples of the paper's alpha and beta, at the same number of steps: do they weigh too little?

    Chapter: book/priors.ipynb
    """
    rows = defaultdict(lambda: defaultdict(list))
    for scale in scales:
        alpha, beta = scale * VAEConfig.paper().alpha, scale * VAEConfig.paper().beta
        sides = {"with margin": {"beta": beta}, "without": {"beta": 0.0}}
        margin_rows(bench, rows, f", α {alpha:g} β {beta:g}", sides, alpha=alpha)
    rows = {**rows, "chance": chance(bench)}
    return bench.table("sweep", COLUMNS, rows, better="higher", reduction=REDUCTION)


def spread(table: Float[Tensor, "n d"]) -> float:
    """Root of the mean squared distance of a table's rows from their mean: 0 where the priors are trivial.

    Chapter: book/priors.ipynb
    """
    return (table - table.mean(0)).square().sum(1).mean().sqrt().item()


def balanced_accuracy(said: Int[Tensor, "n"], label: Int[Tensor, "n"]) -> float:
    """Mean over labels of the share of their samples that is told: chance is 1 / labels, however rare some are."""
    return torch.stack([said[label == v].eq(v).float().mean() for v in label.unique()]).mean().item()


def collapse(bench: Bench) -> Table:
    """The priors with and without the discriminative terms, Eq. 4 of [mittal2020]; neither has margin terms.

    accuracy: of the label that the table mu_c itself gives a segment of a test speaker, balanced; then those of mu_e.
    Chapter: book/priors.ipynb
    """
    rows = defaultdict(lambda: defaultdict(list))
    speech = bench.test_speech
    labels = speech.batch(speech.frames)
    for row, changes in {"with": {"beta": 0.0}, "without": {"alpha": 0.0, "beta": 0.0}}.items():
        for seed in bench.seeds:
            vae = bench.vae(seed, **changes)
            codes = encode(vae, speech, speech.frames)
            for k, label, prefix in (("c", "viseme", ""), ("e", "emotion", "emotion, ")):
                mu = vae.mu[k].cpu()
                said = log_p_labels(codes[k], mu, vae.config.var_latent).argmax(1)
                rows[row][f"{prefix}spread"].append(spread(mu))
                rows[row][f"{prefix}accuracy"].append(balanced_accuracy(said, labels[label]))
    columns = ["spread", "accuracy", "emotion, spread", "emotion, accuracy"]
    chances = {"chance": 1 / len(labels["viseme"].unique()), "chance_emotion": 1 / len(labels["emotion"].unique())}
    return bench.table("collapse", columns, rows, better="higher", reduction=REDUCTION, **chances)
