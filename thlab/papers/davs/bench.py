"""What the tables of [zhou2019] share: word clips to train and to test on, and models, trained where missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from thlab.data import Corpus, open_splits
from thlab.data.tensors import load_clips
from thlab.evaluation import experiment
from thlab.evaluation.test_set import TestSet
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import DAVS
from thlab.papers.davs.reported import SUPERVISIONS
from thlab.papers.davs.train import train
from thlab.papers.davs.words import WordClips, hold_out, word_clips
from thlab.training.presets import current


def variants(config: DAVSConfig) -> dict[str, DAVSConfig]:
    """Every model that a table compares, by name: the word spaces of Table 3, and those that paint."""
    space = config.word_space()
    return {
        "L_C": replace(space, shared=False, domain=0.0), "L_C + SC": replace(space, domain=0.0),
        "L_C + L_adv": replace(space, shared=False), "L_C + SC + L_adv": space,
        "disentangled": config, "entangled": config.entangled(), "without GAN": replace(config, gan=0.0),
    }  # fmt: skip


@dataclass(frozen=True)
class Experiment(experiment.Experiment):
    """One corpus as word clips, one set of seeds, one config. Chapter: book/davs.ipynb"""

    config: DAVSConfig = field(kw_only=True)
    words: WordClips = field(kw_only=True)
    test_words: WordClips = field(kw_only=True)

    def model(self, seed: int, name: str) -> DAVS:
        """A model of `variants`, trained as far as it is not yet; those that paint share their word space.

        Chapter: book/davs.ipynb
        """
        config, first = self.config, self.folder(f"{SUPERVISIONS[-1]}-{self.config.first}".replace(" ", ""), seed)
        steps = f"{config.first}" if name in SUPERVISIONS else f"{config.first}-{config.steps}"
        folder = self.folder(f"{name}-{steps}".replace(" ", ""), seed)
        model = train(variants(config)[name], self.words, folder, self.fabric, seed, first)
        return model.cpu().eval().requires_grad_(False)

    def facts(self, stage: TestSet | None = None) -> dict[str, Any]:
        """Evidence that most tables have."""
        seen = {"pixels": self.config.size, "test_clips": len(stage.clips)} if stage else {}
        return {"steps": [self.config.first, self.config.steps], "words": len(self.words.words)} | seen


def open_words(corpus: str, words: Sequence[str] = ()) -> dict[str, tuple[Corpus, WordClips]]:
    """Clips and word clips to train and to test on, without a sentence in common; words as in `word_clips`.

    The test's words are the training's. Raises ValueError as `open_splits`, `load_clips` and `word_clips` do.
    Chapter: book/davs.ipynb
    """
    parts = open_splits(corpus)
    train, test = hold_out(parts["train"], parts["test"])
    memory = load_clips(train)
    training = word_clips(memory, train, words)
    tested = word_clips(load_clips(test, emotions=memory.emotions), test, training.words)
    return {"train": (train, training), "test": (test, tested)}


def open_experiment(
    fabric: Any, corpus: str, preset: str, seeds: Sequence[int], words: Sequence[str] = ()
) -> Experiment:
    """Load a corpus for tables: the name of a preset of the embedded one, or a folder that was prepared.

    Raises ValueError for an unknown preset, and as `open_words`. Chapter: book/davs.ipynb
    """
    config, parts = getattr(DAVSConfig, current(preset))(), open_words(corpus, words)
    (_, training), (clips, test) = parts["train"], parts["test"]
    shared = "davs", fabric, training.memory, test.memory, clips, str(corpus), preset, tuple(seeds)
    return Experiment(*shared, config=config, words=training, test_words=test)
