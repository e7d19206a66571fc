"""A training that was asked for: by the command, or by a table that needs it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thlab.training.weights import weights_path


@dataclass(frozen=True)
class Job:
    """One training: what a stage's `train` gets.

    data: what the paper's `load` made of the corpus. out: the run folder, in which a stage keeps
    its runs as out/<stage>, and in which weights that another stage made are looked for.
    """

    config: Any
    data: Any
    out: Path
    stage: str
    fabric: Any
    seed: int

    @property
    def folder(self) -> Path:
        """The folder of this stage's runs."""
        return self.out / self.stage

    def weights(self, name: str) -> Path:
        """Weights that another stage made in this run folder, else the committed ones.

        Raises FileNotFoundError, which says how to train them, where there are none.
        """
        own = self.out / f"{name}.safetensors"
        return own if own.is_file() else weights_path(name)
