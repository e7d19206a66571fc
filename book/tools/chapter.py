"""What every chapter has in common: metadata, the box made from it, order of sections."""

from pathlib import Path

import nbformat

# Second-level headings, in this order; a heading may go on ("## Theory: the cheapest path"), others
# may stand between
SECTIONS = (
    "Objectives",
    "Prerequisites",
    "The idea in one figure",
    "Theory",
    "From equation to code",
    "A toy with known truth",
    "The real model",
    "Explore",
    "When it fails",
    "The paper's numbers",
    "Check yourself",
    "Exercises",
    "What differs from the paper",
    "Summary",
    "References",
)

# The notebook metadata `thlab`, key -> type
METADATA = {
    "title": str,
    "minutes_cpu": (int, float),  # two cores, preset fast
    "minutes_gpu": (int, float, type(None)),  # None where nobody has measured it
    "memory_mb": int,
    "prerequisites": list,
    "objectives": list,
}


def meta_box(meta: dict) -> str:
    """The box under a chapter's title, in Markdown that JupyterLab shows as well."""
    gpu = "not measured" if meta["minutes_gpu"] is None else f"{meta['minutes_gpu']:g} min"
    return (
        "| Time on 2 cores | Time on a GPU | Memory |\n|---|---|---|\n"
        f"| {meta['minutes_cpu']:g} min | {gpu} | {meta['memory_mb']} MB |"
    )


def chapters(book: Path) -> list[Path]:
    """The notebooks of a book folder, by name."""
    return sorted(book.glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)
