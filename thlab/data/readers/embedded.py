"""The embedded corpus that thlab.corpus builds.

One view's folder with manifest.jsonl, and <id>.mp4, .wav and .npz.
"""

import json
from pathlib import Path

import numpy as np

from thlab.data.clip import Clip, Segment
from thlab.data.readers.base import Reader, read_text
from thlab.files import load_arrays


class Embedded(Reader):
    """A built view: what its manifest lists, and what lies there unlisted.

    Words, phones and labels are exact.
    Sentences of the training speakers that no one trains on are a split of their own, "heldout".
    Raises ValueError where the manifest is not JSON lines with an id.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "manifest.jsonl and <id>.mp4, .wav, .npz: the root of one view (face/ or portrait/)"
    patterns = ("*.mp4",)
    suffixes = (".mp4", ".wav")

    def __init__(self, root: Path):
        super().__init__(root)
        manifest = root / "manifest.jsonl"
        lines = read_text(manifest).splitlines() if manifest.is_file() else []
        try:
            self._records = {record["id"]: record for record in map(json.loads, lines)}
        except (ValueError, TypeError, KeyError) as error:
            what = f"{manifest}: not one record a line ({error!r})"
            raise ValueError(f"{what}: build the corpus again") from error

    def paths(self) -> list[Path]:
        """What is listed or lies there; a clip made of sound alone is its .wav."""
        found = set(super().paths())
        for name, record in self._records.items():
            files = record.get("sha256", {"mp4": ""})
            found.add(self.root / f"{name}.{'mp4' if 'mp4' in files else 'wav'}")
        return sorted(found)

    def clip(self, path: Path) -> Clip:
        """A clip with its exact factors.

        ValueError where the manifest does not know it or its labels are damaged.
        """
        try:
            record = self._records[path.stem]
            arrays = load_arrays(path.with_suffix(".npz"))
            return Clip(
                id=path.stem,
                path=path,
                speaker=str(record["speaker"]),
                emotion=record["emotion"],
                intensity=record["intensity"],
                words=segments(arrays, "word"),
                phones=segments(arrays, "phone"),
                split="heldout" if record.get("heldout") else record["split"],
                audio_path=path.with_suffix(".wav"),
                extra=dict(record),
            )
        except KeyError as error:
            raise ValueError(f"no {error} in manifest.jsonl or in the .npz") from error


def segments(arrays: dict[str, np.ndarray], kind: str) -> tuple[Segment, ...]:
    """The words or phones of a clip's .npz, with their times."""
    names = f"{kind}_start", f"{kind}_end", kind
    columns = [arrays[name].tolist() for name in names]
    return tuple(map(Segment, *columns))
