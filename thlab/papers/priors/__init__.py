"""[mittal2020]: content, emotion and sequence of speech by label-specific priors, and a talking
head on the content.
"""

from thlab.papers.paper import Paper, Stage, TableSpec
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.evaluate import (
    collapse,
    emotions,
    heads,
    leakage,
    mouths,
    probes,
    quality,
)
from thlab.papers.priors.evaluate.vaes import vae_evidence
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.talking import HEAD, VAE, load_head
from thlab.papers.priors.head.train import head_facts, train_head
from thlab.papers.priors.model import VAEConfig
from thlab.papers.priors.reported import PRINTED_1, PRINTED_2, PRINTED_3
from thlab.papers.priors.train import FIRST_STAGE, train_vae, vae_facts

ACCURACIES = dict.fromkeys(probes.COLUMNS, "probe accuracy")
LEAKAGE = dict.fromkeys(leakage.FACTORS, "probe accuracy") | {
    score: score for score in leakage.SCORES
}

STAGES = {
    "vae": Stage(VAEConfig, train_vae, vae_facts, shared=(FIRST_STAGE,), frames=False),
    "head": Stage(GANConfig, train_head, head_facts),
}


TABLES = {
    "quality": TableSpec(
        "the trained head beside the truth and what it must beat",
        quality.quality,
        ("ours",),
        {column: column for column in quality.COLUMNS},
        of_weights=HEAD,
        facts=quality.quality_evidence,
    ),
    "T1": TableSpec(
        "mouths in noise, by landmarks; all recordings have a floor",
        mouths.in_noise(quiet=False),
        mouths.T1_ROWS,
        dict.fromkeys(mouths.LEVELS, "LMD, exact"),
        {"GRID": PRINTED_1},
        seeds=4,
        facts=mouths.mouths_evidence,
    ),
    "T3": TableSpec(
        "what probes read off the latents, with and without margin loss",
        probes.table_3,
        (*probes.ROWS, probes.CHANCE),
        ACCURACIES,
        {"GRID and CREMA-D": PRINTED_3},
        corpus="emotions",
        seeds=4,
        facts=vae_evidence,
    ),
    "collapse": TableSpec(
        "the priors with and without the discriminative terms",
        collapse.collapse,
        collapse.ROWS,
        collapse.COLUMNS,
        corpus="emotions",
        seeds=4,
        facts=vae_evidence,
    ),
    "emotions": TableSpec(
        "mouths of nets that learnt neutral speech, in all emotions",
        emotions.measure,
        emotions.ROWS,
        emotions.COLUMNS,
        corpus="emotions",
        seeds=4,
        facts=emotions.evidence,
    ),
    "probes": TableSpec(
        "what probes read off the latents of trained weights",
        probes.trained_probes,
        (*probes.ROWS, probes.CHANCE),
        dict.fromkeys(probes.LABELS, "probe accuracy"),
        of_weights=VAE,
        corpus="emotions",
    ),
    "T2": TableSpec(
        "pictures and mouths on clean sound",
        heads.table_2,
        heads.T2_ROWS,
        {score: score for score in heads.COLUMNS},
        {"GRID": PRINTED_2},
        seeds=1,
        facts=heads.head_evidence,
    ),
    "T1-quiet": TableSpec(
        "the same of heads that are trained and asked without recording floors",
        mouths.in_noise(quiet=True),
        mouths.T1_ROWS,
        dict.fromkeys(mouths.LEVELS, "LMD, exact"),
        {"GRID": PRINTED_1},
        facts=mouths.mouths_evidence,
    ),
    "variances": TableSpec(
        "T3 with the variances of priors and latents exchanged",
        probes.variances,
        tuple(probes.EXCHANGED),
        {column: ACCURACIES[column] for column in probes.COLUMNS if column.endswith("with margin")},
        corpus="emotions",
        facts=vae_evidence,
    ),
    "margins": TableSpec(
        "T3 with other weights of margins and likelihood, and with readers in the margins' place",
        probes.margins,
        (*probes.MARGINS, probes.CHANCE),
        {column: ACCURACIES[column] for column in probes.COLUMNS if column.endswith("with margin")},
        corpus="emotions",
        seeds=4,
        facts=vae_evidence,
    ),
    "plateau": TableSpec(
        "what more steps of training give a VAE",
        probes.plateau,
        tuple(probes.STEPS),
        probes.PLATEAU_COLUMNS,
        corpus="emotions",
        seeds=1,
        facts=vae_evidence,
    ),
    "leakage": TableSpec(
        "what each latent knows of every factor of the corpus",
        leakage.leakage,
        leakage.ROWS,
        LEAKAGE,
        corpus="emotions",
        facts=vae_evidence,
    ),
}

PAPER = Paper(
    key="priors",
    about="[mittal2020]: speech split by learned priors; a face that says its content",
    stages=STAGES,
    tables=TABLES,
    claims=CLAIMS,
    default_table="quality",
    head=load_head,
)
