"""What E_c and E_e know, of people and sentences that no training heard."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.papers.evp.model import Disentangler
from thlab.papers.evp.speech import EmotionalSpeech, Enrolment

FRAMES_A_CLIP = 8  # of which windows are looked at one by one


@dataclass(frozen=True)
class EnrolledBefore(EmotionalSpeech):
    """Clips of speakers who are enrolled by other clips, in which they say something else.

    enrolments: by the speaker's name.
    """

    enrolments: dict[str, Enrolment] = field(default_factory=dict)

    def enrolment(self, speaker: int, clips: int) -> Enrolment:
        """By those other clips, however many they are."""
        return self.enrolments[self.tensors.speakers[speaker]]


class ClipCodes(NamedTuple):
    """Codes of clips: means over the frames in which words are said, and some frames' own.

    clips: their numbers. content, emotion: a mean a clip. logits: of C_e, of the mean. frames: some
    frames' numbers; frame_content, frame_emotion: their codes.
    """

    clips: Int[Tensor, "n"]
    content: Float[Tensor, "n c"]
    emotion: Float[Tensor, "n e"]
    logits: Float[Tensor, "n k"]
    frames: Int[Tensor, "f"]
    frame_content: Float[Tensor, "f c"]
    frame_emotion: Float[Tensor, "f e"]


def unenrolled_clips(speech: EmotionalSpeech, enrolled: int) -> list[int]:
    """The clips that say no sentence by which their speaker is enrolled.

    Chapter: book/evp-disentangle.ipynb
    """
    if isinstance(speech, EnrolledBefore):
        return list(range(len(speech.texts)))
    known = set()
    for speaker, neutral in enumerate(speech.neutral):
        for clip in neutral[:enrolled].tolist():
            known.add((speaker, speech.texts[clip]))
    speakers = speech.tensors.speaker.tolist()
    found = []
    for clip, text in enumerate(speech.texts):
        if (speakers[clip], text) not in known:
            found.append(clip)
    return found


@torch.no_grad()
def clip_codes(model: Disentangler, speech: EmotionalSpeech) -> ClipCodes:
    """The codes of all clips that say no sentence by which their speaker is enrolled.

    Chapter: book/evp-disentangle.ipynb
    """
    enrolled = model.config.enrolled
    clips = unenrolled_clips(speech, enrolled)
    start = speech.tensors.start
    content, emotion, frames, frame_content, frame_emotion = [], [], [], [], []
    for clip in clips:
        said = speech.said(clip)
        speaker = int(speech.tensors.speaker[clip])
        codes = model.encode(speech.windows(clip, speech.enrolment(speaker, enrolled))[said])
        content.append(codes.content.mean(0))
        emotion.append(codes.emotion.mean(0))
        some = torch.linspace(0, len(said) - 1, min(FRAMES_A_CLIP, len(said))).long()
        frames.append(start[clip] + said[some])
        frame_content.append(codes.content[some])
        frame_emotion.append(codes.emotion[some])
    of_emotion = torch.stack(emotion)
    return ClipCodes(
        clips=torch.tensor(clips),
        content=torch.stack(content),
        emotion=of_emotion,
        logits=model.classifier(of_emotion),
        frames=torch.cat(frames),
        frame_content=torch.cat(frame_content),
        frame_emotion=torch.cat(frame_emotion),
    )
