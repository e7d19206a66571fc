"""A frame strip holds each picture, links its slider in the browser, and carries its words."""

import io

import numpy as np
import pytest
from PIL import Image

from thlab.explore import frame_strip

FRAMES = np.random.default_rng(0).integers(0, 255, (5, 8, 6, 3), dtype=np.uint8)


def test_strip_shows_each_picture_in_order():
    box = frame_strip(FRAMES, "frame", "noise & nothing else")
    row, stack, words = box.children
    shown = np.stack([np.asarray(Image.open(io.BytesIO(image.value))) for image in stack.children])
    np.testing.assert_array_equal(shown, FRAMES)
    assert row.children[-1].max == 4
    assert words.value == "noise &amp; nothing else"
    assert "thlab-strip" in box._dom_classes


def test_slider_is_linked_in_the_browser():
    from ipywidgets import widget_link
    from ipywidgets.widgets.widget import _instances

    box = frame_strip(FRAMES, "frame", "noise", play=False)
    slider = box.children[0].children[0]
    stack = box.children[1]
    links = [w for w in _instances.values() if isinstance(w, widget_link.Link)]
    assert any(
        link.source == (slider, "value") and link.target == (stack, "selected_index")
        for link in links
    )


@pytest.mark.parametrize(("images", "alt"), [(FRAMES[:1], "noise"), (FRAMES, "")])
def test_too_few_pictures_or_words_are_refused(images, alt):
    with pytest.raises(ValueError, match="needs an alt text and two pictures"):
        frame_strip(images, "frame", alt)
