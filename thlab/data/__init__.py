"""Clips in: one record for every corpus, readers for the official layouts, batches."""

from thlab.data.batches import Segments, Sequences, pad_batch, windows
from thlab.data.clip import Clip, Segment
from thlab.data.corpora import Corpus, open_corpus, open_splits, split_speakers
from thlab.media import read_audio, read_video

__all__ = [
    "Clip", "Corpus", "Segment", "Segments", "Sequences", "open_corpus", "open_splits", "pad_batch",
    "read_audio", "read_video", "split_speakers", "windows",
]  # fmt: skip
