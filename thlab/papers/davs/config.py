"""Sizes, losses and training of the model of [zhou2019], with the presets."""

from dataclasses import dataclass, replace

FIRST_BATCH = 16  # word clips a step of those that train the word space alone
FIRST_RATE = 5e-4  # of Adam in these
GEOMETRY_AUDIO_WIDTHS = (8, 8, 16)  # of E_w^a beside landmarks, where sound is what takes time


@dataclass(frozen=True)
class DAVSConfig:
    """Sizes, losses and training; where nothing else is said, the paper's or its public code's."""

    size: int = 256  # pixels of a side of the face view: 64 times a power of 2
    dim: int = (
        256  # of f_p, f_w^v and f_w^a; classifiers and E_w^a have a hidden layer of twice that
    )
    person_widths: tuple[int, ...] = (64, 160, 320, 256)  # of E_p^v, from size / 4 to size / 32
    word_widths: tuple[int, int] = (64, 128)  # of E_w^v: before the hourglass, and in it; not known
    points: int = 68  # maps that the hourglass gives
    outlets: int = 1  # maps of half that size which the linear layer after them reads
    audio_widths: tuple[int, int, int] = (64, 192, 256)  # of E_w^a
    widths: tuple[int, ...] = (512, 256, 256, 128, 64, 32)  # of G, a doubling from 4 x 4; not known
    bends: bool = False  # G bends and recolours the person's picture; False: it paints a new one
    critic_widths: tuple[int, ...] = (64, 128, 256)  # of D_seq; not known
    geometry: bool = False  # exact landmarks of chin and mouth are read and made; False: pictures

    painted: int = 6  # of the frames seen, one after another; 0: the word space alone, no pictures
    adversary_frames: int = 20  # whose f_p, side by side, C_p^w reads

    shared: bool = True  # one C_w; False: one for each modality
    domain: float = 5.0  # weight of not being told apart by modality; 0: the classifier looks on
    dispel_word: float = (
        2000.0  # of Eq. 3; the code has 1e6 and a mean over 500 words; 0: C_p^w looks on
    )
    dispel_person: float = (
        2000.0  # of Eq. 5, which no code has: LRW names no speaker; 0: C_w^p looks on
    )
    gan: float = 1.0  # of Eq. 7; 0: no D_seq
    inside: float = 1.0  # times that of the mouth, the weight of a pixel between the lips in Eq. 6
    mouth_critic: bool = False  # a critic of what lies between the lips teaches G beside D_seq

    learning_rate: float = 2e-4  # of Adam
    pace: float = 1.0  # times this, the rate of E_p^v, G and all that learns against the encoders
    falls: bool = False  # the rate rises and falls; False: it is the same in all steps
    critic_steps: int = 1  # of the classifiers and D_seq for one of encoders and G
    batch: int = 16  # word clips a step
    steps: int = 100_000  # not known
    first: int = (
        0  # steps before all others that train the word space alone; 0: all at once, the code
    )

    @classmethod
    def paper(cls) -> "DAVSConfig":
        """The paper's sizes, with its public code's where it is silent."""
        return cls()

    @classmethod
    def book(cls) -> "DAVSConfig":
        """What the committed weights were trained with.

        A quarter of the paper's size. The word space comes first, for all that is compared begins
        from it. G bends the person's image: painting all of a face from 4 x 4 maps takes days to
        become sharp.
        """
        return cls(
            size=64,
            dim=128,
            person_widths=(24, 40, 64, 64),
            word_widths=(16, 32),
            points=32,
            outlets=4,
            audio_widths=(16, 32, 48),
            widths=(64, 32, 16, 8),
            bends=True,
            critic_widths=(24, 48, 96),
            painted=3,
            adversary_frames=12,
            domain=0.5,
            dispel_word=3.0,
            dispel_person=20.0,
            gan=0.02,
            inside=2.5,
            mouth_critic=True,
            pace=5.0,
            falls=True,
            critic_steps=2,
            batch=12,
            steps=800,
            first=2000,
        )

    @classmethod
    def fast(cls) -> "DAVSConfig":
        """As `book`, in seconds, for tests."""
        return replace(
            cls.book(),
            dim=16,
            person_widths=(8, 8, 8, 8),
            word_widths=(8, 8),
            points=8,
            audio_widths=(8, 8, 8),
            widths=(16, 8, 8, 8),
            critic_widths=(8, 8),
            adversary_frames=4,
            batch=4,
            steps=6,
            first=4,
        )

    def word_space(self) -> "DAVSConfig":
        """Sect. 3.1 alone, `first` steps of it: the same for all models that differ in what comes
        after.
        """
        return replace(
            self,
            painted=0,
            dispel_word=0.0,
            dispel_person=0.0,
            gan=0.0,
            mouth_critic=False,
            learning_rate=FIRST_RATE,
            pace=1.0,
            batch=FIRST_BATCH,
            steps=self.first,
            first=0,
        )

    def of_geometry(self) -> "DAVSConfig":
        """Landmarks in place of pictures: a training takes minutes, and G must use f_p."""
        return replace(
            self,
            geometry=True,
            gan=0.0,
            mouth_critic=False,
            audio_widths=GEOMETRY_AUDIO_WIDTHS,
            dispel_word=20.0,  # by trials on val: with 3 most of the word stayed in F_p
            steps=2 * self.steps,
        )

    def fewer_first(self, share: float) -> "DAVSConfig":
        """A share of the word space's steps."""
        return replace(self, first=max(2, round(share * self.first)))

    def entangled(self) -> "DAVSConfig":
        """Without Eq. 3 and 5: what disentangling is compared with."""
        return replace(self, dispel_word=0.0, dispel_person=0.0)
