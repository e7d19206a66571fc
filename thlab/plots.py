"""The book's look: one colour-blind-safe palette, one style, and plots that chapters share."""

from collections.abc import Mapping, Sequence
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

VERDICT_COLOURS = {
    "held": PALETTE["green"],
    "against": PALETTE["red"],
    "excluded": PALETTE["orange"],
    "undecided": PALETTE["sky"],
}
DIAMOND = {
    "color": "black",
    "marker": "D",
    "markersize": 5,
    "fillstyle": "none",
    "linestyle": "",
}
FARTHEST = 6.0  # smallest effects that matter, to each side of a forest plot


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


def forest_plot(comparisons: Sequence[Mapping[str, Any]]) -> Any:
    """Comparisons of claims as dots with their intervals, the claimed side to the right.

    comparisons: as `thlab.evaluation.claims.settle` gives them; those without an interval, and
    those that ask for a band, are left out. The unit is the smallest effect that would matter.
    A hollow diamond is the paper's effect, where it prints one. Effects beyond FARTHEST are drawn
    there. Chapter: book/priors.ipynb
    """
    plt = require("matplotlib.pyplot", extra="book")
    shown = [one for one in comparisons if "smallest" in one and one["smallest"] > 0]
    shown.sort(key=lambda one: in_units(one, one["mean"]))
    fig, ax = plt.subplots(figsize=(7.2, 0.6 + 0.22 * len(shown)))
    for y, one in enumerate(shown):
        places = [in_units(one, value) for value in (*one["interval"], one["mean"])]
        low, high, mean = np.clip(places, -FARTHEST, FARTHEST)
        colour = VERDICT_COLOURS[one["verdict"]]
        ax.plot([low, high], [y, y], color=colour, linewidth=2)
        ax.plot(mean, y, "o", color=colour, markersize=5)
        if "paper" in one:
            paper = np.clip(in_units(one, one["paper"]), -FARTHEST, FARTHEST)
            ax.plot(paper, y, **DIAMOND)
    ax.axvspan(0, 1, color="0.93", zorder=0)
    ax.axvline(0, color="black", linewidth=0.8)
    edge = FARTHEST + 0.3
    ax.set(yticks=range(len(shown)), ylim=(-0.7, len(shown) - 0.3), xlim=(-edge, edge))
    ax.set_yticklabels([one["what"] for one in shown], fontsize=7)
    ax.tick_params(axis="x", labelsize=8)
    ax.set_xlabel(
        "effect, in smallest effects that matter: against the claim ← → for it", fontsize=8
    )
    handles = []
    for verdict, colour in VERDICT_COLOURS.items():
        handles.append(plt.Line2D([], [], color=colour, marker="o", label=verdict))
    handles.append(plt.Line2D([], [], **DIAMOND, label="the paper"))
    fig.legend(handles=handles, fontsize=7, loc="outside upper center", ncols=5, frameon=False)
    return fig


def in_units(one: Mapping[str, Any], value: float) -> float:
    """A value of a comparison in smallest effects that matter, above 0 on the claimed side.

    Chapter: book/priors.ipynb
    """
    sign = 1 if one["claimed"] == "above" else -1
    return sign * value / one["smallest"]
