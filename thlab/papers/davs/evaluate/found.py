"""Table 4 of [zhou2019]: which originals are found by what was generated of them."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.retrieval import partner_ranks
from thlab.papers.davs.evaluate.experiment import (
    LANDMARKS,
    SOURCES,
    test_words,
    trained,
    training_words,
)
from thlab.papers.davs.evaluate.word_space import TEST_PART, retrievals
from thlab.papers.davs.model import DAVS, SEEN
from thlab.papers.davs.reported import CONTRASTIVE, RANKS
from thlab.papers.davs.words import WordClips, spread

MODELS = {"with": "disentangled", "without": "entangled"}
ROWS = (*MODELS, "repeated frame")
COLUMNS = {f"{source} {rank}": rank for source in SOURCES for rank in RANKS}
LIP_READER = CONTRASTIVE  # no model of the table begins from it


def measure_found(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 4 of [zhou2019]: is the original found by what is generated from one random frame of it
    and its speech?

    What is generated are landmarks, by the models of the table of SVMs; a lip reader of landmarks
    that was trained apart looks at them. Each speaker's word clips are a gallery. R@1 and R@10 are
    of a recording's word clips, MedR of a speaker's. The numbers are a picture in the paper.
    Chapter: book/davs.ipynb
    """
    clips = test_words(experiment, training_words(experiment).words)
    reader = trained(experiment, LANDMARKS, LIP_READER, seed)
    model = trained(experiment, LANDMARKS, MODELS[row], seed) if row in MODELS else None
    made = []
    for person in clips.person.unique():
        which = (clips.person == person).nonzero()[:, 0]
        made += found_scores(row, reader, model, clips, which)
    return made


@torch.no_grad()
def found_scores(
    row: str, reader: DAVS, model: DAVS | None, clips: WordClips, which: Int[Tensor, "m"]
) -> Measurements:
    """Ranks of the originals for what a model makes, or for its frame repeated where there is none.

    Chapter: book/davs.ipynb
    """
    frames, rows = clips.times(which, spread(SEEN))
    real = clips.points(frames)
    image = one_frame(real)
    original = reader.e_w_v(real)
    made = []
    for source in SOURCES:
        if model is None:
            video = image[:, None].expand_as(real)
        else:
            f_w = model.e_w_a(clips.rows[rows]) if source == "audio" else model.e_w_v(real)
            video = model.speak(image, f_w)
        ranks = partner_ranks(reader.e_w_v(video).flatten(1), original.flatten(1))
        made += retrievals(row, source, ranks, clips, which, TEST_PART)
    return made


def one_frame(real: Float[Tensor, "m n p 2"]) -> Float[Tensor, "m p 2"]:
    """A random frame of each clip, the same in all rows."""
    rng = torch.Generator().manual_seed(0)
    one = torch.randint(real.shape[1], (len(real),), generator=rng)
    return real[torch.arange(len(real)), one]
