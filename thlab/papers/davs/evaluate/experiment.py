"""What the tables share: word clips to train and to test on, the models that they compare, how
these encode.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from thlab.data.tensors import load_clips
from thlab.evaluation.experiment import Experiment, Measurements, digest
from thlab.evaluation.test_set import TestSet
from thlab.inference import TalkingHead
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.head import DISENTANGLED, LipSpeech
from thlab.papers.davs.model import DAVS, SEEN, Output
from thlab.papers.davs.reported import CONTRASTIVE, DOMAIN, SHARED, TOGETHER
from thlab.papers.davs.train import FIRST, train
from thlab.papers.davs.words import WordClips, hold_out, in_noise, spread, word_clips
from thlab.training import load_weights
from thlab.training.job import Job

N_CLIPS = 36  # of the test set, about
AT_A_TIME = 32  # word clips that are encoded together
SOURCES = ("audio", "video")
SHUFFLED = "shuffled audio"

# what models read, and how long their word space is trained
LANDMARKS = "landmarks"
LANDMARKS_BRIEFLY = "landmarks, briefly"
PIXELS = "pixels"
BRIEFLY = 0.3  # of the config's first steps: 600 of 2000
FOR_PIXELS = 0.7  # of them: a step takes eight times as long
GAN_WEIGHT = 1.0  # beside the 4 of L1, as in the public code


def settings(config: DAVSConfig, kind: str) -> DAVSConfig:
    """The config of a kind of models: `LANDMARKS`, `LANDMARKS_BRIEFLY` or `PIXELS`.

    Chapter: book/davs.ipynb
    """
    if kind == PIXELS:
        return config.fewer_first(FOR_PIXELS)
    if kind == LANDMARKS_BRIEFLY:
        return config.of_geometry().fewer_first(BRIEFLY)
    return config.of_geometry()


def variants(config: DAVSConfig) -> dict[str, DAVSConfig]:
    """Every model that a table compares, by name: the word spaces of Table 3, with and without the
    split, and the losses of Table 1.

    Chapter: book/davs.ipynb
    """
    space = config.word_space()
    return {
        CONTRASTIVE: replace(space, shared=False, domain=0.0),
        SHARED: replace(space, domain=0.0),
        DOMAIN: replace(space, shared=False),
        TOGETHER: space,
        "disentangled": config,
        "entangled": config.entangled(),
        "L1": replace(config, gan=0.0, mouth_critic=False),
        "L1 + GAN": replace(config, gan=GAN_WEIGHT, mouth_critic=False),
    }


def trained(experiment: Experiment, kind: str, name: str, seed: int) -> DAVS:
    """A model of `variants`, trained as far as it is not yet. Those with one word space share its
    training.

    Chapter: book/davs.ipynb
    """
    config = settings(experiment.config(DAVSConfig), kind)
    variant = variants(config)[name]
    out = experiment.folder(kind, config.word_space(), seed)
    stage = FIRST if name == TOGETHER else f"{name} {digest(asdict(variant))}".replace(" ", "")
    job = Job(variant, training_words(experiment), out, stage, experiment.fabric, seed)
    return experiment.trained(job, train, shared=(out / FIRST,))


def training_words(experiment: Experiment, words: Sequence[str] = ()) -> WordClips:
    """Word clips of the training split, without the sentences that are held out.

    words: those of other weights; default: all that there are. Chapter: book/davs.ipynb
    """
    return experiment.once(("training words", *words), lambda: _split_words(experiment, 0, words))


def test_words(experiment: Experiment, words: Sequence[str]) -> WordClips:
    """Word clips of the test split, of sentences that are not trained on.

    Chapter: book/davs.ipynb
    """
    return experiment.once(("test words", *words), lambda: _split_words(experiment, 1, words))


def noisy_words(experiment: Experiment, words: Sequence[str], db: float) -> WordClips:
    """The same in noise. Chapter: book/davs.ipynb"""
    clips = test_words(experiment, words)
    return experiment.once(("noisy words", db, *words), lambda: in_noise(clips, db))


def _split_words(experiment: Experiment, part: int, words: Sequence[str]) -> WordClips:
    clips = hold_out(experiment.splits["train"], experiment.splits["test"])[part]
    return word_clips(load_clips(clips), clips, words)


def test_set(experiment: Experiment) -> TestSet:
    """Test clips of sentences that are held out. Chapter: book/davs.ipynb"""

    def make() -> TestSet:
        _, clips = hold_out(experiment.splits["train"], experiment.splits["test"])
        return TestSet(load_clips(clips), load_weights("landmarks", LandmarkNet()), N_CLIPS)

    return experiment.once("test set", make)


def contents(test_set: TestSet, head: TalkingHead, source: str) -> list[Float[Tensor, "_ d"]]:
    """f_w of each test clip, from its "audio", its "video", or "shuffled audio".

    Chapter: book/davs.ipynb
    """
    if source == "video":
        return [head.content(LipSpeech(*speech)) for speech in test_set.speeches()]
    heard = test_set.contents(head)
    return test_set.shuffled(heard) if source == SHUFFLED else heard


@torch.no_grad()
def encode(model: DAVS, clips: WordClips, which: Int[Tensor, "m"]) -> Output:
    """F_w^v, F_w^a and the words read from them, of some word clips. Chapter: book/davs.ipynb"""
    frames, rows = clips.times(which, spread(SEEN))
    parts = []
    for some_frames, some_rows in zip(frames.split(AT_A_TIME), rows.split(AT_A_TIME), strict=True):
        seen = clips.seen(some_frames, model.config)
        parts.append(model.embed(seen, clips.rows[some_rows])[:4])
    return Output(*(torch.cat(several) for several in zip(*parts, strict=True)))


@torch.no_grad()
def words_heard(model: DAVS, clips: WordClips, which: Int[Tensor, "m"]) -> Float[Tensor, "m k"]:
    """Logits of the words read from the sound alone. Chapter: book/davs.ipynb"""
    _, rows = clips.times(which, spread(SEEN))
    classifier = model.c_w if model.c_w_a is None else model.c_w_a
    parts = [classifier(model.e_w_a(clips.rows[some])) for some in rows.split(AT_A_TIME)]
    return torch.cat(parts)


@torch.no_grad()
def encode_person(model: DAVS, clips: WordClips, which: Int[Tensor, "m"]) -> Float[Tensor, "m n d"]:
    """F_p of some word clips, the features of the frames that also tell the word.

    Chapter: book/davs.ipynb
    """
    frames, _ = clips.times(which, spread(SEEN))
    parts = []
    for some in frames.split(AT_A_TIME):
        f_p, _ = model.e_p_v(clips.seen(some, model.config).flatten(0, 1))
        parts.append(f_p.unflatten(0, some.shape))
    return torch.cat(parts)


def by_speaker(
    row: str, column: str, clips: WordClips, person: Int[Tensor, "m"], hits: Bool[Tensor, "m"]
) -> Measurements:
    """The share (%) that is told right of each speaker's."""
    made = []
    for one in person.unique():
        value = 100 * hits[person == one].double().mean().item()
        made.append((row, column, clips.tensors.speakers[int(one)], "", value))
    return made


def training_facts(kind: str, whole: bool = False) -> Any:
    """Evidence of the tables that train models of a kind: steps and words.

    whole: the split and G are trained after the word space. Chapter: book/davs.ipynb
    """

    def facts(experiment: Experiment) -> dict[str, Any]:
        config = settings(experiment.config(DAVSConfig), kind)
        steps = [config.first, config.steps] if whole else config.first
        return {"steps": steps, "words": len(training_words(experiment).words)}

    return facts


def weights_facts(experiment: Experiment) -> dict[str, Any]:
    """Evidence of the tables that judge weights: whose they are, their steps and words.

    Chapter: book/davs.ipynb
    """
    card = experiment.card(DISENTANGLED)
    weights = "given" if experiment.weights else "committed"
    return {"steps": card["steps"], "words": len(card["words"]), "weights": weights}


def test_set_facts(experiment: Experiment) -> dict[str, Any]:
    """Evidence of the tables on a test set: its clips, and the pixels that its distances are in.

    Chapter: book/davs.ipynb
    """
    stage = test_set(experiment)
    return {"pixels": stage.real[0].shape[-1], "test_clips": len(stage.clips)}
