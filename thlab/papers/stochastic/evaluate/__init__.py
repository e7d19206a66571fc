"""Table 1 of [yadav2020] with controls, and what it lacks."""

from thlab.papers.paper import TableSpec
from thlab.papers.stochastic.evaluate import (
    beta,
    calibration,
    diversity,
    quality,
    shared_latent,
    smoothness,
    table_1,
)
from thlab.papers.stochastic.evaluate.heads import LATENT
from thlab.papers.stochastic.reported import TABLE_1

TABLES = {
    "quality": TableSpec(
        "pictures and mouths of trained weights, beside controls",
        quality.measure,
        rows=quality.ROWS,
        columns=quality.COLUMNS,
        numbers=TABLE_1,
        of_weights=LATENT,
        seeds=1,
        facts=quality.facts,
    ),
    "T1": TableSpec(
        "pictures and mouths of takes, beside DAVS",
        table_1.measure,
        rows=table_1.ROWS,
        columns=quality.COLUMNS,
        numbers=TABLE_1,
        facts=table_1.facts,
    ),
    "controls": TableSpec(
        "what stands beside T1: controls, and what must be beaten",
        table_1.measure,
        rows=quality.CONTROLS,
        columns=quality.COLUMNS,
        facts=table_1.facts,
    ),
    "diversity": TableSpec(
        "how takes of one voice differ, and that they say the same",
        diversity.measure,
        rows=diversity.ROWS,
        columns=diversity.COLUMNS,
        facts=diversity.facts,
    ),
    "smoothness": TableSpec(
        "do frames follow one another without jumps?",
        smoothness.measure,
        rows=smoothness.ROWS,
        columns=smoothness.COLUMNS,
        facts=smoothness.facts,
    ),
    "shared-latent": TableSpec(
        "is the latent of a sound that of its frames?",
        shared_latent.measure,
        rows=shared_latent.ROWS,
        columns=shared_latent.COLUMNS,
        facts=shared_latent.facts,
    ),
    "beta": TableSpec(
        "what beta, its warm-up, free bits and fine do",
        beta.measure,
        rows=tuple(beta.VARIANTS),
        columns=beta.COLUMNS,
        seeds=1,
        facts=beta.facts,
    ),
    # the last two: of a real corpus they are refused, when the others are there
    "still-heads": TableSpec(
        "T1 where heads do not move, by the same models (embedded corpora)",
        table_1.measure_still_heads,
        rows=table_1.STILL_HEADS_ROWS,
        columns=quality.COLUMNS,
        facts=table_1.still_heads_facts,
    ),
    "calibration": TableSpec(
        "is the spread of takes that of the true ones? (embedded corpora)",
        calibration.measure,
        rows=calibration.ROWS,
        columns=calibration.COLUMNS,
        of_weights=LATENT,
        seeds=1,
        facts=calibration.facts,
    ),
}
