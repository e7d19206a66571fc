"""Trained weights with a card that says where they come from."""

import functools
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

import thlab
from thlab.files import write_whole
from thlab.optional import require
from thlab.training.checkpoint import read_tensors

PROJECT = Path(thlab.__file__).parents[1]
Net = TypeVar("Net", bound=nn.Module)


def weights_path(name: str | Path) -> Path:
    """The file of weights, by its path or its name.

    A name is looked for in $THLAB_WEIGHTS, then in the project's book/pretrained. FileNotFoundError
    that names the command to train them. Chapter: book/priors.ipynb
    """
    file = Path(str(name).removesuffix(".safetensors") + ".safetensors")
    for folder in [Path()] if file.parent.name else pretrained_folders():
        if (folder / file).is_file():
            return folder / file
    # a file is named after its paper: priors-vae; those of the nets that only score are not
    paper = file.stem.split("-")[0] if "-" in file.stem else "evaluators"
    make = f"make them with `thlab train {paper}`, or set THLAB_WEIGHTS to their folder"
    raise FileNotFoundError(f"no weights {file}: {make}")


def beside(weights: Path | None, name: str) -> Path:
    """A folder's own file of weights where it has one, else the name of the committed ones."""
    if weights is not None and (weights / f"{name}.safetensors").is_file():
        return weights / name
    return Path(name)


def save_weights(
    path: str | Path, module: nn.Module, card: dict[str, Any], half: bool = True
) -> None:
    """Write path.safetensors (floats as float16 where half) and the card, path.json.

    card says paper, preset, corpus, corpus_version, seed, minutes, steps, metrics; commit and
    hardware are added. ValueError where a weight is not finite, in float16 where half.
    Chapter: book/priors.ipynb
    """
    path = str(path).removesuffix(".safetensors")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}
    for name, value in tensors.items():
        tensors[name] = (value.half() if half and value.is_floating_point() else value).contiguous()
        if not tensors[name].isfinite().all():
            raise ValueError(
                f"{path}: {name} is not finite{' in float16: try half=False' if half else ''}"
            )
    write_whole(f"{path}.safetensors", require("safetensors.torch", "train").save(tensors))
    card = card | {"commit": commit(), "hardware": hardware()}
    write_whole(f"{path}.json", (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())


def read_card(name: str | Path) -> dict[str, Any]:
    """The card beside weights, to read before a module for them is built.

    Chapter: book/priors.ipynb
    """
    file = weights_path(name).with_suffix(".json")
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing: copy the card with its weights")
    return json.loads(file.read_text())


def load_weights(name: str | Path, module: Net) -> Net:
    """Load weights, by name or path, into a module in its own precision, and return it.

    FileNotFoundError where there are none, ValueError where they are not this module's.
    Chapter: book/priors.ipynb
    """
    file = weights_path(name)
    tensors, _ = read_tensors(file)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        why = " ".join(str(error).split())[:300]
        raise ValueError(
            f"{file} does not fit: {why}. Build the module that its card describes"
        ) from error
    return module


def state_digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of named weights, by which a net tells those that it was trained on from others."""
    found = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        found.update(name.encode())
        found.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return found.hexdigest()


@functools.cache
def committed_weights() -> str:
    """A digest of all weights that `weights_path` may find by name."""
    digest = hashlib.sha256()
    for folder in pretrained_folders():
        for file in sorted(folder.glob("*.safetensors")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def pretrained_folders() -> list[Path]:
    """Where weights are looked for by name: $THLAB_WEIGHTS where set, then the project's own."""
    own = os.environ.get("THLAB_WEIGHTS")
    return [*([Path(own)] if own else []), PROJECT / "book" / "pretrained"]


def commit() -> str | None:
    """The commit of the code, None outside a repository."""
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    return (
        subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None
    )


def hardware() -> str:
    """The GPU's or the CPU's model, and the threads used."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    cpus = Path("/proc/cpuinfo")
    info = cpus.read_text() if cpus.is_file() else ""
    model = info.partition("model name")[2].partition("\n")[0].lstrip("\t :")
    return f"{model or platform.processor()}, {torch.get_num_threads()} threads"
