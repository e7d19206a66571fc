"""The book's plots put data where it belongs, in colours that can be told apart."""

import itertools

import matplotlib
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from thlab import plots

matplotlib.use("agg")
import matplotlib.pyplot as plt

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
PROTANOPIA = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]
DEUTERANOPIA = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]


@pytest.fixture(autouse=True)
def own_style():
    with matplotlib.rc_context():
        plots.use_style()
        yield
    plt.close("all")


def seen(color: str, vision) -> np.ndarray:
    srgb = np.array(matplotlib.colors.to_rgb(color))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(vision @ linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("vision", [np.eye(3), np.array(PROTANOPIA), np.array(DEUTERANOPIA)])
def test_palette_is_told_apart(vision):
    pairs = itertools.combinations(plots.PALETTE.values(), 2)
    nearest = min(
        deltaE_ciede2000(rgb2lab(seen(a, vision)), rgb2lab(seen(b, vision))) for a, b in pairs
    )
    assert nearest > 8


def test_style_has_a_white_face_and_the_palette():
    assert matplotlib.rcParams["figure.facecolor"] == "white"
    assert matplotlib.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.PALETTE.values())


def test_faces_stand_in_order_with_titles():
    images = np.random.default_rng(0).integers(0, 255, (5, 4, 4, 3), dtype=np.uint8)
    fig = plots.show_faces(images, list("abcde"), columns=3)
    assert len(fig.axes) == 6
    for ax, image, title in zip(fig.axes, images, "abcde", strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
        assert ax.get_title() == title
    assert not fig.axes[5].images


def test_spectrogram_has_seconds_and_kilohertz():
    _, ax = plt.subplots()
    features = np.arange(12.0).reshape(4, 3)
    image = plots.plot_spectrogram(ax, features, hop=0.01)
    np.testing.assert_array_equal(image.get_array(), features.T)
    assert image.get_extent() == pytest.approx([0, 0.04, 0, 8])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time in s", "kHz")


def test_segments_span_their_times():
    _, ax = plt.subplots()
    plots.plot_segments(ax, [(0.0, 0.5, "b"), (0.5, 1.25, "aa")], y=1.0, height=0.5)
    spans = [c.get_paths()[0].get_extents().bounds for c in ax.collections]
    assert spans == [(0.0, 1.0, 0.5, 0.5), (0.5, 1.0, 0.75, 0.5)]
    assert [text.get_text() for text in ax.texts] == ["b", "aa"]


def test_landmarks_lie_on_their_pixels():
    _, ax = plt.subplots()
    landmarks = np.random.default_rng(0).uniform(0, 64, (68, 2))
    plots.draw_landmarks(ax, landmarks)
    drawn = np.concatenate([line.get_xydata() for line in ax.lines])
    assert len(ax.lines) == 9
    assert len(drawn) == 68 + 4  # each closed contour comes back to its first point
    for point in landmarks - 0.5:
        assert np.abs(drawn - point).sum(1).min() < 1e-9


def test_a_forest_plot_puts_the_claimed_side_to_the_right():
    less = {
        "what": "ours − other",
        "verdict": "held",
        "mean": -0.4,
        "interval": [-0.6, -0.2],
        "smallest": 0.1,
        "claimed": "below",
        "paper": -0.2,
    }
    more = less | {"what": "a − b", "verdict": "against", "claimed": "above", "mean": -2.0}
    band = {"what": "near 1", "verdict": "held", "mean": 1.0, "interval": [0, 2], "band": [0, 3]}
    fig = plots.forest_plot([less, more, band, {"what": "none", "verdict": "undecided"}])
    (ax,) = fig.axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["a − b", "ours − other"]  # sorted, and only what has an interval
    assert plots.in_units(less, less["mean"]) == pytest.approx(4)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx([-plots.FARTHEST, 4])
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert float(diamonds[1].get_xdata()[0]) == pytest.approx(2)  # half of it would matter
