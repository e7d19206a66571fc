"""What a corpus holds: its presets, and what its bytes depend on."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from thlab.corpus.expression import EMOTIONS
from thlab.corpus.scene import check_view
from thlab.corpus.version import CORPUS_VERSION, check_version

SETTINGS = "corpus.json"  # the file in a corpus's folder that says what it holds
LIGHTS = ("clip", "person")
# the first speaker's number of each part: nobody is of two parts, in whatever presets
FIRST_SPEAKER = {"train": 0, "val": 700, "test": 800}
LAST_SPEAKER = 999  # of a corpus: people with higher numbers are in no clip


@dataclass(frozen=True)
class Preset:
    """How many clips of what size; a speaker says each sentence in every emotion."""

    split: tuple[int, int, int]  # speakers for training, validation, test
    sentences: int | tuple[int, int, int]  # of a speaker; three numbers where the parts differ
    size: int  # pixels
    emotions: tuple[str, ...] = EMOTIONS
    head_motion: float = 1.0  # 0 still to 1 lively; .4 moves like the talkers of GRID
    pictures: bool = True  # else sound and exact factors alone


PRESETS = {
    "tiny": Preset(split=(4, 1, 1), sentences=4, size=64),
    "small": Preset(split=(8, 2, 2), sentences=10, size=128),
    "medium": Preset(split=(20, 6, 12), sentences=(8, 4, 4), size=64, head_motion=0.4),
    # every word in many contexts, with own sentences enough to test each
    "words": Preset((20, 6, 12), (68, 20, 30), 64, emotions=("neutral",), head_motion=0.4),
    # many voices for what only listens
    "emotions": Preset((100, 10, 12), (10, 6, 6), 64, head_motion=0.4, pictures=False),
    "full": Preset(split=(28, 6, 12), sentences=40, size=128),
}


@dataclass(frozen=True)
class Settings(Preset):
    """Everything that the bytes of a corpus in one view depend on."""

    view: str = "face"
    motion_seed: int = 0
    corpus_version: str = CORPUS_VERSION
    light: str = "clip"  # what shares a lamp and a backdrop: a clip, or all clips of a person
    quiet: bool = False  # digital silence instead of a recording floor


def settle(
    preset: str | Preset,
    view: str,
    size: int | None,
    head_motion: float | None,
    motion_seed: int,
    light: str = "clip",
    quiet: bool = False,
) -> Settings:
    """Settings from a preset and what is asked otherwise; ValueError names what is out of range."""
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(PRESETS)}")
        preset = PRESETS[preset]
    size = preset.size if size is None else size
    head_motion = float(preset.head_motion if head_motion is None else head_motion)
    check_view(view, size)
    if not 0 <= head_motion <= 1:
        raise ValueError(f"head motion {head_motion}: choose a number from 0 to 1")
    if motion_seed < 0:
        raise ValueError(f"motion seed {motion_seed}: choose a whole number from 0")
    if light not in LIGHTS:
        raise ValueError(f"light {light!r}: choose one for each {' or '.join(LIGHTS)}")
    _check_numbers(preset)
    chosen = {
        "size": size,
        "head_motion": head_motion,
        "view": view,
        "motion_seed": motion_seed,
        "light": light,
        "quiet": quiet,
    }
    return Settings(**vars(preset) | chosen)


def sentence_counts(preset: Preset) -> tuple[int, int, int]:
    """Sentences of a speaker for training, validation and test."""
    count = preset.sentences
    return (count, count, count) if isinstance(count, int) else count


def _check_numbers(preset: Preset) -> None:
    """ValueError for more speakers or sentences than have numbers."""
    room = [*FIRST_SPEAKER.values(), LAST_SPEAKER + 1]
    for i, (part, count) in enumerate(zip(FIRST_SPEAKER, preset.split, strict=True)):
        if not 0 <= count <= room[i + 1] - room[i]:
            raise ValueError(f"{count} speakers for {part}: there are {room[i + 1] - room[i]}")
    for count in sentence_counts(preset):
        if not 1 <= count <= 1000:
            raise ValueError(f"{count} sentences: choose a whole number from 1 to 1000")


def settings_text(settings: Settings) -> str:
    """Settings as JSON."""
    return json.dumps(dataclasses.asdict(settings), indent=1) + "\n"


def read_settings(root: Path) -> Settings:
    """The settings a corpus was built with; ValueError where it is of another version."""
    fields = json.loads((root / SETTINGS).read_text())
    check_version(str(root), fields["corpus_version"])
    return settings_of(fields)


def settings_of(fields: dict) -> Settings:
    """Settings from what JSON made of them: lists in place of tuples."""
    for name in ("split", "sentences", "emotions"):
        if isinstance(fields[name], list):
            fields = fields | {name: tuple(fields[name])}
    return Settings(**fields)
