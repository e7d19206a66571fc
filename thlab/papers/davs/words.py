"""One-second clips of words, cut from sentences by the words' exact times.

[zhou2019] trains and tests on such clips.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from thlab.audio import add_noise
from thlab.data import Corpus
from thlab.data.clip import Clip
from thlab.data.sampler import within
from thlab.data.tensors import ClipTensors, load_clips
from thlab.media import FPS, SAMPLES_A_FRAME
from thlab.nn.augment import jitter
from thlab.nn.mouth import SIDE, to_box
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import SEEN, Frames, WordBatch, audio_features, take_frames

FRAMES = 25  # of a word clip: a second, the word's middle in frame MIDDLE
MIDDLE = FRAMES // 2


@dataclass(frozen=True)
class WordClips:
    """Word clips of some recordings; word k lasts from frame first[k] of recording clip[k].

    It may begin before the recording or end after it. There the first or last picture is repeated,
    and what is heard is silence. Chapter: book/davs.ipynb
    """

    tensors: ClipTensors
    # what is heard in each frame of each recording, MIDDLE silent ones around it
    rows: Float[Tensor, "f 20 12"]
    clip: Int[Tensor, "n"]
    first: Int[Tensor, "n"]
    word: Int[Tensor, "n"]  # into `words`
    words: tuple[str, ...]

    @property
    def person(self) -> Int[Tensor, "n"]:
        """Who speaks, a number into the recordings' speakers."""
        return self.tensors.speaker[self.clip]

    def times(
        self,
        which: Int[Tensor, "b"],
        steps: Int[Tensor, "t"],
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, "b t"]]:
        """Where the frames `steps` (0 to 24) of some word clips are: in all frames, in the rows."""
        clip = self.clip[which]
        start = self.tensors.start[clip][:, None]
        end = self.tensors.start[clip + 1][:, None]
        at = start + self.first[which][:, None] + steps
        return at.clamp(start, end - 1), at + (2 * clip[:, None] + 1) * MIDDLE

    def pictures(self, frames: Int[Tensor, "*b"]) -> Float[Tensor, "*b 3 h w"]:
        """Pictures in [0, 1]."""
        assert self.tensors.frames is not None  # load_clips(…, frames=True)
        return self.tensors.frames[frames].movedim(-1, -3) / 255

    def draw(self, config: DAVSConfig, rng: torch.Generator) -> WordBatch:
        """A random batch of the word space alone, or with the pictures for the whole model."""
        which = self.draw_clips(config.batch, rng)
        frames, rows = self.times(which, spread(SEEN))
        if config.geometry:
            pictures = self.draw_points(frames, config, rng)
        elif config.painted:
            pictures = self.draw_pictures(which, frames, config, rng)
        else:
            pictures = {"frames": jitter(self.pictures(frames), rng)}
        word = self.word[which]
        person = self.person[which]
        return WordBatch(rows=self.rows[rows], word=word, person=person, **pictures)

    def draw_clips(self, n: int, rng: torch.Generator) -> Int[Tensor, "n"]:
        """n random word clips, each word as likely as another, as in LRW."""
        by_word = self.word.argsort(stable=True)
        count = self.word.bincount(minlength=len(self.words))
        end = count.cumsum(0)
        word = torch.randint(len(self.words), (n,), generator=rng)
        return by_word[within((end - count)[word], end[word], rng)]

    def draw_pictures(
        self,
        which: Int[Tensor, "b"],
        frames: Int[Tensor, "b n"],
        config: DAVSConfig,
        rng: torch.Generator,
    ) -> dict[str, Tensor]:
        """The pictures of a batch, and which frames of each word clip G shall make.

        Each word clip is in colours of its own.
        """
        # the recording's first, at rest: from an open mouth hardly any motion was learnt
        image = self.tensors.start[self.clip[which]][:, None]
        others, _ = self.times(which, spread(config.adversary_frames))
        pictures = jitter(self.pictures(torch.cat([image, frames, others], 1)), rng)
        person, seen, others = pictures.split([1, SEEN, config.adversary_frames], 1)
        first = torch.randint(SEEN - config.painted + 1, (len(which), 1), generator=rng)
        painted = first + torch.arange(config.painted)
        return {
            "frames": seen,
            "image": person[:, 0],
            "adversary_frames": others,
            "painted": painted,
            "real": take_frames(seen, painted),
            "lips": self.lips(take_frames(frames, painted), config.size),
        }

    def draw_points(
        self, frames: Int[Tensor, "b n"], config: DAVSConfig, rng: torch.Generator
    ) -> dict[str, Tensor]:
        """Landmarks of a batch; the person is that of a random frame, as in Sect. 3.3."""
        seen = self.points(frames)
        if not config.painted:
            return {"frames": seen}
        one = torch.randint(SEEN, (len(frames), 1), generator=rng)
        others = torch.linspace(0, SEEN - 1, config.adversary_frames).long()
        return {
            "frames": seen,
            "image": take_frames(seen, one)[:, 0],
            "adversary_frames": seen[:, others],
            "painted": torch.arange(SEEN).expand(len(frames), -1),
            "real": seen,
        }

    def lips(self, frames: Int[Tensor, "b t"], size: int) -> Float[Tensor, "b t p 2"]:
        """Chin and lips of frames, in 32nds of the mouth's box."""
        assert self.tensors.landmarks is not None  # load_clips(…, frames=True)
        return to_box(self.tensors.landmarks[frames], size)

    def points(self, frames: Int[Tensor, "b t"]) -> Float[Tensor, "b t p 2"]:
        """Chin and lips of frames, as numbers about 0: what stands for a picture."""
        assert self.tensors.frames is not None  # load_clips(…, frames=True)
        return self.lips(frames, self.tensors.frames.shape[1]) / (SIDE / 4) - 2

    def seen(self, frames: Int[Tensor, "b t"], config: DAVSConfig) -> Frames:
        """What a model of this config sees of frames: pictures, or landmarks."""
        return self.points(frames) if config.geometry else self.pictures(frames)

    def balanced(self, each: int) -> Int[Tensor, "m"]:
        """Up to so many clips of each word, spread over all that there are: nothing is random."""
        chosen = []
        for word in range(len(self.words)):
            of_word = (self.word == word).nonzero()[:, 0]
            n = min(each, len(of_word))
            chosen.append(of_word[torch.linspace(0, len(of_word) - 1, n).long()])
        return torch.cat(chosen).sort().values


