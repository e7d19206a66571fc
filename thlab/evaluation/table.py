"""A paper's table run again, as tidy data: one record a measurement, and where they came from.

On disk two files that belong together: `<paper>.<table>.csv.gz` with the records, which
`pandas.read_csv` reads, and `<paper>.<table>.json` with the columns and their metrics, the paper's
numbers, the evidence and the digest of the records.
"""

import gzip
import hashlib
import io
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from thlab.evaluation.statistics import Interval, cell_means, interval
from thlab.files import write_whole
from thlab.metrics.registry import metric_of

Record = tuple[str, str, int, str, str, float]  # row, column, seed, speaker, clip, value
PaperNumbers = Mapping[str, Mapping[str, Mapping[str, float]]]  # corpus, row, column

WHERE = ["row", "column", "seed", "speaker", "clip"]
FIELDS = [*WHERE, "value"]
TEXT = ["row", "column", "speaker", "clip"]
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)  # what gzip says of a file that is not whole
BETTER = {
    "lower": "lower is better",
    "higher": "higher is better",
    "nearest 1": "1 is best",
    "nearest the truth": "nearer the truth is better",
    "": "",
}


@dataclass(frozen=True, eq=False)
class Table:
    """One table of a paper, run again.

    columns: name -> metric of `thlab.metrics.registry`, in the order in which they are shown.
    records: a frame of row, column, seed, speaker, clip, value; speaker and clip are empty where
    only a mean over them was kept. paper_numbers: as printed, by corpus, row and column. evidence:
    command, commit, corpus, corpus_version, preset, seeds, hardware and what else belongs to the
    numbers. Raises ValueError for an unknown metric or column, a value that is not finite, and a
    measurement that is there twice.
    """

    paper: str
    table: str
    columns: Mapping[str, str]
    records: pd.DataFrame
    paper_numbers: PaperNumbers = field(default_factory=dict)
    evidence: Mapping = field(default_factory=dict)

    def __post_init__(self) -> None:
        for metric in self.columns.values():
            metric_of(metric)
        object.__setattr__(self, "records", _checked(self.records, self.columns))

    @property
    def name(self) -> str:
        """<paper>.<table>, the stem of its files."""
        return f"{self.paper}.{self.table}"

    @property
    def rows(self) -> list[str]:
        """The rows that were measured, in order."""
        return list(dict.fromkeys(self.records["row"]))

    def measured(self, row: str) -> list[str]:
        """The columns that a row has numbers in, in the table's order."""
        found = set(self.records.loc[self.records["row"] == row, "column"])
        return [column for column in self.columns if column in found]

    def values(self, row: str, column: str) -> pd.Series:
        """The measurements of one cell, indexed by seed, speaker and clip. KeyError for none."""
        of_cell = (self.records["row"] == row) & (self.records["column"] == column)
        found = self.records.loc[of_cell].set_index(["seed", "speaker", "clip"])
        if found.empty:
            raise KeyError(f"{self.name} has no number of {row}, {column}")
        return pd.Series(found["value"])

    def numbers(self, row: str, column: str) -> list[float]:
        """The measurements of one cell, in the order of the records. KeyError for none."""
        return self.values(row, column).tolist()

    def seeds(self, row: str, column: str) -> np.ndarray:
        """One cell as a mean a seed, over speakers, of their clips' means. KeyError for none."""
        table, _ = cell_means(self.values(row, column))
        return table.to_numpy().mean(1)

    def interval(self, row: str, column: str) -> Interval:
        """Mean and 95 % interval of one cell over seeds and speakers. KeyError for none."""
        return interval(self.values(row, column))

    def select(self, rows: Sequence[str], columns: Sequence[str]) -> "Table":
        """A part of the table, in the order given."""
        wanted = self.records["column"].isin(list(columns))
        parts = [self.records.loc[wanted & (self.records["row"] == row)] for row in rows]
        records = pd.concat(parts)
        numbers = {}
        for corpus, printed in self.paper_numbers.items():
            numbers[corpus] = {row: cells for row, cells in printed.items() if row in rows}
        chosen = {column: self.columns[column] for column in columns}
        return replace(self, columns=chosen, records=records, paper_numbers=numbers)

    def save(self, folder: Path) -> Path:
        """Write <paper>.<table>.csv.gz and .json into a folder; returns the latter's path.

        Both are whole or not there; a pair of which only one is new is refused by `load`.
        """
        records = self.records.to_csv(index=False, float_format="%.10g", lineterminator="\n")
        content = {
            "paper": self.paper,
            "table": self.table,
            "columns": dict(self.columns),
            "paper_numbers": self.paper_numbers,
            "evidence": dict(self.evidence),
            "digest": _digest(records),
        }
        # before anything is written, for it may fail
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        path = Path(folder) / f"{self.name}.json"
        # without the time: equal records are equal files
        write_whole(path.with_name(f"{self.name}.csv.gz"), gzip.compress(records.encode(), mtime=0))
        write_whole(path, text.encode())
        return path

    @classmethod
    def load(cls, path: Path) -> "Table":
        """Read a table by the path of its .json file, its .csv.gz beside it.

        ValueError, naming the file, where they hold no table or do not belong together.
        """
        path = Path(path)
        csv = path.with_name(path.name.removesuffix(".json") + ".csv.gz")
        try:
            content = json.loads(path.read_text())
            if not csv.is_file():
                raise ValueError(f"{csv.name} is missing")
            records = gzip.decompress(csv.read_bytes()).decode()
            if content.pop("digest") != _digest(records):
                raise ValueError(f"{csv.name} does not hold the records that it describes")
            return cls(records=_read(records), **content)
        except (ValueError, TypeError, KeyError, AttributeError, *DAMAGED) as error:
            problem = f"{path} is not a table of results ({error})"
            raise ValueError(f"{problem}: evaluate again") from error

    def markdown(self, notes: Sequence[str] = ()) -> str:
        """The table as Markdown: our mean ± half its interval, in brackets the paper's; then notes.

        Below the names of the columns stand their units and which way is better.
        """
        rows = list(self.rows)
        for numbers in self.paper_numbers.values():
            rows += numbers
        lines = [[f"{self.paper} {self.table}", *self.columns], ["---"] * (len(self.columns) + 1)]
        lines.append(["", *(self._meaning(column) for column in self.columns)])
        for row in dict.fromkeys(rows):
            lines.append([row, *(self._cell(row, column) for column in self.columns)])
        text = ["| " + " | ".join(line) + " |" for line in lines]
        return "\n".join([*text, "", self._foot(), "", *(f"- {note}" for note in notes)])

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _meaning(self, column: str) -> str:
        """Unit and direction of a column: "px of 64, lower is better"."""
        metric = metric_of(self.columns[column])
        unit = metric.unit
        if unit.startswith("px") and "pixels" in self.evidence:
            unit = unit.replace("px", f"px of {self.evidence['pixels']}")
        return ", ".join(part for part in (unit, BETTER[metric.direction]) if part)

    def _cell(self, row: str, column: str) -> str:
        numbers = []
        for cells in self.paper_numbers.values():
            if column in cells.get(row, {}):
                numbers.append(f"{cells[row][column]:g}")
        paper = f" ({', '.join(numbers)})" if numbers else ""
        try:
            found = self.interval(row, column)
        except KeyError:
            return f"–{paper}"
        return f"{show(found.mean, found.half)}{paper}"

    def _foot(self) -> str:
        foot = f"Mean ± half the 95 % interval over {over(self.records)}"
        if self.paper_numbers:
            foot += f"; in brackets the paper's ({', '.join(self.paper_numbers)})"
        return f"{foot}."


