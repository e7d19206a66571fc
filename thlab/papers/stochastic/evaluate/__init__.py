"""Table 1 of [yadav2020] with controls, and what it lacks."""

from thlab.papers.paper import TableSpec
from thlab.papers.stochastic.evaluate import beta, calibration, diversity, quality, smoothness
from thlab.papers.stochastic.evaluate.takes import LATENT, card_facts
from thlab.papers.stochastic.reported import TABLE_1

TABLES = {
    "T1": TableSpec(
        "pictures and mouths of takes, beside controls",
        quality.measure,
        rows=quality.ROWS,
        columns=quality.COLUMNS,
        numbers=TABLE_1,
        of_weights=LATENT,
        facts=quality.facts,
    ),
    "diversity": TableSpec(
        "how takes of one voice differ, and that they say the same",
        diversity.measure,
        rows=diversity.ROWS,
        columns=diversity.COLUMNS,
        of_weights=LATENT,
        facts=card_facts,
    ),
    "smoothness": TableSpec(
        "do frames follow one another without jumps?",
        smoothness.measure,
        rows=smoothness.ROWS,
        columns=smoothness.COLUMNS,
        of_weights=LATENT,
        facts=card_facts,
    ),
    "beta": TableSpec(
        "what beta, its warm-up, free bits and fine do",
        beta.measure,
        rows=tuple(beta.VARIANTS),
        columns=beta.COLUMNS,
        facts=beta.facts,
    ),
    # the last one: of a real corpus it is refused, when the others are there
    "calibration": TableSpec(
        "is the spread of takes that of the true ones? (embedded corpora)",
        calibration.measure,
        rows=calibration.ROWS,
        columns=calibration.COLUMNS,
        of_weights=LATENT,
        facts=calibration.facts,
    ),
}
