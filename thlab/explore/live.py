"""A decoder under sliders: run by the page itself, or by the notebook's kernel."""

import base64
import html
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from thlab.explore.controls import (
    Choice,
    Slider,
    check_controls,
    direction_vector,
    input_vectors,
    start_values,
)
from thlab.explore.export import as_script, store_weights, to_onnx
from thlab.explore.images import png, to_uint8
from thlab.files import write_whole
from thlab.optional import require

# of a picture in [0, 1]: beyond it a reader sees that the weights were rounded
MAX_STORAGE_ERROR = 0.05

FIGURE = """<figure class="thlab-live" id="live-{name}">
<script type="application/json" class="thlab-config">{config}</script>
<img class="thlab-poster" alt="{alt}" width="256" height="256" src="data:image/png;base64,{poster}">
<figcaption>{caption}</figcaption></figure>"""


@dataclass(frozen=True)
class LiveFigure:
    """What a notebook shows: HTML that the page's script brings to life, else a still picture."""

    name: str
    markup: str
    poster: bytes
    # bytes of the model: `fp32` as exported, `page` as the script the page loads
    sizes: dict[str, int]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        still = base64.b64encode(self.poster).decode()
        return {
            "text/html": self.markup,
            "image/png": still,
            "text/plain": f"LiveFigure({self.name!r})",
        }


def live_decoder(
    model: nn.Module,
    name: str,
    inputs: Mapping[str, int],
    sliders: Sequence[Slider],
    choices: Sequence[Choice] = (),
    *,
    alt: str,
    caption: str = "",
    storage: str = "int8",
) -> LiveFigure:
    """A model that runs in the reader's browser, moved by sliders and pickers.

    No kernel and no network is needed. model: takes one (1, d) float tensor an input and returns a
    (1, 3, h, w) picture in [0, 1]; inputs: its arguments in order, name -> d. The weights are
    stored as `storage` ("int8" or "fp32") in `$THLAB_BOOK/static/models/<name>.onnx.js`, which
    `make run` and `make notebooks` set; without it nothing is written and the figure is a still.
    Raises ValueError where a control does not fit an input or the stored weights change a picture
    by more than 0.05.

    Chapter: book/sound-and-faces.ipynb
    """
    check_controls(inputs, sliders, choices)
    model = model.eval()
    rng = np.random.default_rng(0)
    example = {}
    for key, size in inputs.items():
        example[key] = rng.standard_normal((1, size)).astype(np.float32)
    tensors = tuple(torch.from_numpy(value) for value in example.values())
    exported = to_onnx(model, tensors, list(inputs))
    stored = store_weights(exported, storage)
    _check_storage(model, stored, example, storage)
    script = as_script(name, stored)
    _write_model(name, script)

    start = input_vectors(inputs, sliders, choices, start_values(sliders, choices))
    poster = png(to_uint8(_decode(model, start)))
    config = json.dumps(_config(name, inputs, sliders, choices), sort_keys=True)
    config = config.replace("</", "<\\/")  # or a text could end the script that holds it
    markup = FIGURE.format(
        name=html.escape(name),
        config=config,
        alt=html.escape(alt),
        caption=html.escape(caption),
        poster=base64.b64encode(poster).decode(),
    )
    return LiveFigure(name, markup, poster, {"fp32": len(exported), "page": len(script)})


def interact_model(
    model: nn.Module,
    inputs: Mapping[str, int],
    sliders: Sequence[Slider],
    choices: Sequence[Choice] = (),
) -> Any:
    """The same controls as `live_decoder`, run by the notebook's kernel.

    For models too large for a page. Returns an ipywidgets box; it stands still in a page without a
    kernel.

    Chapter: book/sound-and-faces.ipynb
    """
    check_controls(inputs, sliders, choices)
    w = require("ipywidgets", extra="book")
    model = model.eval()
    picture = w.Image(format="png", width=256)
    controls: dict[str, Any] = {
        c.label: w.Dropdown(options=list(c.options), description=c.label) for c in choices
    }
    for s in sliders:
        controls[s.label] = w.FloatSlider(
            value=s.value, min=s.min, max=s.max, step=s.step, description=s.label
        )

    def redraw(_change: Any = None) -> None:
        values = {label: control.value for label, control in controls.items()}
        picture.value = png(
            to_uint8(_decode(model, input_vectors(inputs, sliders, choices, values)))
        )

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    return w.HBox([picture, w.VBox(list(controls.values()))])


def _decode(model: nn.Module, vectors: Mapping[str, np.ndarray]) -> Tensor:
    with torch.no_grad():
        return model(*[torch.tensor(v, dtype=torch.float32)[None] for v in vectors.values()])[0]


def _config(
    name: str, inputs: Mapping[str, int], sliders: Sequence[Slider], choices: Sequence[Choice]
) -> dict:
    """What the page's script needs to know, numbers rounded to 4 digits after the point."""
    moved = []
    for slider in sliders:
        direction = direction_vector(slider, inputs[slider.input])
        moved.append(asdict(slider) | {"direction": _short(direction)})
    picked = []
    for choice in choices:
        options = {key: _short(vector) for key, vector in choice.options.items()}
        picked.append({"label": choice.label, "input": choice.input, "options": options})
    return {"model": name, "inputs": dict(inputs), "sliders": moved, "choices": picked}


def _short(vector: Any) -> list[float]:
    return np.round(np.asarray(vector, dtype=float), 4).tolist()


def _check_storage(
    model: nn.Module, stored: bytes, example: dict[str, np.ndarray], storage: str
) -> None:
    session = require("onnxruntime", extra="book").InferenceSession(
        stored, providers=["CPUExecutionProvider"]
    )
    shown = session.run(None, example)[0][0]
    wanted = _decode(model, {key: value[0] for key, value in example.items()}).numpy()
    error = float(np.abs(shown.clip(0, 1) - wanted.clip(0, 1)).max())
    if error > MAX_STORAGE_ERROR:
        raise ValueError(
            f"storage={storage!r} changes a picture by {error:.3f}: store the weights as fp32"
        )


def _write_model(name: str, script: str) -> None:
    if "THLAB_BOOK" not in os.environ:
        return
    path = Path(os.environ["THLAB_BOOK"], "static", "models", f"{name}.onnx.js")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, script.encode())
