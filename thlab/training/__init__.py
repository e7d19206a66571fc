"""What every paper's training loop shares: devices, seeds, checkpoints, logs, weights."""

from thlab.training.config import configure, from_card, override
from thlab.training.device import make_fabric, probe
from thlab.training.run import Run, minutes
from thlab.training.seed import my_part, step_generator
from thlab.training.weights import load_weights, read_card, save_weights, weights_path

__all__ = [
    "Run",
    "configure",
    "from_card",
    "load_weights",
    "make_fabric",
    "minutes",
    "my_part",
    "override",
    "probe",
]
__all__ += ["read_card", "save_weights", "step_generator", "weights_path"]
