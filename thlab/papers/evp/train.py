"""Training of [ji2021], Sect. 3.2: each encoder alone, then both by cross-reconstruction."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from thlab.papers.evp.losses import disentangling_loss
from thlab.papers.evp.model import DisentangleConfig, Disentangler, Reader
from thlab.papers.evp.pairs import PseudoPairs, Quadruples, pseudo_pairs
from thlab.papers.evp.speech import EmotionalSpeech
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, set_rate, warmup_cosine

CONTENT = "disentangle-content"  # run folders of the two trainings before
EMOTION = "disentangle-emotion"
WINDOWS = 64  # in a batch of an encoder that is trained alone
REMEMBERED = 800  # clips, about
# contents of different words differ by about 1; below this E_c says the same of everything
LEAST_SPREAD = 0.02


class LabelledWindows(NamedTuple):
    """Standardised MFCC windows, and what is to be told of them."""

    x: Float[Tensor, "b 28 12"]
    label: Int[Tensor, "b"]


def train_disentangler(job: Job, first: Path | None = None) -> Disentangler:
    """E_c on words, E_e on emotions, then both on pseudo pairs; resumes where its runs stopped.

    first: the folder of the two trainings before, for models that share them; default: this one's.
    Chapter: book/evp-disentangle.ipynb
    """
    model = train_before(job, first or job.out)
    train_cross(model, pseudo_pairs(job.data.train), job)
    remember(model, job.data.train)
    return model


def train_before(job: Job, out: Path) -> Disentangler:
    """E_c on words and E_e on emotions, each alone. out: the folder of both runs.

    Chapter: book/evp-disentangle.ipynb
    """
    model = new_disentangler(job)
    train_content(model, job, out)
    train_emotion(model, job, out)
    return model


def new_disentangler(job: Job) -> Disentangler:
    """An untrained model for the emotions of a job's clips. Chapter: book/evp-disentangle.ipynb"""
    n_emotions = len(job.data.train.tensors.emotions)
    return build_seeded(lambda: Disentangler(job.config, n_emotions), job.seed)


def before_crossing(config: DisentangleConfig) -> DisentangleConfig:
    """The config of the trainings before, which know nothing of Eq. 6: models that differ in its
    settings alone share them. Chapter: book/evp-disentangle.ipynb
    """
    plain = DisentangleConfig()
    crossing = ("weights", "norm", "crossing_rate", "batch", "steps")
    return replace(config, **{name: getattr(plain, name) for name in crossing})


def train_content(model: Disentangler, job: Job, out: Path) -> None:
    """E_c tells words, in neutral speech: as the paper's on LRW, it hears hardly any emotion.

    out: the folder in which its run is. ValueError where no clip says when its words are said.
    Chapter: book/evp-disentangle.ipynb
    """
    speech: EmotionalSpeech = job.data.train
    if len(speech.words) < 2:
        raise ValueError(
            "E_c is trained on words whose times are known, and these clips have none: "
            "start from weights of a corpus that has them"
        )
    config: DisentangleConfig = job.config
    classifier = build_seeded(lambda: nn.Linear(config.content, len(speech.words)), job.seed)
    neutral = torch.cat(speech.neutral)
    clips = neutral if len(neutral) else torch.arange(len(speech.texts))
    said = speech.word.nonzero()[:, 0]
    said = said[torch.isin(speech.tensors.clip_of[said], clips)]

    def draw(rng: torch.Generator) -> LabelledWindows:
        frames = said[torch.randint(len(said), (WINDOWS,), generator=rng)]
        return LabelledWindows(speech.windows_at(frames, config.enrolled), speech.word[frames])

    reader = Reader(model.content, classifier)
    train_reader(reader, draw, config.content_steps, job, out / CONTENT)


