"""What is measured with: corpus, preset, seeds; cached trainings and measurements."""

import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from thlab.corpus import PRESETS as CORPORA
from thlab.data.corpora import Corpus, open_splits
from thlab.data.tensors import ClipTensors, load_clips
from thlab.evaluation.source import source_digest
from thlab.files import home, write_whole
from thlab.training.config import configure, has_field, override
from thlab.training.job import Job
from thlab.training.run import minutes
from thlab.training.weights import commit, committed_weights, hardware, read_card, weights_path


@dataclass
class Cost:
    """Of one piece of work: the seconds that went into work with costs of its own, and the minutes
    of that by name, whether it was done now or before.
    """

    seconds_within: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)


Measurement = tuple[str, str, str, str, float]  # row, column, speaker, clip, value
Measurements = list[Measurement]


# eq=False: one is equal to itself alone, so that what is made of it can be cached
@dataclass(frozen=True, eq=False)
class Experiment:
    """A paper on one corpus at one preset, with the seeds that were asked for.

    splits: the corpus's clips, by split. code: modules whose source trainings depend on. overrides:
    "field=value" settings of its configs. weights: the folder of weights to test, None for the
    committed ones. options: of the paper's own.
    """

    paper: str
    fabric: Any
    corpus: str
    splits: Mapping[str, Corpus]
    preset: str
    seeds: tuple[int, ...]
    code: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    weights: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    _cached: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _costs: list[Cost] = field(default_factory=list, init=False, repr=False, compare=False)

    def once(self, name: Any, make: Callable[[], Any]) -> Any:
        """What `make` returns at its first call for a name: data and test sets of several rows."""
        if name not in self._cached:
            self._cached[name] = make()
        return self._cached[name]

    @property
    def facts(self) -> dict[str, str]:
        """Name, version and digest of the corpus."""
        return self.splits["train"].facts

    @property
    def embedded(self) -> bool:
        """Whether the corpus is a preset of the embedded one, whose factors are exact."""
        return self.corpus in CORPORA

    def config(self, kind: type, **small: Any) -> Any:
        """A config at the preset, with those settings that are its own.

        small: other values of preset book, for tables that compare many small models.
        """
        config = configure(kind, self.preset)
        if self.preset == "book":
            config = dataclasses.replace(config, **small)
        return override(config, [s for s in self.overrides if has_field(kind, s)])

    def on(self, corpus: str) -> "Experiment":
        """The same on another corpus, which some table needs beside its own; costs add up."""

        def make() -> "Experiment":
            other = dataclasses.replace(self, corpus=corpus, splits=open_splits(corpus))
            object.__setattr__(other, "_costs", self._costs)
            return other

        return self.once(("on", corpus), make)

    @cached_property
    def train(self) -> ClipTensors:
        """The training clips, with pictures."""
        return load_clips(self.splits["train"])

    @cached_property
    def test(self) -> ClipTensors:
        """The test clips, with pictures; emotions are numbered as in training."""
        return load_clips(self.splits["test"], emotions=self.train.emotions)

    @cached_property
    def train_sound(self) -> ClipTensors:
        """The training clips without pictures."""
        return load_clips(self.splits["train"], frames=False)

    @cached_property
    def test_sound(self) -> ClipTensors:
        """The test clips without pictures."""
        return load_clips(self.splits["test"], False, emotions=self.train_sound.emotions)

    def folder(self, name: str, config: Any, seed: int) -> Path:
        """The folder of one training: by corpus, name, config, code and seed.

        $THLAB_HOME/runs/<paper>/<corpus>-<digest>/<name>-<digest>/seed<k>: another folder of the
        same name, another field of the config or another line of code has trainings of its own.
        """
        corpus = f"{Path(self.corpus).name}-{self.facts.get('corpus_digest', '')[:12]}"
        known = digest(dataclasses.asdict(config), source_digest(self.code))
        return home() / "runs" / self.paper / corpus / f"{_slug(name)}-{known}" / f"seed{seed}"

    def job(self, stage: str, config: Any, data: Any, seed: int, name: str = "") -> Job:
        """A training for a table, in its own folder.

        name: of the variant, where it is not the stage's own.
        """
        return Job(config, data, self.folder(name or stage, config, seed), stage, self.fabric, seed)

    def trained(
        self, job: Job, train: Callable[[Job], nn.Module], shared: Sequence[Path] = ()
    ) -> Any:
        """A model, trained as far as it is not yet, and frozen; rows that ask again get the same.

        shared: folders of other runs that it resumes, whose minutes count too.
        """

        def make() -> nn.Module:
            return train(job).cpu().eval().requires_grad_(False)

        model, _ = self.costing(lambda: self.once(("trained", job.folder), make))
        folders = [job.folder, *shared]
        self.add_parts({str(one): minutes(one.parent, f"{one.name}/**") for one in folders})
        return model

    def costing(self, work: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
        """What `work` returns, and its cost: its own "minutes", and "parts", those of the trainings
        and measurements that it needed, by name.
        """
        cost = Cost()
        self._costs.append(cost)
        begin = time.monotonic()
        try:
            found = work()
        finally:
            self._costs.pop()
        seconds = time.monotonic() - begin
        if self._costs:
            self._costs[-1].seconds_within += seconds
        own = (seconds - cost.seconds_within) / 60
        return found, {"minutes": round(own, 2), "parts": cost.parts}

    def add_parts(self, parts: Mapping[str, float]) -> None:
        """Count trainings or measurements among what the work in hand needed."""
        if self._costs:
            self._costs[-1].parts.update(parts)

    def weights_named(self, name: str) -> Path:
        """A file of weights in the folder that was given, else the committed one."""
        return weights_path(self.weights / name if self.weights else name)

    def card(self, name: str) -> dict[str, Any]:
        """The card of those weights."""
        return read_card(self.weights_named(name))

    def evidence(self, command: str) -> dict[str, Any]:
        """What every table's numbers rest on."""
        return {
            "command": command,
            "commit": commit(),
            **self.facts,
            "corpus": Path(self.corpus).name,
            "preset": self.preset,
            "settings": list(self.overrides),
            "seeds": list(self.seeds),
            "hardware": hardware(),
        }


def digest(*parts: Any) -> str:
    """A short name of what JSON can hold: equal for equal parts, else another."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cached(path: Path, make: Callable[[], Any]) -> Any:
    """What `make` returns, cached in a JSON file: the next time it is read from there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(make(), indent=1).encode())
    return json.loads(path.read_text())


