"""Every table of [mittal2020] as one call: trains what is missing, tests on held-out speakers, writes the results."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from thlab.bench import saved
from thlab.metrics.tables import Table
from thlab.nn.landmarks import LandmarkNet
from thlab.papers.priors import heads, tables
from thlab.papers.priors.bench import open_bench
from thlab.papers.priors.train_gan import GANConfig, TalkingHead, load_head
from thlab.training import load_weights, read_card

TABLES = ("T1", "T2", "T3", "variances", "sweep", "collapse", "leakage", "quality")


def evaluate(
    fabric: Any, table: str = "quality", corpus: str = "medium", preset: str = "book", seeds: int | Sequence[int] = 3,
    out: str | Path = "book/results", head: TalkingHead | None = None, head_steps: int = 300, **vae: Any,
) -> dict[str, Table]:  # fmt: skip
    """Re-run a table of the paper, or all; saves each as out/priors.<table>.json and returns them by name.

    table: one of TABLES, or "all". seeds: how many, or which; the sweep takes the first one. head: the one whose
    quality is asked (default: the committed weights). head_steps: of each generator of T1 and T2. vae: changes to the
    VAE's config in all rows, such as steps=1500. A training that was cut off goes on where it stopped. Raises
    ValueError for an unknown table, preset or corpus. Chapter: book/priors.ipynb
    """
    if table not in (*TABLES, "all"):
        raise ValueError(f"there is no table {table!r}: choose one of {', '.join(TABLES)}, all")
    names = TABLES if table == "all" else (table,)
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    bench = open_bench(fabric, corpus, preset, seeds, frames=not {"T1", "T2", "quality"}.isdisjoint(names), **vae)
    config = replace(getattr(GANConfig, preset)(), steps=head_steps, critics_from=head_steps)

    def judge() -> LandmarkNet:
        net = LandmarkNet()
        load_weights("landmarks", net)
        return net

    def of_weights() -> list[Table]:
        facts: dict[str, Any] = {"weights": "given"}
        if head is None:
            facts = {"weights": "committed", "steps": read_card("priors-head")["steps"]}
        return [heads.quality(bench, judge(), head or load_head(), **facts)]

    def of_heads() -> list[Table]:
        return heads.tables_1_and_2(bench, judge(), config)

    makers: dict[str, Callable[[], list[Table]]] = {
        "T1": of_heads, "T2": of_heads, "T3": lambda: [tables.table_3(bench)],
        "variances": lambda: [tables.variances(bench)],
        "sweep": lambda: [tables.sweep(replace(bench, seeds=bench.seeds[:1]))],
        "collapse": lambda: [tables.collapse(bench)], "leakage": lambda: [tables.leakage(bench)],
        "quality": of_weights,
    }  # fmt: skip
    chosen = dict.fromkeys(makers[name] for name in names)
    return saved((new for maker in chosen for new in maker()), out)
