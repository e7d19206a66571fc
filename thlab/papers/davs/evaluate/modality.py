"""How well a new classifier tells sound from video by the codes of people whom it never met."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from thlab.evaluation.experiment import Measurements
from thlab.papers.davs.evaluate.experiment import by_speaker, encode
from thlab.papers.davs.model import DAVS, Output, classifier
from thlab.papers.davs.words import WordClips
from thlab.training import step_generator
from thlab.training.optim import build_seeded

MODALITY = "modality"
PER_WORD = 20  # training clips of each word that the classifier learns from
STEPS = 300
RATE = 1e-3  # of Adam
BATCH = 64


def modality_told(
    row: str, model: DAVS, train: WordClips, test: WordClips, out: Output, seed: int
) -> Measurements:
    """How often (%) a classifier as large as the adversary, trained anew, is right of each speaker.

    out: the codes of all word clips of the test. Half is chance. What fooled the adversary of the
    training need not fool a new one. Chapter: book/davs.ipynb
    """
    of_train = encode(model, train, train.balanced(PER_WORD))
    told = fit(model, torch.cat([of_train.F_w_v, of_train.F_w_a]), seed)
    with torch.no_grad():
        hits = torch.cat([told(out.F_w_v).argmax(1) == 0, told(out.F_w_a).argmax(1) == 1])
    return by_speaker(row, MODALITY, test, test.person.repeat(2), hits)


def fit(model: DAVS, codes: Float[Tensor, "m n d"], seed: int) -> torch.nn.Module:
    """A classifier of codes whose first half is of video; the second is of sound."""
    half = len(codes) // 2
    inputs = codes[0].numel()
    told = build_seeded(lambda: classifier(inputs, model.config, 2), seed)
    optimizer = torch.optim.Adam(told.parameters(), RATE)
    for step in range(STEPS):
        some = torch.randint(len(codes), (BATCH,), generator=step_generator(seed, step))
        loss = cross_entropy(told(codes[some]), (some >= half).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return told.eval()
