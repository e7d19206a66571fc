"""Clips in: one record for every corpus, readers for the official layouts, batches."""

from thlab.data.clip import Clip, Segment
from thlab.data.corpora import Corpus, open_corpus, split_speakers
from thlab.data.media import read_audio, read_video, write_video

__all__ = ["Clip", "Corpus", "Segment", "open_corpus", "read_audio", "read_video", "split_speakers", "write_video"]
