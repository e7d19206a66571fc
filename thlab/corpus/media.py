"""Media files whose bytes depend on nothing but what is in them, and that are whole or not there."""

import io
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from scipy.io import wavfile

from thlab.extras import require

SAMPLE_RATE = 16000  # of all sound here


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file beside its place and rename it, so that no half of it ever carries its name."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def pcm16(audio: Float[np.ndarray, " n"]) -> np.ndarray:
    """Audio in -1..1 as 16-bit integers."""
    return np.round(np.clip(audio, -1, 1) * 32767).astype("<i2")


def wav_bytes(audio: Float[np.ndarray, " n"]) -> bytes:
    """A mono 16-bit WAV file at 16 kHz."""
    buffer = io.BytesIO()
    wavfile.write(buffer, SAMPLE_RATE, pcm16(audio))
    return buffer.getvalue()


def write_npz(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a compressed .npz whose bytes depend on the arrays alone."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def write_mp4(
    path: str | Path,
    frames: UInt8[np.ndarray, "t h w 3"],
    audio: Float[np.ndarray, " n"] | None = None,
    fps: int = 25,
    crf: int = 18,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write an H.264 video with AAC sound; one encoder thread and no dates, so equal input gives equal bytes.

    frames have even height and width (else ValueError); audio is mono in -1..1 at 16 kHz. The file appears under its
    name only when whole. Chapter: book/sound-and-faces.ipynb
    """
    if len(frames) == 0 or frames.shape[1] % 2 or frames.shape[2] % 2:
        raise ValueError(f"{path}: H.264 wants at least one frame of even height and width, not {frames.shape}")
    buffer = io.BytesIO()
    av = require("av", "media")
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        container.metadata.update(metadata or {})
        # x264's macroblock tree reads memory that it has not written: without it, equal input gives equal bytes
        options = {"crf": str(crf), "preset": "veryfast", "g": str(fps), "aq-mode": "0", "x264-params": "mbtree=0"}
        video = container.add_stream("libx264", rate=fps, options=options)
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt, video.thread_count = "yuv420p", 1
        # all streams must be there before the first picture goes in
        aac = {"rate": SAMPLE_RATE, "layout": "mono", "options": {"aac_coder": "fast"}}
        sound = container.add_stream("aac", **aac) if audio is not None else None
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode())
        if audio is not None and sound is not None:
            sound.bit_rate = 48000
            block = av.AudioFrame.from_ndarray(pcm16(audio)[None], format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
            container.mux(sound.encode(block))
            container.mux(sound.encode())
    write_whole(path, buffer.getvalue())
