"""Video and audio files in, arrays out: video by PyAV, .wav and .flac by soundfile.

The demuxer is chosen by the file's suffix and never guessed from its content: a text file named .mp4 is then an error,
where FFmpeg's guess would make it a playlist or a picture.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from scipy.signal import resample_poly

from thlab.extras import require

AUDIO_RATE, FPS = 16000, 25  # of prepared clips
SAMPLES_A_FRAME = AUDIO_RATE // FPS
DEMUXERS = {".mp4": "mp4", ".m4a": "mp4", ".mov": "mp4", ".flv": "flv", ".mpg": "mpeg", ".wav": "wav", ".flac": "flac"}
AAC_FRAME = 1024  # samples in a packet of AAC; an encoder fills its last one with zeros


@contextmanager
def open_media(path: Path | str) -> Iterator[Any]:
    """A PyAV container; whatever goes wrong inside is a ValueError or FileNotFoundError that names the file."""
    av, path = require("av", extra="media"), Path(path)
    if path.suffix.lower() not in DEMUXERS:
        raise ValueError(f"{path}: the suffix {path.suffix!r} is none of {', '.join(DEMUXERS)}")
    try:
        with av.open(str(path), format=DEMUXERS[path.suffix.lower()], metadata_errors="replace") as container:
            yield container
    except FileNotFoundError:
        raise
    except (av.FFmpegError, OSError) as error:
        raise ValueError(f"{path}: not a readable {path.suffix} file ({error})") from error


def first_stream(container: Any, kind: str) -> Any:
    """The first `video` or `audio` stream, or a ValueError where the file has none."""
    streams = getattr(container.streams, kind)
    if not streams:
        raise ValueError(f"{container.name}: has no {kind} stream")
    return streams[0]


def frame_rate(container: Any) -> float:
    """Frames a second as the container states them, else as FFmpeg guesses; ValueError where it cannot."""
    stream = first_stream(container, "video")
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        raise ValueError(f"{container.name}: no frame rate")
    return float(rate)


def video_frames(container: Any) -> Iterator[Any]:
    """Decoded PyAV frames in order; ValueError where the picture's size changes half-way."""
    sizes = set()
    for frame in container.decode(first_stream(container, "video")):
        sizes.add((frame.width, frame.height))
        if len(sizes) > 1:
            raise ValueError(f"{container.name}: frames change size: {sorted(sizes)}")
        yield frame


def rgb_frames(container: Any) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Decoded pictures in order as arrays, by one converter: PyAV would else set up a new one for each frame."""
    converter = require("av.video.reformatter", extra="media").VideoReformatter()
    for frame in video_frames(container):
        yield converter.reformat(frame, format="rgb24").to_ndarray()


def read_video(path: Path | str) -> tuple[UInt8[np.ndarray, "t h w 3"], float]:
    """All frames of a video, (T, H, W, 3) uint8 RGB, and its frames a second, by PyAV.

    Raises ValueError or FileNotFoundError, naming the file, where it cannot be decoded.
    Chapter: book/sound-and-faces.ipynb
    """
    with open_media(path) as container:
        frames, fps = list(rgb_frames(container)), frame_rate(container)
    if not frames:
        raise ValueError(f"{path}: no video frame could be decoded")
    return np.stack(frames), fps


def read_audio(path: Path | str, sr: int = AUDIO_RATE) -> Float[np.ndarray, "n"]:
    """Mono audio of any media file at `sr` Hz, float32; the video in it is not decoded.

    Full scale is 1, which a lossy codec may overshoot. Channels are averaged; polyphase resampling (scipy). In a file
    with pictures, sample 0 is the time of the first frame. Raises as read_video does.
    Chapter: book/sound-and-faces.ipynb
    """
    path = Path(path)
    audio, rate = _by_soundfile(path) if path.suffix.lower() in (".wav", ".flac") else _by_av(path)
    if rate != sr:
        audio = resample_poly(audio, sr // gcd(rate, sr), rate // gcd(rate, sr))
    return np.ascontiguousarray(audio, np.float32)


def _by_soundfile(path: Path) -> tuple[Float[np.ndarray, "n"], int]:
    soundfile = require("soundfile", extra="media")
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with soundfile.SoundFile(str(path)) as file:
            if file.format[:3] != path.suffix[1:4].upper():  # WAVEX is a .wav too
                raise ValueError(f"{path}: holds {file.format}, which its suffix does not say")
            return file.read(dtype="float32", always_2d=True).mean(1), file.samplerate
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(f"{path}: not a readable {path.suffix} file ({error})") from error


def _by_av(path: Path) -> tuple[Float[np.ndarray, "n"], int]:
    av = require("av", extra="media")
    with open_media(path) as container:
        stream = first_stream(container, "audio")
        to_float = av.AudioResampler(format="fltp")  # not to mono: libswresample scales the sum by .71, not .5
        frames = [floats for frame in container.decode(stream) for floats in to_float.resample(frame)]
        if not frames:
            raise ValueError(f"{path}: no audio could be decoded")
        audio = np.concatenate([frame.to_ndarray().mean(0) for frame in frames])
        declared = round(float((stream.duration or 0) * stream.time_base) * stream.rate)
        if 0 < len(audio) - declared < AAC_FRAME:
            audio = audio[:declared]
        return _on_the_video_clock(audio, container, stream), stream.rate


def _on_the_video_clock(audio: Float[np.ndarray, "n"], container: Any, stream: Any) -> Float[np.ndarray, "m"]:
    """Cut or pad the start, so that audio and pictures begin together where the two streams do not."""
    if not container.streams.video:
        return audio
    sound, video = (float((s.start_time or 0) * s.time_base) for s in (stream, container.streams.video[0]))
    lead = round((sound - video) * stream.rate)
    return np.pad(audio, (min(lead, 10 * stream.rate), 0)) if lead > 0 else audio[-lead:]
