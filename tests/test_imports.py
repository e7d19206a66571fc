"""The house's import rules: downwards only, and the core needs none of the extras."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import thlab

ROOT = Path(thlab.__file__).parent
# a part imports parts of a lower floor, and what stands in its own folder
FLOORS = {
    "lazy": 0,
    "optional": 0,
    "compiled": 0,
    "shapes": 0,
    "files": 0,
    "media": 1,
    "audio": 2,
    "face": 2,
}
FLOORS |= {"plots": 3, "explore": 4, "nn": 3, "metrics": 3, "corpus": 3, "data": 4, "training": 5}
FLOORS |= {"inference": 5, "evaluation": 6, "papers": 7, "public": 8, "cli": 8, "book": 9}
SIDE_BY_SIDE = {("face", "audio")}
# the corpus is a data source beside the real ones: nothing that could do without it knows it
KNOWS_THE_CORPUS = {"corpus", "data", "evaluation", "papers", "public", "cli", "book"}
EXTRAS = """
av soundfile mediapipe cv2 espeakng_loader pocketsphinx matplotlib PIL librosa ipywidgets IPython
onnx lightning safetensors tensorboard torchvision torchmetrics sklearn
"""
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1].split():
    sys.modules[name] = None  # importing it now raises ImportError
import thlab
for module in pkgutil.walk_packages(thlab.__path__, "thlab."):
    importlib.import_module(module.name)
    print(module.name)
"""


def imported(file: Path) -> set[str]:
    """The parts of thlab that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names |= {
                f"{node.module}.{alias.name}" for alias in node.names if node.module == "thlab"
            }
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    parts = {name.split(".")[1] for name in names if name.startswith("thlab.")}
    return {part for part in parts if not part.startswith("__")}


@pytest.mark.parametrize(
    "file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT))
)
def test_imports_run_downwards(file):
    part = file.relative_to(ROOT).parts[0].removesuffix(".py")
    for other in imported(file) - {part}:
        assert FLOORS[other] < FLOORS[part] or (part, other) in SIDE_BY_SIDE, (
            f"{part} imports {other}"
        )
        assert other != "corpus" or part in KNOWS_THE_CORPUS, f"{part} imports the embedded corpus"


def test_the_core_imports_without_any_extra():
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, EXTRAS], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "thlab.face.landmarks" in run.stdout
