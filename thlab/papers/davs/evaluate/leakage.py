"""What support vector machines read off the wrong space: the SVM of [zhou2019], and the other
direction.
"""

from jaxtyping import Float, Int
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.probes import svm_hits
from thlab.papers.davs.evaluate.experiment import (
    LANDMARKS,
    by_speaker,
    encode,
    encode_person,
    test_words,
    trained,
    training_words,
)
from thlab.papers.davs.model import DAVS
from thlab.papers.davs.words import WordClips

COLUMNS = {
    "word from F_p": "probe accuracy, unwanted",
    "person from f_w": "probe accuracy, unwanted",
    "person from f_p": "probe accuracy, wanted",
    "new people from f_w": "probe accuracy, unwanted",
}
MODELS = {"before": "entangled", "after": "disentangled"}
PER_PROBE = 60  # clips of each word to train an SVM on
PERSON_FRAMES = slice(None, None, 4)  # of the frames seen, from which an SVM reads the person


def measure_leakage(experiment: Experiment, row: str, seed: int) -> Measurements:
    """What linear SVMs read off the wrong space (%), before and after Eq. 2 to 5 of [zhou2019], and
    by chance.

    The word from F_p: trained on the training speakers, tested on the test ones. The person from
    single f_w^v: trained on every other recording of the people that C_w^p knows, tested on the
    others; "new people": likewise of the test speakers, where there are several. "person from f_p"
    shall stay high. One value a speaker: the share of their codes that are told right. The models
    read and make landmarks: their G has nothing of the person but f_p.
    Chapter: book/davs.ipynb
    """
    train = training_words(experiment)
    test = test_words(experiment, train.words)
    if row == "chance":
        return chance(train, test)
    return leaks(row, trained(experiment, LANDMARKS, MODELS[row], seed), train, test)


def leaks(row: str, model: DAVS, train: WordClips, test: WordClips) -> Measurements:
    """What the SVMs read off one model's codes. Chapter: book/davs.ipynb"""
    few = train.balanced(PER_PROBE)
    of_test = test.balanced(PER_PROBE)
    F_p = encode_person(model, train, few)
    F_p_test = encode_person(model, test, of_test)
    hits = svm_hits(F_p.flatten(1), train.word[few], F_p_test.flatten(1), test.word[of_test])
    made = by_speaker(row, "word from F_p", test, test.person[of_test], hits)
    made += people_told(row, "person from f_w", train, few, encode(model, train, few).F_w_v)
    made += people_told(row, "person from f_p", train, few, F_p)
    if len(test.person.unique()) > 1:
        codes = encode(model, test, of_test).F_w_v
        made += people_told(row, "new people from f_w", test, of_test, codes)
    return made


def people_told(
    row: str, column: str, clips: WordClips, which: Int[Tensor, "m"], codes: Float[Tensor, "m n d"]
) -> Measurements:
    """How often (%) an SVM tells who is seen from single codes of some word clips.

    Chapter: book/davs.ipynb
    """
    held = clips.clip[which] % 2 == 1
    codes = codes[:, PERSON_FRAMES]
    person = clips.person[which][:, None].expand(codes.shape[:2])
    label = person.unique(return_inverse=True)[1]
    hits = svm_hits(
        codes[~held].flatten(0, 1),
        label[~held].flatten(),
        codes[held].flatten(0, 1),
        label[held].flatten(),
    )
    return by_speaker(row, column, clips, person[held].flatten(), hits)


def chance(train: WordClips, test: WordClips) -> Measurements:
    """How often (%) the most frequent answer would be right. Chapter: book/davs.ipynb"""
    labels = {
        "word from F_p": (test, test.word),
        "person from f_w": (train, train.person),
        "person from f_p": (train, train.person),
        "new people from f_w": (test, test.person),
    }
    if len(test.person.unique()) == 1:
        del labels["new people from f_w"]
    made = []
    for column, (clips, label) in labels.items():
        which = clips.balanced(PER_PROBE)
        share = label[which].bincount().max().item() / len(which)
        for person in clips.person[which].unique():
            made.append(("chance", column, clips.tensors.speakers[int(person)], "", 100 * share))
    return made
