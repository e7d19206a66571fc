"""How good the nets that score are, on people whom they never met: what their cards say."""

from typing import Any

import torch
from torch import nn

from thlab.data.tensors import ClipTensors, as_floats
from thlab.face.points import INNER_LIP_BOTTOM, INNER_LIP_TOP, MOUTH
from thlab.nn.emotion_net import EmotionNet
from thlab.nn.face_encoder import FaceEncoder, equal_error_rate
from thlab.nn.landmark_net import LandmarkNet
from thlab.training.job import Job


@torch.no_grad()
def landmark_errors(model: LandmarkNet, tensors: ClipTensors) -> dict[str, float]:
    """Mean error in px of all points and of the mouth's, and the correlation of the lips' opening
    within a clip.
    """
    assert tensors.frames is not None  # load_clips(…, frames=True)
    device = next(model.parameters()).device
    assert tensors.landmarks is not None
    errors = []
    follows = []
    for start, end in tensors.start.unfold(0, 2, 1).tolist():
        clip = slice(start, end)
        target = tensors.landmarks[clip]
        prediction = model(as_floats(tensors.frames[clip]).to(device)).cpu()
        errors.append(torch.linalg.vector_norm(prediction - target, dim=-1))
        gaps = [
            track[:, INNER_LIP_TOP] - track[:, INNER_LIP_BOTTOM] for track in (target, prediction)
        ]
        follows.append(torch.corrcoef(torch.linalg.vector_norm(torch.stack(gaps), dim=-1))[0, 1])
    error = torch.cat(errors)
    return {
        "face": error.mean().item(),
        "mouth": error[:, MOUTH].mean().item(),
        "opening": torch.stack(follows).nanmean().item(),
    }


@torch.no_grad()
def identity_errors(model: FaceEncoder, tensors: ClipTensors, every: int = 10) -> dict[str, float]:
    """Mean cosine of frames of one speaker in two clips, of two speakers, and the equal error rate
    between them.
    """
    assert tensors.frames is not None  # load_clips(…, frames=True)
    device = next(model.parameters()).device
    frames = torch.arange(0, len(tensors.clip_of), every)
    embeddings = []
    for part in frames.split(256):
        embeddings.append(model(as_floats(tensors.frames[part]).to(device)).cpu())
    embedding = torch.cat(embeddings)
    cosine = embedding @ embedding.T
    clip = tensors.clip_of[frames]
    speaker = tensors.speaker[clip]
    one = speaker[:, None] == speaker
    same = cosine[one & (clip[:, None] != clip)]
    other = cosine[~one]
    return {
        "same": same.mean().item(),
        "other": other.mean().item(),
        "eer": equal_error_rate(same, other),
    }


@torch.no_grad()
def emotion_errors(model: EmotionNet, tensors: ClipTensors) -> dict[str, float]:
    """Share of frames, and of clips by the mean of their frames' logits, whose emotion is told."""
    assert tensors.frames is not None  # load_clips(…, frames=True)
    device = next(model.parameters()).device
    told = []
    of_clips = []
    for clip, (start, end) in enumerate(tensors.start.unfold(0, 2, 1).tolist()):
        logits = model(as_floats(tensors.frames[start:end]).to(device)).cpu()
        told.append(logits.argmax(1) == tensors.emotion[clip])
        of_clips.append(logits.log_softmax(1).mean(0).argmax() == tensors.emotion[clip])
    return {
        "frames": torch.cat(told).float().mean().item(),
        "clips": torch.stack(of_clips).float().mean().item(),
    }


def emotion_facts(job: Job, model: nn.Module) -> dict[str, Any]:
    """The emotion net's hits on people whom it never met, and the emotions in the order of its
    logits.

    Chapter: book/sound-and-faces.ipynb
    """
    assert isinstance(model, EmotionNet)
    found = {part: emotion_errors(model, getattr(job.data, part)) for part in ("val", "test")}
    return {"emotions": list(job.data.train.emotions), "metrics": found}


def landmark_facts(job: Job, model: nn.Module) -> dict[str, Any]:
    """The landmark net's errors on people whom it never met, for its card.

    Chapter: book/content-to-video.ipynb
    """
    assert isinstance(model, LandmarkNet)
    return {
        "metrics": {
            part: landmark_errors(model, getattr(job.data, part)) for part in ("val", "test")
        }
    }


def identity_facts(job: Job, model: nn.Module) -> dict[str, Any]:
    """The face encoder's errors, likewise. Chapter: book/content-to-video.ipynb"""
    assert isinstance(model, FaceEncoder)
    return {
        "metrics": {
            part: identity_errors(model, getattr(job.data, part)) for part in ("val", "test")
        }
    }
