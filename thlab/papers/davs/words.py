"""One-second clips of words, cut from sentences by the words' exact times: what [zhou2019] trains and tests on."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from thlab.data import Corpus
from thlab.data.clip import Clip
from thlab.data.sampler import within
from thlab.data.tensors import ClipTensors
from thlab.media import FPS, SAMPLES_A_FRAME
from thlab.nn.augment import jitter
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import hear, of_each

FRAMES = 25  # of a word clip: a second, the word's middle in frame MIDDLE
MIDDLE = FRAMES // 2
TRAINED = 2 / 3  # of the sentences that training and test share: the others are for the test


@dataclass(frozen=True)
class WordClips:
    """Word clips of a memory; word k lasts from frame first[k] of clip clip[k], and may begin before it or end after.

    There the clip's first or last picture is repeated, and what is heard is silence. Chapter: book/davs.ipynb
    """

    memory: ClipTensors
    rows: Float[Tensor, "f 20 12"]  # what is heard in each frame of each clip, with MIDDLE frames of silence around it
    clip: Int[Tensor, "n"]
    first: Int[Tensor, "n"]
    word: Int[Tensor, "n"]  # into `words`
    words: tuple[str, ...]

    @property
    def person(self) -> Int[Tensor, "n"]:
        """Who speaks, a number into the memory's speakers."""
        return self.memory.speaker[self.clip]

    def times(self, which: Int[Tensor, "b"], steps: Int[Tensor, "t"]) -> tuple[Int[Tensor, "b t"], Int[Tensor, "b t"]]:
        """Where in the memory's frames, and where in the rows, the frames `steps` (0 to 24) of some word clips are."""
        clip = self.clip[which]
        start, end = self.memory.start[clip][:, None], self.memory.start[clip + 1][:, None]
        at = start + self.first[which][:, None] + steps
        return at.clamp(start, end - 1), at + (2 * clip[:, None] + 1) * MIDDLE

    def pictures(self, frames: Int[Tensor, "*b"]) -> Float[Tensor, "*b 3 h w"]:
        """Pictures in [0, 1]."""
        assert self.memory.frames is not None  # load_clips(…, frames=True)
        return self.memory.frames[frames].movedim(-1, -3) / 255

    def draw(self, config: DAVSConfig, rng: torch.Generator) -> dict[str, Tensor]:
        """A batch of word clips, each word as likely as another, as in LRW.

        frames (B, n, 3, H, W) and rows (B, n, 20, 12) of the frames seen, word, person; with pictures also image,
        judged (B, j, 3, H, W), painted (B, p), which of the frames seen are to be made, and these, real.
        """
        order, count = self.word.argsort(stable=True), self.word.bincount(minlength=len(self.words))
        word, begin = torch.randint(len(self.words), (config.batch,), generator=rng), count.cumsum(0) - count
        which = order[within(begin[word], (begin + count)[word], rng)]
        frames, rows = self.times(which, spread(config.seen))
        batch = {"rows": self.rows[rows], "word": word, "person": self.person[which]}
        if not config.painted:
            return batch | {"frames": jitter(self.pictures(frames), rng)}
        judged, _ = self.times(which, spread(config.judged))
        image = self.memory.start[self.clip[which]][:, None]  # at rest: from an open mouth hardly any motion was learnt
        pictures = jitter(self.pictures(torch.cat([image, frames, judged], 1)), rng)
        image, seen, judged = pictures.split([1, config.seen, config.judged], 1)
        begin = torch.randint(config.seen - config.painted + 1, (config.batch, 1), generator=rng)
        painted = begin + torch.arange(config.painted)
        made = {"image": image[:, 0], "judged": judged, "painted": painted, "real": of_each(seen, painted)}
        return batch | {"frames": seen} | made

    def even(self, each: int) -> Int[Tensor, "m"]:
        """Up to so many clips of each word, spread over all that there are: nothing is random."""
        found = [(self.word == word).nonzero()[:, 0] for word in range(len(self.words))]
        chosen = [x[torch.linspace(0, len(x) - 1, min(each, len(x))).long()] for x in found]
        return torch.cat(chosen).sort().values


def spread(n: int) -> Int[Tensor, "n"]:
    """n of the 25 frames, as far apart as they can be evenly, about the middle: 12 are 1, 3, … 23."""
    stride = FRAMES // n
    return (FRAMES - 1 - stride * (n - 1)) // 2 + stride * torch.arange(n)


def word_clips(memory: ClipTensors, clips: Sequence[Clip], words: Sequence[str] = ()) -> WordClips:
    """The word clips of a memory and of the clips that it was loaded from, in the same order.

    words: those of another set, in whose order they are numbered; others are left out. Default: all, sorted. Raises
    ValueError for a clip whose words have no times, and where no word is left. Chapter: book/davs.ipynb
    """
    labels = tuple(words) or tuple(sorted({word.label for clip in clips for word in clip.words}))
    found, lengths = [], memory.start.diff().tolist()
    for number, (clip, n_frames) in enumerate(zip(clips, lengths, strict=True)):
        if not clip.timed:
            raise ValueError(f"{clip.path}: no times of its words; prepare the corpus with data_scripts first")
        for word in clip.words:
            middle = min(max(int((word.start + word.end) / 2 * FPS), 0), n_frames - 1)
            if word.label in labels:
                found.append((number, middle - MIDDLE, labels.index(word.label)))
    if not found:
        raise ValueError(f"none of the {len(clips)} clips has one of the words {', '.join(labels[:3])}, …")
    clip, first, word = torch.tensor(found).T.contiguous()
    quiet = MIDDLE * SAMPLES_A_FRAME
    heard = [hear(pad(sound, (quiet, quiet)), len(sound) // SAMPLES_A_FRAME + 2 * MIDDLE) for sound in memory.audio]
    return WordClips(memory, torch.cat(heard), clip, first, word, labels)


def hold_out(train: Corpus, test: Corpus) -> tuple[Corpus, Corpus]:
    """Both without a sentence in common: of those that they share a third is for the test, the others for training.

    Else a classifier knows a sentence by its other words, for a second has four. Of the corpus preset "words" 50
    sentences remain for training and 25 for the test, with all 51 words each. Both stay as they are where too few
    sentences are shared to leave training each word (the smaller presets), or single words are (LRW).
    Chapter: book/davs.ipynb
    """
    said = {clip.text for clip in train if len(clip.words) > 1}
    shared = list(dict.fromkeys(clip.text for clip in test if clip.text in said))
    kept = set(shared[: int(TRAINED * len(shared))])
    words = {word for text in kept for word in text.split()}
    held = {text for text in shared if text not in kept and words.issuperset(text.split())}
    if not held:
        return train, test
    training = [clip for clip in train if clip.text not in held]
    tested = [clip for clip in test if clip.text in held or clip.text not in shared]
    return (
        Corpus(train.name, training, train.table, train.facts),
        Corpus(test.name, tested, test.table, test.facts),
    )
