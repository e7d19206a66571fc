"""`thlab train|evaluate|generate` for any paper: what its record declares, done once for all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from thlab import inference
from thlab.data import open_splits
from thlab.evaluation.claims import notes, settle
from thlab.evaluation.experiment import Experiment, digest, grounds, measured
from thlab.evaluation.table import FIELDS, Table, joined
from thlab.papers.paper import Job, Paper, Stage, TableSpec
from thlab.training import make_fabric, minutes, save_weights
from thlab.training.config import configure, has_field
from thlab.training.presets import chosen, current

NO_OPTIONS: Mapping[str, Any] = {}


def train(
    paper: Paper,
    corpus: str,
    preset: str | None,
    stage: str,
    out: Path,
    seed: int,
    settings: Sequence[str] = (),
    device: Mapping[str, Any] = NO_OPTIONS,
    **options: Any,
) -> Iterator[Path]:
    """Train the stages of a paper, or the one named; yields the weights that are finished.

    settings: "field=value" of the stages' configs. device: as `make_fabric` takes it. options: the
    paper's own. A run that was stopped resumes. Raises ValueError, before anything is written, for
    an unknown stage, preset, field or corpus. Chapter: book/priors.ipynb
    """
    names = chosen("stage", stage, paper.stages)
    preset = current(preset)
    configs = stage_configs(paper, names, preset, settings)
    loaded = load_stages(paper, configs, corpus, options)
    fabric = make_fabric(**device)
    for name in names:
        data, about = loaded[name]
        job = Job(configs[name], data, Path(out), name, fabric, seed)
        module = paper.stages[name].train(job)
        if fabric.is_global_zero:
            facts = {"paper": paper.key, "preset": preset, **about}
            facts |= {"seed": seed, "settings": list(settings)}
            yield save_stage(paper, job, module, facts)
        fabric.barrier()


def load_stages(
    paper: Paper, configs: Mapping[str, Any], corpus: str, options: Mapping[str, Any]
) -> dict[str, tuple[Any, dict[str, Any]]]:
    """The training data of each stage, with what its card says of them.

    The corpus is opened, and read once, where a stage needs it.
    """
    loaded = {}
    on_corpus = []
    for name, config in configs.items():
        load = paper.stages[name].load
        if load is None:
            on_corpus.append(name)
        else:
            own = load(config, options)
            loaded[name] = (own, {**own.facts, "clips": own.n_clips})
    if on_corpus:
        splits = open_splits(corpus)
        data = paper.load(splits, any(paper.stages[name].frames for name in on_corpus))
        about = {**splits["train"].facts, "corpus": corpus, "clips": len(splits["train"])}
        loaded |= dict.fromkeys(on_corpus, (data, about))
    return loaded


def stage_configs(
    paper: Paper, names: Sequence[str], preset: str, settings: Sequence[str]
) -> dict[str, Any]:
    """The config of each stage; ValueError for a setting of which no stage has the field."""
    for setting in settings:
        if not any(has_field(paper.stages[name].config, setting) for name in names):
            configure(
                paper.stages[names[0]].config, preset, [setting]
            )  # says which fields there are
    configs = {}
    for name in names:
        kind = paper.stages[name].config
        own = [setting for setting in settings if has_field(kind, setting)]
        configs[name] = paper.stages[name].variant(configure(kind, preset, own))
    return configs


def save_stage(paper: Paper, job: Job, module: Any, facts: Mapping[str, Any]) -> Path:
    """Write a stage's weights with their card; returns the weights' path."""
    stage: Stage = paper.stages[job.stage]
    path = job.out / f"{paper.weights_name(job.stage)}.safetensors"
    spent = sum(minutes(job.out, f"{folder}/**") for folder in (job.stage, *stage.shared))
    card = {**facts, "config": asdict(job.config), "minutes": round(spent, 1)}
    save_weights(path, module, card | stage.facts(job, module), stage.half)
    return path


def evaluate(
    paper: Paper,
    corpus: str | None,
    preset: str | None,
    seeds: int | Sequence[int] | None,
    out: Path,
    table: str | None = None,
    row: str | None = None,
    weights: Path | None = None,
    settings: Sequence[str] = (),
    add_seeds: int | None = None,
    **options: Any,
) -> Iterator[str]:
    """Measure tables again, write each to `out` as soon as it is whole; yields them as Markdown.

    table: one of the paper's, or "all" (default: the one that judges its weights). row: measure
    this one alone; it is shown, and not written. seeds: how many, or which; None: as many as each
    table has. weights: the folder of a finished training to judge. add_seeds: measure so many more
    than the table in `out` has, and add them to it. What was measured before is not measured again.
    Raises ValueError for what the paper does not have.
    Chapter: book/priors.ipynb
    """
    if not paper.tables:
        raise ValueError(f"{paper.key} has no tables: what its nets score is on their cards")
    if add_seeds is not None and (seeds is not None or row is not None):
        raise ValueError("--add-seeds adds to whole tables: give it without --seeds and --row")
    names = chosen("table", table or paper.default_table, paper.tables)
    preset = current(preset)
    for name in names:
        spec = paper.tables[name]
        wanted = spec.seeds if seeds is None else seeds
        several = tuple(range(wanted)) if isinstance(wanted, int) else tuple(wanted)
        rows = spec.rows if row is None else chosen("row", row, spec.rows)
        experiment = open_experiment(
            paper, spec, corpus, preset, several, weights, settings, options
        )
        known = None
        if add_seeds is not None:
            experiment, known = further_seeds(paper, experiment, name, Path(out), add_seeds)
        made = make_table(paper, experiment, name, rows)
        if known is not None:
            made = joined(known, made)
        if row is None:
            Path(out).mkdir(parents=True, exist_ok=True)
            made.save(Path(out))
            yield made.markdown(notes(made, settle(paper.claims, Path(out))))
        else:
            yield made.markdown()


def further_seeds(
    paper: Paper, experiment: Experiment, name: str, out: Path, count: int
) -> tuple[Experiment, Table | None]:
    """The experiment with the seeds that follow those of the table in a folder, and that table.

    ValueError where the table cannot be added to.
    """
    spec = paper.tables[name]
    if spec.of_weights:
        raise ValueError(f"{name} judges one training, {spec.of_weights}: it has no further seeds")
    path = out / f"{paper.key}.{title_of(experiment, name)}.json"
    known = Table.load(path) if path.exists() else None
    first = 0
    if known is not None:
        if known.evidence.get("rests_on") != digest(*grounds(experiment, spec.measure)):
            raise ValueError(
                f"{path} rests on other code, weights, settings or data than would be measured "
                "now: measure all of it again, with --seeds, or write to another folder"
            )
        first = max(known.evidence["seeds"]) + 1
    if count < 1:
        raise ValueError(f"--add-seeds {count}: give at least 1")
    return replace(experiment, seeds=tuple(range(first, first + count))), known


def title_of(experiment: Experiment, name: str) -> str:
    """A table's name, with that of the corpus where it is not the embedded one."""
    return name if experiment.embedded else f"{name}-{Path(experiment.corpus).name}"


