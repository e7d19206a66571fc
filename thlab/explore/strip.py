"""A strip of pictures under a slider that needs no kernel."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8

from thlab.explore.images import png
from thlab.optional import require


def frame_strip(
    images: Sequence[UInt8[np.ndarray, "h w 3"]] | UInt8[np.ndarray, "t h w 3"],
    description: str,
    alt: str,
    play: bool = True,
    width: int = 256,
    interval: int = 150,
) -> Any:
    """A slider (and a play button) that shows one of some pictures.

    It is linked in the browser: no kernel is needed. images: 8-bit RGB, all of one size;
    description: the slider's label; alt: what the pictures show; width: on the page, in px;
    interval: between played pictures, in ms. Returns an ipywidgets box. Raises ValueError at fewer
    than two pictures or an empty alt.

    Chapter: book/sound-and-faces.ipynb
    """
    if len(images) < 2 or not alt:
        raise ValueError(f"a strip needs an alt text and two pictures or more, not {len(images)}")
    w = require("ipywidgets", extra="book")
    last = len(images) - 1
    pictures = [w.Image(value=png(image), format="png", width=width) for image in images]
    stack = w.Stack(children=pictures, selected_index=0)
    slider = w.IntSlider(
        value=0, min=0, max=last, description=description, style={"description_width": "initial"}
    )
    w.jslink((slider, "value"), (stack, "selected_index"))
    row = [slider]
    if play:
        player = w.Play(value=0, min=0, max=last, interval=interval)
        w.jslink((player, "value"), (slider, "value"))
        row = [player, slider]
    # ipywidgets pictures have no alt text; the page's script gives them this
    words = w.HTML(value=html.escape(alt))
    words.add_class("thlab-alt")
    box = w.VBox([w.HBox(row), stack, words])
    box.add_class("thlab-strip")
    return box
