"""Clips to batches: fixed-length segments, whole sequences, padding and windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.utils.data import Dataset

from thlab.data.clip import Clip
from thlab.media import SAMPLE_RATE

Item = dict[str, Any]


def read_fields(clip: Clip, fields: Sequence[str]) -> Item:
    """Frames and audio as tensors, label arrays by their names, and id, speaker and emotion ("" where unknown).

    Only `fields` are decoded. Raises KeyError for a label that the clip has not.
    Chapter: book/sound-and-faces.ipynb
    """
    item: Item = {"id": clip.id, "speaker": clip.speaker, "emotion": clip.emotion or ""}
    for name in fields:
        item[name] = torch.from_numpy(getattr(clip, name) if name in ("frames", "audio") else clip.labels[name])
    return item


def cut(item: Item, start: int, n_frames: int, fps: float = 25) -> Item:
    """The stretch of an item that begins at a frame: arrays over time are cut, and padded with zeros at their end.

    start, n_frames: in video frames. The audio begins at round(16000 · start / fps); its length depends on n_frames and
    fps alone, so that cuts make a batch. Chapter: book/sound-and-faces.ipynb
    """
    first, samples = round(start * SAMPLE_RATE / fps), round(n_frames * SAMPLE_RATE / fps)
    parts = dict(item)
    for name, value in item.items():
        if torch.is_tensor(value):
            begin, length = (first, samples) if name == "audio" else (start, n_frames)
            parts[name] = pad_to(value[begin : begin + length], length)
    return parts


def pad_to(x: Shaped[Tensor, "t *rest"], length: int) -> Shaped[Tensor, "u *rest"]:
    """x with zeros after its end, up to `length` along the first axis. Chapter: book/sound-and-faces.ipynb"""
    return torch.cat([x, x.new_zeros(length - len(x), *x.shape[1:])]) if len(x) < length else x


def windows(x: Shaped[Tensor, "t *rest"], length: int, hop: int) -> Shaped[Tensor, "n length *rest"]:
    """All windows of `length` steps, `hop` apart; a rest at the end is dropped. Chapter: book/sound-and-faces.ipynb"""
    return x.unfold(0, length, hop).movedim(-1, 1)


def pad_batch(items: Sequence[Item]) -> Item:
    """Collate whole sequences: tensors are padded with zeros to the longest, the rest become lists.

    Adds `<name>_length` (B,) for each tensor, from which a mask is torch.arange(T) < length[:, None].
    Chapter: book/sound-and-faces.ipynb
    """
    batch: Item = {}
    for name, first in items[0].items():
        values = [item[name] for item in items]
        if torch.is_tensor(first):
            lengths = [len(value) for value in values]
            batch[f"{name}_length"] = torch.tensor(lengths)
            values = torch.stack([pad_to(value, max(lengths)) for value in values])  # (B, T, ...)
        batch[name] = values
    return batch


class Sequences(Dataset[Item]):
    """Whole clips, for a DataLoader with collate_fn=pad_batch.

    fields: "frames", "audio" and names of label arrays with a row a frame; what is not named is not decoded.
    Chapter: book/sound-and-faces.ipynb
    """

    def __init__(self, clips: Sequence[Clip], fields: Sequence[str] = ("frames", "audio")):
        self.clips, self.fields = clips, tuple(fields)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Item:
        return read_fields(self.clips[index], self.fields)


class Segments(Sequences):
    """One stretch of `n_frames` a clip and epoch, at a random frame that depends on seed, epoch and clip alone.

    The same for any number of workers; set `epoch` before each pass. A clip that is shorter is padded with zeros. fps:
    the corpus's frames a second. Chapter: book/sound-and-faces.ipynb
    """

    def __init__(
        self, clips: Sequence[Clip], n_frames: int, fields: Sequence[str] = ("frames", "audio"), fps: float = 25,
        seed: int = 0,
    ):  # fmt: skip
        super().__init__(clips, fields)
        self.n_frames, self.fps, self.seed, self.epoch = n_frames, fps, seed, 0

    def __getitem__(self, index: int) -> Item:
        item = super().__getitem__(index)
        total = min(
            int(len(value) * self.fps / SAMPLE_RATE) if name == "audio" else len(value)
            for name, value in item.items() if torch.is_tensor(value)
        )  # fmt: skip
        last = max(total - self.n_frames, 0)
        start = int(np.random.default_rng([self.seed, self.epoch, index]).integers(last + 1))
        return cut(item, start, self.n_frames, self.fps) | {"start": start}
