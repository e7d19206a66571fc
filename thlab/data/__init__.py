"""Clips in: one record for every corpus, and readers for the official layouts."""

from thlab.data.clip import Clip, Segment
from thlab.data.corpora import Corpus, open_corpus, open_splits, split_speakers
from thlab.media import read_audio, read_video

__all__ = [
    "Clip",
    "Corpus",
    "Segment",
    "open_corpus",
    "open_splits",
    "read_audio",
    "read_video",
    "split_speakers",
]
