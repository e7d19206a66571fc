"""From a picture of a face, and speech that is heard or seen, to an .mp4 that says it is synthetic."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.inference import check_paths, read_face, read_inputs, read_lips, write_talking
from thlab.media import SAMPLES_A_FRAME
from thlab.papers.davs.model import DAVS, hear
from thlab.papers.davs.train import load_model


def hear_words(model: DAVS, audio: Float[Tensor, "n"]) -> Float[Tensor, "1 t c"]:
    """The word codes of a recording, one a frame. Chapter: book/davs.ipynb"""
    return model.e_w_a(hear(audio, len(audio) // SAMPLES_A_FRAME)[None])


def generate(
    image_path: Path | str,
    out_path: Path | str,
    audio_path: Path | str | None = None,
    video_path: Path | str | None = None,
    model: DAVS | None = None,
    overwrite: bool = False,
) -> Path:
    """Make the face of a picture say what a recording says, or what the lips in a video do: an .mp4; its path.

    The video's own sound goes with it. model: a trained one, else the committed weights. Raises ValueError, and writes
    nothing, where not just one of audio and video is given, and as `thlab.inference.read_inputs` and `read_lips` do.
    Chapter: book/davs.ipynb
    """
    if (audio_path is None) == (video_path is None):
        raise ValueError("give one source of speech: a recording (audio) or a video")
    check_paths([out_path], [path for path in (audio_path, video_path, image_path) if path is not None], overwrite)
    model = model or load_model()[0]
    size = model.config.size
    if audio_path is not None:
        audio, image = read_inputs(audio_path, image_path, size)
        f_w = hear_words(model, audio)
    else:
        assert video_path is not None
        image = torch.from_numpy(read_face(image_path, size)).permute(2, 0, 1) / 255
        frames, audio = read_lips(video_path, size)
        f_w = model.e_w_v(frames[None])
    write_talking(out_path, model.speak(image[None], f_w.detach())[0], audio)
    return Path(out_path)
