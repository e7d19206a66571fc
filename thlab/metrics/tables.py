"""A paper's table beside ours: the printed number, our mean with its interval over seeds, and where it came from.

The record is one JSON file a table, book/results/<paper>.<table>.json:

    {"paper": "priors", "table": "T1", "better": "lower", "columns": ["clean", "-30"],
     "rows": {"ours": {"clean": [0.51, 0.52, 0.50], "-30": [...]}},      one number a seed
     "paper_numbers": {"GRID": {"ours": {"clean": 1.25, "-30": 1.33}}},  corpus, row, column
     "evidence": {"command": ..., "seeds": [0, 1, 2], "preset": ..., "corpus": ..., "hardware": ..., "steps": ...,
                  "commit": ...}}
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from scipy import stats

from thlab.corpus.media import write_whole

Numbers = dict[str, dict[str, float]]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % Student interval: t(.975, n - 1) s / √n; infinite for a single value.

    Chapter: book/priors.ipynb
    """
    if len(values) < 2:
        return float(np.mean(values)), math.inf
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return float(np.mean(values)), float(half)


@dataclass(frozen=True)
class Table:
    """One table of a paper, re-run: rows × columns of numbers a seed, the paper's numbers a corpus, the evidence."""

    paper: str
    table: str
    columns: list[str]
    rows: dict[str, dict[str, list[float]]]  # row, column, one number a seed
    paper_numbers: dict[str, Numbers] = field(default_factory=dict)  # corpus, row, column
    evidence: dict = field(default_factory=dict)
    better: str = "lower"  # or "higher"

    def save(self, folder: Path) -> Path:
        """Write <paper>.<table>.json into a folder, whole or not at all."""
        path = folder / f"{self.paper}.{self.table}.json"
        write_whole(path, (json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n").encode())
        return path

    @classmethod
    def load(cls, path: Path) -> "Table":
        """Read a table's file. Raises FileNotFoundError, or ValueError where it is no table."""
        try:
            return cls(**json.loads(path.read_text()))
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"{path} is not a table of results ({error}): run thlab evaluate again") from error

    def seeds(self, row: str, column: str) -> np.ndarray:
        """Our numbers of one cell, one a seed. Raises KeyError where the cell was not measured."""
        return np.array(self.rows[row][column])

    def markdown(self, verdicts: Sequence[dict] = ()) -> str:
        """The table as Markdown: our mean ± half its interval, the paper's numbers in brackets; then the verdicts."""
        names = list(self.rows) + [r for n in self.paper_numbers.values() for r in n if r not in self.rows]
        head = [f"| {self.paper} {self.table} | " + " | ".join(self.columns) + " |"]
        head.append("|---" * (len(self.columns) + 1) + "|")
        body = [
            f"| {name} | " + " | ".join(self._cell(name, column) for column in self.columns) + " |"
            for name in dict.fromkeys(names)
        ]
        foot = f"{self.better.capitalize()} is better. Ours: mean ± half the 95 % interval over seeds"
        if self.paper_numbers:
            foot += f"; in brackets the paper's ({', '.join(self.paper_numbers)})"
        claims = [f"- {v['id']}: **{v['verdict']}**. {v['evidence']}" for v in verdicts]
        return "\n".join([*head, *body, "", foot + ".", *([""] if claims else []), *claims])

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _cell(self, row: str, column: str) -> str:
        values = self.rows.get(row, {}).get(column, [])
        paper = [n[row][column] for n in self.paper_numbers.values() if column in n.get(row, {})]
        mean, half = interval(values) if values else (0.0, 0.0)
        ours = "–" if not values else f"{mean:.3g}" + (f" ± {half:.2g}" if math.isfinite(half) else "")
        return ours + (f" ({', '.join(f'{p:g}' for p in paper)})" if paper else "")
