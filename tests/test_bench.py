"""What the tables share: whom weights may be tested on."""

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
