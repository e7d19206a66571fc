"""A contact sheet: rows are clips, columns are moments."""

import io
import json
from pathlib import Path

import numpy as np

from thlab.corpus.build import MANIFEST
from thlab.corpus.settings import read_settings
from thlab.files import write_whole
from thlab.optional import require

LABEL_WIDTH = 150
GAP = 2


def contact_sheet(root: str | Path, out: str | Path, clips: int = 16, moments: int = 10) -> Path:
    """Write a PNG with `clips` clips spread over the corpus; returns its path.

    Of each clip it shows `moments` frames.
    Raises FileNotFoundError where the corpus has no manifest, ValueError where it has no pictures.
    Chapter: book/sound-and-faces.ipynb
    """
    root = Path(root)
    out = Path(out)
    if not (root / MANIFEST).is_file():
        raise FileNotFoundError(f"{root} holds no finished corpus ({MANIFEST} is missing)")
    image_module = require("PIL.Image", "book")
    draw_module = require("PIL.ImageDraw", "book")
    if not read_settings(root).pictures:
        raise ValueError(f"{root} was built of sound and factors alone: it has no pictures to show")
    rows = [json.loads(line) for line in (root / MANIFEST).read_text().splitlines()]
    chosen = [rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, clips).round().astype(int))]
    strips = [_strip(root / f"{row['id']}.mp4", moments) for row in chosen]
    height, width = strips[0].shape[:2]
    sheet = image_module.new("RGB", (LABEL_WIDTH + width, len(strips) * (height + GAP)), "white")
    pen = draw_module.Draw(sheet)
    for i, (row, strip) in enumerate(zip(chosen, strips, strict=True)):
        top = i * (height + GAP)
        sheet.paste(image_module.fromarray(strip), (LABEL_WIDTH, top))
        mood = f"{row['emotion']} {row['intensity']:.2f}"
        label = f"{row['speaker']} {row['split']}\n{mood}\n{' '.join(row['words'])}"
        pen.multiline_text((4, top + 4), label, fill="black", font_size=10)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_whole(out, buffer.getvalue())
    return out


def _strip(video: Path, moments: int) -> np.ndarray:
    """Frames spread over a video, side by side."""
    with require("av", "media").open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.concatenate(
        [frames[i] for i in np.linspace(2, len(frames) - 3, moments).round().astype(int)],
        axis=1,
    )
