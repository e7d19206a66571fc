"""Trained weights with a card that says where they come from."""

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch
from torch import nn

import thlab
from thlab.corpus.media import write_whole
from thlab.extras import require

PROJECT = Path(thlab.__file__).parents[1]
JUDGES = ("landmarks", "faces")


def weights_path(name: str | Path) -> Path:
    """Where weights lie: a path as given, a name in $THLAB_WEIGHTS, else in the project's book/pretrained.

    FileNotFoundError that names the command to train them.
    Chapter: book/priors.ipynb
    """
    if Path(name).suffix == ".safetensors" or len(Path(name).parts) > 1:
        folders, file = [Path(name).parent], Path(name).name.removesuffix(".safetensors")
    else:
        folders, file = [Path(os.environ.get("THLAB_WEIGHTS", ".")), PROJECT / "book" / "pretrained"], str(name)
    for folder in folders:
        if (folder / f"{file}.safetensors").is_file():
            return folder / f"{file}.safetensors"
    what = "judges" if file in JUDGES else file.split("-")[0]
    raise FileNotFoundError(
        f"no weights {file}.safetensors in {' or '.join(map(str, folders))}: make them with `thlab train {what}`, "
        "or set THLAB_WEIGHTS to their folder"
    )


def save_weights(path: str | Path, module: nn.Module, card: dict[str, Any], half: bool = True) -> None:
    """Write path.safetensors (floats as float16 where half) and its card path.json.

    The card says paper, preset, corpus, corpus_version, seed, minutes, steps, metrics; commit and hardware are added.
    ValueError where a weight is too large for float16. Chapter: book/priors.ipynb
    """
    path = Path(path).with_name(Path(path).name.removesuffix(".safetensors"))
    tensors = {}
    for name, value in module.state_dict().items():
        small = value.detach().to(
            "cpu", torch.float16 if half and value.is_floating_point() else value.dtype, copy=True
        )
        if not small.isfinite().all():
            raise ValueError(f"{name} of {path} is not finite{' in float16: save with half=False' if half else ''}")
        tensors[name] = small.contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(f"{path}.safetensors", require("safetensors.torch", "train").save(tensors))
    whole = card | {"commit": commit(), "hardware": hardware()}
    write_whole(f"{path}.json", (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode())


def read_card(path_or_name: str | Path) -> dict[str, Any]:
    """The card of weights, before a module for them is built."""
    file = weights_path(path_or_name).with_suffix(".json")
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing: weights come with their card, copy both")
    return json.loads(file.read_text())


def load_weights(path_or_name: str | Path, module: nn.Module) -> dict[str, Any]:
    """Load weights by name or path into a module, in its own precision; returns their card.

    FileNotFoundError where there are none; ValueError where they are another module's.
    Chapter: book/priors.ipynb
    """
    file, safetensors = weights_path(path_or_name), require("safetensors.torch", "train")
    try:
        module.load_state_dict(safetensors.load_file(file))
    except (RuntimeError, require("safetensors", "train").SafetensorError) as error:
        raise ValueError(
            f"{file} does not fit {type(module).__name__}: {' '.join(str(error).split())[:300]}"
        ) from error
    return read_card(path_or_name)


def commit() -> str | None:
    """The commit of the code, None where it is no repository."""
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def hardware() -> str:
    """The GPU's or the CPU's model, and the threads used."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{(models or [platform.processor()])[0]}, {torch.get_num_threads()} threads"
