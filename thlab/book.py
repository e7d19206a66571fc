"""What the book's notebooks share. Nothing in the package imports it; it needs the extra `book`."""

import base64
import html
import inspect
import io
import os
import platform
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from thlab.corpus import CORPUS_VERSION, PRESETS, Performance
from thlab.corpus.rows import clip_rows, speakers_of
from thlab.corpus.settings import sentence_counts, settle
from thlab.data import Segment
from thlab.evaluation.claims import Claims, notes
from thlab.evaluation.claims import settle as settle_claims
from thlab.evaluation.table import Table
from thlab.evaluation.verdicts import describe
from thlab.media import FPS, open_media
from thlab.optional import require
from thlab.plots import show_faces
from thlab.training import presets

UNSETTLED = {"verdict": "open", "evidence": {"reason": "not measured yet"}}


def show_source(*things: Any) -> Any:
    """Functions, methods or classes as the package has them, as Markdown.

    What numba compiled is shown as the Python that it was made of. Chapter: book/dtw.ipynb
    """
    sources = []
    for thing in things:
        python = getattr(thing, "py_func", thing)
        sources.append(textwrap.dedent(inspect.getsource(python)).strip())
    code = "\n\n\n".join(sources)
    return _markdown(f"```python\n{code}\n```")


def describe_run(seed: int) -> None:
    """Print preset, seed and hardware of the run. Chapter: book/sound-and-faces.ipynb"""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"preset {presets.current()}, seed {seed}, torch {torch.__version__}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {gpu}")


@dataclass(frozen=True)
class Sentence:
    """A sentence of six words, and which of a speaker's it is: both are what `perform` takes."""

    number: int
    words: tuple[str, ...]


def new_speakers(preset: str) -> list[int]:
    """Numbers of the people whom a preset of the corpus keeps for tests.

    Chapter: book/content-to-video.ipynb
    """
    return list(speakers_of(PRESETS[preset], "test"))


def new_sentences(preset: str, count: int) -> list[Sentence]:
    """Sentences that no clip of a preset has: those that its first test speaker would say next.

    Whoever says one, it is new to all models that were trained on the preset.
    Chapter: book/content-to-video.ipynb
    """
    of_preset = PRESETS[preset]
    present = sentence_counts(of_preset)[2]
    longer = replace(of_preset, sentences=present + count, emotions=("neutral",))
    speaker = new_speakers(preset)[0]
    rows = clip_rows(settle(longer, "face", None, None, 0))
    of_speaker = [row for row in rows if int(row["speaker"][1:]) == speaker]
    numbered = enumerate(of_speaker[present:], present)
    return [Sentence(number, tuple(row["words"])) for number, row in numbered]


@dataclass(frozen=True)
class Take:
    """A performance of the corpus in the face view, rendered, with what is known of it exactly.

    name: the id that a corpus would give it. words: with their times, in s. audio: 640 samples a
    frame.
    """

    name: str
    text: str
    words: tuple[Segment, ...]
    frames: Float[Tensor, "t 3 h w"]  # in [0, 1]
    landmarks: Float[Tensor, "t 68 2"]  # px
    viseme: Int[Tensor, "t"]  # into VISEMES
    blink: Float[Tensor, "t"]  # 0 open, 1 shut
    gaze: Float[Tensor, "t 2"]  # yaw and pitch of the eyes, rad
    audio: Float[Tensor, "n"]

    @property
    def still(self) -> Float[Tensor, "3 h w"]:
        """The frame with the widest eyes: the picture that a head is made to speak from."""
        return self.frames[self.blink.argmin()]


def render_take(performance: Performance) -> Take:
    """A performance as tensors; rendering takes about a second. Chapter: book/latent-kl.ipynb"""
    return Take(
        name=performance.id,
        text=performance.text,
        words=performance.words,
        frames=torch.from_numpy(performance.render()).permute(0, 3, 1, 2) / 255,
        landmarks=_as_floats(performance.landmarks()),
        viseme=torch.from_numpy(performance.viseme.astype(np.int64)),
        blink=_as_floats(performance.blink),
        gaze=_as_floats(performance.gaze),
        audio=torch.from_numpy(performance.audio),
    )


