"""Sizes, losses and training of the model of [zhou2019], with the presets."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class DAVSConfig:
    """Sizes, losses and training; where nothing else is said, the paper's or its public code's."""

    size: int = 256  # pixels of a side of the face view: 64 times a power of 2
    dim: int = 256  # of f_p, f_w^v and f_w^a
    person_widths: tuple[int, ...] = (64, 160, 320, 256)  # channels of E_p^v, from size / 4 down to size / 32
    word_widths: tuple[int, int] = (64, 128)  # of E_w^v: before the hourglass, and in it; not known
    points: int = 68  # maps that the hourglass gives
    outlets: int = 1  # maps of half that size which the linear layer after them reads
    audio_widths: tuple[int, int, int] = (64, 192, 256)  # of E_w^a
    hidden: int = 512  # of every classifier, and of E_w^a
    widths: tuple[int, ...] = (512, 256, 256, 128, 64, 32)  # of G, one for each doubling from 4 x 4; not known
    convs: tuple[int, ...] = (2, 2, 2, 1, 1, 1)  # after each doubling; with the last one ten
    skips: tuple[int, ...] = (1,)  # which of E_p^v's maps G sees beside f_p; (): none
    film: bool = False  # the codes also scale and shift G's maps, at every level
    shortcut: bool = False  # beside G's levels, coarse maps that are linear in the codes
    decoder: Literal["paint", "bend"] = "paint"  # "bend": the person's image is bent, and its colours changed
    critic_widths: tuple[int, ...] = (64, 128, 256)  # of D_seq; not known

    seen: int = 12  # of 25 frames, at stride 2, that tell the word
    painted: int = 6  # of these, one after another; 0: no person and no pictures, the word space alone
    judged: int = 20  # whose f_p, side by side, C_p^w reads
    centred: bool = False  # it reads them less their mean, which tells who it is and hides what is said

    contrastive: float = 1.0  # weight of Eq. 1
    shared: bool = True  # one C_w; False: one for each modality
    domain: float = 5.0  # weight of not being told apart by modality; 0: the classifier looks on
    dispel_word: float = 2000.0  # of Eq. 3; the code has 1e6 and a mean over 500 words; 0: C_p^w looks on
    dispel_person: float = 2000.0  # of Eq. 5, which no code has; 0: C_w^p looks on. LRW names no speaker: it is 0 there
    l1: float = 4.0  # alpha of Eq. 8
    mouth: float = 8.0  # of L1 in the mouth's box
    still: float = 5.0  # of how frames differ from the next one, outside that box
    gan: float = 1.0  # of Eq. 7; 0: no D_seq

    learning_rate: float = 2e-4  # of Adam
    pace: float = 1.0  # times this, the rate of E_p^v, G and all that learns against the encoders
    falls: bool = False  # the rate rises and falls; False: it is the same in all steps
    critic_steps: int = 1  # of the classifiers and D_seq for one of encoders and G
    batch: int = 16
    steps: int = 100_000  # not known
    first: int = 0  # steps before all others, in which the word space alone is trained; 0: all at once, the code
    first_batch: int = 16  # of these
    first_rate: float = 2e-4  # of these

    @classmethod
    def paper(cls) -> "DAVSConfig":
        """The paper's sizes, with its public code's where it is silent."""
        return cls()

    @classmethod
    def book(cls) -> "DAVSConfig":
        """What the committed weights were trained with.

        A quarter of the paper's size. The word space comes first, for all that is compared begins from it. G bends the
        person's image: painting all of a face from 4 x 4 maps takes days to become sharp.
        """
        small = {"size": 64, "dim": 128, "person_widths": (24, 40, 64, 64), "word_widths": (16, 32), "outlets": 4}
        heard = {"audio_widths": (16, 32, 48), "hidden": 256, "points": 32}
        drawn = {"widths": (64, 32, 16, 8), "convs": (2, 2, 1, 1), "skips": (0, 1), "decoder": "bend"}
        drawn |= {"film": True, "shortcut": True}
        losses = {"domain": 0.5, "dispel_word": 3.0, "dispel_person": 20.0, "gan": 0.02, "critic_widths": (24, 48, 96)}
        training = {"painted": 3, "judged": 12, "centred": True, "batch": 12, "critic_steps": 2, "falls": True}
        training |= {"first": 600, "first_rate": 5e-4, "steps": 600, "pace": 5.0}
        return cls(**small, **heard, **drawn, **losses, **training)  # type: ignore[arg-type]

    @classmethod
    def fast(cls) -> "DAVSConfig":
        """As `book`, in seconds, for tests."""
        small = {"dim": 16, "person_widths": (8, 8, 8, 8), "word_widths": (8, 8), "points": 8, "hidden": 16}
        small |= {"audio_widths": (8, 8, 8), "widths": (16, 8, 8, 8), "critic_widths": (8, 8)}
        return replace(cls.book(), **small, convs=(1, 1, 1, 1), judged=4, batch=4, first=4, first_batch=4, steps=6)

    def word_space(self) -> "DAVSConfig":
        """Sect. 3.1 alone, `first` steps of it: the same for all models that differ in what comes after."""
        later = {"painted": 0, "dispel_word": 0.0, "dispel_person": 0.0, "gan": 0.0}
        own = {"steps": self.first, "batch": self.first_batch, "learning_rate": self.first_rate, "pace": 1.0}
        return replace(self, **later, first=0, **own)

    def entangled(self) -> "DAVSConfig":
        """Without Eq. 3 and 5: what disentangling is compared with."""
        return replace(self, dispel_word=0.0, dispel_person=0.0)