def open_experiment(
    paper: Paper,
    spec: TableSpec,
    corpus: str | None,
    preset: str,
    seeds: tuple[int, ...],
    weights: Path | None = None,
    settings: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Experiment:
    """The experiment of a table; ValueError for seeds that are none."""
    corpus = corpus or spec.corpus
    if not seeds or min(seeds) < 0:
        raise ValueError(f"seeds {list(seeds)}: give at least one, from 0 on")
    experiment = Experiment(
        paper=paper.key,
        fabric=make_fabric(precision="32-true"),
        corpus=corpus,
        splits=open_splits(corpus),
        preset=preset,
        seeds=seeds,
        code=paper.training_code,
        overrides=tuple(settings),
        weights=weights,
        options={name: value for name, value in (options or {}).items() if value is not None},
    )
    if spec.of_weights:
        card = experiment.card(spec.of_weights)
        return replace(experiment, seeds=(card.get("seed", 0),))
    return experiment


def make_table(paper: Paper, experiment: Experiment, name: str, rows: Sequence[str]) -> Table:
    """A table from the rows of each seed, measured where they are not yet."""
    spec = paper.tables[name]
    records = []
    work = []
    todo = [(row, seed) for row in rows for seed in experiment.seeds]
    for row, seed in tqdm(todo, f"{paper.key} {name}", disable=None):
        found = measured(experiment, name, row, seed, spec.measure, spec.of_weights)
        work.append(found)
        for one, column, speaker, clip, value in found["measurements"]:
            records.append((one, column, seed, speaker, clip, value))
    frame = pd.DataFrame(records, columns=FIELDS)
    command = f"thlab evaluate {paper.key} --table {name}"
    evidence = experiment.evidence(command) | spec.facts(experiment)
    evidence |= evidence_of(work, [row for row, _ in todo])
    evidence["rests_on"] = digest(*grounds(experiment, spec.measure, spec.of_weights))
    title = title_of(experiment, name)
    return Table(paper.key, title, spec.columns, frame, spec.numbers, evidence)


def evidence_of(work: Sequence[Mapping[str, Any]], rows: Sequence[str]) -> dict[str, Any]:
    """Minutes, commit and hardware of rows that may have been measured at several times: the oldest
    commit.

    rows: whose each is. Minutes are those from nothing, trainings included: in all, where rows
    share trainings, and by row, a mean a seed.
    """
    oldest_first = sorted(work, key=lambda one: one["time"])
    parts = {}
    by_row: dict[str, list[float]] = {}
    for row, one in zip(rows, work, strict=True):
        parts |= one["parts"]
        by_row.setdefault(row, []).append(one["minutes"] + sum(one["parts"].values()))
    own = sum(one["minutes"] for one in work)
    return {
        "minutes": round(own + sum(parts.values()), 1),
        "minutes_of_rows": {row: round(sum(m) / len(m), 1) for row, m in by_row.items()},
        "commit": oldest_first[0]["commit"],
        "hardware": "; ".join(dict.fromkeys(one["hardware"] for one in oldest_first)),
    }


def generate(
    paper: Paper,
    out: Path,
    weights: Path | None = None,
    overwrite: bool = False,
    crop: bool = False,
    **options: Any,
) -> list[Path]:
    """Make a face speak: .mp4s with the sound, tagged as synthetic; their paths.

    options: the paper's own, such as audio and image. Raises ValueError, and writes nothing, where
    an input cannot be used or an output must not be written. Chapter: book/content-to-video.ipynb
    """
    if paper.head is None:
        raise ValueError(f"{paper.key} has no talking head to generate with")
    outs, controls = paper.outputs(options, Path(out))
    inference.check_paths(outs, paths_in(options.values()), overwrite)
    head = paper.head(weights)
    speech = paper.speech(options, head.size)
    face = paper.face(options, head)
    return inference.generate(head, speech, face, outs, controls, crop)


def paths_in(values: Iterable[Any]) -> list[Path]:
    """The files among the values of options, of which some are lists."""
    found = []
    for value in values:
        several = value if isinstance(value, list) else [value]
        found += [one for one in several if isinstance(one, Path)]
    return found
