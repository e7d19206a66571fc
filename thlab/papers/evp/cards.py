"""What the cards of [ji2021]'s weights say: how to build the nets again, and how good they are on
the validation split.
"""

from statistics import mean
from typing import Any

import torch

from thlab.metrics.judges import dlib_identity
from thlab.papers.evp.evaluate.codes import clip_codes, unenrolled_clips
from thlab.papers.evp.evaluate.mouths import of_clip, spoken_by
from thlab.papers.evp.evaluate.people import ROWS, clips_of, made_of, scores_of
from thlab.papers.evp.evaluate.trained import Speaking
from thlab.papers.evp.landmarks.data import encoded, spoken_landmarks
from thlab.papers.evp.landmarks.model import AudioToLandmark
from thlab.papers.evp.model import DISENTANGLER, Disentangler, load_disentangler
from thlab.papers.evp.portrait.footage import HELD_OUT, Footage, footage_of, performances
from thlab.papers.evp.portrait.measure import measure
from thlab.papers.evp.portrait.model import Generator
from thlab.papers.evp.speech import Speeches
from thlab.training.job import Job
from thlab.training.weights import state_digest

TOLD = 4  # validation speakers by whom the net over many people is judged
SEEN = 16  # of a person's frames, by which dlib knows them again


def disentangler_facts(job: Job, model: Disentangler) -> dict[str, Any]:
    """The emotions, and the share of validation clips whose emotion C_e tells, in %.

    Chapter: book/evp-disentangle.ipynb
    """
    speeches: Speeches = job.data
    model = model.cpu().eval()
    codes = clip_codes(model, speeches.val)
    told = codes.logits.argmax(1) == speeches.val.tensors.emotion[codes.clips]
    return {
        "emotions": list(speeches.train.tensors.emotions),
        "metrics": {"emotion of a clip told by C_e, %": percent(told.float())},
    }


def landmark_facts(job: Job, net: AudioToLandmark) -> dict[str, Any]:
    """The nets' sizes, the digest of the encoders, and errors on the validation clips.

    Chapter: book/evp-disentangle.ipynb
    """
    model = load_disentangler(job.weights(DISENTANGLER))
    speech = job.data.val
    enrolled = model.config.enrolled
    spoken = spoken_landmarks(speech, unenrolled_clips(speech, enrolled))
    speak = spoken_by(Speaking(net.cpu().eval(), encoded(model, enrolled)))
    errors = [of_clip(speak(spoken, clip), spoken.points[clip]) for clip in spoken.clips]
    metrics = {}
    for name in errors[0]:
        values = torch.tensor([error[name] for error in errors])
        metrics[name] = round(values.nanmean().item(), 3)
    return {
        "sizes": list(net.sizes),
        "codes": state_digest(model.state_dict()),
        "metrics": metrics,
    }


def portrait_facts(job: Job, generator: Generator) -> dict[str, Any]:
    """Of an invented person: how near held-out sentences come. Of a person in videos: where the
    square lies in them, and the face as dlib sees it. Chapter: book/evp-disentangle.ipynb
    """
    footage: Footage = job.data
    if footage.view is not None:
        some = torch.linspace(0, len(footage.frames) - 1, SEEN).long().numpy()
        known = dlib_identity(footage.frames[some]).mean(0)
        return {"view": footage.view.tolist(), "identity": known.round(5).tolist()}
    config = job.config
    held_out = footage_of(performances(config.speaker, HELD_OUT), config.size)
    scores = measure(generator.cpu().eval(), held_out)
    rounded = {}
    for name, of_name in scores.items():
        rounded[name] = {score: round(value, 3) for score, value in of_name.items()}
    return {"metrics": rounded}


def people_facts(job: Job, net: Generator) -> dict[str, Any]:
    """How near the rows of table `people` come to validation people.

    Chapter: book/evp-portrait.ipynb
    """
    config = job.config
    net = net.cpu().eval()
    number = min(TOLD, config.people)
    values: dict[str, dict[str, list[float]]] = {}
    for clip in clips_of("val", number, config.size):
        for row in ROWS:
            for _, column, _, _, value in scores_of(row, clip, made_of(row, net, clip)):
                values.setdefault(row, {}).setdefault(column, []).append(value)
    metrics = {}
    for row, of_row in values.items():
        metrics[row] = {column: round(mean(several), 3) for column, several in of_row.items()}
    return {"metrics": metrics}


def percent(values: torch.Tensor) -> float:
    """A mean in %, to one place. Chapter: book/evp-disentangle.ipynb"""
    return round(100 * values.mean().item(), 1)
