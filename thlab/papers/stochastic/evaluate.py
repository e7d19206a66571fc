"""Table 1 of [yadav2020] with controls, and what it lacks: diversity, calibration, smoothness, what beta does."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from thlab.corpus import PRESETS, ensure, retakes
from thlab.evaluation.experiment import Experiment, kept, meets_new_people, open_experiment, saved
from thlab.evaluation.table import Table
from thlab.evaluation.test_set import Speaker, TestSet, Video, seen_by_mediapipe
from thlab.face.align import eyes, mouth
from thlab.face.landmarks import to_68
from thlab.metrics.image import psnr, ssim
from thlab.metrics.judges import gaze
from thlab.metrics.landmark import blinks, correlation, eye_opening, lmd, mouth_opening
from thlab.nn.gaussian import kl
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.generate import noises
from thlab.papers.stochastic.losses import neg_log_likelihood
from thlab.papers.stochastic.model import TalkingFace, hear, roll_out
from thlab.papers.stochastic.reported import TABLE_1
from thlab.papers.stochastic.train import load_model, train
from thlab.training import load_weights, read_card
from thlab.training.presets import chosen

TABLES = ("T1", "diversity", "calibration", "smoothness", "beta")
K = 8  # takes of a clip
BETAS = (0.0, 0.0123, 0.1, 1.0)  # .0123 beside a sum over 64 x 64 x 3 is 1e-6 beside the mean
FREE_BITS = 0.1  # nats a dimension
# what models that are trained for a table have instead of the preset's own
SWEEP: dict[str, Any] = {"first": 700, "steps": 450, "warm_up": 225, "batch": 4, "free_bits": 0.0}
FPS = 25
METRICS_OF = {  # of every column of these tables
    **{name: name for name in ("SSIM", "PSNR", "LMD", "LMD, exact", "LMD, mediapipe", "opening", "sharpness", "KL")},
    "mouth": "difference of takes",
    "eyes": "difference of takes",
    "lips": "difference of openings",
    "gaze": "difference of gazes",
    "blinks a second": "blinks",
    "blink, frames": "blink length",
    "true spread": "spread of true takes",
    "spread of ours": "spread of takes",
    "ratio": "ratio of spreads",
    "inside": "share inside",
    "first": "difference of frames",
    "second": "difference of frames",
    "mouth, second": "difference of frames",
    "eyes, second": "difference of frames",
    "nll": "NLL",
    "nll, heard": "NLL",
}

Takes = Float[Tensor, "k t 3 h w"]


@dataclass(frozen=True)
class Seen:
    """What judges see in a take: points and the lips' gap by ours (px), the lids' and gaze by mediapipe."""

    points: Float[Tensor, "t 68 2"]
    lips: Float[Tensor, "t"]
    lids: Float[Tensor, "t"]  # in widths of the eye
    gaze: Float[Tensor, "t"]  # sideways, in widths of the eye


def see(stage: TestSet, video: Video) -> Seen:
    """Look at a take with both judges. Chapter: book/latent-kl.ipynb"""
    ours, points = stage.look(video), seen_by_mediapipe(video)
    return Seen(ours, mouth_opening(ours), eye_opening(to_68(points)), torch.from_numpy(gaze(points)[:, 0]))


def apart(made: Takes, region: Callable[[Tensor], Tensor]) -> float:
    """Mean absolute difference of a region between two takes, over all pairs, in grey levels of 255."""
    part = region(made)
    pairs = [(part[i] - part[j]).abs().mean() for i, j in combinations(range(len(part)), 2)]
    return 255 * torch.stack(pairs).mean().item()


def table_1(
    bench: Experiment, stage: TestSet, model: TalkingFace, plain: TalkingFace, beside: dict[str, Speaker] | None = None,
    **evidence: Any,
) -> Table:  # fmt: skip
    """Table 1 of [yadav2020]: SSIM and PSNR of all frames but the image's, with landmark distances and controls.

    beside: row -> a model of picture and sound.
    "best of 8" is the best take of each clip by each score on its own, the mean is over takes. A number a clip.
    Chapter: book/latent-kl.ipynb
    """
    ours = _takes(stage, model)
    columns = [stage.mouths(list(made)) | stage.pictures(list(made)) for made in zip(*ours, strict=True)]
    rows: dict[str, dict[str, list[float]]] = {}
    of_takes = {name: np.array([column[name] for column in columns]) for name in columns[0]}  # (K, clips)
    best = {name: x.min(0) if name.startswith("LMD") else x.max(0) for name, x in of_takes.items()}
    rows[f"ours, best of {K}"] = {name: x.tolist() for name, x in best.items()}
    rows["ours, one take"] = {name: x.mean(0).tolist() for name, x in of_takes.items()}
    videos = {
        "ours, mean of z": _means(stage, model, stage.contents(hear)),
        "ours, chance alone in each frame": [made[0] for made in _takes(stage, model, samples=1, lasting=False)],
        "deterministic": _means(stage, plain, stage.contents(hear)),
        "ours, shuffled audio": [made[0] for made in _takes(stage, model, stage.shuffled(hear), 1)],
    } | stage.trivial()  # fmt: skip
    for row, speak in (beside or {}).items():
        triples = zip(stage.real, stage.image, stage.clips, strict=True)
        videos[row] = [speak(real[i], stage.memory.audio[clip]) for real, i, clip in triples]
    for row, made in videos.items():
        rows[row] = stage.mouths(made) | stage.pictures(made)
    firsts = {"ours, one take": [made[0] for made in ours]} | videos
    for row in ("ours, one take", "deterministic", "repeated frame", "ours, shuffled audio", *(beside or {})):
        rows[row] |= stage.mediapipe(firsts[row], 12)
    columns = ["SSIM", "PSNR", "LMD", "LMD, exact", "LMD, mediapipe", "opening", "sharpness"]
    paper = {
        corpus: {row: dict(zip(columns, numbers, strict=False)) for row, numbers in printed.items()}
        for corpus, printed in TABLE_1.items()
    }
    name = "T1" if bench.corpus in PRESETS else f"T1-{Path(bench.corpus).name}"
    return _table(bench, stage, name, columns, rows, paper, takes=K, **evidence)


def diversity(bench: Experiment, stage: TestSet, model: TalkingFace, plain: TalkingFace, **evidence: Any) -> Table:
    """How takes of one voice differ, and that they say the same: ours, the true ones, and the deterministic model's.

    mouth, eyes: mean difference of two takes in grey levels; lips: that of the gap, px; gaze: in widths of the eye;
    blinks: a second, and their length in frames; opening: correlation of a take's gap with the truth's; LMD: in px, of
    takes with the clip's landmarks. A true take is the clip performed anew. Chapter: book/latent-kl.ipynb
    """
    made = {
        "ours": _takes(stage, model),
        "deterministic": [x[None] for x in _means(stage, plain, stage.contents(hear))],
    }
    made["ours, chance alone in each frame"] = _takes(stage, model, lasting=False)
    made["ours, shuffled audio"] = _takes(stage, model, stage.shuffled(hear))
    if bench.corpus in PRESETS:
        made = {"truth, performed anew": _true_takes(bench, stage)} | made
    rows = {row: _differences(stage, videos) for row, videos in made.items()}
    return _table(bench, stage, "diversity", list(rows["ours"]), rows, takes=K, **evidence)


def _differences(stage: TestSet, videos: list[Takes]) -> dict[str, list[float]]:
    scores = defaultdict(list)
    for takes_of_one, exact, real in zip(videos, stage.exact, stage.real, strict=True):
        several, seen = len(takes_of_one) > 1, [see(stage, take) for take in takes_of_one]
        scores["mouth"].append(apart(takes_of_one, mouth) if several else 0.0)
        scores["eyes"].append(apart(takes_of_one, eyes) if several else 0.0)
        for name, values in (("lips", [s.lips for s in seen]), ("gaze", [s.gaze - s.gaze.mean() for s in seen])):
            pairs = [(x - y).abs().mean() for x, y in combinations(values, 2)]
            scores[name].append(torch.stack(pairs).mean().item() if pairs else 0.0)
        lengths = [blinks(s.lids) for s in seen if s.lids.isfinite().all()]
        counts = [len(x) for x in lengths] or [np.nan]
        scores["blinks a second"].append(FPS * float(np.mean(counts)) / len(real))
        long = [n for x in lengths for n in x]
        scores["blink, frames"].append(float(np.mean(long)) if long else np.nan)
        scores["opening"].append(float(np.mean([correlation(s.lips, mouth_opening(exact)) for s in seen])))
        scores["LMD"].append(float(np.mean([lmd(s.points, exact) for s in seen])))
    return dict(scores)


def calibration(bench: Experiment, stage: TestSet, model: TalkingFace, **evidence: Any) -> Table:
    """Is the spread of our takes the spread of the true ones, given the sound?

    Rows are features, seen by the same judges in both. spread: root of the mean variance over takes; ratio: ours over
    the truth's. inside: how often a true take lies within the range of as many of ours, which for equal distributions
    is (K - 1) / (K + 1). Each take's gaze and lids less their mean over the clip, for the model knows the habit from
    frame 1. Raises ValueError for a real corpus, whose truth is known once. Chapter: book/latent-kl.ipynb
    """
    if bench.corpus not in PRESETS:
        raise ValueError(f"calibration needs the embedded corpus, which can say a sentence again: not {bench.corpus}")
    rows: dict[str, dict[str, list[float]]] = {}
    seen = {
        name: [[see(stage, take) for take in takes_of_one] for takes_of_one in videos]
        for name, videos in (("true", _true_takes(bench, stage)), ("ours", _takes(stage, model)))
    }
    for feature in ("lips", "lids", "gaze"):
        rows[feature] = defaultdict(list)
        for true, ours in zip(seen["true"], seen["ours"], strict=True):
            x, y = (torch.stack([getattr(s, feature) for s in some]) for some in (true, ours))  # (K, T)
            seen_in_all = x.isfinite().all() and y.isfinite().all()  # mediapipe found a face in every take
            if feature != "lips":
                x, y = x - x.mean(1, keepdim=True), y - y.mean(1, keepdim=True)
            inside = (x >= y.min(0).values) & (x <= y.max(0).values)
            scores = (x.var(0).mean().sqrt(), y.var(0).mean().sqrt(), inside.float().mean())
            for name, score in zip(("true spread", "spread of ours", "inside"), scores, strict=True):
                rows[feature][name].append(score.item() if seen_in_all else np.nan)
    columns = ["true spread", "spread of ours", "ratio", "inside"]
    for cells in rows.values():
        cells["ratio"] = [o / t for o, t in zip(cells["spread of ours"], cells["true spread"], strict=True)]
    expected = (K - 1) / (K + 1)
    facts = {"takes": K, "expected_inside": expected} | evidence
    return _table(bench, stage, "calibration", columns, rows, **facts)


def smoothness(
    bench: Experiment, stage: TestSet, model: TalkingFace, plain: TalkingFace, framewise: TalkingFace, **evidence: Any
) -> Table:
    """Do frames follow one another without jumps? First and second differences over time, in grey levels.

    framewise: a model without memory, each of whose frames is made for itself. Chapter: book/latent-kl.ipynb
    """
    made = {
        "truth": stage.real,
        "ours": [x[0] for x in _takes(stage, model, samples=1)],
        "ours, chance alone in each frame": [x[0] for x in _takes(stage, model, samples=1, lasting=False)],
        "ours, mean of z": _means(stage, model, stage.contents(hear)),
        "deterministic": _means(stage, plain, stage.contents(hear)),
        "frame by frame": [x[0] for x in _takes(stage, framewise, samples=1, lasting=False)],
    }  # fmt: skip
    rows = {}
    for row, videos in made.items():
        steps = [255 * video.diff(dim=0) for video in videos]
        rows[row] = {"first": [x.abs().mean().item() for x in steps]}
        rows[row]["second"] = [x.diff(dim=0).abs().mean().item() for x in steps]
        rows[row]["mouth, second"] = [mouth(x).diff(dim=0).abs().mean().item() for x in steps]
        rows[row]["eyes, second"] = [eyes(x).diff(dim=0).abs().mean().item() for x in steps]
    return _table(bench, stage, "smoothness", list(rows["truth"]), rows, **evidence)


def sweep(bench: Experiment, stage: TestSet, config: StochasticConfig, seed: int = 0) -> Table:
    """What beta, its slow rise, free bits and `fine` do: models alike but for these, trained for fewer steps.

    KL: nats a frame on test clips; nll: of frames made from z of their own posterior; nll, heard: from z of the sound,
    as in use; mouth, eyes: how takes differ; opening: do they follow. Chapter: book/latent-kl.ipynb
    """
    settings = {f"beta {beta:g}": replace(config, beta=beta) for beta in BETAS}
    settings["beta 1, at once"] = at_once = replace(config, beta=1.0, warm_up=0)
    settings[f"beta 1, at once, free bits {FREE_BITS:g}"] = replace(at_once, free_bits=FREE_BITS)
    settings["beta 0.1, not fine"] = replace(config, beta=0.1, fine=False)
    rows, first = {}, bench.folder(f"first-{config.first}", seed)
    for row, one in settings.items():
        folder = bench.folder(f"sweep-{config.steps}-{row.replace(' ', '').replace(',', '-')}", seed)

        def scored(one: StochasticConfig = one, folder: Path = folder) -> dict[str, list[float]]:
            return score_sweep(stage, train(one, bench.train, folder, bench.fabric, seed, first))

        rows[row] = kept(folder / f"scores-{len(stage.clips)}.json", scored)
    facts: dict[str, Any] = {"seeds": [seed], "steps": [config.first, config.steps]}
    columns = list(next(iter(rows.values())))
    return _table(bench, stage, "beta", columns, rows, **facts)


@torch.no_grad()
def score_sweep(stage: TestSet, model: TalkingFace) -> dict[str, list[float]]:
    """The scores of one model of the sweep, a number a clip."""
    scores, model = defaultdict(list), model.cpu().eval()
    for k, (real, rows) in enumerate(zip(stage.real, stage.contents(hear), strict=True)):
        image, config = real[stage.image[k]], model.config
        out = model(image[None], real[None], rows[None])
        heard = roll_out(model, image[None], rows[None])
        scores["KL"].append(kl(out.q_f, out.q_a).sum(-1).mean().item())
        scores["nll"].append(neg_log_likelihood(out.frames, real[None], config).item())
        scores["nll, heard"].append(neg_log_likelihood(heard, real[None], config).item())
        made = roll_out(model, image[None], rows[None], noises(stage.clips[k], 4, len(real), model.chance))
        others = torch.arange(len(real)) != stage.image[k]
        scores["SSIM"].append(torch.stack([ssim(x[others], real[others]).mean() for x in made]).mean().item())
        scores["PSNR"].append(torch.stack([psnr(x[others], real[others]).mean() for x in made]).mean().item())
        scores["mouth"].append(apart(made, mouth))
        scores["eyes"].append(apart(made, eyes))
        gaps = [mouth_opening(stage.look(take)) for take in made]
        scores["opening"].append(float(np.mean([correlation(x, mouth_opening(stage.exact[k])) for x in gaps])))
    return dict(scores)


def evaluate(
    fabric: Any, table: str = "T1", corpus: str = "medium", preset: str = "book", seeds: int | Sequence[int] = 3,
    out: str | Path = "book/results", weights: Path | None = None, n_clips: int = 36,
    beside: dict[str, Speaker] | None = None,
) -> dict[str, Table]:  # fmt: skip
    """Re-run a table, or all; saves each as out/stochastic.<table>.json and returns them by name.

    table: one of TABLES, or "all" that the corpus allows. seeds: the first one is that of the sweep and of the model
    without memory, which are trained here as far as they are not yet; the others' weights are in `weights`, the folder
    of a finished training, or the committed ones. beside: other models, by the names of their rows in T1. Raises
    ValueError for an unknown table, preset or corpus, and for weights that have met its test people.
    Chapter: book/latent-kl.ipynb
    """
    asked = chosen("table", table, TABLES)
    seed = (range(seeds) if isinstance(seeds, int) else seeds)[0]
    names = [str(weights / name) if weights else name for name in ("stochastic-latent", "stochastic-plain")]
    if set(asked) != {"beta"}:  # whose models are trained here
        meets_new_people(read_card(names[0]), corpus)
    bench = open_experiment("stochastic", fabric, corpus, preset, (seed,))
    judge = load_weights("landmarks", LandmarkNet())
    stage, few = (TestSet(bench.test, judge, n) for n in (n_clips, n_clips // 3))  # mediapipe and rendering take long
    config: StochasticConfig = getattr(StochasticConfig, preset)()

    def facts() -> dict[str, Any]:
        card = read_card(names[0])
        return {"weights": "given" if weights else "committed", "steps": card["steps"], "seeds": [card["seed"]]}

    short = replace(config, **SWEEP) if preset != "fast" else config

    def framewise() -> TalkingFace:
        folder = bench.folder(f"framewise-{short.steps}", seed)
        return train(replace(short, memory=False), bench.train, folder, fabric, seed).cpu().eval()

    latent, plain = partial(load_model, names[0]), partial(load_model, names[1])
    makers: dict[str, Callable[[], Table]] = {
        "T1": lambda: table_1(bench, stage, latent(), plain(), beside, **facts()),
        "diversity": lambda: diversity(bench, few, latent(), plain(), **facts()),
        "calibration": lambda: calibration(bench, few, latent(), **facts()),
        "smoothness": lambda: smoothness(bench, stage, latent(), plain(), framewise(), **facts()),
        "beta": lambda: sweep(bench, few, short, seed),
    }
    without = {"calibration"} if table == "all" and corpus not in PRESETS else set()
    return saved((makers[name]() for name in asked if name not in without), out)


def _takes(
    stage: TestSet, model: TalkingFace, rows: list[Tensor] | None = None, samples: int = K, lasting: bool = True
) -> list[Takes]:
    """Takes of each clip, from its sound or from other rows; the noise follows from the clip."""
    made = []
    for clip, real, i, heard in zip(stage.clips, stage.real, stage.image, rows or stage.contents(hear), strict=True):
        noise = noises(clip, samples, len(real), model.chance, lasting)
        made.append(roll_out(model, real[[i]], heard[None], noise))
    return made


def _means(stage: TestSet, model: TalkingFace, rows: list[Tensor]) -> list[Video]:
    """The mean prediction of each clip, from some rows."""
    triples = zip(stage.real, stage.image, rows, strict=True)
    return [roll_out(model, real[[i]], heard[None])[0] for real, i, heard in triples]


def _true_takes(bench: Experiment, stage: TestSet) -> list[Takes]:
    """Each clip performed anew, K times; the corpus is that of the preset's name."""
    root = ensure(bench.corpus)
    takes = ([frames for frames, _ in retakes(root, stage.memory.ids[clip], K)] for clip in stage.clips)
    return [torch.from_numpy(np.stack(each)).permute(0, 1, 4, 2, 3) / 255 for each in takes]


def _table(
    bench: Experiment,
    stage: TestSet,
    name: str,
    columns: list[str],
    rows: dict,
    paper: dict | None = None,
    **evidence: Any,
) -> Table:
    """Numbers of clips by speaker and clip, with their evidence."""
    of_clips = {row: {c: stage.of_clips(v) for c, v in cells.items()} for row, cells in rows.items()}
    facts = {"pixels": stage.real[0].shape[-1], "test_clips": len(stage.clips)}
    return bench.table(name, {c: METRICS_OF[c] for c in columns}, of_clips, paper, **facts | evidence)
