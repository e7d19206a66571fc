"""The embedded corpus that thlab.corpus builds: one view's folder with manifest.jsonl, and <id>.mp4, .wav and .npz."""

import json
from pathlib import Path

from thlab.data.clip import Clip, Segment
from thlab.data.readers.base import Reader, read_text
from thlab.files import load_arrays


class Embedded(Reader):
    """A built view: what its manifest lists, and what lies there unlisted. Words, phones and labels are exact.

    Sentences of the training speakers that no one trains on are a split of their own, "heldout".
    Raises ValueError where the manifest is not JSON lines with an id.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "manifest.jsonl and <id>.mp4, <id>.wav, <id>.npz: the root of one view (face/ or portrait/)"
    patterns = ("*.mp4",)
    suffixes = (".mp4", ".wav")

    def __init__(self, root: Path):
        super().__init__(root)
        manifest = root / "manifest.jsonl"
        lines = read_text(manifest).splitlines() if manifest.is_file() else []
        try:
            self._records = {record["id"]: record for record in map(json.loads, lines)}
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{manifest}: not one record a line ({error!r}): build the corpus again") from error

    def paths(self) -> list[Path]:
        """What is listed or lies there; a clip whose line has no .mp4 (made of sound alone) is its .wav."""
        kinds = {id_: record.get("sha256", {"mp4": ""}) for id_, record in self._records.items()}
        listed = (self.root / f"{id_}.{'mp4' if 'mp4' in kind else 'wav'}" for id_, kind in kinds.items())
        return sorted({*super().paths(), *listed})

    def clip(self, path: Path) -> Clip:
        """A clip with its exact factors; ValueError where the manifest does not know it or its labels are damaged."""
        try:
            record, arrays = self._records[path.stem], load_arrays(path.with_suffix(".npz"))
            words, phones = (
                tuple(
                    map(
                        Segment, arrays[f"{kind}_start"].tolist(), arrays[f"{kind}_end"].tolist(), arrays[kind].tolist()
                    )
                )
                for kind in ("word", "phone")
            )
            split = "heldout" if record.get("heldout") else record["split"]
            return Clip(
                path.stem, path, str(record["speaker"]), record["emotion"], record["intensity"], words, phones,
                split, path.with_suffix(".wav"), dict(record),
            )  # fmt: skip
        except KeyError as error:
            raise ValueError(f"no {error} in manifest.jsonl or in the .npz") from error
