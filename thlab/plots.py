"""The book's look: one colour-blind-safe palette, one style, and plots that chapters share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from thlab.face.points import CLOSED_CONTOURS, OPEN_CONTOURS
from thlab.optional import require

# Okabe & Ito's palette (2008), told apart with any colour vision; yellow is left out: it is too
# pale on white
PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "sky": "#56B4E9",
    "pink": "#CC79A7",
    "black": "#000000",
}


def use_style() -> None:
    """Set matplotlib to the book's style: white faces, 11 pt text, the palette.

    White faces are legible in dark mode too.
    Chapter: book/sound-and-faces.ipynb
    """
    matplotlib = require("matplotlib", extra="book")
    colors = require("cycler", extra="book").cycler(color=list(PALETTE.values()))
    matplotlib.rcParams.update(
        {
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.figsize": (7.0, 3.0),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.titlesize": 11,
            "axes.prop_cycle": colors,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "image.cmap": "viridis",
        }
    )


def show_faces(
    images: Sequence[UInt8[np.ndarray, "h w 3"]] | UInt8[np.ndarray, "n h w 3"],
    titles: Sequence[str] = (),
    columns: int = 8,
    size: float = 1.1,
) -> Any:
    """Pictures in a grid, each with its title; returns the figure.

    images: 8-bit RGB; size: of one picture, in inches.

    Chapter: book/sound-and-faces.ipynb
    """
    plt = require("matplotlib.pyplot", extra="book")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    row_height = size * (1.25 if titles else 1.0)
    fig, axes = plt.subplots(
        rows, columns, figsize=(columns * size, rows * row_height), squeeze=False
    )
    for ax in axes.flat:
        ax.axis("off")
    for ax, image in zip(axes.flat, images, strict=False):
        ax.imshow(image)
    for ax, title in zip(axes.flat, titles, strict=False):
        ax.set_title(title, fontsize=9)
    return fig


def plot_spectrogram(
    ax: Any,
    features: Float[np.ndarray, "t d"],
    hop: float = 0.01,
    top: float | None = 8.0,
    label: str = "kHz",
) -> Any:
    """Features over time on `ax`; returns the image, for a colour bar.

    hop: seconds between rows; top: value at the upper edge of the last column, in `label`s, None
    for its number.

    Chapter: book/sound-and-faces.ipynb
    """
    height = features.shape[1] if top is None else top
    extent = (0.0, len(features) * hop, 0.0, height)
    image = ax.imshow(
        features.T, origin="lower", aspect="auto", extent=extent, interpolation="nearest"
    )
    ax.set_xlabel("time in s")
    ax.set_ylabel(label)
    return image


def plot_segments(
    ax: Any, segments: Sequence[tuple[float, float, str]], y: float = 0.0, height: float = 1.0
) -> None:
    """Labelled stretches of time (words, phones, visemes) as boxes from `y` to `y + height`.

    segments: (start, end, label), in s.

    Chapter: book/sound-and-faces.ipynb
    """
    colors = (PALETTE["sky"], PALETTE["orange"])
    for i, (start, end, label) in enumerate(segments):
        ax.broken_barh(
            [(start, end - start)],
            (y, height),
            facecolor=colors[i % 2],
            alpha=0.45,
            edgecolor="white",
        )
        ax.text((start + end) / 2, y + height / 2, label, ha="center", va="center", fontsize=9)
    ax.set_xlabel("time in s")


def draw_landmarks(
    ax: Any, landmarks: Float[np.ndarray, "68 2"], color: str = PALETTE["orange"]
) -> None:
    """The 68 landmarks as contours over a picture already shown on `ax`.

    landmarks: (x, y) in px of that picture, pixel centres at .5 as the corpus writes them.

    Chapter: book/sound-and-faces.ipynb
    """
    points = landmarks - 0.5  # imshow puts pixel centres at whole numbers
    contours = [points[a:b] for a, b in OPEN_CONTOURS]
    contours += [np.vstack([points[a:b], points[a : a + 1]]) for a, b in CLOSED_CONTOURS]
    for contour in contours:
        ax.plot(contour[:, 0], contour[:, 1], color=color, linewidth=1.2, marker=".", markersize=3)