Measure = Callable[[Experiment, str, int], Measurements]


def measured(
    experiment: Experiment, table: str, row: str, seed: int, measure: Measure, of_weights: str = ""
) -> dict[str, Any]:
    """One row of one seed: its measurements, and commit, time, minutes, hardware of the work.

    minutes: of what was done for it alone; parts: of the trainings and measurements that it needed,
    by their paths. Kept in the file of `result_path`: what is there is not measured again.
    """
    path = result_path(experiment, table, row, seed, measure, of_weights)

    def work() -> dict[str, Any]:
        found, cost = experiment.costing(lambda: measure(experiment, row, seed))
        facts = {"commit": commit(), "time": time.time(), "hardware": hardware()}
        return {"measurements": found, **facts, **cost}

    found = cached(path, work)
    experiment.add_parts(found["parts"] | {str(path): found["minutes"]})
    return found


def result_path(
    experiment: Experiment, table: str, row: str, seed: int, measure: Measure, of_weights: str = ""
) -> Path:
    """Where a row of a seed is kept: under $THLAB_HOME/results, by all that it rests on.

    That is paper, table, row, seed, corpus, preset, settings, options, the weights tested, the
    committed ones and the source of the code: what changes any of these measures anew.
    """
    rests_on = grounds(experiment, measure, of_weights)
    name = f"{table}-{_slug(row)}-{digest(row, *rests_on)}"
    return home() / "results" / experiment.paper / name / f"seed{seed}.json"


def grounds(experiment: Experiment, measure: Measure, of_weights: str = "") -> list[Any]:
    """All that a table's numbers rest on, but for its rows and seeds, as JSON can hold it."""
    found = [experiment.facts, experiment.preset, experiment.overrides, dict(experiment.options)]
    found.append(source_digest({measure.__module__, *experiment.code}))
    found.append(committed_weights())  # evaluators, and heads that stand beside
    if of_weights:
        content = experiment.weights_named(of_weights).read_bytes()
        found.append(hashlib.sha256(content).hexdigest())
    return found


def _slug(name: str) -> str:
    """A name as a file may have it."""
    return re.sub("[^a-zA-Z0-9]+", "-", name).strip("-")