def spread(n: int) -> Int[Tensor, "n"]:
    """n of the 25 frames, evenly far apart about the middle: 12 are 1, 3, … 23."""
    stride = FRAMES // n
    return (FRAMES - 1 - stride * (n - 1)) // 2 + stride * torch.arange(n)


def word_clips(tensors: ClipTensors, clips: Sequence[Clip], words: Sequence[str] = ()) -> WordClips:
    """The word clips of recordings and of the clips that these were loaded from, in the same order.

    words: those of another set, in whose order they are numbered; others are left out. Default:
    all, sorted. Raises ValueError for a clip whose words have no times, and where no word is left.
    Chapter: book/davs.ipynb
    """
    labels = tuple(words) or tuple(sorted({word.label for clip in clips for word in clip.words}))
    lengths = tensors.start.diff().tolist()
    found = []
    for number, (clip, n_frames) in enumerate(zip(clips, lengths, strict=True)):
        for word, middle in middles(clip, n_frames):
            if word in labels:
                found.append((number, middle - MIDDLE, labels.index(word)))
    if not found:
        named = ", ".join(labels[:3])
        raise ValueError(f"none of the {len(clips)} clips has one of the words {named}, …")
    clip_of, first, word_of = torch.tensor(found).T.contiguous()
    rows = surrounded_features(tensors)
    return WordClips(tensors, rows, clip_of, first, word_of, labels)


def middles(clip: Clip, n_frames: int) -> list[tuple[str, int]]:
    """The words of a clip and the frame that each one's middle is in, one of the clip's n_frames.

    Raises ValueError where its words have no times. Chapter: book/davs.ipynb
    """
    if not clip.timed:
        ask = "prepare the corpus with data_scripts first"
        raise ValueError(f"{clip.path}: no times of its words; {ask}")
    found = []
    for word in clip.words:
        frame = int((word.start + word.end) / 2 * FPS)
        found.append((word.label, min(max(frame, 0), n_frames - 1)))
    return found


def surrounded_features(tensors: ClipTensors) -> Float[Tensor, "f 20 12"]:
    """What is heard in each frame of each recording, MIDDLE silent frames around it."""
    quiet = MIDDLE * SAMPLES_A_FRAME
    rows = []
    for sound in tensors.audio:
        n_frames = len(sound) // SAMPLES_A_FRAME + 2 * MIDDLE
        rows.append(audio_features(pad(sound, (quiet, quiet)), n_frames))
    return torch.cat(rows)


def in_noise(clips: WordClips, db: float) -> WordClips:
    """The same word clips, white noise added to each recording's sound (dB relative to speech).

    Chapter: book/davs.ipynb
    """
    noisy = []
    for number, sound in enumerate(clips.tensors.audio):
        noisy.append(add_noise(sound, db, torch.Generator().manual_seed(number)))
    tensors = replace(clips.tensors, audio=noisy)
    return replace(clips, tensors=tensors, rows=surrounded_features(tensors))


def load_words(splits: Mapping[str, Corpus], frames: bool = True) -> WordClips:
    """Word clips to train on: all of the training split. Chapter: book/davs.ipynb"""
    train = splits["train"]
    return word_clips(load_clips(train, frames), train)


def hold_out(train: Corpus, test: Corpus) -> tuple[Corpus, Corpus]:
    """Both without a sentence in common: what both say leaves the test, training keeps all.

    Else a classifier knows a sentence by its other words, for a second has four. In the embedded
    corpus everyone says two sentences: without them the test of the preset "words" keeps 336, which
    have all 57 words. Both stay as they are where nothing would be left of the test (in CREMA-D
    everyone says the same) or single words are said (LRW). Chapter: book/davs.ipynb
    """
    left = without(test, shared_sentences(train, test))
    return train, left if len(left) else test


def shared_sentences(train: Corpus, test: Corpus) -> list[str]:
    """Sentences of several words that both say, in the test's order. Chapter: book/davs.ipynb"""
    said = {clip.text for clip in train if len(clip.words) > 1}
    return list(dict.fromkeys(clip.text for clip in test if clip.text in said))


def without(corpus: Corpus, texts: Iterable[str]) -> Corpus:
    """A corpus without the clips of some sentences."""
    left_out = set(texts)
    clips = [clip for clip in corpus if clip.text not in left_out]
    return Corpus(corpus.name, clips, corpus.table, corpus.facts)
