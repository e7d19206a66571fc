"""Table 1 of [yadav2020] over trainings: our takes beside DAVS; controls; and heads that are still.

All tables share the trainings, one of each stage a seed.
"""

from dataclasses import replace
from typing import Any

from thlab.corpus import CORPUS_VERSION, PRESETS, build
from thlab.data import open_corpus
from thlab.data.tensors import load_clips
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet
from thlab.files import home
from thlab.inference import TalkingHead
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers import load_paper
from thlab.papers.davs.evaluate.experiment import PIXELS, trained
from thlab.papers.davs.head import DISENTANGLED, load_head, make_head
from thlab.papers.stochastic.evaluate import quality
from thlab.papers.stochastic.evaluate.heads import trained_heads, training_facts
from thlab.papers.stochastic.evaluate.takes import (
    DETERMINISTIC,
    MANY,
    make_test_set,
    needs_embedded,
    thinned,
)
from thlab.papers.stochastic.reported import DAVS, SAMPLED, TAKE
from thlab.training import load_weights, read_card

ROWS = (TAKE, SAMPLED, DAVS)
STILL_HEADS_ROWS = (*ROWS, DETERMINISTIC, "repeated frame")


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A row of Table 1 or of its controls, by one training. Chapter: book/latent-kl.ipynb"""
    return measure_on(experiment, make_test_set(experiment, MANY), row, seed)


def measure_still_heads(experiment: Experiment, row: str, seed: int) -> Measurements:
    """The same models on the same speech, said with heads that do not move.

    Chapter: book/latent-kl.ipynb
    """
    return measure_on(experiment, still_heads(experiment), row, seed)


def measure_on(experiment: Experiment, test_set: TestSet, row: str, seed: int) -> Measurements:
    """A row on some test clips. Chapter: book/latent-kl.ipynb"""
    if row == DAVS:
        return quality.measure_head(experiment, test_set, rival(experiment, seed), DAVS)
    return quality.measure_row(experiment, test_set, trained_heads(experiment, seed), row)


def rival(experiment: Experiment, seed: int) -> TalkingHead:
    """DAVS, the paper's rival.

    On the embedded corpus it is the committed head, of one training: it has the same number at
    every seed, so that our trainings and it are compared speaker by speaker, and an interval over
    seeds knows how our trainings differ and not how its would. On a real corpus it is trained there
    as ours is, once a seed, by the words of the same clips. Chapter: book/latent-kl.ipynb
    """
    if experiment.embedded:
        return load_head(None)
    davs = load_paper("davs")
    own = replace(experiment, paper=davs.key, code=davs.training_code, overrides=(), weights=None)
    return make_head(trained(own, PIXELS, "disentangled", seed))


def still_heads(experiment: Experiment) -> TestSet:
    """The test clips as people say them who hold their heads still.

    Speech, faces and light are the same; built where they are missing. Raises ValueError for a
    real corpus. Chapter: book/latent-kl.ipynb
    """

    def make() -> TestSet:
        needs_embedded(experiment, "still-heads", "which can hold a head still")
        preset = PRESETS[experiment.corpus]
        people = replace(preset, split=(0, 0, preset.split[2]))
        name = f"{experiment.corpus}-face-v{CORPUS_VERSION}-still-heads-test"
        root = build(home() / "corpus" / name, people, head_motion=0.0)
        clips = open_corpus("embedded", root, check="none", split="test")
        tensors = load_clips(clips, emotions=experiment.train.emotions)
        net = load_weights("landmarks", LandmarkNet())
        return TestSet(tensors, net, thinned(experiment, MANY))

    return experiment.once("still heads", make)


def facts(experiment: Experiment) -> dict[str, Any]:
    """Those of the trainings, and what DAVS is. Chapter: book/latent-kl.ipynb"""
    found = training_facts(experiment)
    found |= {"test_clips": len(make_test_set(experiment, MANY).clips)}
    return found | {DAVS: rival_facts(experiment)}


def still_heads_facts(experiment: Experiment) -> dict[str, Any]:
    """The same, and how much heads move. Chapter: book/latent-kl.ipynb"""
    return facts(experiment) | {"head_motion": 0.0}


def rival_facts(experiment: Experiment) -> dict[str, Any]:
    """Which weights of DAVS stand in the table. Chapter: book/latent-kl.ipynb"""
    if not experiment.embedded:
        return {"weights": "trained on this corpus, once a seed"}
    card = read_card(DISENTANGLED)
    known = {name: card.get(name) for name in ("corpus", "corpus_version", "steps", "seed")}
    return {"weights": "committed: one training, the same at every seed", **known}
