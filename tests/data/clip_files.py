"""Small media files and a small embedded corpus, made for the tests of thlab.data."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

CODECS = {  # suffix: muxer, video codec, audio codec
    ".mp4": ("mp4", "libx264", "aac"),
    ".mov": ("mov", "libx264", "aac"),
    ".m4a": ("mp4", None, "aac"),
    ".flv": ("flv", "flv", "aac"),
    ".mpg": ("mpeg", "mpeg1video", "mp2"),
}


def tone(seconds: float, rate: int = 16000, hertz: float = 440.0) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def pictures(n: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Frames whose brightness says their number, so that order can be checked."""
    ramp = np.linspace(20, 230, n).astype(np.uint8)
    return np.broadcast_to(ramp[:, None, None, None], (n, height, width, 3)).copy()


def write_clip(
    path: Path,
    seconds: float = 1.0,
    fps: int = 25,
    audio: np.ndarray | None = None,
    sound=True,
    rate=16000,
):
    """A short file in the format of its suffix: a 440 Hz tone, and grey frames that brighten."""
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = tone(seconds, rate) if audio is None else audio
    if path.suffix in (".wav", ".flac"):
        soundfile.write(path, audio, rate, subtype="PCM_16")
        return path
    muxer, video_codec, audio_codec = CODECS[path.suffix]
    with av.open(str(path), "w", format=muxer) as container:
        streams = []
        if video_codec:
            video = container.add_stream(video_codec, rate=fps)
            frames = pictures(round(seconds * fps))
            video.height, video.width, video.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
            shown = [av.VideoFrame.from_ndarray(frame, format="rgb24") for frame in frames]
            streams.append((video, shown))
        if sound:
            stream = container.add_stream(audio_codec, rate=rate)
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray(
                (audio[None] * 32767).astype(np.int16),
                format="s16",
                layout="mono",
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            streams.append((stream, [frame]))
        for stream, frames in streams:
            for frame in [*frames, None]:
                container.mux(stream.encode(frame))
    return path


def write_embedded(root: Path, ids: list[str], seconds: float = 1.0) -> Path:
    """An embedded corpus's files as thlab.corpus lays them out, with short tones for speech."""
    root.mkdir(parents=True, exist_ok=True)
    n = round(seconds * 25)
    records = []
    for i, id_ in enumerate(ids):
        write_clip(root / f"{id_}.mp4", seconds)
        write_clip(root / f"{id_}.wav", seconds)
        np.savez(
            root / f"{id_}.npz",
            word=np.array(["bin", "blue"]),
            word_start=np.array([0.1, 0.4]),
            word_end=np.array([0.4, 0.9]),
            phone=np.array(["b", "ɪ"]),
            phone_start=np.array([0.1, 0.2]),
            phone_end=np.array([0.2, 0.4]),
            phone_word=np.array([0, 0]),
            viseme=np.arange(n, dtype=np.uint8) % 21,
            landmarks=np.zeros((n, 68, 2), np.float32),
        )
        speaker, emotion, _ = id_.split("_")
        record = {
            "id": id_,
            "speaker": speaker,
            "words": "bin blue",
            "emotion": emotion,
            "intensity": 0.5,
            "seed": i,
            "split": ("train", "val", "test")[i % 3],
            "corpus_version": "1",
        }
        records.append(record)
    (root / "manifest.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return root
