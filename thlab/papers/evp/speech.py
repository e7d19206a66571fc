"""What [ji2021] hears: MFCC of clips, standardised by what each speaker sounds like at rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from thlab.audio.features import HOPS_PER_FRAME, MFCC_WINDOW, mfcc
from thlab.audio.stft import HOP
from thlab.data import Clip, Corpus
from thlab.data.tensors import ClipTensors, load_clips
from thlab.media import FPS

MARGIN = (MFCC_WINDOW - HOPS_PER_FRAME) // 2  # hops of silence at both ends, as in the public code
SILENCE = "sil"  # the word of frames in which no word is said


class Enrolment(NamedTuple):
    """How a voice sounds in neutral speech: mean and deviation of its MFCC, C0 left out."""

    mean: Float[Tensor, "12"]
    deviation: Float[Tensor, "12"]

    def standardised(self, hops: Float[Tensor, "*b 12"]) -> Float[Tensor, "*b 12"]:
        """MFCC less the mean, over the deviation."""
        return (hops - self.mean) / self.deviation


def padded_mfcc(audio: Float[Tensor, "n"]) -> Float[Tensor, "h 13"]:
    """MFCC a hop of 10 ms, with 120 ms of silence at both ends.

    Hops 4 i to 4 i + 27 are those that `mfcc_windows` gives video frame i.
    Chapter: book/evp-disentangle.ipynb
    """
    return mfcc(with_margins(audio))


def with_margins(audio: Float[Tensor, "n"]) -> Float[Tensor, "m"]:
    """A recording with 120 ms of silence at both ends. Chapter: book/evp-disentangle.ipynb"""
    margin = MARGIN * HOP
    return pad(audio, (margin, margin))


def enrol(recordings: Sequence[Float[Tensor, "_"]]) -> Enrolment:
    """The enrolment by neutral recordings of one voice, mono at 16 kHz.

    Chapter: book/evp-disentangle.ipynb
    """
    hops = torch.cat([mfcc(audio)[:, 1:] for audio in recordings])
    return Enrolment(hops.mean(0), hops.std(0))


@dataclass(frozen=True)
class EmotionalSpeech:
    """Clips as MFCC, with the word of each frame.

    hops: C0 first, of all clips one after another; clip c is hops first[c] to first[c + 1]. texts:
    what each clip says. word: of each video frame, a number into `words`; the first is SILENCE.
    """

    tensors: ClipTensors
    texts: tuple[str, ...]
    word: Int[Tensor, "f"]
    words: tuple[str, ...]
    hops: Float[Tensor, "h 13"]
    first: Int[Tensor, "c1"]

    @cached_property
    def neutral(self) -> list[Int[Tensor, "_"]]:
        """Of each speaker, the clips in which they speak neutrally."""
        emotions = self.tensors.emotions
        number = emotions.index("neutral") if "neutral" in emotions else -1
        found = []
        for speaker in range(len(self.tensors.speakers)):
            own = (self.tensors.speaker == speaker) & (self.tensors.emotion == number)
            found.append(own.nonzero()[:, 0])
        return found

    @cached_property
    def moments(self) -> Float[Tensor, "c 2 12"]:
        """Mean of the MFCC and of their squares in each clip."""
        found = []
        for clip in range(len(self.texts)):
            hops = self.of_clip(clip)
            found.append(torch.stack([hops.mean(0), hops.square().mean(0)]))
        return torch.stack(found)

    @cached_property
    def everyone(self) -> Enrolment:
        """What stands in for a voice of which no neutral speech is known: the mean of all."""
        return enrolment_of(self.moments.mean(0))

    def of_clip(self, clip: int) -> Float[Tensor, "h 12"]:
        """The MFCC of a clip, without the silence at its ends."""
        start = int(self.first[clip]) + MARGIN
        end = int(self.first[clip + 1]) - MARGIN
        return self.hops[start:end, 1:]

    def speaker_of(self, clip: int) -> str:
        """The name of who speaks in a clip."""
        return self.tensors.speakers[int(self.tensors.speaker[clip])]

    def said(self, clip: int) -> Int[Tensor, "t"]:
        """The frames of a clip in which words are said; all, where their times are not known."""
        of_clip = self.word[self.tensors.start[clip] : self.tensors.start[clip + 1]]
        found = of_clip.nonzero()[:, 0]
        return found if len(found) else torch.arange(len(of_clip))

    def enrolment(self, speaker: int, clips: int) -> Enrolment:
        """By the first so many neutral clips of a speaker; without any, `everyone`."""
        known = self.neutral[speaker][:clips]
        return enrolment_of(self.moments[known].mean(0)) if len(known) else self.everyone

    def windows_at(self, frames: Int[Tensor, "b"], enrolled: int) -> Float[Tensor, "b 28 12"]:
        """280 ms of standardised MFCC around some video frames, each by its speaker's enrolment."""
        clips = self.tensors.clip_of[frames]
        start = self.first[clips] + HOPS_PER_FRAME * (frames - self.tensors.start[clips])
        hops = self.hops[start[:, None] + torch.arange(MFCC_WINDOW), 1:]
        speakers = self.tensors.speaker[clips].tolist()
        voices = [self.enrolment(speaker, enrolled) for speaker in speakers]
        mean = torch.stack([voice.mean for voice in voices])
        deviation = torch.stack([voice.deviation for voice in voices])
        return (hops - mean[:, None]) / deviation[:, None]

    def windows(self, clip: int, enrolment: Enrolment) -> Float[Tensor, "t 28 12"]:
        """280 ms of standardised MFCC around each video frame of a clip."""
        hops = self.hops[self.first[clip] : self.first[clip + 1], 1:]
        return cut(enrolment.standardised(hops))


