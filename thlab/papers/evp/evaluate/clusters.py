"""Fig. 5 of [ji2021]: does cross-reconstruction bring the codes of one emotion together?"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.optional import require
from thlab.papers.evp.evaluate.codes import clip_codes
from thlab.papers.evp.evaluate.trained import disentangler, pretrained, speech_of_part
from thlab.papers.evp.model import Disentangler
from thlab.papers.evp.reported import OURS, WITHOUT
from thlab.papers.evp.speech import EmotionalSpeech

PRETRAINED = "E_e trained alone"  # Fig. 5 a
CHANCE = "ours, emotions dealt at random"
ROWS = (OURS, PRETRAINED, WITHOUT["l_cross"], CHANCE)
STRONG = 0.7  # intensity from which an emotion is plain
COLUMNS = {
    "silhouette": "silhouette",
    "silhouette, intense": "silhouette",
    "told by C_e": "emotion told",
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Silhouettes of clips of unknown voices, and whether C_e tells their emotions.

    Chapter: book/evp-disentangle.ipynb
    """
    speech = speech_of_part(experiment, "unseen")
    codes = clip_codes(model_of(experiment, row, seed), speech)
    emotion = speech.tensors.emotion[codes.clips]
    if row == CHANCE:
        order = torch.randperm(len(emotion), generator=torch.Generator().manual_seed(seed))
        emotion = emotion[order]
    speaker = speech.tensors.speaker[codes.clips]
    centred = codes.emotion - means_by(speaker, codes.emotion)
    intense = torch.tensor(intensities(experiment, speech))[codes.clips] > STRONG
    found: Measurements = []
    chosen_by = {"silhouette": torch.ones_like(intense), "silhouette, intense": intense}
    for column, chosen in chosen_by.items():
        values = silhouettes(centred[chosen], emotion[chosen])
        clips = codes.clips[chosen].tolist()
        found += records(row, column, speech, clips, values)
    told = 100.0 * (codes.logits.argmax(1) == emotion)
    return found + records(row, "told by C_e", speech, codes.clips.tolist(), told.tolist())


def model_of(experiment: Experiment, row: str, seed: int) -> Disentangler:
    """The encoders of a row. Chapter: book/evp-disentangle.ipynb"""
    if row == PRETRAINED:
        return pretrained(experiment, seed)
    return disentangler(experiment, seed, "l_cross" if row == WITHOUT["l_cross"] else "")


def means_by(group: Int[Tensor, "n"], codes: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """For each code the mean of those of its group: who speaks is not what is asked.

    Chapter: book/evp-disentangle.ipynb
    """
    found = torch.empty_like(codes)
    for one in group.unique():
        found[group == one] = codes[group == one].mean(0)
    return found


def silhouettes(codes: Float[Tensor, "n d"], label: Int[Tensor, "n"]) -> list[float]:
    """Of each code, Rousseeuw 1987: 1 amid its own label's, 0 between two, -1 amid another's.

    Chapter: book/evp-disentangle.ipynb
    """
    metrics: Any = require("sklearn.metrics", extra="judges")
    return metrics.silhouette_samples(codes.numpy(), label.numpy()).tolist()


def intensities(experiment: Experiment, speech: EmotionalSpeech) -> list[float]:
    """Of each clip's emotion, 0 to 1; 0 where it is not known.

    Chapter: book/evp-disentangle.ipynb
    """
    of = {clip.id: clip.intensity or 0.0 for clip in experiment.splits["test"]}
    return [of[name] for name in speech.tensors.ids]


def records(
    row: str, column: str, speech: EmotionalSpeech, clips: list[int], values: list[float]
) -> Measurements:
    """A number a clip as measurements. Chapter: book/evp-disentangle.ipynb"""
    found: Measurements = []
    for clip, value in zip(clips, values, strict=True):
        found.append((row, column, speech.speaker_of(clip), speech.tensors.ids[clip], value))
    return found
