"""What a paper declares, so that the house can train, evaluate and generate with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from thlab.data.corpora import Corpus
from thlab.data.tensors import load_clips
from thlab.evaluation.claims import Claims
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.inference import Head, Photo, Speech, read_photo, read_speech
from thlab.training.job import Job


def no_facts(job: Job, module: nn.Module) -> dict[str, Any]:
    """Nothing beside the config is needed to build the module again."""
    return {}


@dataclass(frozen=True)
class Stage:
    """One thing that `thlab train` trains, and how its weights are read again.

    config: a frozen dataclass with fast(), book() and paper(). train: the loop, from a job to the
    trained module; a run that was stopped resumes. facts: what else, beside the config, its card
    holds for building the module again, and its results on the validation split, as "metrics".
    variant: what this stage changes in the preset's config. weights: the file's name (default
    <paper>-<stage>). shared: folders beside out/<stage> whose runs it resumes, for the minutes on
    the card. frames: whether it needs pictures. load: from its config and the options of `train` to
    training data of its own, for one that needs no corpus.
    """

    config: type
    train: Callable[[Job], nn.Module]
    facts: Callable[[Job, Any], dict[str, Any]] = no_facts
    variant: Callable[[Any], Any] = lambda config: config
    weights: str = ""
    shared: tuple[str, ...] = ()
    frames: bool = True
    half: bool = True  # weights as float16
    load: Callable[[Any, Mapping[str, Any]], Any] | None = None


@dataclass(frozen=True)
class TableSpec:
    """A table of the paper, measured a row and a seed at a time.

    measure: (experiment, row, seed) -> measurements of one row, or of several that come of one
    work. rows: their names. columns: name -> metric of `thlab.metrics.registry`. numbers: the
    paper's, by corpus, row and column. of_weights: it judges trained weights, by --weights or the
    committed ones: one seed, and people whom these have not met. corpus: what it is measured on by
    default. seeds: trainings a row where no number is asked for. title: one line for --help.
    """

    title: str
    measure: Callable[[Experiment, str, int], Measurements]
    rows: tuple[str, ...]
    columns: Mapping[str, str]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    of_weights: str = ""  # the name of those weights
    corpus: str = "medium"
    seeds: int = 3
    facts: Callable[[Experiment], dict[str, Any]] = lambda experiment: {}


@dataclass(frozen=True)
class Option:
    """An option of a command that only some papers have; the rest is argparse's.

    several: it takes any number of values.
    """

    flag: str
    command: str  # "train", "evaluate" or "generate"
    help: str
    type: Callable[[str], Any] = str
    default: Any = None
    choices: tuple[str, ...] | None = None
    required: bool = False
    several: bool = False

    @property
    def name(self) -> str:
        """How the option is called in code."""
        return self.flag.lstrip("-").replace("-", "_")


def load_training_clips(splits: Mapping[str, Corpus], frames: bool) -> Any:
    """The training split as `ClipTensors`."""
    return load_clips(splits["train"], frames)


AUDIO = Option("--audio", "generate", "speech, in any format that ffmpeg reads", Path)
IMAGE = Option("--image", "generate", "a picture of a face", Path, required=True)


def heard(options: Mapping[str, Any], size: int) -> Speech:
    """Speech from --audio; ValueError without it."""
    if options.get("audio") is None:
        raise ValueError("what shall be said? give a recording with --audio")
    return read_speech(options["audio"])


def pictured(options: Mapping[str, Any], head: Head) -> Photo:
    """The face in the picture of --image."""
    return read_photo(options["image"], head.size)


def one_video(options: Mapping[str, Any], out: Path) -> tuple[list[Path], list[Any]]:
    """One output, and no controls."""
    return [out], [None]


@dataclass(frozen=True)
class Paper:
    """Stages, tables, claims, the talking head and the options of one paper.

    about: one line for --help. head: from a folder of weights (None: the committed ones) to a
    `thlab.inference.Head`. speech: from the options of `generate` to what is said. face: from them
    and the head to the face that says it. outputs: from them and the path asked for to the paths to
    write, and controls for each. corpus: what is trained on by default. load: from the splits of a
    corpus to training data. default_table: the one that judges the weights.
    """

    key: str
    about: str
    stages: Mapping[str, Stage]
    tables: Mapping[str, TableSpec] = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    options: tuple[Option, ...] = (AUDIO, IMAGE)
    default_table: str = ""
    corpus: str = "medium"
    head: Callable[[Path | None], Any] | None = None
    speech: Callable[[Mapping[str, Any], int], Speech] = heard
    face: Callable[[Mapping[str, Any], Any], Any] = pictured
    outputs: Callable[[Mapping[str, Any], Path], tuple[list[Path], list[Any]]] = one_video
    load: Callable[[Mapping[str, Corpus], bool], Any] = load_training_clips

    def weights_name(self, stage: str) -> str:
        """The name of a stage's weights, without its suffix."""
        return self.stages[stage].weights or f"{self.key}-{stage}"

    @property
    def training_code(self) -> tuple[str, ...]:
        """The modules whose code a training depends on."""
        return tuple(sorted({stage.train.__module__ for stage in self.stages.values()}))

    def options_of(self, command: str) -> Iterable[Option]:
        """The options that only this paper has for a command."""
        return [option for option in self.options if option.command == command]
