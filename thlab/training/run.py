"""A run folder: its config, its last checkpoint, its log; everything a killed training needs to go on."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from tqdm import tqdm

from thlab.corpus.media import write_whole
from thlab.extras import require
from thlab.training.checkpoint import load_state, restore_optimizer, save_state


class Run:
    """One training in one folder, which may be killed anywhere and goes on from its last checkpoint.

        run = Run(fabric, "run", config, steps=1000)
        for step in run.steps(run.resume(model=model, optimizer=optimizer)):
            batch = my_part(fabric, draw(data, step_generator(config.seed, step)))
            terms = losses(model, batch)
            run.check(step, terms)
            ...
            run.log(step, terms)

    config is a dataclass. With several processes the folder is one that all of them see; the first one writes.
    Chapter: book/priors.ipynb
    """

    def __init__(self, fabric: Any, folder: str | Path, config: Any, steps: int, save_every: int = 200):
        self.fabric, self.folder, self.total, self.save_every = fabric, Path(folder), steps, save_every
        self.config = dataclasses.asdict(config) | {"precision": fabric.strategy.precision.precision}
        self.config = json.loads(json.dumps(self.config))  # tuples as lists, as they are read back
        self.parts: dict[str, Any] = {}

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint's place."""
        return self.folder / "checkpoint.safetensors"

    def resume(self, **parts: Any) -> int:
        """Load the folder's last checkpoint, if any, into modules and optimizers; the first step still to do.

        ValueError where another process uses the folder, or where it holds a run of another config.
        Chapter: book/priors.ipynb
        """
        self.parts = parts
        problem = self._take_folder() if self.fabric.is_global_zero else ""
        if problem := self.fabric.broadcast(problem):
            raise ValueError(problem)
        state = load_state(self.checkpoint) if self.checkpoint.is_file() else {"step": 0, "log": 0}
        for name, part in parts.items() if state["step"] else ():
            if isinstance(part, torch.optim.Optimizer):
                restore_optimizer(getattr(part, "optimizer", part), state[name])
            else:
                part.load_state_dict(state[name])
        if self.fabric.is_global_zero:
            self._open_logs(state["step"], state["log"])
        return state["step"]

    def _take_folder(self) -> str:
        """Lock the folder and compare its config; what is wrong, or nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = open(self.folder / "lock", "a+")  # noqa: SIM115  held open as long as the run
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock.seek(0)
            user = self.lock.read()
            if user != str(os.getpid()):
                return f"{self.folder} is in use by process {user}: wait for it, stop it, or give another folder"
        self.lock.truncate(0)
        self.lock.write(str(os.getpid()))
        self.lock.flush()
        for part in self.folder.glob(".*.part"):  # of a process killed while it wrote
            part.unlink()
        file = self.folder / "config.json"
        if not file.is_file():
            write_whole(file, json.dumps(self.config, indent=1).encode())
        old = json.loads(file.read_text())
        for name in old | self.config:
            if old.get(name) != self.config.get(name):
                return (
                    f"{self.folder} holds a run with {name}={old.get(name)!r}, not {self.config.get(name)!r}: "
                    "give the same value to go on, or another folder to start anew"
                )
        return ""

    def _open_logs(self, step: int, size: int) -> None:
        """Cut the log back to the checkpoint's step, and let TensorBoard forget what came after it."""
        self.log_file = open(self.folder / "log.jsonl", "a")  # noqa: SIM115
        self.log_file.truncate(size)
        self.board = require("torch.utils.tensorboard", "train").SummaryWriter(self.folder, purge_step=step)

    def steps(self, start: int) -> Iterator[int]:
        """The steps still to do, with a progress bar; after the body of every save_every-th and of the last, a checkpoint."""
        quiet = None if self.fabric.is_global_zero else True  # None: no bar where there is no terminal
        with tqdm(total=self.total, initial=start, desc=self.folder.name, disable=quiet) as bar:
            for step in range(start, self.total):
                yield step
                bar.update()
                if (step + 1) % self.save_every == 0 or step + 1 == self.total:
                    self.save(step + 1)
        if self.fabric.is_global_zero:
            self.board.close()
            self.log_file.close()
            self.lock.close()
        self.fabric.barrier()

    def save(self, step: int) -> None:
        """Write the checkpoint from which `step` is the next to do."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        if self.fabric.is_global_zero:
            save_state(self.checkpoint, {**state, "step": step, "log": self.log_file.tell()})

    def check(self, step: int, terms: dict[str, Any]) -> None:
        """FloatingPointError that names the step and the terms where one is NaN or infinite, in any process.

        Call it before the optimizer moves: the last checkpoint is then a good one.
        """
        bad = self.fabric.all_reduce((~self._stack(terms).isfinite()).float(), reduce_op="sum")
        if bad.any():
            names = ", ".join(name for name, is_bad in zip(terms, bad.tolist(), strict=True) if is_bad)
            raise FloatingPointError(f"step {step}: {names} not finite; the last good checkpoint is {self.checkpoint}")

    def log(self, step: int, terms: dict[str, Any]) -> None:
        """Append the terms' means over all processes to log.jsonl and to TensorBoard."""
        values = self.fabric.all_reduce(self._stack(terms), reduce_op="mean").tolist()
        if self.fabric.is_global_zero:
            means = dict(zip(terms, values, strict=True))
            self.log_file.write(json.dumps({"step": step} | means) + "\n")
            self.log_file.flush()
            for name, value in means.items():
                self.board.add_scalar(name, value, step)

    def _stack(self, terms: dict[str, Any]) -> torch.Tensor:
        values = [torch.as_tensor(term, dtype=torch.float32, device=self.fabric.device) for term in terms.values()]
        return torch.stack(values).detach()

    def images(self, step: int, name: str, pictures: UInt8[np.ndarray, "n h w 3"]) -> None:
        """Show pictures side by side in TensorBoard."""
        if self.fabric.is_global_zero:
            self.board.add_image(name, np.concatenate(list(pictures), axis=1), step, dataformats="HWC")
