"""One comparison of a claim: fixed before it is measured, then settled by its interval."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from thlab.evaluation.statistics import (
    MOST_SEEDS,
    Interval,
    bootstrap,
    cell_means,
    interval_of,
    seeds_to_decide,
    units_to_decide,
)
from thlab.evaluation.table import Table

SHARE_OF_PAPER = 0.5  # the smallest effect that matters: half of the paper's
SHARE_OF_GAP = 0.1  # without one, a tenth of the anchors' gap

Cell = tuple[str, str]  # row, column


@dataclass(frozen=True)
class Comparison:
    """A quantity of some cells, by seed and speaker, which the claim puts above low and below high.

    quantity: of the cells' arrays (seeds, speakers), such as their difference. paper: the same of
    the paper's numbers, None where it prints none. unit: of paper, low and high, as the table has
    it, but for "px of 256", which is scaled to the table's pixels, and "gap", the gap between the
    anchors. anchors: two cells; a tenth of their gap is the smallest effect that matters where the
    paper has no number. needs: a cell and the least mean of it with which there is something to
    compare. Raises ValueError for a one-sided comparison with neither paper nor anchors, and where
    the paper's own number is on the other side.
    """

    what: str
    cells: tuple[Cell, ...]
    quantity: Callable[..., np.ndarray]
    low: float = -math.inf
    high: float = math.inf
    paper: float | None = None
    unit: str = ""
    anchors: tuple[Cell, Cell] | None = None
    needs: tuple[Cell, float] | None = None

    def __post_init__(self) -> None:
        if self.unit == "gap" and self.anchors is None:
            raise ValueError(f"{self.what}: a unit of gaps needs two anchors")
        if self.is_band:
            return
        if self.paper is None and self.anchors is None:
            raise ValueError(f"{self.what}: give the paper's effect, or two anchors")
        if self.paper is not None and not self.low < self.paper < self.high:
            raise ValueError(f"{self.what}: by the paper's {self.paper:g} the claim does not hold")

    @property
    def is_band(self) -> bool:
        """Bounded on both sides: low noise changes nothing, smoothness near 1."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True)
class Untestable:
    """A comparison that these means cannot make, and why: a rival without code, a panel."""

    what: str
    why: str


def more(
    row: str,
    other: str,
    column: str,
    *,
    paper: float | None,
    anchors: tuple[str, str] | None = None,
    unit: str = "",
    factor: float = 1.0,
    other_column: str = "",
) -> Comparison:
    """row > factor · other in a column: the difference, above 0.

    paper: the difference in the paper. anchors: two rows of the column. other_column: where the
    other's number stands in another column. Chapter: book/priors.ipynb
    """
    ends = _difference(row, other, column, factor, other_column)
    return Comparison(*ends, low=0, paper=paper, unit=unit, anchors=_anchors(anchors, column))


def less(
    row: str,
    other: str,
    column: str,
    *,
    paper: float | None,
    anchors: tuple[str, str] | None = None,
    unit: str = "",
    factor: float = 1.0,
    other_column: str = "",
) -> Comparison:
    """row < factor · other in a column: the difference, below 0; else as `more`.

    Chapter: book/priors.ipynb
    """
    ends = _difference(row, other, column, factor, other_column)
    return Comparison(*ends, high=0, paper=paper, unit=unit, anchors=_anchors(anchors, column))


def within(
    row: str,
    other: str,
    column: str,
    low: float,
    high: float,
    *,
    unit: str = "",
    other_column: str = "",
    ratio: bool = False,
) -> Comparison:
    """row − other, or row / other where ratio, between low and high; else as `more`.

    Chapter: book/priors.ipynb
    """
    what, cells, quantity = _difference(row, other, column, 1.0, other_column)
    if ratio:
        what = what.replace(" − ", " / ")
        quantity = np.divide
    return Comparison(what, cells, quantity, low=low, high=high, unit=unit)


def settle_comparison(comparison: Comparison | Untestable, table: Table | None) -> dict:
    """One comparison's verdict with its mean, interval, smallest effect and what would decide it.

    Undecided, with the reason, where a cell is missing or cells do not share seeds and speakers.
    Chapter: book/priors.ipynb
    """
    if isinstance(comparison, Untestable):
        return {
            "what": comparison.what,
            "verdict": "not testable here",
            "reason": comparison.why,
        }
    assert table is not None  # only what is not testable needs none
    try:
        check_needs(comparison, table)
        values, unit = paired(comparison, table)
        low, high, smallest = bounds(comparison, table)
    except (KeyError, ValueError) as error:
        return _not_measured(comparison, f"not measured: {error.args[0]}")
    found = interval_of(values, unit)
    if math.isinf(found.half):
        return _not_measured(comparison, "a single number: a second seed or speaker would decide")
    verdict = decide(found, low, high, smallest)
    record = {
        "what": comparison.what,
        "verdict": verdict,
        "mean": _rounded(found.mean),
        "interval": [_rounded(found.low), _rounded(found.high)],
        "over": found.over,
        "bootstrap": [_rounded(edge) for edge in bootstrap(values)],
    }
    if comparison.is_band:
        record["band"] = [_rounded(low), _rounded(high)]
    else:
        record["smallest"] = _rounded(smallest)
        record["claimed"] = "above" if math.isfinite(low) else "below"
        if comparison.paper is not None:
            record["paper"] = _rounded(comparison.paper * unit_scale(comparison, table))
    if verdict == "undecided":
        record["decides"] = what_decides(found, low, high, smallest)
    return record


