"""What the tables of a paper's evaluation share: clips to train and to test on, seeds, run folders, evidence."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thlab.corpus.settings import CORPUS_VERSION
from thlab.corpus.settings import PRESETS as CORPORA
from thlab.data.clip import Clip
from thlab.data.corpora import open_splits
from thlab.data.tensors import ClipTensors, load_clips
from thlab.files import home, write_whole
from thlab.metrics.tables import Table
from thlab.training.presets import current
from thlab.training.weights import commit, hardware

Rows = dict[str, dict[str, list[float]]]  # of a table: row, column, a number a seed


def new_rows() -> Rows:
    """Rows of cells that begin empty."""
    return defaultdict(lambda: defaultdict(list))


def add(rows: Rows, row: str, scores: dict[str, float]) -> None:
    """One more number in each cell of a row."""
    for column, value in scores.items():
        rows[row][column].append(value)


@dataclass(frozen=True)
class Experiment:
    """A paper, one corpus cut into clips to train and to test on, one set of seeds. Chapter: book/priors.ipynb"""

    paper: str
    fabric: Any
    train: ClipTensors
    test: ClipTensors
    clips: Sequence[Clip]  # of test: their words, phones, …
    corpus: str
    preset: str = "book"
    seeds: Sequence[int] = (0, 1, 2)

    def folder(self, name: str, seed: int) -> Path:
        """Where one training of one seed is kept: $THLAB_HOME/runs/<paper>/<corpus>/<preset>/<name>/seed<k>.

        Of the corpus the digest of its manifest too: another folder of the same name has trainings of its own.
        """
        corpus = f"{Path(self.corpus).name}-{self.train.facts.get('corpus_digest', '')[:12]}"
        return home() / "runs" / self.paper / corpus / self.preset / name / f"seed{seed}"

    def table(self, name: str, columns: list[str], rows: dict, paper_numbers: dict | None = None, **evidence) -> Table:
        """A table of the paper with its evidence; `better` may be among what is given."""
        better = evidence.pop("better", "lower")
        evidence = {
            "command": f"thlab evaluate {self.paper} --table {name.partition('-')[0]}", "seeds": list(self.seeds),
            "preset": self.preset, "corpus": Path(self.corpus).name, "corpus_version": CORPUS_VERSION,
            "hardware": hardware(), "commit": commit(),
        } | evidence  # fmt: skip
        rows = {row: dict(cells) for row, cells in rows.items()}
        return Table(self.paper, name, columns, rows, paper_numbers or {}, evidence, better)


def meets_new_people(card: dict[str, Any], corpus: str) -> None:
    """ValueError where a corpus's test people are among those that the weights of a card were trained on.

    All presets of the embedded corpus number the same people: the smaller ones' test people are the larger ones'
    training people.
    """
    if card["corpus"] not in CORPORA or corpus not in CORPORA:
        return
    trained, (first, second, _) = CORPORA[card["corpus"]].split[0], CORPORA[corpus].split
    if first + second < trained:
        ask = f"ask for --corpus {card['corpus']}, or for weights of your own by --weights"
        raise ValueError(f"the weights were trained on people whom corpus {corpus} tests: {ask}")


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """What `make` returns, which is kept in a JSON file: the next time it is read from there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(make(), indent=1).encode())
    return json.loads(path.read_text())


def saved(tables: Iterable[Table], out: str | Path) -> dict[str, Table]:
    """Tables by name, each saved to the folder `out` as soon as it is made."""
    Path(out).mkdir(parents=True, exist_ok=True)
    made = {}
    for table in tables:
        table.save(Path(out))
        made[table.table] = table
    return made


def open_experiment(
    paper: str, fabric: Any, corpus: str = "medium", preset: str = "book", seeds: Sequence[int] = (0, 1, 2),
    frames: bool = True,
) -> Experiment:  # fmt: skip
    """Load a corpus for tables: the name of a preset of the embedded one, or a folder that was prepared.

    frames: pictures too, for the tables of videos. Raises ValueError for an unknown preset and for a folder without
    usable clips. Chapter: book/priors.ipynb
    """
    preset, clips = current(preset), open_splits(corpus)
    training = load_clips(clips["train"], frames)
    test = load_clips(clips["test"], frames, emotions=training.emotions)
    return Experiment(paper, fabric, training, test, clips["test"], str(corpus), preset, tuple(seeds))