def joined(table: Table, more: Table) -> Table:
    """A table with further seeds of it, measured at another time or on another machine.

    Its evidence names the commit of the first part, and all hardware. ValueError where both hold
    one and the same measurement. Chapter: book/priors.ipynb
    """
    first = table.evidence
    second = more.evidence
    n_first = len(first["seeds"])
    n_second = len(second["seeds"])
    minutes = {}
    for row, took in second["minutes_of_rows"].items():
        before = first["minutes_of_rows"][row]
        minutes[row] = round((n_first * before + n_second * took) / (n_first + n_second), 1)
    hardware = [*first["hardware"].split("; "), *second["hardware"].split("; ")]
    evidence = {
        **first,
        "seeds": [*first["seeds"], *second["seeds"]],
        "minutes": round(first["minutes"] + second["minutes"], 1),
        "minutes_of_rows": minutes,
        "hardware": "; ".join(dict.fromkeys(hardware)),
    }
    return replace(table, records=pd.concat([table.records, more.records]), evidence=evidence)


def make_records(rows: Mapping[str, Mapping[str, Mapping]]) -> pd.DataFrame:
    """Records of cells: row -> column -> (seed, speaker, clip) -> value.

    A value that is NaN was not measured, and is left out.     Chapter: book/priors.ipynb
    """
    records: list[Record] = []
    for row, cells in rows.items():
        for column, values in cells.items():
            for where, value in values.items():
                if not math.isnan(value):
                    records.append((row, column, *where, value))
    return pd.DataFrame(records, columns=FIELDS)


def show(mean: float, half: float) -> str:
    """A mean ± half its interval: two figures of the interval, and the mean no finer than that.

    Chapter: book/priors.ipynb
    """
    if not math.isfinite(half):
        return f"{mean:.4g}"
    if half <= 1e-9 * abs(mean):  # one and the same number, but for rounding
        return f"{mean:.4g} ± 0"
    decimals = max(0, 1 - math.floor(math.log10(half)))
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def over(records: pd.DataFrame) -> str:
    """What the numbers of a table are over, in words: "3 seeds and 12 speakers".

    Chapter: book/priors.ipynb
    """
    parts = [_several(records["seed"], "seed")]
    speakers = set(records["speaker"]) - {""}
    clips = set(records["clip"]) - {""}
    if len(speakers) > 1:
        parts.append(f"{len(speakers)} speakers")
    elif len(clips) > 1:
        parts.append(f"{len(clips)} clips of one speaker")
    return " and ".join(parts)


def _several(values: Iterable, noun: str) -> str:
    n = len(set(values))
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _checked(records: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The records in order and without gaps. ValueError for what no table may hold."""
    missing = [name for name in FIELDS if name not in records]
    if missing:
        raise ValueError(f"records lack the columns {', '.join(missing)}")
    records = records.loc[:, FIELDS].reset_index(drop=True)
    records = records.fillna(dict.fromkeys(TEXT, "")).astype(dict.fromkeys(TEXT, "str"))
    records = records.astype({"seed": "int64", "value": "float64"})
    unknown = sorted(set(records["column"]) - set(columns))
    if unknown:
        names = ", ".join(unknown)
        raise ValueError(f"records are of columns that the table does not have: {names}")
    for problem, found in (
        ("is not finite", ~np.isfinite(records["value"])),
        ("is there twice", records.duplicated(WHERE)),
    ):
        if found.any():
            where = records.loc[found, WHERE].iloc[0].to_dict()
            raise ValueError(f"a measurement {problem}: {where}")
    return records


def _read(text: str) -> pd.DataFrame:
    return pd.read_csv(
        io.StringIO(text),
        dtype=dict.fromkeys(TEXT, str),
        keep_default_na=False,
        float_precision="round_trip",
    )


def _digest(records: str) -> str:
    return hashlib.sha256(records.encode()).hexdigest()
