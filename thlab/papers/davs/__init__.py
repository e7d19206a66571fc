"""Zhou et al. 2019 (DAVS): a person space and a word space, kept apart by adversaries."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thlab.evaluation.experiment import Experiment
from thlab.papers.davs import train
from thlab.papers.davs.claims import CLAIMS
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.evaluate import (
    found,
    identity,
    leakage,
    opening,
    pictures,
    word_space,
)
from thlab.papers.davs.evaluate.experiment import (
    GAN_WEIGHT,
    LANDMARKS,
    LANDMARKS_BRIEFLY,
    PIXELS,
    test_set_facts,
    training_facts,
    weights_facts,
)
from thlab.papers.davs.head import DISENTANGLED, load_head, read_source
from thlab.papers.davs.losses import LossWeights
from thlab.papers.davs.reported import LEAKAGE, SCORES, SUPERVISIONS, TABLE_1, TABLE_3
from thlab.papers.davs.words import load_words
from thlab.papers.paper import AUDIO, IMAGE, Option, Paper, Stage, TableSpec

VIDEO = Option("--video", "generate", "in its place: a video whose lips are read", Path)


def printed(numbers: Mapping[str, Sequence[float]], columns: Sequence[str]) -> dict[str, Any]:
    """The paper's numbers as a table holds them."""
    return {
        "LRW": {row: dict(zip(columns, values, strict=False)) for row, values in numbers.items()}
    }


def pixels_on_test_set(experiment: Experiment) -> dict[str, Any]:
    """Evidence of Table 1."""
    facts = training_facts(PIXELS, whole=True)(experiment)
    return facts | test_set_facts(experiment) | {"gan : l1": f"{GAN_WEIGHT:g} : {LossWeights.l1:g}"}


def weights_on_test_set(experiment: Experiment) -> dict[str, Any]:
    """Evidence of the table of faces."""
    return weights_facts(experiment) | test_set_facts(experiment)


def supervisions_table(title: str, kind: str, seeds: int) -> TableSpec:
    """Table 3, by models of a kind."""
    return TableSpec(
        title,
        word_space.supervisions_of(kind),
        SUPERVISIONS,
        word_space.TABLE_3_COLUMNS,
        printed(TABLE_3, SCORES),
        corpus="words",
        seeds=seeds,
        facts=training_facts(kind),
    )


TABLES = {
    "T1": TableSpec(
        "pictures with and without the GAN",
        pictures.measure_quality,
        pictures.QUALITY_ROWS,
        pictures.QUALITY_COLUMNS,
        printed(TABLE_1, ("PSNR", "SSIM")),
        corpus="words",
        facts=pixels_on_test_set,
    ),
    "T3": supervisions_table(
        "words told and clips found, by the word space's losses; lips are landmarks", LANDMARKS, 8
    ),
    "T3-brief": supervisions_table("T3 after three tenths of its steps", LANDMARKS_BRIEFLY, 3),
    "T3-pixels": supervisions_table("T3 with lips read from pictures", PIXELS, 3),
    "F5b": TableSpec(
        "how far and how long mouths open, by the word space's losses",
        opening.measure_openings,
        opening.ROWS,
        opening.COLUMNS,
        corpus="words",
        seeds=8,
        facts=training_facts(LANDMARKS),
    ),
    "SVM": TableSpec(
        "what is left of the word in the person, and the other way round",
        leakage.measure_leakage,
        (*leakage.MODELS, "chance"),
        leakage.COLUMNS,
        printed(LEAKAGE, ("word from F_p",)),
        corpus="words",
        seeds=8,
        facts=training_facts(LANDMARKS, whole=True),
    ),
    "T4": TableSpec(
        "originals found by generated videos",
        found.measure_found,
        found.ROWS,
        found.COLUMNS,
        corpus="words",
        seeds=8,
        facts=training_facts(LANDMARKS, whole=True),
    ),
    "identity": TableSpec(
        "whose face, whose words, of trained weights",
        identity.measure_identity,
        tuple(identity.SOURCE_OF),
        identity.COLUMNS,
        of_weights=DISENTANGLED,
        corpus="words",
        facts=weights_on_test_set,
    ),
    "words": TableSpec(
        "words told and clips found, of trained weights",
        word_space.measure_words,
        ("ours", "chance"),
        word_space.COLUMNS,
        of_weights=DISENTANGLED,
        corpus="words",
        facts=weights_facts,
    ),
}

PAPER = Paper(
    key="davs",
    about="Zhou et al. 2019: one person's words, heard or read from the lips, in another's face",
    stages={
        "disentangled": Stage(DAVSConfig, train.train, train.facts, shared=(train.FIRST,)),
        "entangled": Stage(
            DAVSConfig, train.train, train.facts, DAVSConfig.entangled, shared=(train.FIRST,)
        ),
    },
    tables=TABLES,
    claims=CLAIMS,
    options=(AUDIO, IMAGE, VIDEO),
    default_table="words",
    head=load_head,
    speech=read_source,
    load=load_words,
)
