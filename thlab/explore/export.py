"""A torch module as a small ONNX file that a static page can load."""

import base64
import gzip
import io
import json
import warnings
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from thlab.optional import require

STORAGES = ("fp32", "int8")


def to_onnx(model: nn.Module, example: tuple[Tensor, ...], input_names: Sequence[str]) -> bytes:
    """The model as ONNX with one output, `image`.

    The TorchScript exporter is used: it keeps constants as initialisers and gives the same bytes
    each time.
    """
    out = io.BytesIO()
    options: dict[str, Any] = {"output_names": ["image"], "opset_version": 17, "dynamo": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this exporter says that it is the old one
        torch.onnx.export(model, example, cast(Any, out), input_names=list(input_names), **options)
    return out.getvalue()


def store_weights(onnx_bytes: bytes, storage: str) -> bytes:
    """Keep each large weight as int8, with one scale for each index of its first axis.

    Cast and Mul nodes turn it back into fp32; ONNX Runtime folds them when it opens the file, so
    only the file is smaller and the arithmetic is the same. Raises ValueError at an unknown
    storage.
    """
    if storage not in STORAGES:
        raise ValueError(f"storage {storage!r} is not one of {STORAGES}")
    if storage == "fp32":
        return onnx_bytes
    onnx = require("onnx", extra="book")
    model = onnx.load_from_string(onnx_bytes)
    stored = []
    restore = []
    for weight in model.graph.initializer:
        array = onnx.numpy_helper.to_array(weight)
        large = weight.data_type == onnx.TensorProto.FLOAT and array.size >= 1024
        tensors, nodes = _int8(array, weight.name) if large else ([weight], [])
        stored += tensors
        restore += nodes
    nodes = restore + list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(stored)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _int8(array: np.ndarray, name: str) -> tuple[list, list]:
    onnx = require("onnx", extra="book")
    largest = np.abs(array).max(axis=tuple(range(1, array.ndim)), keepdims=True)
    scale = np.maximum(largest, 1e-12).astype(np.float32) / 127
    levels = np.rint(array / scale).astype(np.int8)
    from_array = onnx.numpy_helper.from_array
    make_node = onnx.helper.make_node
    nodes = [
        make_node("Cast", [f"{name}_levels"], [f"{name}_cast"], to=onnx.TensorProto.FLOAT),
        make_node("Mul", [f"{name}_cast", f"{name}_scale"], [name]),
    ]
    return [from_array(levels, f"{name}_levels"), from_array(scale, f"{name}_scale")], nodes


def as_script(name: str, data: bytes) -> str:
    """Bytes as a classic script, gzipped and base64-coded: what a page from file:// may load."""
    code = base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()
    return f'(window.thlabBlobs = window.thlabBlobs || {{}})[{json.dumps(name)}] = "{code}";\n'
