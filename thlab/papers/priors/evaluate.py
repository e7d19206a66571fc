"""Every table of [mittal2020] as one call: trains what is missing, tests on held-out speakers, writes the results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thlab.metrics.tables import Table
from thlab.papers.priors import tables
from thlab.papers.priors.bench import open_bench

LATENT_TABLES = {"T3": tables.table_3, "sweep": tables.sweep, "collapse": tables.collapse}


def evaluate(
    fabric: Any, table: str = "all", corpus: str = "medium", preset: str = "book", seeds: int | Sequence[int] = 3,
    out: str | Path = "book/results", **vae: Any,
) -> dict[str, Table]:  # fmt: skip
    """Re-run a table of the paper, or all; saves each as out/priors.<table>.json and returns them by name.

    seeds: how many, or which. Further arguments, such as steps, change the VAE's config in all rows. A training that
    was cut off goes on where it stopped. Raises ValueError for an unknown table, preset or corpus.
    Chapter: book/priors.ipynb
    """
    names = list(LATENT_TABLES) if table == "all" else [table]
    if table != "all" and table not in LATENT_TABLES:
        raise ValueError(f"there is no table {table!r}: choose all, {', '.join(LATENT_TABLES)}")
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    bench = open_bench(fabric, corpus, preset, seeds, **vae)
    Path(out).mkdir(parents=True, exist_ok=True)
    found = {name: LATENT_TABLES[name](bench) for name in names}
    for made in found.values():
        made.save(Path(out))
    return found
