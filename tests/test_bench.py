"""What the tables share: whom weights may be tested on."""

from dataclasses import replace
from importlib import import_module

import pytest

from thlab.evaluation.experiment import meets_new_people


@pytest.mark.parametrize(
    ("trained", "tested"),
    [("tiny", "tiny"), ("medium", "words"), ("words", "medium"), ("tiny", "medium"), ("g", "tiny"), ("medium", "g")],
)
def test_people_whom_weights_have_not_met(trained, tested):
    meets_new_people({"corpus": trained}, tested)


@pytest.mark.parametrize(("trained", "tested"), [("medium", "tiny"), ("words", "small"), ("small", "tiny")])
def test_nobody_is_tested_whom_the_weights_were_trained_on(trained, tested):
    with pytest.raises(ValueError, match=f"corpus {tested} tests: ask for --corpus {trained}"):
        meets_new_people({"corpus": trained}, tested)


@pytest.mark.parametrize(("paper", "table"), [("priors", "quality"), ("stochastic", "T1"), ("davs", "words")])
def test_committed_weights_do_not_judge_people_whom_they_have_met(paper, table, tmp_path):
    evaluate = import_module(f"thlab.papers.{paper}.evaluate").evaluate
    with pytest.raises(ValueError, match="on people whom corpus tiny tests"):
        evaluate(None, table, "tiny", "fast", out=tmp_path)


def test_trainings_belong_to_the_clips_not_to_the_folders_name(tiny_corpus, tmp_path):
    few = open_corpus("embedded", tiny_corpus, check="none", split="val")[:2]
    benches = []
    for user in ("a", "b"):
        root = tmp_path / user / "prepared"
        root.mkdir(parents=True)
        (root / "manifest.jsonl").write_text(f'{{"id": "{user}", "corpus_version": null}}\n')
        memory = replace(load_clips(few, frames=False), facts=corpus_facts("embedded", root))
        benches.append(Experiment("priors", None, memory, memory, few, str(root)))
    first, second = (bench.folder("vae", 0) for bench in benches)
    assert first != second
    assert first.parents[2].name.startswith("prepared-")
