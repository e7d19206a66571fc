"""A run folder: config, last checkpoint, log: all that a stopped training needs to resume."""

import dataclasses
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor
from tqdm import tqdm

from thlab.files import lock_folder, write_whole
from thlab.optional import require
from thlab.training.checkpoint import load_state, save_state

IN_USE = "is in use by another run: wait for it, stop it, or give another folder"


class Run:
    """One training in one folder; killed anywhere, it resumes bit for bit from its checkpoint.

        run = Run(fabric, "run", config, steps=1000, seed=seed)
        for step in run.steps(run.resume(model=model, optimizer=optimizer)):
            batch = my_part(fabric, draw(data, step_generator(seed, step)))
            terms = losses(model, batch)
            run.check(step, terms)
            ...  # backward, and the optimizer's step
            run.log(step, terms)

    config (a dataclass), corpus (its facts, as `load_clips` keeps them) and facts, such as the
    seed, must be the same when it resumes: a finished run is never given another corpus's name.
    save_every: steps between checkpoints (default: $THLAB_SAVE_EVERY, else 200). Several processes,
    on several machines too, are given one folder; the first one writes.
    Chapter: book/priors.ipynb
    """

    def __init__(
        self,
        fabric: Any,
        folder: str | Path,
        config: Any,
        steps: int,
        save_every: int | None = None,
        corpus: dict[str, str] | None = None,
        **facts: Any,
    ):
        self.fabric = fabric
        self.folder = Path(folder)
        self.total = steps
        self.save_every = save_every or int(os.environ.get("THLAB_SAVE_EVERY", "200"))
        facts = {
            **dataclasses.asdict(config),
            "precision": fabric.strategy.precision.precision,
            **facts,
        }
        facts |= corpus or {}
        # tuples become lists, as they are read back
        self.config = json.loads(json.dumps(facts, default=str))
        self.held = ExitStack()  # the folder's lock, from resume to the last step
        self.checkpoint = self.folder / "checkpoint.safetensors"
        self.log_path = self.folder / "log.jsonl"

    def resume(self, **parts: Any) -> int:
        """Load the last checkpoint, if there is one, into modules and optimizers.

        Returns the first step to do. ValueError where another run uses the folder, or where the
        folder's run has another config.
        """
        self.parts = parts
        problem = self._take_folder() if self.fabric.is_global_zero else ""
        # all processes learn of it, or the others would wait for the first
        problem = self.fabric.broadcast(problem)
        if problem:
            raise ValueError(problem)
        facts = {"step": 0, "log_bytes": 0}
        if self.checkpoint.is_file():
            facts = load_state(self.checkpoint, parts)
        if self.fabric.is_global_zero:  # what was logged after the checkpoint is logged again
            board = require("torch.utils.tensorboard", "train")
            self.board = board.SummaryWriter(self.folder, purge_step=facts["step"])
            self.log_file = open(self.log_path, "a")  # noqa: SIM115
            self.log_file.truncate(facts["log_bytes"])
        return facts["step"]

    def _take_folder(self) -> str:
        """Lock the folder, and compare its config with ours; what is wrong, or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.held.enter_context(lock_folder(self.folder, IN_USE))
        except ValueError as error:
            return str(error)
        file = self.folder / "config.json"
        if not file.is_file():
            write_whole(file, json.dumps(self.config, indent=1).encode())
        old = json.loads(file.read_text())
        for name in old | self.config:
            was = old.get(name)
            wanted = self.config.get(name)
            if was != wanted:
                self.held.close()
                holds = f"{self.folder} holds a run with {name}={was!r}, not {wanted!r}"
                return f"{holds}: give the same {name} to resume it, or another folder"
        return ""

    def steps(self, start: int) -> Iterator[int]:
        """The steps from `start` on, with a progress bar and checkpoints.

        A checkpoint every save_every steps, and one at the end.
        """
        first = self.fabric.is_global_zero
        self.since = time.monotonic()
        hidden = None if first else True  # None: where there is no terminal
        try:
            for step in tqdm(
                range(start, self.total),
                self.folder.name,
                self.total,
                initial=start,
                disable=hidden,
            ):
                yield step
                if (step + 1) % self.save_every == 0 or step + 1 == self.total:
                    self.save(step + 1)
        finally:
            for part in (self.board, self.log_file, self.held) if first else ():
                part.close()

    def save(self, step: int) -> None:
        """Write the checkpoint from which `step` is the next one to do."""
        if self.fabric.is_global_zero:
            save_state(
                self.checkpoint, self.parts, step=step, log_bytes=self.log_path.stat().st_size
            )
            file = self.folder / "seconds"
            now = time.monotonic()
            before = float(file.read_text()) if file.is_file() else 0
            write_whole(file, f"{before + now - self.since:.1f}\n".encode())
            self.since = now
        self.fabric.barrier()

    def check(self, step: int, terms: dict[str, Any]) -> None:
        """FloatingPointError, in every process, if a term is NaN or infinite in any of them.

        It names step and terms. Call it before the optimizer's step: the last checkpoint is then a
        good one.
        """
        bad = (~self._stack(terms).isfinite()).float()
        counts = self.fabric.all_reduce(bad, reduce_op="sum").tolist()
        if any(counts):
            names = ", ".join(name for name, count in zip(terms, counts, strict=True) if count)
            raise FloatingPointError(
                f"step {step}: {names} not finite; {self.folder} keeps its last checkpoint"
            )

    def log(self, step: int, terms: dict[str, Any]) -> None:
        """Append the terms, averaged over processes, to log.jsonl and to TensorBoard."""
        values = self.fabric.all_reduce(self._stack(terms), reduce_op="mean").tolist()
        if self.fabric.is_global_zero:
            means = dict(zip(terms, values, strict=True))
            print(json.dumps({"step": step} | means), file=self.log_file, flush=True)
            for name, value in means.items():
                self.board.add_scalar(name, value, step)

    def _stack(self, terms: dict[str, Any]) -> Tensor:
        """The terms as one tensor on the device, so that they are waited for once."""
        return torch.stack(
            [torch.as_tensor(v, device=self.fabric.device).detach().float() for v in terms.values()]
        )

    def images(self, step: int, name: str, pictures: UInt8[np.ndarray, "n h w 3"]) -> None:
        """Show pictures side by side in TensorBoard."""
        if self.fabric.is_global_zero:
            self.board.add_image(name, np.concatenate(pictures, axis=1), step, dataformats="HWC")


def minutes(out: Path, runs: str) -> float:
    """How long the runs in `out` whose names match took until their last checkpoints.

    All resumes count together.
    Chapter: book/priors.ipynb
    """
    return round(sum(float(file.read_text()) for file in out.glob(f"{runs}/seconds")) / 60, 1)
