"""What the page loads says the same as the torch model, and is the same bytes each time."""

import base64
import gzip
import re

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from thlab.explore.export import as_script, store_weights, to_onnx


def decoder(seed: int = 0) -> nn.Module:
    """A small decoder with a linear layer and a convolution to store in fewer bits."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(16, 16 * 64), nn.Unflatten(1, (16, 8, 8)), nn.Conv2d(16, 16, 3), nn.Sigmoid()
        ).eval()


def run(stored: bytes, x: torch.Tensor) -> np.ndarray:
    return onnxruntime.InferenceSession(stored, providers=["CPUExecutionProvider"]).run(
        None, {"z": x.numpy()}
    )[0]


@pytest.mark.parametrize(
    ("storage", "tolerance", "share"), [("fp32", 1e-5, 1.0), ("int8", 0.02, 0.4)]
)
def test_stored_model_agrees_with_torch(storage, tolerance, share):
    model = decoder()
    x = torch.randn(1, 16, generator=torch.Generator().manual_seed(1))
    exported = to_onnx(model, (x,), ["z"])
    stored = store_weights(exported, storage)
    with torch.no_grad():
        wanted = model(x).numpy()
    assert np.abs(run(stored, x) - wanted).max() <= tolerance
    assert len(stored) <= share * len(exported)


@pytest.mark.parametrize("storage", ["fp32", "int8"])
def test_same_model_gives_same_bytes(storage):
    example = (torch.zeros(1, 16),)
    first, second = (store_weights(to_onnx(decoder(), example, ["z"]), storage) for _ in range(2))
    assert first == second


def test_unknown_storage_is_refused():
    with pytest.raises(ValueError, match="'int4' is not one of"):
        store_weights(b"", "int4")


def test_script_holds_the_bytes():
    data = bytes(range(256)) * 10
    script = as_script("a b.onnx", data)
    code = re.search(r'\["a b.onnx"\] = "([^"]+)";', script)
    assert gzip.decompress(base64.b64decode(code[1])) == data
    assert script == as_script("a b.onnx", data)
