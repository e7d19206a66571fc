"""Table 1 and 2's landmarks: oracles score as they must."""

import pytest
import torch

from thlab.data import open_splits
from thlab.evaluation.experiment import Experiment
from thlab.papers.evp.evaluate import mouths
from thlab.papers.evp.evaluate.codes import clip_codes, unenrolled_clips
from thlab.papers.evp.model import DisentangleConfig, Disentangler
from thlab.papers.evp.reported import MEAN, MEAN_OF_CLIP, MEAN_OF_EMOTION, REPEATED
from thlab.training.optim import build_seeded


@pytest.fixture(scope="module")
def experiment(tiny_corpus):
    splits = open_splits("tiny")
    return Experiment(
        paper="evp",
        fabric=None,
        corpus="tiny",
        splits={**splits, "heldout": splits["val"]},
        preset="fast",
        seeds=(0,),
        code=(),
    )


def means(found):
    cells = {}
    for _, column, _, _, value in found:
        cells.setdefault(column, []).append(value)
    return {column: torch.tensor(values).mean().item() for column, values in cells.items()}


def test_the_truth_is_perfect_and_shows_its_emotion(experiment):
    scores = means(mouths.score(experiment, "truth", lambda spoken, clip: spoken.points[clip]))
    assert set(scores) == set(mouths.COLUMNS)
    for part in ("unseen", "seen"):
        assert scores[f"M-LD, {part}"] == scores[f"F-LVD, {part}"] == 0
        assert scores[f"opening, {part}"] > 0.999
        assert scores[f"emotion, {part}"] > 60  # four people's faces taught it


def test_who_stands_still_follows_nothing(experiment):
    for row in (REPEATED, MEAN_OF_CLIP):
        scores = means(mouths.table_1(experiment, row, 0))
        assert scores["opening, unseen"] == 0
        assert scores["M-LD, unseen"] > 0.5
    rest = means(mouths.table_1(experiment, REPEATED, 0))
    assert scores["F-LD, unseen"] < rest["F-LD, unseen"]
    assert rest["emotion, unseen"] == pytest.approx(12.5)  # one look for all clips
    oracle = means(mouths.table_1(experiment, MEAN_OF_EMOTION, 0))
    mean = means(mouths.table_1(experiment, MEAN, 0))
    assert oracle["F-LD, unseen"] < mean["F-LD, unseen"] < rest["F-LD, unseen"]


def test_enrolled_sentences_are_not_tested(speeches):
    speech = speeches.train
    tested = unenrolled_clips(speech, 2)
    for speaker, neutral in enumerate(speech.neutral):
        enrolled = {speech.texts[clip] for clip in neutral[:2].tolist()}
        own = [clip for clip in tested if int(speech.tensors.speaker[clip]) == speaker]
        assert own
        assert not enrolled & {speech.texts[clip] for clip in own}


def test_codes_of_clips_are_means_over_words(speeches):
    model = build_seeded(lambda: Disentangler(DisentangleConfig.fast(), 8), 0).eval()
    codes = clip_codes(model, speeches.val)
    clip = int(codes.clips[3])
    speaker = int(speeches.val.tensors.speaker[clip])
    windows = speeches.val.windows(clip, speeches.val.enrolment(speaker, 2))
    with torch.no_grad():
        expected = model.emotion(windows[speeches.val.said(clip)]).mean(0)
    assert torch.allclose(codes.emotion[3], expected, atol=1e-5)
    assert len(codes.frames) == len(codes.frame_content)