def enrolment_of(moments: Float[Tensor, "2 12"]) -> Enrolment:
    """The enrolment of a mean, and a mean of squares. Chapter: book/evp-disentangle.ipynb"""
    mean, squares = moments
    return Enrolment(mean, (squares - mean.square()).clamp(min=1e-6).sqrt())


def cut(hops: Float[Tensor, "h 12"]) -> Float[Tensor, "t 28 12"]:
    """The 28 hops around each video frame, from those of a padded clip.

    Chapter: book/evp-disentangle.ipynb
    """
    return hops.unfold(0, MFCC_WINDOW, HOPS_PER_FRAME).transpose(1, 2)


def read_speech(clips: Corpus, words: Sequence[str] = (), **options) -> EmotionalSpeech:
    """The MFCC, words and labels of clips.

    words: those that are told apart, where another split has chosen them; options: of `load_clips`.
    ValueError as `load_clips`. Chapter: book/evp-disentangle.ipynb
    """
    tensors = load_clips(clips, **options)
    hops = [padded_mfcc(audio) for audio in tensors.audio]
    lengths = torch.tensor([len(one) for one in hops])
    said = list(clips)
    words = tuple(words) or vocabulary(said)
    frames = tensors.start.diff().tolist()
    word = [words_of(clip, n, words) for clip, n in zip(said, frames, strict=True)]
    return EmotionalSpeech(
        tensors=tensors,
        texts=tuple(clip.text for clip in said),
        word=torch.cat(word),
        words=words,
        hops=torch.cat(hops),
        first=pad(lengths.cumsum(0), (1, 0)),
    )


def vocabulary(clips: Sequence[Clip]) -> tuple[str, ...]:
    """All words whose times are known, behind SILENCE. Chapter: book/evp-disentangle.ipynb"""
    found = set()
    for clip in clips:
        if clip.timed:
            found |= {word.label for word in clip.words}
    return (SILENCE, *sorted(found))


def words_of(clip: Clip, n_frames: int, words: Sequence[str]) -> Int[Tensor, "t"]:
    """The word in the middle of each frame, as a number into `words`; 0 where none is said.

    Chapter: book/evp-disentangle.ipynb
    """
    found = torch.zeros(n_frames, dtype=torch.long)
    if not clip.timed:
        return found
    for word in clip.words:
        if word.label in words:
            middle = (torch.arange(n_frames) + 0.5) / FPS
            found[(middle >= word.start) & (middle < word.end)] = words.index(word.label)
    return found


class Speeches(NamedTuple):
    """Speech to learn from, and speech of other people to choose by."""

    train: EmotionalSpeech
    val: EmotionalSpeech

    @property
    def facts(self) -> dict[str, str]:
        """Which corpus it is."""
        return self.train.tensors.facts


def load_speeches(splits: Mapping[str, Corpus], frames: bool) -> Speeches:
    """Training and validation clips of a corpus. Chapter: book/evp-disentangle.ipynb"""
    train = read_speech(splits["train"], frames=frames)
    options = {"frames": frames, "emotions": train.tensors.emotions}
    return Speeches(train, read_speech(splits["val"], train.words, **options))
