"""Table 3 of [zhou2019], words told and clips found; and the same of trained weights, person by
person.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.retrieval import partner_ranks
from thlab.papers.davs.evaluate.experiment import encode, test_words, trained, training_words
from thlab.papers.davs.head import DISENTANGLED, load_model
from thlab.papers.davs.model import DAVS
from thlab.papers.davs.reported import RANKS, SCORES, WAYS, WORDS
from thlab.papers.davs.words import WordClips

COLUMNS = dict.fromkeys(WORDS, "accuracy") | {
    f"{way} {rank}": rank for way in WAYS for rank in RANKS
}
TEST_PART = "test part"
TRAINING_PART = "training part"  # of a folder all people are new


def measure_supervisions(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 3 of [zhou2019]: words told and clips found with one of four supervisions of the word
    space.

    The gallery is all of the test. A value is of a word of a speaker, in %; of a recording, the
    share of its word clips that are found, in %; or the median rank of a speaker's clips.
    Chapter: book/davs.ipynb
    """
    clips = test_words(experiment, training_words(experiment).words)
    model = trained(experiment, row, seed)
    return word_scores(row, model, clips, torch.arange(len(clips.word)), TEST_PART)


def measure_words(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A trained model's word space on the clips of people whom it never met, each a gallery for
    himself.

    Values are as in Table 3; chance is one value a person and gallery, and of a median rank the
    middle one. Of a folder, such as GRID's clips, all people are new: its training part is tested
    on too. Chapter: book/davs.ipynb
    """
    words = tuple(experiment.card(DISENTANGLED)["words"])
    galleries = {TEST_PART: test_words(experiment, words)}
    if not experiment.embedded:
        galleries = {TRAINING_PART: training_words(experiment, words)} | galleries
    model, _ = load_model(experiment.weights_named(DISENTANGLED))
    made = []
    for name, clips in galleries.items():
        for person in clips.person.unique():
            which = (clips.person == person).nonzero()[:, 0]
            if row == "chance":
                speaker = clips.tensors.speakers[int(person)]
                made += chance(speaker, len(which), len(clips.words), name)
            else:
                made += word_scores(row, model, clips, which, name)
    return made


def word_scores(
    row: str, model: DAVS, clips: WordClips, which: Int[Tensor, "m"], gallery: str
) -> Measurements:
    """The columns of Table 3 of [zhou2019] for some word clips, which are each other's gallery.

    "both" adds the two modalities' log-probabilities, for the paper says not how.
    Chapter: book/davs.ipynb
    """
    out = encode(model, clips, which)
    logits = {
        "visual": out.words_v,
        "audio": out.words_a,
        "both": out.words_v.log_softmax(1) + out.words_a.log_softmax(1),
    }
    made = []
    for column, scores in logits.items():
        made += accuracies(row, column, scores, clips, which, gallery)
    made += retrievals(row, "V2A", out.F_w_v, out.F_w_a, clips, which, gallery)
    made += retrievals(row, "A2V", out.F_w_a, out.F_w_v, clips, which, gallery)
    return made


def accuracies(
    row: str,
    column: str,
    logits: Float[Tensor, "m k"],
    clips: WordClips,
    which: Int[Tensor, "m"],
    gallery: str,
) -> Measurements:
    """How often (%) each word of each speaker is told: no word counts more because it is said more
    often.

    Chapter: book/davs.ipynb
    """
    word = clips.word[which]
    person = clips.person[which]
    hits = logits.argmax(1) == word
    made = []
    for one in person.unique():
        for said in word[person == one].unique():
            value = 100 * hits[(person == one) & (word == said)].double().mean().item()
            speaker = clips.tensors.speakers[int(one)]
            made.append((row, column, speaker, f"{clips.words[int(said)]}, {gallery}", value))
    return made


def retrievals(
    row: str,
    way: str,
    queries: Float[Tensor, "m *d"],
    found: Float[Tensor, "m *d"],
    clips: WordClips,
    which: Int[Tensor, "m"],
    gallery: str,
) -> Measurements:
    """R@1 and R@10 (%) of each recording's word clips, and the median rank of each speaker's.

    Chapter: book/davs.ipynb
    """
    ranks = partner_ranks(queries.flatten(1), found.flatten(1)).double()
    recording = clips.clip[which]
    speaker = clips.person[which]
    speakers = clips.tensors.speakers
    made = []
    for clip in recording.unique():
        of_clip = ranks[recording == clip]
        where = (speakers[int(clips.tensors.speaker[clip])], clips.tensors.ids[int(clip)])
        made.append((row, f"{way} R@1", *where, 100 * (of_clip <= 1).double().mean().item()))
        made.append((row, f"{way} R@10", *where, 100 * (of_clip <= 10).double().mean().item()))
    for one in speaker.unique():
        median = ranks[speaker == one].quantile(0.5).item()
        made.append((row, f"{way} MedR", speakers[int(one)], gallery, median))
    return made


def chance(speaker: str, n_clips: int, n_words: int, gallery: str) -> Measurements:
    """What guessing gives in a gallery of n_clips word clips. Chapter: book/davs.ipynb"""
    by_rank = {"R@1": 100 / n_clips, "R@10": min(100.0, 1000 / n_clips), "MedR": (n_clips + 1) / 2}
    made = []
    for column in SCORES:
        _, _, rank = column.partition(" ")
        made.append(("chance", column, speaker, gallery, by_rank.get(rank, 100 / n_words)))
    return made