def train_emotion(model: Disentangler, job: Job, out: Path) -> None:
    """E_e and C_e tell emotions. out: the folder in which the run is.

    Chapter: book/evp-disentangle.ipynb
    """
    config: DisentangleConfig = job.config
    speech: EmotionalSpeech = job.data.train
    said = speech.word.nonzero()[:, 0]
    said = said if len(said) else torch.arange(len(speech.word))

    def draw(rng: torch.Generator) -> LabelledWindows:
        frames = said[torch.randint(len(said), (WINDOWS,), generator=rng)]
        emotion = speech.tensors.emotion[speech.tensors.clip_of[frames]]
        return LabelledWindows(speech.windows_at(frames, config.enrolled), emotion)

    reader = Reader(model.emotion, model.classifier)
    train_reader(reader, draw, config.emotion_steps, job, out / EMOTION)


@torch.no_grad()
def remember(model: Disentangler, speech: EmotionalSpeech) -> None:
    """Keep what training voices have in common: the mean code of each emotion, by some of the
    clips, and the mean and deviation of all MFCC. Chapter: book/evp-disentangle.ipynb
    """
    device = model.moods.device
    model.eval().cpu()
    codes: list[list[Tensor]] = [[] for _ in speech.tensors.emotions]
    for clip in range(0, len(speech.texts), max(1, len(speech.texts) // REMEMBERED)):
        speaker = int(speech.tensors.speaker[clip])
        x = speech.windows(clip, speech.enrolment(speaker, model.config.enrolled))
        mean = model.emotion(x[speech.said(clip)]).mean(0)
        codes[int(speech.tensors.emotion[clip])].append(mean)
    for mood, own in zip(model.moods, codes, strict=True):
        mood.copy_(torch.stack(own).mean(0))
    model.voice.copy_(torch.stack(list(speech.everyone)))
    model.to(device)


def train_reader(
    reader: Reader,
    draw: Callable[[torch.Generator], LabelledWindows],
    steps: int,
    job: Job,
    folder: Path,
) -> None:
    """An encoder and its classifier by cross-entropy. Chapter: book/evp-disentangle.ipynb"""
    config: DisentangleConfig = job.config
    optimizer = torch.optim.Adam(reader.parameters(), config.learning_rate)
    net, optimizer = job.fabric.setup(reader, optimizer)
    facts = job.data.facts
    known = before_crossing(config)
    run = Run(job.fabric, folder, known, steps, seed=job.seed, corpus=facts)
    for step in run.steps(run.resume(model=net, optimizer=optimizer)):
        batch = LabelledWindows(
            **my_part(job.fabric, draw(step_generator(job.seed, step))._asdict())
        )
        set_rate(optimizer, config.learning_rate * warmup_cosine(step, steps))
        terms = {"cross_entropy": cross_entropy(net(batch.x), batch.label)}
        run.check(step, terms)
        optimizer_step(job.fabric, optimizer, terms["cross_entropy"])
        run.log(step, terms)


def train_cross(model: Disentangler, pairs: PseudoPairs, job: Job) -> None:
    """Eq. 6 on pseudo pairs. ArithmeticError where E_c comes to say the same of everything.

    Chapter: book/evp-disentangle.ipynb
    """
    config: DisentangleConfig = job.config
    optimizer = torch.optim.Adam(model.parameters(), config.crossing_rate)
    net, optimizer = job.fabric.setup(model, optimizer)
    facts = job.data.facts
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=facts)
    for step in run.steps(run.resume(model=net, optimizer=optimizer)):
        drawn = pairs.draw(config.batch, config.enrolled, step_generator(job.seed, step))
        batch = Quadruples(**my_part(job.fabric, drawn._asdict()))
        set_rate(optimizer, config.crossing_rate * warmup_cosine(step, config.steps))
        terms = disentangling_loss(net(batch.x), batch, config)
        run.check(step, terms)
        check_spread(step, terms["spread"])
        optimizer_step(job.fabric, optimizer, terms["total"])
        run.log(step, terms)


def check_spread(step: int, spread: Float[Tensor, ""]) -> None:
    """ArithmeticError where contents hardly differ any more. Chapter: book/evp-disentangle.ipynb"""
    if spread < LEAST_SPREAD:
        raise ArithmeticError(
            f"step {step}: E_c collapsed, its codes of all windows differ by {spread:.3f} "
            f"(at least {LEAST_SPREAD}): train with a smaller weights.l_con"
        )
