"""Judges that no one here trained: landmarks, identity, voice and words by other people's models (extra `judges`).

A score from a net of ours, trained on the same corpus, is partly circular; beside it stands one of these.
"""

from collections.abc import Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from thlab.audio.align import decode
from thlab.audio.features import SAMPLE_RATE
from thlab.corpus.grammar import GRAMMAR
from thlab.extras import require
from thlab.face.landmarks import detect_landmarks

Frames = UInt8[np.ndarray, "t h w 3"]
LEAST = 256  # pixels: dlib finds a face in 3 % of frames of 64 pixels, and in all of them four times enlarged
RIGHT_IRIS, LEFT_IRIS, RIGHT_CORNERS, LEFT_CORNERS = 468, 473, (33, 133), (362, 263)  # of mediapipe's points
WINDOW, STEP = 160, 77  # of 10 ms: the voice encoder hears 1.6 s at a time, 1.3 times a second


def mediapipe_points(frames: Frames, name: str = "frames") -> Float[np.ndarray, "t 478 2"]:
    """mediapipe's 478 points, the irises among them, in the frames' pixels; small frames are enlarged for it.

    Where a frame shows no face the points are interpolated in time; ValueError, naming `name`, where none does.
    Chapter: book/latent-kl.ipynb
    """
    large, scale = enlarge(frames)
    return detect_landmarks(large, name=name)[0][..., :2] / np.float32(scale)


def gaze(points: Float[np.ndarray, "*b 478 2"]) -> Float[np.ndarray, "*b 2"]:
    """Where the eyes look: mean offset of both irises from the middle of the eye's corners, in widths of the eye.

    Chapter: book/latent-kl.ipynb
    """
    offsets = []
    for iris, *corners in ((RIGHT_IRIS, *RIGHT_CORNERS), (LEFT_IRIS, *LEFT_CORNERS)):
        ends = points[..., corners, :]
        width = np.linalg.norm(ends[..., 1, :] - ends[..., 0, :], axis=-1, keepdims=True)
        offsets.append((points[..., iris, :] - ends.mean(-2)) / width)
    return (offsets[0] + offsets[1]) / 2


def dlib_identity(frames: Frames, name: str = "frames") -> Float[np.ndarray, "n 128"]:
    """dlib's face embedding (King 2017) of each frame with a face; one person's lie within .6 of each other.

    Small frames are enlarged for its detector. ValueError, naming `name`, where no frame has a face.
    Chapter: book/content-to-video.ipynb
    """
    detector, five_points, encoder = _dlib()
    found = [(frame, face) for frame in enlarge(frames)[0] for face in list(detector(frame))[:1]]
    if not found:
        raise ValueError(f"{name}: dlib finds no face in any of {len(frames)} frames")
    return np.array([encoder.compute_face_descriptor(frame, five_points(frame, face)) for frame, face in found])


def enlarge(frames: Frames) -> tuple[UInt8[np.ndarray, "t h2 w2 3"], int]:
    """Frames of at least 256 pixels on the shorter side, by a whole factor (bicubic), and the factor."""
    scale = -(-LEAST // min(frames.shape[1:3]))
    x = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    x = nn.functional.interpolate(x, scale_factor=scale, mode="bicubic").round().clamp(0, 255)
    return np.ascontiguousarray(x.byte().permute(0, 2, 3, 1).numpy()), scale


@cache
def _dlib() -> tuple[Any, Any, Any]:
    dlib, models = require("dlib", "judges"), package_file("face_recognition_models", "models")
    five_points = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
    encoder = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))
    return dlib.get_frontal_face_detector(), five_points, encoder


def package_file(package: str, file: str) -> Path:
    """A file of a package that is not imported: these two want pkg_resources and webrtcvad, for nothing used here."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{package} is needed here: pip install --no-deps {package}")
    return Path(spec.submodule_search_locations[0], file)


def voice_embedding(audio: Float[np.ndarray, "n"] | Float[Tensor, "n"]) -> Float[np.ndarray, "256"]:
    """Resemblyzer's unit voice embedding (GE2E, Wan et al. 2018) of 16 kHz sound, its silences not trimmed.

    Only its weights are read: `pip install --no-deps Resemblyzer`, for it depends on webrtcvad, which must be compiled.
    ValueError where the sound is silent. Chapter: book/content-to-video.ipynb
    """
    audio = torch.as_tensor(audio)
    if not audio.any():
        raise ValueError("the audio is silent: there is no voice in it")
    mel, net = _voice()
    level = audio.square().mean().sqrt()
    bands = mel(audio * max(1.0, 10 ** (-30 / 20) / level))  # (40, T); quieter sound is raised to -30 dB
    bands = nn.functional.pad(bands, (0, max(0, WINDOW - bands.shape[1])))
    with torch.no_grad():
        hidden = net["lstm"](bands.unfold(1, WINDOW, STEP).permute(1, 2, 0))[1][0][-1]  # (W, 256) of the last layer
        each = nn.functional.normalize(net["linear"](hidden).relu(), dim=1)
        return nn.functional.normalize(each.mean(0), dim=0).numpy()


@cache
def _voice() -> tuple[nn.Module, nn.ModuleDict]:
    from torchaudio.transforms import MelSpectrogram

    as_librosa = partial(MelSpectrogram, norm="slaney", mel_scale="slaney", pad_mode="constant")
    net = nn.ModuleDict({"lstm": nn.LSTM(40, 256, 3, batch_first=True), "linear": nn.Linear(256, 256)})
    file = package_file("resemblyzer", "pretrained.pt")
    state = torch.load(file, map_location="cpu", weights_only=True)["model_state"]
    net.load_state_dict({name: state[name] for name in net.state_dict()})
    return as_librosa(SAMPLE_RATE, 400, hop_length=160, n_mels=40), net


def recognised_words(audio: Float[np.ndarray, "n"], slots: Sequence[Sequence[str]] = ()) -> list[str]:
    """What CMU Sphinx hears in 16 kHz sound: a word of each slot (default: GRID's six), fewer where it gives up.

    Chapter: book/content-to-video.ipynb
    """
    decoder = require("pocketsphinx", "align").Decoder(lm=None, loglevel="FATAL", samprate=SAMPLE_RATE)
    rule = " ".join(f"( {' | '.join(slot)} )" for slot in slots or GRAMMAR.values())
    decoder.add_jsgf_string("words", f"#JSGF V1.0; grammar words; public <words> = {rule};")
    decoder.activate_search("words")
    decode(decoder, audio)
    return decoder.hyp().hypstr.split() if decoder.hyp() else []
