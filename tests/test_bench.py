"""What the tables share: whom weights may be tested on."""

from importlib import import_module

import pytest

from thlab.bench import meets_new_people


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
