"""The live figure: what it shows, what it writes, and what it refuses."""

import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from thlab.explore import Choice, Slider, interact_model, live_decoder


class Plane(nn.Module):
    """w -> a picture with a constant colour in each channel: an answer that is known."""

    def forward(self, w):
        return w[:, :, None, None].expand(-1, -1, 8, 8) * 1.0


SLIDERS = [Slider("red", "w", 0, value=0.25)]
CHOICES = [Choice("base", "w", {"grey": [0.5, 0.5, 0.5], "black": [0.0, 0.0, 0.0]})]
CONTROLS = ({"w": 3}, SLIDERS, CHOICES)


def figure(tmp_path, monkeypatch, **options):
    monkeypatch.setenv("THLAB_BOOK", str(tmp_path))
    return live_decoder(
        Plane(), "plane", {"w": 3}, SLIDERS, CHOICES, alt='a "flat" colour', **options
    )


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_poster_is_the_model_at_the_start(tmp_path, monkeypatch):
    shown = pixels(figure(tmp_path, monkeypatch).poster)
    np.testing.assert_array_equal(shown, np.broadcast_to([191, 128, 128], (8, 8, 3)))


def test_markup_tells_the_page_everything(tmp_path, monkeypatch):
    made = figure(tmp_path, monkeypatch, caption="1 < 2")
    config = json.loads(re.search(r'class="thlab-config">(.*?)</script>', made.markup)[1])
    assert config["model"] == "plane"
    assert config["inputs"] == {"w": 3}
    assert config["sliders"][0]["direction"] == [1.0, 0.0, 0.0]
    assert config["choices"][0]["options"]["grey"] == [0.5, 0.5, 0.5]
    assert "1 &lt; 2" in made.markup
    assert "a &quot;flat&quot; colour" in made.markup
    bundle = made._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == made.poster
    assert bundle["text/html"] == made.markup


def test_model_is_written_once_and_the_same(tmp_path, monkeypatch):
    made = figure(tmp_path, monkeypatch)
    path = tmp_path / "static" / "models" / "plane.onnx.js"
    first = path.read_bytes()
    assert len(first) == made.sizes["page"]
    figure(tmp_path, monkeypatch)
    assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["plane.onnx.js"]


def test_nothing_is_written_where_no_book_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("THLAB_BOOK", raising=False)
    monkeypatch.chdir(tmp_path)
    live_decoder(Plane(), "plane", *CONTROLS, alt="a flat colour")
    assert list(tmp_path.iterdir()) == []


def test_storage_that_ruins_the_picture_is_refused():
    class Fragile(nn.Module):
        """One large weight a hidden row: in 8 bits the small ones beside it round to nothing."""

        def __init__(self):
            super().__init__()
            weight = torch.full((1024, 2), 0.1)
            weight[:, 0] = 30.0
            self.weight = nn.Parameter(weight)

        def forward(self, w):
            shown = (w @ self.weight)[:, 1:]
            return (0.5 + 0.05 * shown)[:, :, None, None].expand(-1, 3, 4, 4)

    with pytest.raises(ValueError, match="storage='int8' changes a picture"):
        live_decoder(Fragile(), "fragile", {"w": 1024}, [], alt="a flat colour")
    live_decoder(Fragile(), "fragile", {"w": 1024}, [], alt="a flat colour", storage="fp32")


def test_kernel_variant_redraws_when_moved():
    box = interact_model(Plane(), *CONTROLS)
    picture = box.children[0]
    base, red = box.children[1].children
    np.testing.assert_array_equal(pixels(picture.value)[0, 0], [191, 128, 128])
    red.value = -0.5
    np.testing.assert_array_equal(pixels(picture.value)[0, 0], [0, 128, 128])
    base.value = "black"
    red.value = 1.0
    np.testing.assert_array_equal(pixels(picture.value)[0, 0], [255, 0, 0])
