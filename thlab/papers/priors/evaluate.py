"""Every table of [mittal2020] as one call: trains what is missing, tests on held-out speakers, writes the results."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from thlab.evaluation.experiment import meets_new_people, saved
from thlab.evaluation.table import Table
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.priors.bench import open_experiment
from thlab.papers.priors.heads import quality, tables_1_and_2
from thlab.papers.priors.tables import OF_LATENTS
from thlab.papers.priors.train_gan import GANConfig, TalkingHead, load_head
from thlab.training import load_weights, read_card
from thlab.training.presets import chosen

TABLES = ("T1", "T2", *OF_LATENTS, "quality")


def evaluate(
    fabric: Any, table: str = "quality", corpus: str = "medium", preset: str = "book", seeds: int | Sequence[int] = 3,
    out: str | Path = "book/results", head: TalkingHead | None = None, head_steps: int = 300, **vae: Any,
) -> dict[str, Table]:  # fmt: skip
    """Re-run a table of the paper, or all; saves each as out/priors.<table>.json and returns them by name.

    table: one of TABLES, or "all". seeds: how many, or which; the sweep takes the first one. head: the one whose
    quality is asked (default: the committed weights). head_steps: of each generator of T1 and T2. vae: changes to the
    VAE's config in all rows, such as steps=1500. A training that was cut off goes on where it stopped. Raises
    ValueError for an unknown table, preset or corpus, and for weights that have met its test people.
    Chapter: book/priors.ipynb
    """
    names = chosen("table", table, TABLES)
    if "quality" in names and head is None:
        meets_new_people(read_card("priors-head"), corpus)
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    of_videos = not {"T1", "T2", "quality"}.isdisjoint(names)
    bench, judge = open_experiment(fabric, corpus, preset, seeds, of_videos, **vae), LandmarkNet()
    if of_videos:
        load_weights("landmarks", judge)

    def made() -> Iterator[Table]:
        if "T1" in names or "T2" in names:
            config = replace(getattr(GANConfig, preset)(), steps=head_steps, critics_from=head_steps)
            yield from tables_1_and_2(bench, judge, config)
        yield from (make(bench) for name, make in OF_LATENTS.items() if name in names)
        if "quality" in names:
            card = {} if head else {"steps": read_card("priors-head")["steps"]}
            yield quality(bench, judge, head or load_head(), weights="given" if head else "committed", **card)

    return saved(made(), out)
