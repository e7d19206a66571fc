"""A paper's table beside ours: the printed number, our mean with its interval over seeds, and where it came from."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from scipy import stats

from thlab.files import write_whole


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % Student interval: t(.975, n - 1) s / √n; infinite for a single value.

    Chapter: book/priors.ipynb
    """
    if len(values) < 2:
        return float(np.mean(values)), math.inf
    return float(np.mean(values)), float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


@dataclass(frozen=True)
class Table:
    """One table of a paper, re-run; on disk one JSON file, book/results/<paper>.<table>.json, with these fields."""

    paper: str
    table: str
    columns: list[str]
    rows: dict[str, dict[str, list[float]]]  # row, column, one number a seed
    paper_numbers: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)  # corpus, row, column
    evidence: dict = field(default_factory=dict)  # command, seeds, preset, corpus, hardware, steps, commit, pixels
    # what is better: "lower", "higher", "nearer the truth"; "mixed": higher but for landmark distances; "": it depends
    better: str = "lower"

    def save(self, folder: Path) -> Path:
        """Write <paper>.<table>.json into a folder, whole or not at all."""
        path = folder / f"{self.paper}.{self.table}.json"
        write_whole(path, (json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n").encode())
        return path

    @classmethod
    def load(cls, path: Path) -> "Table":
        """Read a table's file. Raises ValueError where it holds no table."""
        try:
            return cls(**json.loads(path.read_text()))
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"{path} is not a table of results ({error}): evaluate again") from error

    def seeds(self, row: str, column: str) -> np.ndarray:
        """Our numbers in one cell, one a seed. Raises KeyError where the cell was not measured."""
        return np.array(self.rows[row][column])

    def markdown(self, verdicts: Sequence[dict] = ()) -> str:
        """The table as Markdown: our mean ± half its interval, the paper's numbers in brackets; then the verdicts."""
        names = dict.fromkeys([*self.rows, *(row for numbers in self.paper_numbers.values() for row in numbers)])
        lines = [[f"{self.paper} {self.table}", *self.columns], ["---"] * (len(self.columns) + 1)]
        lines += [[name, *(self._cell(name, column) for column in self.columns)] for name in names]
        brackets = f"; in brackets the paper's ({', '.join(self.paper_numbers)})" if self.paper_numbers else ""
        over = self.evidence.get("over", "seeds")
        foot = f"{self._better()} Mean ± half the 95 % interval over {over}{brackets}.".strip()
        claims = [f"- {claim['id']}: **{claim['verdict']}**. {claim['evidence']['interval']}" for claim in verdicts]
        return "\n".join([*("| " + " | ".join(line) + " |" for line in lines), "", foot, "", *claims])

    def _better(self) -> str:
        if not self.better:
            return ""
        distances = [column for column in self.columns if column.startswith("LMD")]
        if self.better != "mixed":
            return f"{self.better.capitalize()} is better."
        others = ", ".join(column for column in self.columns if column not in distances)
        return f"Higher is better in {others}, lower in {'; '.join(distances)}."

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _cell(self, row: str, column: str) -> str:
        values = self.rows.get(row, {}).get(column)
        paper = [f"{n[row][column]:g}" for n in self.paper_numbers.values() if column in n.get(row, {})]
        mean, half = interval(values) if values else (math.nan, math.inf)
        ours = f"{mean:.4g}" if values else "–"
        if 1e-9 * abs(mean) < half < math.inf:  # two figures of the interval, and the mean no finer than that
            decimals = max(0, 1 - math.floor(math.log10(half)))
            ours = f"{mean:.{decimals}f} ± {half:.{decimals}f}"
        elif math.isfinite(half):  # one and the same number, but for rounding
            ours += " ± 0"
        return ours + (f" ({', '.join(paper)})" if paper else "")
