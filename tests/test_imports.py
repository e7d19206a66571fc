"""The house's import rules: downwards only, and the core needs none of the extras."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import thlab

ROOT = Path(thlab.__file__).parent
# a part may import parts of a lower floor, and what stands in its own folder
FLOORS = {"corpus": 0, "audio": 1, "face": 1, "data": 1, "presets": 1, "plots": 2, "explore": 2, "cli": 5}
FLOORS |= {"training": 2, "metrics": 2, "nn": 2, "claims": 3, "bench": 3, "papers": 4}
EVERYWHERE = {"extras", "compiled"}
# data prepares clips with the aligner and the face tracker, which themselves read nothing of it
SAME_FLOOR = {("data", "audio"), ("data", "face"), ("nn", "training"), ("explore", "plots")}
EXTRAS = "av soundfile mediapipe cv2 espeakng_loader pocketsphinx matplotlib PIL librosa ipywidgets IPython onnx "
EXTRAS += "lightning safetensors tensorboard torchvision torchmetrics sklearn"
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
            names |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "thlab"}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("thlab.")}


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_run_downwards(file):
    part = file.relative_to(ROOT).parts[0].removesuffix(".py")
    for other in imported(file) - EVERYWHERE - {part}:
        assert FLOORS[other] < FLOORS[part] or (part, other) in SAME_FLOOR, f"{part} imports {other}"


def test_the_core_imports_without_any_extra():
    run = subprocess.run([sys.executable, "-c", IMPORT_ALL, EXTRAS], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "thlab.face.landmarks" in run.stdout
