"""Pseudo training pairs, Sect. 3.2 of [ji2021]: one sentence in two moods, on one clock."""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from thlab.audio import align, warp
from thlab.audio.features import HOPS_PER_FRAME, MFCC_WINDOW
from thlab.papers.evp.speech import EmotionalSpeech, with_margins


class Sentence(NamedTuple):
    """One sentence of one speaker, in several moods.

    reference: the clip on whose clock all are put, a neutral one where there is one. takes: of each
    emotion that it is said in, the clips.
    """

    speaker: int
    reference: int
    takes: dict[int, list[int]]


class Quadruples(NamedTuple):
    """Windows x_{i,m}, x_{j,n}, x_{j,m}, x_{i,n} of sentences i, j in moods m, n, one speaker each.

    x: standardised MFCC. emotion: m and n.
    """

    x: Float[Tensor, "b 4 28 12"]
    emotion: Int[Tensor, "b 2"]


@dataclass(frozen=True)
class PseudoPairs:
    """Clips on common clocks.

    sentences: of each speaker who says at least two in at least two moods each. hop: of clip c, on
    its reference's clock, the numbers hop[first[c] : first[c + 1]] of its own hops.
    """

    speech: EmotionalSpeech
    sentences: list[list[Sentence]]
    hop: Int[Tensor, "h"]
    first: Int[Tensor, "c1"]

    def window(self, clip: int, frame: int) -> Float[Tensor, "28 12"]:
        """A clip's MFCC around a video frame of its reference, not standardised."""
        start = int(self.first[clip]) + HOPS_PER_FRAME * frame
        own = self.hop[start : start + MFCC_WINDOW]
        return self.speech.hops[self.speech.first[clip] + own, 1:]

    def frames(self, sentence: Sentence) -> int:
        """Video frames of a sentence's reference."""
        tensors = self.speech.tensors
        return int(tensors.start[sentence.reference + 1] - tensors.start[sentence.reference])

    def draw(self, n: int, enrolled: int, rng: torch.Generator) -> Quadruples:
        """n random quadruples, each at a random moment of sentence i and of sentence j."""
        windows = []
        emotions = []
        for _ in range(n):
            own = self.sentences[_random(len(self.sentences), rng)]
            order = torch.randperm(len(own), generator=rng).tolist()
            i, j = own[order[0]], own[order[1]]
            m, n_ = self._two_moods(i, j, rng)
            clips = ((i, m), (j, n_), (j, m), (i, n_))
            at = {id(i): _random(self.frames(i), rng), id(j): _random(self.frames(j), rng)}
            enrolment = self.speech.enrolment(i.speaker, enrolled)
            for sentence, mood in clips:
                takes = sentence.takes[mood]
                take = takes[_random(len(takes), rng)]
                windows.append(enrolment.standardised(self.window(take, at[id(sentence)])))
            emotions.append((m, n_))
        x = torch.stack(windows).view(n, 4, MFCC_WINDOW, -1)
        return Quadruples(x, torch.tensor(emotions))

    def _two_moods(self, i: Sentence, j: Sentence, rng: torch.Generator) -> tuple[int, int]:
        both = sorted(i.takes.keys() & j.takes.keys())
        order = torch.randperm(len(both), generator=rng).tolist()
        return both[order[0]], both[order[1]]


def pseudo_pairs(speech: EmotionalSpeech) -> PseudoPairs:
    """Every clip warped to the neutral take of its sentence, by DTW (Eq. 1).

    ValueError where no speaker says two sentences in two moods. Chapter: book/evp-disentangle.ipynb
    """
    found = sentences_of(speech)
    paths: dict[int, np.ndarray] = {}
    for sentence in found:
        for takes in sentence.takes.values():
            for clip in takes:
                paths[clip] = hops_on_clock(speech, clip, sentence.reference)
    by_speaker: dict[int, list[Sentence]] = defaultdict(list)
    for sentence in found:
        by_speaker[sentence.speaker].append(sentence)
    usable = [own for own in by_speaker.values() if len(own) > 1]
    if not usable:
        raise ValueError(
            "cross-reconstruction needs a speaker who says two sentences in two emotions each, "
            f"and among {len(speech.texts)} clips there is none"
        )
    empty = np.zeros(0, int)
    hops = [torch.from_numpy(paths.get(clip, empty)) for clip in range(len(speech.texts))]
    lengths = torch.tensor([len(one) for one in hops])
    return PseudoPairs(speech, usable, torch.cat(hops), pad(lengths.cumsum(0), (1, 0)))


def sentences_of(speech: EmotionalSpeech) -> list[Sentence]:
    """What is said by one speaker in at least two moods. Chapter: book/evp-disentangle.ipynb"""
    tensors = speech.tensors
    groups: dict[tuple[int, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for clip, text in enumerate(speech.texts):
        if text:
            groups[int(tensors.speaker[clip]), text][int(tensors.emotion[clip])].append(clip)
    neutral = tensors.emotions.index("neutral") if "neutral" in tensors.emotions else -1
    found = []
    for (speaker, _), takes in groups.items():
        if len(takes) > 1:
            reference = takes[neutral if neutral in takes else min(takes)][0]
            found.append(Sentence(speaker, reference, dict(takes)))
    return found


def hops_on_clock(speech: EmotionalSpeech, clip: int, reference: int) -> Int[np.ndarray, "h"]:
    """Of each hop of the reference, the hop of a clip that matches it best.

    Chapter: book/evp-disentangle.ipynb
    """
    own = np.arange(int(speech.first[clip + 1] - speech.first[clip]))
    if clip == reference:
        return own
    audio = speech.tensors.audio
    path = align(with_margins(audio[clip]), with_margins(audio[reference])).path
    index = warp(own, path)
    assert isinstance(index, np.ndarray)  # as it was given
    return index


def _random(n: int, rng: torch.Generator) -> int:
    return int(torch.randint(n, (), generator=rng))
