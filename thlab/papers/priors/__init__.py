"""[mittal2020]: content, emotion and sequence of speech by label-specific priors, and a talking
head on the content.
"""

from thlab.papers.paper import AUDIO, Paper, Stage, TableSpec
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.evaluate import collapse, heads, leakage, probes, quality
from thlab.papers.priors.evaluate.vaes import vae_evidence
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.talking import HEAD, load_head
from thlab.papers.priors.head.train import head_facts, train_head
from thlab.papers.priors.model import VAEConfig
from thlab.papers.priors.reported import PRINTED_1, PRINTED_2, PRINTED_3, ROWS
from thlab.papers.priors.train import FIRST_STAGE, train_vae, vae_facts

ACCURACIES = dict.fromkeys(probes.COLUMNS, "probe accuracy")
LEAKAGE = dict.fromkeys(leakage.FACTORS, "probe accuracy") | {
    score: score for score in leakage.SCORES
}

STAGES = {
    "vae": Stage(VAEConfig, train_vae, vae_facts, shared=(FIRST_STAGE,), frames=False),
    "head": Stage(GANConfig, train_head, head_facts),
}


def levels_table(title: str, score: str, numbers: dict) -> TableSpec:
    """T1 or one of its kin: a column a noise level. Chapter: book/content-to-video.ipynb"""
    return TableSpec(
        title,
        heads.at_levels(score),
        heads.T1_ROWS,
        dict.fromkeys(heads.LEVELS, score),
        numbers,
        facts=heads.head_evidence,
    )


TABLES = {
    "quality": TableSpec(
        "the trained head beside the truth and what it must beat",
        quality.quality,
        ("ours",),
        {column: column for column in quality.COLUMNS},
        of_weights=HEAD,
        facts=quality.quality_evidence,
    ),
    "T1": levels_table(
        "mouths in noise, by a landmark net on both videos", "LMD", {"GRID": PRINTED_1}
    ),
    "T1-exact": levels_table("the same against exact landmarks", "LMD, exact", {}),
    "T1-opening": levels_table("the same, does the opening follow", "opening", {}),
    "T2": TableSpec(
        "pictures and mouths on clean sound",
        heads.on_clean_sound,
        ROWS,
        {score: score for score in heads.PICTURES},
        {"GRID": PRINTED_2},
        facts=heads.head_evidence,
    ),
    "T2-references": TableSpec(
        "what stands beside T2",
        heads.on_clean_sound,
        heads.REFERENCES,
        {score: score for score in heads.PICTURES},
        facts=heads.head_evidence,
    ),
    "T3": TableSpec(
        "what probes read off the latents, with and without margin loss",
        probes.table_3,
        (*probes.ROWS, probes.CHANCE),
        ACCURACIES,
        {"GRID and CREMA-D": PRINTED_3},
        facts=vae_evidence,
    ),
    "variances": TableSpec(
        "T3 with the variances of priors and latents exchanged",
        probes.variances,
        tuple(probes.EXCHANGED),
        {column: ACCURACIES[column] for column in probes.COLUMNS if column.endswith("with margin")},
        facts=vae_evidence,
    ),
    "sweep": TableSpec(
        "T3 of one seed with multiples of alpha and beta",
        probes.sweep,
        (*probes.SWEPT, probes.CHANCE),
        ACCURACIES,
        facts=lambda experiment: vae_evidence(experiment) | {"seeds": [experiment.seeds[0]]},
    ),
    "collapse": TableSpec(
        "the priors with and without the discriminative terms",
        collapse.collapse,
        (*collapse.SIDES, collapse.CHANCE),
        collapse.COLUMNS,
        facts=vae_evidence,
    ),
    "leakage": TableSpec(
        "what each latent knows of every factor of the corpus",
        leakage.leakage,
        leakage.ROWS,
        LEAKAGE,
        facts=vae_evidence,
    ),
}

PAPER = Paper(
    key="priors",
    about="[mittal2020]: speech split by learned priors; a face that says its content",
    stages=STAGES,
    tables=TABLES,
    claims=CLAIMS,
    options=(AUDIO,),
    default_table="quality",
    head=load_head,
)