def to_image(picture: Float[Tensor, "3 h w"]) -> Float[np.ndarray, "h w 3"]:
    """A picture in [0, 1] as matplotlib wants it. Chapter: book/content-to-video.ipynb"""
    return picture.clamp(0, 1).permute(1, 2, 0).numpy()


def to_frames(video: Float[Tensor, "t 3 h w"]) -> UInt8[np.ndarray, "t h w 3"]:
    """A video in [0, 1] as 8-bit RGB. Chapter: book/content-to-video.ipynb"""
    return (255 * video).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()


def few_colours(image: Float[np.ndarray, "*s"], levels: int = 24) -> Float[np.ndarray, "*s"]:
    """A picture in [0, 1] with so many levels a channel: its file is a fraction of the size.

    Chapter: book/latent-kl.ipynb
    """
    return np.round(image * (levels - 1)) / (levels - 1)


def show_pictures(
    pictures: Sequence[Float[Tensor, "3 h w"]],
    titles: Sequence[str] = (),
    columns: int = 8,
    size: float = 1.1,
) -> Any:
    """Pictures in a grid, each with its title; returns the figure. size: of one, in inches.

    Chapter: book/content-to-video.ipynb
    """
    images = [(255 * to_image(picture)).astype(np.uint8) for picture in pictures]
    return show_faces(images, titles, columns=columns, size=size)


