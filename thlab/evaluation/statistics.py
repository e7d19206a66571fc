"""A mean over seeds and speakers, its 95 % interval, and how many seeds would decide.

Numbers stand in a table of K seeds (rows) by S speakers (columns). Each is x_ks = μ + a_k + b_s +
e_ks, with independent effects of the seed, of the speaker, and of the rest. Then

    E MS_seed    = S σ_a² + σ_e²
    E MS_speaker = K σ_b² + σ_e²
    E MS_rest    = σ_e²
    Var(mean)    = σ_a² / K + σ_b² / S + σ_e² / (K S) = E(MS_seed + MS_speaker − MS_rest) / (K S).
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

CONFIDENCE = 0.95
MOST_SEEDS = 99  # more than these are not asked for

Number = Any  # a float, or an array of them: many tables at once


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of a table of K seeds by S units; those without degrees of freedom are 0."""

    seed: Number
    unit: Number
    rest: Number
    n_seeds: int
    n_units: int


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval, mean ± half; half is infinite for one number."""

    mean: float
    half: float
    df: float
    squares: MeanSquares
    unit: str  # what stands beside the seeds: "speaker", or "clip" where there is one speaker

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half

    @property
    def over(self) -> str:
        """What was counted, in words: "3 seeds", "1 seed, 12 speakers"."""
        seeds = _count(self.squares.n_seeds, "seed")
        if self.unit == "":
            return seeds
        one_person = " of one speaker" if self.unit == "clip" else ""
        return f"{seeds}, {_count(self.squares.n_units, self.unit)}{one_person}"


def interval(values: pd.Series) -> Interval:
    """Mean and 95 % interval over seeds and speakers, of numbers indexed by seed, speaker and clip.

    Clips are averaged first, so that each speaker counts the same. Where one speaker is all there
    is, or none was noted, clips take the speakers' place. With one seed the speakers (or clips)
    alone are the units, with one speaker and no clips the seeds are, and one number in all has no
    interval. Raises ValueError where there is no number, or where a seed lacks speakers that
    another has. Chapter: book/priors.ipynb
    """
    table, unit = cell_means(values)
    return interval_of(table.to_numpy(), unit)


def interval_of(table: Float[np.ndarray, "k s"], unit: str = "speaker") -> Interval:
    """Mean and 95 % interval of a table of seeds by units; unit as `cell_means` names it.

    Chapter: book/priors.ipynb
    """
    squares = mean_squares(table)
    half, df = half_width(squares)
    return Interval(float(table.mean()), float(half), float(df), squares, unit)


def cell_means(values: pd.Series) -> tuple[pd.DataFrame, str]:
    """Means by seed (rows) and speaker, or clip of the one speaker; and which: "" for neither.

    values: indexed by seed, speaker and clip. Raises ValueError for no number, and for a table with
    holes. Chapter: book/priors.ipynb
    """
    if values.empty:
        raise ValueError("no numbers: there is nothing to average")
    n_speakers = values.index.get_level_values("speaker").nunique()
    n_clips = values.index.get_level_values("clip").nunique()
    level = "speaker" if n_speakers > 1 else "clip"
    records = values.rename("value").reset_index()
    table = records.pivot_table(index="seed", columns=level, values="value", aggfunc="mean")
    for seed, unit in np.argwhere(table.isna().to_numpy())[:1]:
        missing = f"seed {table.index[seed]} has no number of {level} {table.columns[unit]}"
        raise ValueError(f"{missing}, which another seed has")
    if n_speakers > 1:
        return table, "speaker"
    return table, "clip" if n_clips > 1 else ""


def mean_squares(table: Float[np.ndarray, "*b k s"]) -> MeanSquares:
    """Mean squares of seeds, units and the rest, of one table or of many.

    Chapter: book/priors.ipynb
    """
    n_seeds, n_units = table.shape[-2:]
    mean = table.mean((-2, -1), keepdims=True)
    of_seed = table.mean(-1, keepdims=True) - mean
    of_unit = table.mean(-2, keepdims=True) - mean
    rest = table - mean - of_seed - of_unit
    return MeanSquares(
        _mean_square(of_seed, n_units, n_seeds - 1),
        _mean_square(of_unit, n_seeds, n_units - 1),
        _mean_square(rest, 1, (n_seeds - 1) * (n_units - 1)),
        n_seeds,
        n_units,
    )


def half_width(squares: MeanSquares) -> tuple[Number, Number]:
    """Half the 95 % interval of the mean, and Satterthwaite's degrees of freedom.

    v = max(MS_seed + MS_unit − MS_rest, MS_rest) / (K S). The degrees of freedom are those of the
    sum, (MS_seed + MS_unit − MS_rest)² over
    MS_seed² / (K − 1) + MS_unit² / (S − 1) + MS_rest² / ((K − 1)(S − 1)),
    or where MS_rest is the larger its own, (K − 1)(S − 1). With one seed only MS_unit is left, with
    one unit only MS_seed, and both become Student's interval. Infinite, with 0 degrees, for one
    number. Simulated, it covers .93 to .99 for 3 to 8 seeds and 3 to 12 units, and down to .89
    where there are two of either. Chapter: book/priors.ipynb
    """
    of_seed = squares.n_seeds - 1
    of_unit = squares.n_units - 1
    if of_seed == of_unit == 0:
        return math.inf, 0.0
    total = np.asarray(squares.seed + squares.unit - squares.rest, float)
    rest = np.asarray(squares.rest, float)
    spread = np.zeros_like(total)
    pieces = ((squares.seed, of_seed), (squares.unit, of_unit), (squares.rest, of_seed * of_unit))
    for square, freedom in pieces:
        if freedom:
            spread = spread + np.square(square) / freedom
    scale = np.where(spread > 0, spread, 1.0)  # no spread at all: the interval has no width
    df = np.where(total >= rest, np.square(total) / scale, max(of_seed * of_unit, 1))
    df = np.where(spread > 0, df, max(of_seed, of_unit))
    variance = np.maximum(total, rest) / (squares.n_seeds * squares.n_units)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, df) * np.sqrt(variance)
    return half, df


def bootstrap(
    table: Float[np.ndarray, "k s"],
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap of the mean, seeds and units each drawn again: low, high.

    A check beside the interval: over 3 seeds and 3 speakers it covers about .8 where .95 is asked
    for. Chapter: book/priors.ipynb
    """
    rng = np.random.default_rng(seed)
    n_seeds, n_units = table.shape
    seeds = rng.integers(n_seeds, size=(draws, n_seeds, 1))
    units = rng.integers(n_units, size=(draws, 1, n_units))
    means = table[seeds, units].mean((1, 2))
    edge = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [edge, 100 - edge])
    return float(low), float(high)


