"""Recordings for tests."""

from pathlib import Path

import numpy as np

from thlab.media import wav_bytes


def wav(path: Path, audio: np.ndarray) -> Path:
    """Write audio in -1..1 at 16 kHz to path, and return that."""
    path.write_bytes(wav_bytes(np.asarray(audio, np.float32)))
    return path