def show_videos(
    videos: Sequence[Float[Tensor, "_ 3 h w"]],
    labels: Sequence[str],
    moments: Sequence[int],
    size: tuple[float, float],
) -> Any:
    """Rows of pictures, one a video, at the same moments; returns the axes, a row a video.

    size: of the figure, in inches. Chapter: book/latent-kl.ipynb
    """
    plt = require("matplotlib.pyplot", extra="book")
    rows = len(videos)
    columns = len(moments)
    fig, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    fig.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    for row, label, video in zip(axes, labels, videos, strict=True):
        for ax, moment in zip(row, moments, strict=True):
            ax.imshow(few_colours(to_image(video[moment])), interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        row[0].set_ylabel(label, fontsize=8)
    for ax, moment in zip(axes[0], moments, strict=True):
        ax.set_title(f"{moment / FPS:.2f} s", fontsize=8)
    return axes


def side_by_side(
    videos: Sequence[Float[Tensor, "_ 3 h w"]], titles: Sequence[str], frame: int
) -> UInt8[np.ndarray, "height width 3"]:
    """One frame of some videos in a row, a word above each, in few colours.

    Chapter: book/davs.ipynb
    """
    row = torch.cat([video[frame] for video in videos], -1)  # (3, h, k w)
    picture = np.round(255 * few_colours(to_image(row))).astype(np.uint8)
    image = require("PIL.Image", extra="book")
    head = image.new("RGB", (picture.shape[1], 11), "white")
    pen = require("PIL.ImageDraw", extra="book").Draw(head)
    width = videos[0].shape[-1]
    for i, title in enumerate(titles):
        pen.text((width * i + 3, 0), title, fill="black")
    return np.concatenate([np.asarray(head), picture])


def figure_image(figure: Any, colours: int | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """A figure as a picture, for a strip; the figure is closed, so that it is not shown as well.

    colours: at most so many, for a small file. Chapter: book/dtw.ipynb
    """
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    require("matplotlib.pyplot", extra="book").close(figure)
    if colours is None:
        return picture
    image = require("PIL.Image", extra="book")
    fewer = image.fromarray(picture).quantize(colours, image.Quantize.FASTOCTREE, dither=0)
    return np.asarray(fewer.convert("RGB"))


def video_player(
    mp4: bytes,
    label: str,
    width: int,
    caption: str = "",
    poster: bytes | None = None,
) -> str:
    """HTML of a player that holds the video. poster: a PNG that is shown before it starts.

    Chapter: book/content-to-video.ipynb
    """
    first = f' poster="{_data_url(poster, "image/png")}"' if poster is not None else ""
    source = _data_url(mp4, "video/mp4")
    size = f'width="{width}" aria-label="{html.escape(label)}"'
    return _figure(f'<video controls playsinline {size}{first} src="{source}"></video>', caption)


def audio_player(sound: Tensor | np.ndarray, label: str, caption: str = "") -> str:
    """HTML of a player that holds a sound of 16 kHz, as MP3. Chapter: book/sound-and-faces.ipynb"""
    samples = np.clip(np.asarray(sound), -1, 1)
    file = io.BytesIO()
    require("soundfile", extra="media").write(file, samples, 16000, format="MP3")
    source = _data_url(file.getvalue(), "audio/mpeg")
    player = f'<audio controls aria-label="{html.escape(label)}" src="{source}"></audio>'
    return _figure(player, caption)


def video_comment(path: Path) -> str:
    """The comment that a video file carries: the tag of what is synthetic.

    Chapter: book/latent-kl.ipynb
    """
    with open_media(path) as film:
        return film.metadata["comment"]


class Results:
    """The tables of a paper that were measured, and what they say of its claims.

    wording: each claim's id and what it says, for `verdicts`. Chapter: book/latent-kl.ipynb
    """

    def __init__(
        self,
        paper: str,
        claims: Claims,
        wording: Mapping[str, str],
        folder: Path = Path("results"),
    ):
        self.paper = paper
        self.wording = wording
        self.settled = {claim["id"]: claim for claim in settle_claims(claims, folder)}
        self.tables: dict[str, Table] = {}
        for path in sorted(folder.glob(f"{paper}.*.json")):
            name = path.stem.removeprefix(f"{paper}.")
            self.tables[name] = Table.load(path)

    def print_evidence(self, *facts: str, tables: Sequence[str] | None = None) -> None:
        """Print some facts of the evidence of the tables named, or of all."""
        measured = [name for name in self.tables if tables is None or name in tables]
        for name in measured:
            evidence = self.tables[name].evidence
            known = [f"{fact} {evidence[fact]}" for fact in facts if fact in evidence]
            print(f"{name}: {', '.join(known)}")
        if not measured:
            print("not measured yet")

    def table(self, *names: str, claims: Sequence[str] = ()) -> Any:
        """The first of some tables that was measured, with the verdicts on some of its claims."""
        for name in names:
            if name in self.tables:
                table = self.tables[name]
                lines = notes(table, [self.settled[claim] for claim in claims])
                return _markdown(table.markdown([*lines, *_of_another_version(table)]))
        command = f"thlab evaluate {self.paper} --table {names[0]}" if names else ""
        return _markdown(f"*Not measured yet: `{command}`.*" if command else "*Not measured yet.*")

    def verdict(self, claim: str) -> Mapping[str, Any]:
        """One claim's verdict and evidence; "open" where it was not measured."""
        return self.settled.get(claim, UNSETTLED)

    def verdicts(self, *claims: str) -> Any:
        """What became of some claims, with the intervals that decided it."""
        lines = [
            "| claim | what it says | verdict | each comparison: mean [95 % interval] |",
            "|---|---|---|---|",
        ]
        for claim in claims:
            found = self.verdict(claim)
            reasons = describe(found["evidence"], "<br>").replace("|", "&#124;")
            cells = [f"`{claim}`", self.wording[claim], f"**{found['verdict']}**", reasons]
            lines.append(f"| {' | '.join(cells)} |")
        return _markdown("\n".join(lines))


def _of_another_version(table: Table) -> list[str]:
    """A line that says so, where a table was measured on another version of the corpus; real ones
    have none.
    """
    version = table.evidence.get("corpus_version", CORPUS_VERSION)
    if version in (CORPUS_VERSION, ""):
        return []
    measured = f"Measured with version {version} of the corpus and weights of that time"
    return [f"{measured}; version {CORPUS_VERSION} is made now, and this table waits for it."]


def _data_url(data: bytes, kind: str) -> str:
    """A file as an address that holds all of it."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _as_floats(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


def _figure(content: str, caption: str) -> str:
    """Content with its caption, which is dark on white: legible in dark mode too."""
    style = "color:#222;background:#fff"
    below = f'<figcaption style="{style}">{html.escape(caption)}</figcaption>' if caption else ""
    return f'<figure style="margin:0 0 1em 0">{content}{below}</figure>'


def _markdown(text: str) -> Any:
    return require("IPython.display", extra="book").Markdown(text)