def check_needs(comparison: Comparison, table: Table) -> None:
    """ValueError where the cell that a comparison needs lies below what it needs."""
    if comparison.needs is not None:
        (row, column), least = comparison.needs
        found = table.interval(row, column).mean
        if found < least:
            raise ValueError(f"{row}, {column} is {found:.3g}, and must be {least:g} at least")


def paired(comparison: Comparison, table: Table) -> tuple[np.ndarray, str]:
    """The quantity by seed and speaker (K, S), of clips that all cells have; what columns are.

    KeyError where a cell was not measured, ValueError where seeds or speakers differ or a value is
    not finite. Chapter: book/priors.ipynb
    """
    cells = [table.values(row, column) for row, column in comparison.cells]
    together = pd.concat(cells, axis=1, join="inner", keys=range(len(cells)))
    for (row, column), cell in zip(comparison.cells, cells, strict=True):
        for level in ("seed", "speaker"):
            alone = set(cell.index.unique(level)) - set(together.index.unique(level))
            if alone:
                names = ", ".join(str(one) for one in sorted(alone))
                raise ValueError(f"{level} {names} of {row}, {column} has no pair")
    means = [cell_means(pd.Series(together[k])) for k in range(len(cells))]
    values = np.asarray(comparison.quantity(*(mean.to_numpy() for mean, _ in means)), float)
    if not np.isfinite(values).all():
        raise ValueError(f"{comparison.what} is not finite")
    return values, means[0][1]


def bounds(comparison: Comparison, table: Table) -> tuple[float, float, float]:
    """The claim's bounds, and the smallest effect that matters, in the table's unit.

    KeyError where the table does not say its pixels, or has no anchors. Chapter: book/priors.ipynb
    """
    scale = unit_scale(comparison, table)
    return comparison.low * scale, comparison.high * scale, smallest_effect(comparison, table)


def smallest_effect(comparison: Comparison, table: Table) -> float:
    """The smallest effect that matters, in the table's unit; infinite for a band.

    Half of the paper's; where it has none, a tenth of the gap between the means of the anchors.
    Chapter: book/priors.ipynb
    """
    if comparison.is_band:
        return math.inf
    if comparison.paper is not None:
        bound = comparison.low if math.isfinite(comparison.low) else comparison.high
        return SHARE_OF_PAPER * abs(comparison.paper - bound) * unit_scale(comparison, table)
    return SHARE_OF_GAP * anchors_gap(comparison, table)


def anchors_gap(comparison: Comparison, table: Table) -> float:
    """How far apart the means of the two anchors are. Chapter: book/priors.ipynb"""
    assert comparison.anchors is not None  # where it is asked for, there are anchors
    first, second = (table.interval(row, column).mean for row, column in comparison.anchors)
    return abs(first - second)


def decide(found: Interval, low: float, high: float, smallest: float) -> str:
    """The verdict of one interval of what the claim puts between low and high.

    smallest: the least effect that matters.     held: wholly on the claimed side. against: wholly
    on the other. excluded: it contains the bound, but no effect as large as the smallest that
    matters. undecided: else. Chapter: book/priors.ipynb
    """
    if low < found.low and found.high < high:
        return "held"
    if found.high < low or found.low > high:
        return "against"
    if math.isfinite(low) and math.isfinite(high):
        return "undecided"
    farthest = found.high - low if math.isfinite(low) else high - found.low
    return "excluded" if farthest < smallest else "undecided"


def what_decides(found: Interval, low: float, high: float, smallest: float) -> str:
    """How many seeds would decide, if mean and spreads stay as estimated: "7 seeds".

    Speakers where more seeds would not.     Chapter: book/priors.ipynb
    """
    inside = min(found.mean - low, high - found.mean)  # negative on the other side
    distance = abs(inside)
    if math.isfinite(smallest):
        distance = max(distance, smallest - inside)
    for unit, count in (("seed", seeds_to_decide), (found.unit, units_to_decide)):
        needed = count(found, distance) if unit else None
        if needed:
            return f"{needed} {unit}s"
    return f"more than {MOST_SEEDS} seeds or {found.unit or 'speaker'}s"


def unit_scale(comparison: Comparison, table: Table) -> float:
    """The factor from a comparison's unit to the table's.

    "px of 256": a quarter in a table of 64 pixels. "gap": the gap between the anchors. Else 1.
    KeyError where the table does not say its pixels, or has no such anchors. Chapter:
    book/priors.ipynb
    """
    if comparison.unit == "gap":
        return anchors_gap(comparison, table)
    pixels = re.fullmatch(r"px of (\d+)", comparison.unit)
    return table.evidence["pixels"] / int(pixels[1]) if pixels else 1.0


def _difference(row: str, other: str, column: str, factor: float, other_column: str):
    """What row − factor · other is called, its cells, and the quantity."""
    times = "" if factor == 1 else f"{factor:g} × "
    second = (other, other_column or column)
    if row == other:
        what = f"{row}: {column} − {times}{second[1]}"
    elif other_column:
        what = f"{row}, {column} − {times}{other}, {other_column}"
    else:
        what = f"{row} − {times}{other}, {column}"
    return what, ((row, column), second), lambda a, b: a - factor * b


def _anchors(rows: tuple[str, str] | None, column: str) -> tuple[Cell, Cell] | None:
    return ((rows[0], column), (rows[1], column)) if rows else None


def _not_measured(comparison: Comparison, reason: str) -> dict:
    return {"what": comparison.what, "verdict": "undecided", "reason": reason}


def _rounded(x: float) -> float:
    return float(f"{x:.4g}")
