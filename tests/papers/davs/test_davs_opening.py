"""Openings of decoded mouths, and modalities told anew, by codes whose answers are known."""

from statistics import mean

import pytest
import torch
from torch import nn

from thlab.evaluation.experiment import Experiment
from thlab.papers import load_paper
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.evaluate import modality, opening
from thlab.papers.davs.evaluate.experiment import LANDMARKS, settings
from thlab.papers.davs.model import DAVS, SEEN, Output

PAPER = load_paper("davs")


@pytest.fixture(scope="module")
def experiment(spoken, fabric, clips):
    splits = {"train": spoken, "test": spoken}
    made = Experiment("davs", fabric, "tiny", splits, "fast", (0,), PAPER.training_code)
    made.once(("training words",), lambda: clips)
    made.once(("test words", *clips.words), lambda: clips)
    return made


class Informed(DAVS):
    """Codes that are the landmarks themselves, or of sound nothing."""

    def __init__(self, clips, hears):
        nn.Module.__init__(self)
        self.clips = clips
        self.hears = hears
        self.heard = 0

    def e_w_v(self, points):
        return points.flatten(2)

    def e_w_a(self, rows):
        every = self.clips.points(torch.arange(len(self.clips.tensors.clip_of))[None]).flatten(2)
        codes = every[:, self.heard : self.heard + rows.shape[1]]
        self.heard = (self.heard + rows.shape[1]) % every.shape[1]
        return codes if self.hears else torch.zeros_like(codes)


def values(made, column):
    return [value for _, one, _, _, value in made if one == column]


def test_the_truth_opens_as_the_truth_and_a_still_mouth_does_not(experiment):
    spec = PAPER.tables["F5b"]
    truth = spec.measure(experiment, "truth", 0)
    assert {column for _, column, *_ in truth} == set(spec.columns)
    for column in spec.columns:
        assert values(truth, column) == pytest.approx([1] * len(values(truth, column)))
    still = spec.measure(experiment, "mean mouth", 0)
    assert values(still, "range") == pytest.approx([0] * len(values(still, "range")), abs=1e-5)
    assert set(values(still, "opening")) == {0}
    cells = [{where[2:4] for where in made} for made in (truth, still)]
    assert cells[0] == cells[1]


def test_half_an_opening_has_half_the_range(clips):
    every = torch.arange(len(clips.tensors.clip_of))[None]
    true = opening.openings(clips.points(every)[0].flatten(1))
    made = opening.opening_scores("half", true / 2, true, clips)
    assert values(made, "range") == pytest.approx([0.5] * len(values(made, "range")), rel=1e-4)
    assert max(values(made, "time open")) < 1
    assert min(values(made, "opening")) > 0.999


def test_a_gap_is_between_the_inner_lips():
    points = torch.zeros(2, 29, 2)
    points[1, opening.INNER_LIPS[1]] = torch.tensor([3.0, 4.0])
    assert opening.openings(points.flatten(1)).tolist() == [0, 5]


def test_mouths_open_as_far_as_their_codes_say(experiment, clips, monkeypatch):
    monkeypatch.setattr(opening, "STEPS", 300)
    made = {}
    for name, hears in (("L_C", False), ("L_C + SC", True)):
        model = Informed(clips, hears)
        monkeypatch.setattr(opening, "trained", lambda *_, model=model: model)
        made[name] = opening.measure_openings(experiment, name, 0)
    assert mean(values(made["L_C"], "range")) < 0.1
    assert mean(values(made["L_C + SC"], "range")) == pytest.approx(1, abs=0.2)
    assert mean(values(made["L_C + SC"], "opening")) > 0.9


def test_modalities_are_told_where_codes_differ_and_not_where_they_are_alike(clips, monkeypatch):
    config = settings(DAVSConfig.fast(), LANDMARKS)
    model = DAVS(config.word_space(), len(clips.words), 4).eval()
    rng = torch.Generator().manual_seed(0)
    side = torch.tensor([1.0, -1.0]).repeat(config.dim // 2)

    def codes(apart):
        def encode(model, some, which):
            F = torch.randn(len(which), SEEN, config.dim, generator=rng)
            other = torch.randn(len(which), SEEN, config.dim, generator=rng) + apart * side
            return Output(F, other, F[:, 0], F[:, 0])

        return encode

    every = torch.arange(len(clips.word))
    told = {}
    for apart in (0.0, 1.0):
        monkeypatch.setattr(modality, "encode", codes(apart))
        out = codes(apart)(model, clips, every)
        made = modality.modality_told("ours", model, clips, clips, out, 0)
        assert {speaker for _, _, speaker, *_ in made} == set(clips.tensors.speakers)
        told[apart] = mean(values(made, "modality"))
    assert abs(told[0.0] - 50) < 10
    assert told[1.0] > 98
