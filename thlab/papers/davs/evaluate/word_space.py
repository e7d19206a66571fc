"""Table 3 of [zhou2019], words told and clips found; and the same of trained weights, person by
person.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.retrieval import nearest_ranks, partner_ranks
from thlab.papers.davs.evaluate.experiment import (
    encode,
    noisy_words,
    test_words,
    trained,
    training_words,
    words_heard,
)
from thlab.papers.davs.evaluate.modality import MODALITY, modality_told
from thlab.papers.davs.head import DISENTANGLED, load_model
from thlab.papers.davs.model import Output
from thlab.papers.davs.reported import RANKS, SCORES, WAYS, WORDS
from thlab.papers.davs.words import WordClips

COLUMNS = dict.fromkeys(WORDS, "accuracy") | {
    f"{way} {rank}": rank for way in WAYS for rank in RANKS
}
NOISE_DB = 0.0
IN_NOISE = ("audio, 0 dB", "both, 0 dB")
ALL_PEOPLE = ", all people"  # one gallery of all, where COLUMNS have one a speaker
UNNORMALISED = ", unnormalised"  # by Euclidean distance, where COLUMNS are by cosine
TABLE_3_COLUMNS = (
    COLUMNS
    | dict.fromkeys(IN_NOISE, "accuracy")
    | {f"{way} {rank}{ALL_PEOPLE}": rank for way in WAYS for rank in RANKS}
    | {f"{way} R@1{UNNORMALISED}": "R@1" for way in WAYS}
    | {MODALITY: "probe accuracy, unwanted"}
)
TEST_PART = "test part"
TRAINING_PART = "training part"  # of a folder all people are new


def supervisions_of(kind: str) -> Callable[[Experiment, str, int], Measurements]:
    """Table 3 of [zhou2019] by models of a kind.

    Chapter: book/davs.ipynb
    """

    def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
        return measure_supervisions(experiment, kind, row, seed)

    measure.__module__ = __name__
    return measure


def measure_supervisions(experiment: Experiment, kind: str, row: str, seed: int) -> Measurements:
    """Words told and clips found with one of four supervisions of the word space.

    A value is of a word of a speaker, in %; of a recording, the share of its word clips that are
    found, in %; or the median rank of a speaker's clips. Each speaker's clips are a gallery; in
    "all people" all of the test is one. "unnormalised": vectors of a clip as they are, where the
    others have length 1, as in Eq. 1. "0 dB": sound in white noise that training did not have.
    Chapter: book/davs.ipynb
    """
    train = training_words(experiment)
    clips = test_words(experiment, train.words)
    noisy = noisy_words(experiment, train.words, NOISE_DB)
    model = trained(experiment, kind, row, seed)
    every = torch.arange(len(clips.word))
    out = encode(model, clips, every)
    in_noise = out._replace(words_a=words_heard(model, noisy, every))
    made = words_told(row, out, clips, every, TEST_PART)
    made += renamed(words_told(row, in_noise, clips, every, TEST_PART), ", 0 dB")
    for person in clips.person.unique():
        which = (clips.person == person).nonzero()[:, 0]
        of_person = Output(*(x[which] for x in out[:4]))
        made += clips_found(row, of_person, clips, which, TEST_PART)
        unnormalised = clips_found(row, of_person, clips, which, TEST_PART, nearest_ranks)
        made += renamed(unnormalised, UNNORMALISED)
    made += renamed(clips_found(row, out, clips, every, TEST_PART), ALL_PEOPLE)
    return made + modality_told(row, model, train, clips, out, seed)


def renamed(made: Measurements, ending: str) -> Measurements:
    """Measurements whose columns have this ending, as far as Table 3 has such a column."""
    found: Measurements = []
    for row, column, speaker, clip, value in made:
        if column + ending in TABLE_3_COLUMNS:
            found.append((row, column + ending, speaker, clip, value))
    return found


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
                out = encode(model, clips, which)
                made += word_scores(row, out, clips, which, name)
    return made


def word_scores(
    row: str, out: Output, clips: WordClips, which: Int[Tensor, "m"], gallery: str
) -> Measurements:
    """The columns of Table 3 of [zhou2019] for some word clips, which are each other's gallery.

    Chapter: book/davs.ipynb
    """
    told = words_told(row, out, clips, which, gallery)
    return told + clips_found(row, out, clips, which, gallery)


def words_told(
    row: str, out: Output, clips: WordClips, which: Int[Tensor, "m"], gallery: str
) -> Measurements:
    """Words told from each modality and from both.

    "both" adds the two modalities' log-probabilities, for the paper says not how.
    Chapter: book/davs.ipynb
    """
    logits = {
        "visual": out.words_v,
        "audio": out.words_a,
        "both": out.words_v.log_softmax(1) + out.words_a.log_softmax(1),
    }
    made = []
    for column, scores in logits.items():
        made += accuracies(row, column, scores, clips, which, gallery)
    return made


Ranks = Callable[[Tensor, Tensor], Tensor]


def clips_found(
    row: str,
    out: Output,
    clips: WordClips,
    which: Int[Tensor, "m"],
    gallery: str,
    ranks_of: Ranks = partner_ranks,
) -> Measurements:
    """Sounds found by videos, and videos by sounds, of some word clips.

    Chapter: book/davs.ipynb
    """
    ways = {"V2A": (out.F_w_v, out.F_w_a), "A2V": (out.F_w_a, out.F_w_v)}
    made = []
    for way, (queries, found) in ways.items():
        ranks = ranks_of(queries.flatten(1), found.flatten(1))
        made += retrievals(row, way, ranks, clips, which, gallery)
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
    ranks: Int[Tensor, "m"],
    clips: WordClips,
    which: Int[Tensor, "m"],
    gallery: str,
) -> Measurements:
    """R@1 and R@10 (%) of each recording's word clips, and the median rank of each speaker's.

    Chapter: book/davs.ipynb
    """
    ranks = ranks.double()
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
