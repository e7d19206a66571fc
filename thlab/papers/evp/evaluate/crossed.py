"""Fig. 1 a of [ji2021]: one clip gives the words, another the emotion."""

from collections.abc import Iterator

import torch
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.landmark import correlation, mouth_opening
from thlab.papers.evp.evaluate.mouths import emotions_shown
from thlab.papers.evp.evaluate.trained import Speaking, speaking, tested_faces
from thlab.papers.evp.landmarks.data import SpokenLandmarks
from thlab.papers.evp.reported import OURS, WITHOUT
from thlab.papers.evp.speech import EmotionalSpeech

ROWS = (OURS, WITHOUT["l_cross"])
COLUMNS = {
    "opening, of the content's clip": "opening",
    "opening, of the emotion's clip": "opening",
    "emotion, of the emotion's clip": "emotion shown",
    "emotion, of the content's clip": "emotion shown",
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """What a face shows whose content is heard in one clip and whose emotion in another's.

    Chapter: book/evp-disentangle.ipynb
    """
    model = speaking(experiment, seed, "", "" if row == OURS else "l_cross")
    spoken = tested_faces(experiment, "unseen")
    speech = spoken.speech
    pairs = list(crossed_pairs(speech, list(spoken.clips)))
    made = [both(model, spoken, content, emotion) for content, emotion in pairs]
    contents = [content for content, _ in pairs]
    asked = [emotion for _, emotion in pairs]
    of_emotion = emotions_shown(experiment, spoken, contents, made, asked)
    of_content = emotions_shown(experiment, spoken, contents, made)
    found: Measurements = []
    for k, (content, emotion) in enumerate(pairs):
        values = (
            follows(spoken, made[k], content),
            follows(spoken, made[k], emotion),
            100.0 * float(of_emotion[k]),
            100.0 * float(of_content[k]),
        )
        speaker = speech.speaker_of(content)
        name = f"{speech.tensors.ids[content]} as {speech.tensors.ids[emotion]}"
        for column, value in zip(COLUMNS, values, strict=True):
            found.append((row, column, speaker, name, value))
    return found


def crossed_pairs(speech: EmotionalSpeech, clips: list[int]) -> Iterator[tuple[int, int]]:
    """A clip of each speaker, each in another emotion, with clips of the next one in all others.

    Chapter: book/evp-disentangle.ipynb
    """
    tensors = speech.tensors
    people: list[list[int]] = [[] for _ in tensors.speakers]
    for clip in clips:
        people[int(tensors.speaker[clip])].append(clip)
    for s, own in enumerate(people):
        mood = s % len(tensors.emotions)
        content = next(c for c in own if int(tensors.emotion[c]) == mood)
        for other in range(len(tensors.emotions)):
            if other == mood:
                continue
            for clip in people[(s + 1) % len(people)]:
                fits = int(tensors.emotion[clip]) == other
                if fits and speech.texts[clip] != speech.texts[content]:
                    yield content, clip
                    break


@torch.no_grad()
def both(model: Speaking, spoken: SpokenLandmarks, content: int, emotion: int) -> Tensor:
    """Landmarks of the face of who says the content. Chapter: book/evp-disentangle.ipynb"""
    heard = model.listen(spoken.speech, content)
    mood = model.listen(spoken.speech, emotion).emotion
    return model.net.speak(spoken.l_a(content), heard.content, mood)


def follows(spoken: SpokenLandmarks, made: Tensor, clip: int) -> float:
    """Correlation of the mouth's opening with that of a clip, as long as both last.

    Chapter: book/evp-disentangle.ipynb
    """
    true = spoken.points[clip]
    shown = min(len(made), len(true))
    return correlation(mouth_opening(made[:shown]), mouth_opening(true[:shown])).item()
