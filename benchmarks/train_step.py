"""Training steps a second of three models: bf16, channels_last and torch.compile on and off.

Segment VAE, generator and DAVS.

    python benchmarks/train_step.py [--seconds 10] [--threads 1]

Sizes are the book preset's, batches random. The variants of a model take turns, so that a busy
machine slows them alike: read the ratios. A step is forward, backward and Adam; the generator's is
that before the critics join, that of DAVS is its encoders' phase. The generator lays the pictures
out channels_last in any case: on and off here is the layout of the weights. A compilation that
takes longer than the limit is given up, which is then said.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing import get_context

import torch
from torch import nn

from thlab.audio.visemes import VISEMES
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.critics import Critics
from thlab.papers.davs.losses import encoder_phase
from thlab.papers.davs.model import DAVS, SEEN, WordBatch
from thlab.papers.priors.data import SegmentBatch
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.model import Generator, GeneratorConfig
from thlab.papers.priors.losses import objective
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.training.weights import hardware

EMOTIONS = 8
SEQUENCES = 1000
CONTENT = 32  # numbers a frame
Step = Callable[[], None]


def vae(device: str) -> tuple[nn.Module, Callable]:
    """The VAE, and the loss of a random batch through a model."""
    config = VAEConfig.book()
    module = SequenceVAE(config, len(VISEMES), EMOTIONS, SEQUENCES).to(device)
    rows = {"viseme": len(VISEMES), "emotion": EMOTIONS, "sequence": SEQUENCES}
    labels = {name: torch.randint(n, (config.batch,), device=device) for name, n in rows.items()}
    batch = SegmentBatch(
        x=torch.randn(config.batch, 20, 200, device=device),
        n_segments=torch.randint(1, 81, (config.batch,), device=device),
        noise=torch.randn(config.batch, 3, config.dim, device=device),
        **labels,
    )
    return module, lambda model: objective(module, model(batch.x, batch.noise), batch)["total"]


def generator(device: str) -> tuple[nn.Module, Callable]:
    """The generator, and its L1 on random pictures."""
    config = GANConfig.book()
    sizes = GeneratorConfig.book()
    module = Generator(sizes, CONTENT).to(device)
    real = torch.rand(config.clips, 1, 3, sizes.size, sizes.size, device=device)
    z_c = torch.randn(config.clips, 1, CONTENT, device=device)
    return module, lambda model: (model(real[:, 0], z_c) - real).abs().mean()


def davs(device: str) -> tuple[nn.Module, Callable]:
    """The model of [zhou2019] and its encoders' loss of random clips: 57 words, 20 people."""
    config = DAVSConfig.book()
    words = 57
    people = 20
    module = DAVS(config, words, people).to(device)
    critics = Critics(config, words, people).to(device)
    critics.requires_grad_(False)

    def video(n: int) -> torch.Tensor:
        return torch.rand(config.batch, n, 3, config.size, config.size, device=device)

    batch = WordBatch(
        frames=video(SEEN),
        rows=torch.randn(config.batch, SEEN, 20, 12, device=device),
        word=torch.randint(words, (config.batch,), device=device),
        person=torch.randint(people, (config.batch,), device=device),
        image=video(1)[:, 0],
        adversary_frames=video(config.adversary_frames),
        painted=torch.arange(config.painted, device=device).expand(config.batch, -1),
        real=video(config.painted),
    )
    return module, lambda model: encoder_phase(config, critics, model(batch), batch)["total"]


def make_step(
    build: Callable, device: str, bf16: bool, channels_last: bool, compiled: bool
) -> Step:
    """One step of a fresh model, as a call that returns when it is done."""
    module, loss_of = build(device)
    if channels_last:
        module.to(memory_format=torch.channels_last)
    model = torch.compile(module) if compiled else module
    optimizer = torch.optim.Adam(module.parameters())

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            loss = loss_of(model)
        loss.backward()
        optimizer.step()
        loss.item()  # waits for a GPU

    return step


def first_step(threads: int, build: Callable, device: str, choice: tuple[bool, bool, bool]) -> None:
    """What a compilation is tried on."""
    torch.set_num_threads(threads)
    make_step(build, device, *choice)()


def compile_failure(
    build: Callable, device: str, choice: tuple[bool, bool, bool], limit: int
) -> str:
    """Compile in another process, for a compiler may crash; what went wrong, or nothing."""
    child = get_context("spawn").Process(
        target=first_step, args=(torch.get_num_threads(), build, device, choice)
    )
    child.start()
    child.join(limit)
    if child.exitcode is None:
        child.kill()
        return f"compiling took over {limit} s"
    return f"its process ended with {child.exitcode}" if child.exitcode else ""


def measure(build: Callable, device: str, seconds: float, limit: int) -> None:
    """Print a line for each variant of a model."""
    layouts = (False, True) if build is not vae else (False,)  # the VAE has no convolution
    choices = [
        (bf16, layout, compiled)
        for compiled in (False, True)
        for bf16 in (False, True)
        for layout in layouts
    ]
    if device == "cpu":  # compilations are slow here: one
        choices = [choice for choice in choices if not choice[2]] + [(False, layouts[-1], True)]
    steps: dict[tuple, Step] = {}
    for choice in choices:
        if choice[2] and (problem := compile_failure(build, device, choice, limit)):
            print(f"{build.__name__:10s} {label(choice):32s} not measured: {problem}")
            continue
        step = make_step(build, device, *choice)
        step()
        steps[choice] = step
    times: dict[tuple, list[float]] = {choice: [] for choice in steps}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[choices[0]]) < 3:
        for choice, step in steps.items():
            start = time.perf_counter()
            step()
            times[choice].append(time.perf_counter() - start)
    plain = statistics.median(times[choices[0]])
    for choice, spent in times.items():
        middle = statistics.median(spent)
        print(
            f"{build.__name__:10s} {label(choice):32s} {1 / middle:8.2f} steps/s "
            f"{plain / middle:6.2f}x  n={len(spent)}"
        )


def label(choice: tuple[bool, bool, bool]) -> str:
    bf16, channels_last, compiled = choice
    return " ".join(
        ["bf16" if bf16 else "float32"] + ["channels_last"] * channels_last + ["compile"] * compiled
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seconds", type=float, default=10, help="for each model, besides the first steps"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=int, default=90, help="seconds that compiling may take")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{hardware()}; torch {torch.__version__}; load {os.getloadavg()}")
    for build in (vae, generator, davs):
        measure(build, device, args.seconds, args.limit)


if __name__ == "__main__":
    main()
