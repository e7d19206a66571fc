"""What a talking head is made from, a recording and a picture of a face, and the .mp4 that says it is synthetic."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8

from thlab.audio.noise import ENERGY_BLOCK, speech_mask
from thlab.data.batches import pad_to
from thlab.data.clip import Clip
from thlab.data.prepare import face_view
from thlab.face import align_face, detect_landmarks, to_68
from thlab.media import FPS, SAMPLES_A_FRAME, SYNTHETIC, read_audio, read_video, write_mp4
from thlab.optional import require

QUIETEST = 1e-3  # RMS of what may be speech
STEADIEST = 1.5  # dB: the loudness of speech varies more, that of a hum or hiss less
DETECTABLE = 256  # pixels to which a smaller picture is enlarged, for mediapipe to find the face


def read_inputs(
    audio: Path | str, image: Path | str, size: int
) -> tuple[Float[torch.Tensor, "n"], Float[torch.Tensor, "3 size size"]]:
    """The speech and the face, in [0, 1], from which a talking head is to be made.

    The picture is cropped to the aligned face view; a square of `size` pixels is taken to be one. Raises ValueError
    where a file cannot be read, the recording holds no speech or the picture no face.
    Chapter: book/content-to-video.ipynb
    """
    return read_speech(audio), torch.from_numpy(read_face(image, size)).permute(2, 0, 1) / 255


def check_paths(outs: Sequence[Path | str], inputs: Sequence[Path | str], overwrite: bool = False) -> None:
    """Whether these files may be written from those, asked before any work is done.

    Raises ValueError where an input is missing, an output is no .mp4 in a folder that exists, is one of the inputs
    (by whatever name or link), or exists already and overwrite is False. Chapter: book/content-to-video.ipynb
    """
    for path in inputs:
        if not Path(path).is_file():
            raise ValueError(f"{path}: no such file")
    for out in map(Path, outs):
        if out.suffix != ".mp4" or not out.parent.is_dir():
            raise ValueError(f"{out}: the output must be a name ending in .mp4, in a folder that exists")
        if not out.exists():
            continue
        for path in inputs:
            if out.samefile(path):
                raise ValueError(f"{out} is the input {path} itself: give the output another name")
        if not overwrite:
            raise ValueError(f"{out} exists already: give another name, or --overwrite")
        if not out.is_file():
            raise ValueError(f"{out} is no file that could be overwritten: give another name")


def write_talking(path: Path | str, frames: Float[torch.Tensor, "t 3 h w"], audio: Float[torch.Tensor, "n"]) -> None:
    """An .mp4 of frames in [0, 1] and their sound, tagged as synthetic. Chapter: book/content-to-video.ipynb"""
    pictures = (255 * frames).round().byte().permute(0, 2, 3, 1).numpy()
    write_mp4(path, pictures, audio.numpy(), metadata=SYNTHETIC)


def read_speech(path: Path | str) -> Float[torch.Tensor, "n"]:
    """A recording at 16 kHz, a whole number of video frames long; ValueError where it holds no speech.

    Silence and steady noise are told from speech, music is not. Chapter: book/content-to-video.ipynb
    """
    audio = torch.from_numpy(read_audio(path))
    audio = torch.nn.functional.pad(audio, (0, -len(audio) % SAMPLES_A_FRAME))
    if not audio.isfinite().all() or len(audio) == 0:
        raise ValueError(f"{path}: empty, or with values that are no numbers")
    loudness = audio.view(-1, ENERGY_BLOCK).square().mean(1)
    loud = audio[speech_mask(audio)]
    varies = len(loudness) > 1 and (10 * (loudness + 1e-12).log10()).std() > STEADIEST
    if len(loud) == 0 or loud.square().mean().sqrt() < QUIETEST or not varies:
        raise ValueError(f"{path}: no speech in it, only {'a steady sound' if len(loud) else 'silence'}")
    return audio


def read_face(path: Path | str, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """The aligned crop of a picture's face; ValueError where there is none. Chapter: book/content-to-video.ipynb"""
    images = require("PIL.Image", "book")
    try:
        picture = images.open(path).convert("RGB")
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not a readable picture ({error})") from error
    scale = max(1, DETECTABLE / min(picture.size))
    large = np.array(picture.resize([round(scale * side) for side in picture.size], images.Resampling.BICUBIC))
    points, _ = detect_landmarks(large[None], name=str(path))
    aligned = picture.size == (size, size)
    return np.array(picture) if aligned else align_face(large[None], to_68(points), size)[0][0]


def read_lips(path: Path | str, size: int) -> tuple[Float[torch.Tensor, "t 3 size size"], Float[torch.Tensor, "n"]]:
    """A video's face, cropped to the aligned view, in [0, 1] at 25 fps, and its sound; silence where it has none.

    Squares of `size` pixels at 25 fps are taken to be that view. Raises ValueError where there is no video to read, or
    no face in it. Chapter: book/davs.ipynb
    """
    frames, fps = read_video(path)
    if frames.shape[1:3] != (size, size) or fps != FPS:
        frames, _ = face_view(Clip(Path(path).stem, Path(path), ""), size)
    try:
        audio = torch.from_numpy(read_audio(path))
    except ValueError:  # the file could be read, so what is missing is a soundtrack
        audio = torch.zeros(0)
    samples = len(frames) * SAMPLES_A_FRAME
    return torch.from_numpy(frames).permute(0, 3, 1, 2) / 255, pad_to(audio, samples)[:samples]
