"""open_corpus: any corpus by name, as usable clips and a table of all that was found."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from tqdm import tqdm

from thlab.corpus import PRESETS, ensure
from thlab.data.check import CHECKS, check_clip, check_file
from thlab.data.clip import Clip
from thlab.data.readers import READERS, Reader

Row = dict[str, Any]


class Corpus(Sequence[Clip]):
    """The usable clips of a corpus, and a table of all files found.

    table: a row a file, with status "ok" or "unusable" and the reason.
    Each access gives a fresh Clip, so that what it decodes is freed with it.
    Chapter: book/sound-and-faces.ipynb
    """

    def __init__(
        self,
        name: str,
        clips: Sequence[Clip],
        table: list[Row],
        facts: dict[str, str] | None = None,
    ):
        self.name = name
        self.table = table
        # what a training on it must know again: see `thlab.data.corpora.corpus_facts`
        self.facts = facts or {}
        self._clips = clips

    def __len__(self) -> int:
        return len(self._clips)

    @overload
    def __getitem__(self, index: int) -> Clip: ...
    @overload
    def __getitem__(self, index: slice) -> "Corpus": ...
    def __getitem__(self, index):
        if isinstance(index, slice):
            return Corpus(self.name, self._clips[index], self.table, self.facts)
        return copy(self._clips[index])

    @property
    def unusable(self) -> list[Row]:
        """The rows of files that no clip was made of."""
        return [row for row in self.table if row["status"] == "unusable"]

    @property
    def speakers(self) -> list[str]:
        """Sorted names of those who speak in the usable clips."""
        return sorted({clip.speaker for clip in self._clips})


def open_corpus(
    name: str,
    root: Path | str,
    check: str = "decode",
    split: str | None = None,
    counts: Sequence[int] | None = None,
    seed: int = 0,
    workers: int = 1,
    **options: Any,
) -> Corpus:
    """Read a corpus in its official layout; `name` is a key of READERS: grid, cremad, ravdess, …

    check: "decode" reads every frame and sample, "probe" the headers, "none" the names alone.
    split: keep one; where the corpus has none of its own, speakers are dealt by `counts` (train,
    val, test; default: the paper's) and `seed`. workers: threads that check. options: the reader's
    own. A broken file never raises: it is a row of `table`. Raises ValueError for an unknown name
    or split or a root without such clips, FileNotFoundError for a missing root.
    Chapter: book/sound-and-faces.ipynb
    """
    if check not in CHECKS:
        raise ValueError(f"check={check!r} is none of {', '.join(CHECKS)}")
    reader = _reader(name, Path(root), options)
    paths = reader.paths()
    if not paths:
        raise ValueError(f"{root}: no clip of {name} here; expected {reader.expects}")
    with ThreadPoolExecutor(workers) as pool:
        examined = pool.map(lambda path: _examine(reader, path, check), paths)
        found = list(tqdm(examined, name, len(paths), disable=None))
    _refuse_second_ids(found)
    clips = [clip for clip, _ in found if clip]
    rows = [row for _, row in found]
    if split or counts:
        _assign_splits(clips, rows, counts or reader.counts, seed)
    there = {clip.split for clip in clips}
    if split and split not in there:
        raise ValueError(f"no split {split!r} in {name}: there are {sorted(map(str, there))}")
    whole = [clip for clip, row in found if clip and row["status"] == "ok"]
    usable = [clip for clip in whole if split in (None, clip.split)]
    return Corpus(name, usable, rows, corpus_facts(name, Path(root)))


def corpus_facts(name: str, root: Path) -> dict[str, str]:
    """Name and version of a corpus and the SHA-256 of its manifest: which corpus this is.

    The last is "" where there is no manifest.
    A training keeps them, so that it never resumes on other clips.
    Chapter: book/sound-and-faces.ipynb
    """
    manifest = root / "manifest.jsonl"
    if not manifest.is_file():
        return {"corpus": name, "corpus_version": "", "corpus_digest": ""}
    content = manifest.read_bytes()
    version = re.search(rb'"corpus_version": "(\w+)"', content)
    return {
        "corpus": root.resolve().name,
        "corpus_version": version[1].decode() if version else "",
        "corpus_digest": hashlib.sha256(content).hexdigest(),
    }


def open_splits(corpus: str | Path, seed: int = 0) -> dict[str, Corpus]:
    """train, val and test of a preset of the embedded corpus, or of a prepared folder.

    A preset is built where it is missing.
    Where the corpus holds sentences of its training speakers out, they are a fourth part,
    "heldout": known people who say something new, for the column "seen speakers", never for
    training. A folder without splits of its own is dealt by speaker, a tenth each (at least one) to
    val and test; with fewer than three speakers by clip, and then the tests say nothing of other
    people. Raises ValueError where it is neither a preset nor a folder of clips.
    Chapter: book/priors.ipynb
    """
    if str(corpus) not in PRESETS and not Path(corpus).is_dir():
        known = ", ".join(PRESETS)
        raise ValueError(f"corpus {corpus}: neither a folder of prepared clips nor one of {known}")
    root = ensure(str(corpus)) if str(corpus) in PRESETS else Path(corpus)
    found = open_corpus("embedded", root, check="none")
    if not all(clip.split for clip in found):
        by = "speaker" if len(found.speakers) >= 3 else "id"
        names = sorted({getattr(clip, by) for clip in found})
        held = max(1, len(names) // 10)
        if len(names) < 3:
            raise ValueError(f"{root}: {len(names)} clips are too few to hold some out for tests")
        dealt = split_speakers(names, (len(names) - 2 * held, held, held), seed)
        of = {name: split for split, part in dealt.items() for name in part}
        clips = [replace(clip, split=of[getattr(clip, by)]) for clip in found]
    else:
        clips = list(found)
    names = ["train", "val", "test"]
    if any(clip.split == "heldout" for clip in clips):
        names.append("heldout")
    parts = {}
    for split in names:
        chosen = [clip for clip in clips if clip.split == split]
        parts[split] = Corpus(found.name, chosen, found.table, found.facts)
    return parts


def split_speakers(
    speakers: Iterable[str],
    counts: Sequence[int],
    seed: int,
) -> dict[str, tuple[str, ...]]:
    """Deal speakers to train, val and test, as Sect. 4.2 of [mittal2020] does.

    There it is 28-3-3 of GRID and 73-9-9 of CREMA-D.
    A pure function of the set of names, the counts (which must add up to its size) and the seed.
    Raises ValueError.
    Chapter: book/sound-and-faces.ipynb
    """
    names = sorted(set(speakers))
    if len(counts) != 3 or sum(counts) != len(names) or min(counts) < 0:
        asked = "+".join(map(str, counts))
        there = len(names)
        raise ValueError(f"{asked} speakers asked for, {there} found: pass counts=(…, …, …)")
    order = np.random.default_rng(seed).permutation(len(names))
    parts = np.split(order, np.cumsum(counts)[:2])
    dealt = [tuple(names[i] for i in part) for part in parts]
    return dict(zip(("train", "val", "test"), dealt, strict=True))


def _reader(name: str, root: Path, options: dict[str, Any]) -> Reader:
    """The reader of a corpus by name; ValueError for an unknown one."""
    if name not in READERS:
        raise ValueError(f"no corpus {name!r}: known are {', '.join(READERS)}")
    if not root.is_dir():
        layout = READERS[name].expects
        raise FileNotFoundError(f"{root}: no such folder; {name} is expected as {layout}")
    return READERS[name](root, **options)


def _examine(reader: Reader, path: Path, check: str) -> tuple[Clip | None, Row]:
    """A clip where the name makes sense, and its row of the table."""
    clip, reason = None, ""
    try:
        if check != "none":
            check_file(path, reader.suffixes)
        clip = reader.clip(path)
        check_clip(clip, check)
    except (ValueError, FileNotFoundError) as error:
        reason = str(error).replace(f"{path}: ", "") or repr(error)
    except Exception as error:  # whatever a broken file does to a library, the other files are read
        reason = f"{type(error).__name__}: {error}"
    row = {
        "id": clip.id if clip else None,
        "path": str(path.relative_to(reader.root)),
        "reason": reason,
    }
    labels = {key: getattr(clip, key, None) for key in ("speaker", "emotion", "split")}
    return clip, row | {"status": "unusable" if reason else "ok"} | labels


def _refuse_second_ids(found: list[tuple[Clip | None, Row]]) -> None:
    """Call a clip unusable whose id an earlier one has.

    What is written under one id would overwrite the other.
    """
    first: dict[str, str] = {}
    for clip, row in found:
        if clip is None:
            continue
        if clip.id in first:
            row["status"] = "unusable"
            row["reason"] = f"its id {clip.id} is also that of {first[clip.id]}"
        first.setdefault(clip.id, row["path"])


def _assign_splits(
    clips: list[Clip],
    rows: list[Row],
    counts: Sequence[int] | None,
    seed: int,
) -> None:
    """Give each clip the split of its speaker, where the corpus gave it none."""
    if all(clip.split for clip in clips):
        return
    if counts is None:
        ask = "pass counts=(train, val, test) in speakers"
        raise ValueError(f"this corpus has no split of its own: {ask}")
    dealt = split_speakers({clip.speaker for clip in clips}, counts, seed)
    of = {speaker: split for split, speakers in dealt.items() for speaker in speakers}
    for clip in clips:
        clip.split = of[clip.speaker]
    for row in rows:
        row["split"] = of.get(row["speaker"])