def seeds_to_decide(found: Interval, distance: float) -> int | None:
    """How many seeds in all bring half the interval below a distance, if spreads stay.

    None where that takes more than 99, or where more seeds cannot be foreseen: one was run, or
    speakers vary too much. Chapter: book/priors.ipynb
    """
    if found.squares.n_seeds < 2 or distance <= 0:
        return None
    for n_seeds in range(found.squares.n_seeds + 1, MOST_SEEDS + 1):
        half, _ = half_width(_with_seeds(found.squares, n_seeds))
        if half < distance:
            return n_seeds
    return None


def units_to_decide(found: Interval, distance: float) -> int | None:
    """As `seeds_to_decide`, but how many speakers (or clips of the one speaker).

    Chapter: book/priors.ipynb
    """
    swapped = replace(
        found.squares,
        seed=found.squares.unit,
        unit=found.squares.seed,
        n_seeds=found.squares.n_units,
        n_units=found.squares.n_seeds,
    )
    return seeds_to_decide(replace(found, squares=swapped), distance)


def _with_seeds(squares: MeanSquares, n_seeds: int) -> MeanSquares:
    """The mean squares to expect of another number of seeds, by the estimated spreads."""
    rest = float(squares.rest)
    of_seed = max(0.0, float(squares.seed) - rest)  # S σ_a², whatever the number of seeds
    of_unit = max(0.0, float(squares.unit) - rest) * n_seeds / squares.n_seeds  # K σ_b²
    unit = of_unit + rest if squares.n_units > 1 else 0.0
    return replace(squares, seed=of_seed + rest, unit=unit, n_seeds=n_seeds)


def _mean_square(effects: np.ndarray, repeats: int, freedom: int) -> Number:
    if freedom == 0:
        return 0.0 * effects.sum((-2, -1))
    return repeats * np.square(effects).sum((-2, -1)) / freedom


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
