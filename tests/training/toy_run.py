"""A small real training for the tests: an LSTM, a convolution in channels_last, Adam.

python toy_run.py folder: trains it unbroken, killed at random, killed while it saves, in two
processes, with a NaN.
"""

import json
import os
import random
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import lightning.fabric  # noqa: F401  here and not in each process that is forked
import torch
import torch.utils.tensorboard
from torch import nn

from thlab.training import Run, checkpoint, make_fabric, my_part, step_generator


@dataclass(frozen=True)
class ToyConfig:
    """What a config is made of: numbers and tuples."""

    seed: int = 3
    rate: float = 1e-2
    sizes: tuple[int, ...] = (6, 8)


class Toy(nn.Module):
    """Sequences (b, t, 6) with a picture (b, 3, 8, 8) each, and a buffer to checkpoint."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 8, 2, batch_first=True)
        self.conv = nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last)
        self.head = nn.Linear(8, 6)
        self.seen = nn.Buffer(torch.zeros((), dtype=torch.long))

    def forward(self, x, picture):
        self.seen += 1
        h, _ = self.lstm(x)
        return self.head(
            h + self.conv(picture.to(memory_format=torch.channels_last)).mean((2, 3))[:, None]
        )


def new_model() -> Toy:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Toy()


def draw(seed: int, step: int) -> dict[str, torch.Tensor]:
    generator = step_generator(seed, step)
    shapes = {"x": (8, 5, 6), "picture": (8, 3, 8, 8)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def train(fabric, folder, config=None, steps=40, nan_at=-1, die_in_save=-1, doom=None) -> nn.Module:
    """The loop as a paper's train.py has it, with places to go wrong."""
    config = config or ToyConfig()
    model = new_model()
    model, optimizer = fabric.setup(model, torch.optim.Adam(model.parameters(), config.rate))
    run = Run(fabric, folder, config, steps, save_every=4)
    start = run.resume(model=model, optimizer=optimizer)
    last = start + doom.randint(2, 12) if doom else -1
    for step in run.steps(start):
        if step == last:
            Timer(doom.uniform(0, 0.05), os.kill, (os.getpid(), signal.SIGKILL)).start()
        batch = my_part(fabric, draw(config.seed, step))
        y = model(batch["x"], batch["picture"])
        terms = {"l1": (y - batch["x"]).abs().mean(), "l2": y.square().mean()}
        if step == nan_at and fabric.global_rank == fabric.world_size - 1:
            terms["l2"] = terms["l2"] * float("nan")
        run.check(step, terms)
        optimizer.zero_grad()
        fabric.backward(terms["l1"] + terms["l2"])
        optimizer.step()
        run.log(step, terms)
        if step == die_in_save:
            checkpoint.write_whole = half_write
    return model


def half_write(path, content: bytes) -> None:
    """What SIGKILL leaves of write_whole: part of the temporary file."""
    path.with_name(f".{path.name}.{os.getpid()}.part").write_bytes(content[: len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def forked(task, *args, **settings) -> int:
    """Start a process that has imported everything already."""
    pid = os.fork()
    if not pid:
        try:
            task(*args, **settings)
            os._exit(0)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    return pid


def status(pid: int) -> int:
    """Wait for a process; 0, 1, or -9 where it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def alone(folder: Path, **settings) -> None:
    train(make_fabric("cpu", precision="32-true"), folder, **settings)


def as_rank(rank: int, port: int, folder: Path, **settings) -> None:
    """One of two processes, with the environment that torchrun gives them."""
    place = {
        "RANK": rank,
        "LOCAL_RANK": rank,
        "GROUP_RANK": 0,
        "MASTER_PORT": port,
        "WORLD_SIZE": 2,
    }
    os.environ |= {name: str(value) for name, value in place.items()}
    os.environ |= {
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "TORCHELASTIC_RUN_ID": "test",
    }
    train(make_fabric("cpu", 2, "ddp", precision="32-true"), folder, **settings)


def two(folder: Path, **settings) -> list[int]:
    """Train in two gloo processes; their exit statuses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        status(pid) for pid in [forked(as_rank, rank, port, folder, **settings) for rank in (0, 1)]
    ]


def killed(folder: Path) -> list[int]:
    """SIGKILL a training some random time after it resumed, and again, until one comes through."""
    ends: list[int] = []
    while not ends or ends[-1] == -signal.SIGKILL:
        ends.append(status(forked(alone, folder, doom=random.Random(len(ends)))))
    return ends


def main(root: Path) -> None:
    """Everything that wants processes of its own, under one root; exit statuses as JSON."""
    torch.set_num_threads(1)
    ends = {"unbroken": status(forked(alone, root / "unbroken"))}
    ends["killed"] = killed(root / "killed")
    ends["in_save"] = [
        status(forked(alone, root / "in_save", **how)) for how in ({"die_in_save": 9}, {})
    ]
    ends["two"] = two(root / "two")
    ends["nan"] = two(root / "nan", nan_at=9)
    print(json.dumps(ends))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
