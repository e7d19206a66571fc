"""Is the latent of a sound that of its frames? Sec. 1 of [yadav2020]: for any synchronized image
and speech segment the same.
"""

from collections import defaultdict
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import Scores, TestSet
from thlab.metrics.image import psnr
from thlab.metrics.landmark import lmd
from thlab.nn.gaussian import Gaussian, kl
from thlab.papers.stochastic.evaluate.heads import trained_heads, training_facts
from thlab.papers.stochastic.evaluate.takes import OURS, SHUFFLED, make_test_set
from thlab.papers.stochastic.head import StochasticHead

CLIPS = 96  # test clips: some of each speaker, so that they are a gallery
NEAR = 2  # frames, 80 ms
ITSELF = "frames by themselves"  # what is found where both latents are the same
CHANCE = "chance"
ROWS = (OURS,)  # with which all others come, of the same work
FRAME, NEARLY, CLIP = "frame of the clip, R@1", "within 80 ms, R@1", "clip of the speaker, R@1"
COLUMNS = {
    FRAME: "R@1",
    NEARLY: "R@1",
    CLIP: "R@1",
    "PSNR, decoded": "PSNR",
    "LMD, decoded": "LMD",
}


class Pair(NamedTuple):
    """Both posteriors of a clip, and of the sound of another one; and what frames they become.

    decoded: how far frames from the mean of q_f lie from those of q_a, own sound and shuffled.
    """

    q_f: Gaussian
    q_a: Gaussian
    q_shuffled: Gaussian
    decoded: dict[str, dict[str, float]]


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A number a clip. R@1 (%): how often the posterior of a sound, q(z | a), finds its frame's.

    The nearest is the one of the least KL(q_f || q_a), which Eq. 2 makes small; ties count against.
    The gallery is first all frames of the clip: is it the very frame, is it one within 80 ms? Then
    it is the test clips of the speaker, each compared frame by frame. Decoded: frames from the mean
    of q_f beside those from the mean of q_a, with the clip's own sound for all else.
    Chapter: book/latent-kl.ipynb
    """
    test_set = make_test_set(experiment, CLIPS)
    head = trained_heads(experiment, seed)("latent")
    contents = test_set.contents(head)
    others = test_set.shuffled(contents)
    pairs = []
    for k, (content, other) in enumerate(zip(contents, others, strict=True)):
        pairs.append(make_pair(test_set, k, head, content, other))
    speakers = [test_set.speaker(clip) for clip in test_set.clips]
    made = []
    for name in (OURS, SHUFFLED, ITSELF, CHANCE):
        scores = score_row(name, pairs, speakers)
        made += test_set.measurements(name, scores)
    return made


@torch.inference_mode()
def make_pair(
    test_set: TestSet,
    k: int,
    head: StochasticHead,
    content: Float[Tensor, "t 28 12"],
    other: Float[Tensor, "t 28 12"],
) -> Pair:
    """The posteriors of test clip k, and what they are decoded to. Chapter: book/latent-kl.ipynb"""
    model = head.model
    real = test_set.real[k]
    image = real[test_set.image[k]][None]
    h_a = model.audio_encoder(content[None])
    q_shuffled = model.posterior_of_sound(model.audio_encoder(other[None]))
    out = model(image, real[None], content[None], shown=torch.zeros((1, 1), dtype=torch.long))
    assert out.q_f is not None
    assert out.q_a is not None
    assert q_shuffled is not None
    face = model.read_face(image)
    seen = model.frames_of(face, out.q_f.mean, h_a)[0]
    points = test_set.look(seen)
    decoded = {}
    for name, q in ((OURS, out.q_a), (SHUFFLED, q_shuffled)):
        heard = model.frames_of(face, q.mean, h_a)[0]
        near = psnr(heard, seen).mean().item()
        decoded[name] = {"PSNR": near, "LMD": lmd(test_set.look(heard), points)}
    return Pair(first(out.q_f), first(out.q_a), first(q_shuffled), decoded)


def first(q: Gaussian) -> Gaussian:
    """The Gaussians of the first clip of a batch. Chapter: book/latent-kl.ipynb"""
    return Gaussian(q.mean[0], q.logvar[0])


def score_row(row: str, pairs: list[Pair], speakers: list[str]) -> Scores:
    """The columns of a row, a number a clip; NaN where it has none.

    Chapter: book/latent-kl.ipynb
    """
    scores: Scores = defaultdict(list)
    for k, pair in enumerate(pairs):
        n_frames = len(pair.q_f.mean)
        gallery = [j for j, one in enumerate(speakers) if one == speakers[k]]
        if row == CHANCE:
            near = near_frames(n_frames).double().mean().item()
            found = {FRAME: 1 / n_frames, NEARLY: near, CLIP: 1 / len(gallery)}
        else:
            query = {OURS: pair.q_a, SHUFFLED: pair.q_shuffled, ITSELF: pair.q_f}[row]
            found = find_frames(query, pair.q_f)
            found[CLIP] = find_clip(query, [pairs[j].q_f for j in gallery], gallery.index(k))
        for column, share in found.items():
            scores[column].append(100 * share)
        equal = {"PSNR": torch.nan, "LMD": 0.0} if row == ITSELF else {}
        decoded = pair.decoded.get(row, equal)
        scores["PSNR, decoded"].append(decoded.get("PSNR", torch.nan))
        scores["LMD, decoded"].append(decoded.get("LMD", torch.nan))
    return dict(scores)


def find_frames(query: Gaussian, gallery: Gaussian) -> dict[str, float]:
    """How often the nearest frame of a clip is a query's own, and how often one within 80 ms.

    Chapter: book/latent-kl.ipynb
    """
    distance = distances(query, gallery)
    own = torch.eye(len(distance), dtype=torch.bool)
    return {
        FRAME: nearest_lies_in(distance, own),
        NEARLY: nearest_lies_in(distance, near_frames(len(distance))),
    }


def find_clip(query: Gaussian, gallery: list[Gaussian], own: int) -> float:
    """1 where the nearest clip of a gallery is a query's own, else 0; on their common frames.

    Chapter: book/latent-kl.ipynb
    """
    found = []
    for q_f in gallery:
        n = min(len(query.mean), len(q_f.mean))
        part = Gaussian(q_f.mean[:n], q_f.logvar[:n])
        heard = Gaussian(query.mean[:n], query.logvar[:n])
        found.append(kl(part, heard).sum(-1).mean())
    distance = torch.stack(found)[None]
    return nearest_lies_in(distance, torch.arange(len(gallery))[None] == own)


def distances(query: Gaussian, gallery: Gaussian) -> Float[Tensor, "n m"]:
    """KL(gallery || query), each query beside each of the gallery. Chapter: book/latent-kl.ipynb"""
    heard = Gaussian(query.mean[:, None], query.logvar[:, None])
    seen = Gaussian(gallery.mean[None], gallery.logvar[None])
    return kl(seen, heard).sum(-1)


def nearest_lies_in(distance: Float[Tensor, "n m"], wanted: Bool[Tensor, "n m"]) -> float:
    """How often the least distance is of what is wanted, less than any other.

    Chapter: book/latent-kl.ipynb
    """
    inside = distance.masked_fill(~wanted, torch.inf).amin(1)
    outside = distance.masked_fill(wanted, torch.inf).amin(1)
    return (inside < outside).double().mean().item()


def near_frames(n: int) -> Bool[Tensor, "n n"]:
    """Which of n frames lie within 80 ms of which. Chapter: book/latent-kl.ipynb"""
    at = torch.arange(n)
    return (at[:, None] - at).abs() <= NEAR


def facts(experiment: Experiment) -> dict[str, Any]:
    """Those of the trainings. Chapter: book/latent-kl.ipynb"""
    found = training_facts(experiment)
    return found | {"test_clips": len(make_test_set(experiment, CLIPS).clips)}
