"""Sizes, objective and training of the edge-to-video net of [ji2021], with the presets."""

from dataclasses import dataclass, field

from thlab.training.optim import warmup_cosine


@dataclass(frozen=True)
class PortraitWeights:
    """What each term of the generator's objective weighs."""

    pixels: float = 1.0  # L1
    raw: float = 0.5  # L1 of what is painted, before the frame before shows through
    gradients: float = 0.5  # L1 of differences between neighbouring pixels
    changes: float = 8.0  # L1 of differences between frames: against flicker
    frame: float = 0.004  # the critics of single frames, given their guidance
    mouth: float = 0.02  # the critic of what lies around the lips
    clip: float = 0.02  # the critic of three frames; 0: none
    matching: float = 0.1  # feature matching, of all critics


@dataclass(frozen=True)
class PortraitConfig:
    """Sizes, objective and training of one person's edge-to-video net.

    Training goes through four stages: the key frame; from `paint_from` on, when this is finished,
    what is painted onto it, in frames after true ones or after nothing; from `own_from` on after
    the net's own; from `critics_from` on critics teach too.
    """

    speaker: int = 0  # the invented person's number, where no video is given
    sentences: tuple[int, ...] = (0, 1, 2, 3, 4, 5)  # of that person's list, which has 8
    size: int = 128  # pixels of a side
    fold: int = 2  # pixels a side of the square that becomes one pixel with more channels
    cells: int = 32  # a side of the grid on which the key frame is bent
    axes: int = 24  # principal coordinates of the landmarks that move and colour it
    features: int = 24  # of these, that a net with `hidden` units makes
    hidden: int = 64
    widths: tuple[int, ...] = (24, 48, 72, 96)  # of the U-Net, each half the size of the last
    history: int = 2  # frames before that are seen, and their guidance; 0: each frame for itself
    scales: int = 2  # of the critics of frames, each half the size of the last
    critic_widths: tuple[int, ...] = (32, 64, 96)
    # weight of a pixel of the face, where others have 1, and what is added between the lips
    face: float = 4.0
    inside: float = 4.0
    weights: PortraitWeights = field(default_factory=PortraitWeights)
    begin: float = 0.5  # share of what is drawn that begins as a clip does, after nothing
    key_pairs: int = 4  # stretches of two frames of a step of the first stage
    pairs: int = 2  # and of the second
    batch: int = 2  # stretches of frames of a later step
    frames: int = 3  # of each, one after another; as many as the critic of clips sees
    warm: int = 3  # frames generated before these, to begin with the net's own
    learning_rate: float = 3e-3
    critic_rate: float = 5e-4
    paint_from: int = 4000  # the step at which the second stage begins
    own_from: int = 4700  # the step at which the third one begins
    critics_from: int = 4780  # the step at which critics join; `steps` or more: never
    steps: int = 4900

    def validate(self) -> None:
        """Raises ValueError where no net can be built of these sizes."""
        smallest = self.fold * 2 ** (len(self.widths) - 1)
        if self.size % smallest:
            levels = f"{len(self.widths)} widths folded by {self.fold}"
            raise ValueError(f"size={self.size} with {levels}: give a multiple of {smallest}")
        if self.frames < 3:
            raise ValueError(f"frames={self.frames}: the critic of clips sees 3")

    def drawn(self, step: int) -> tuple[int, int, int]:
        """How many stretches a step has, how many frames of each, and how many before these."""
        if step < self.paint_from:
            return self.key_pairs, 2, 0
        if step < self.own_from:
            return self.pairs, 2, 0
        return self.batch, self.frames, self.warm

    def rate(self, step: int) -> float:
        """The learning rate at a step: it goes up and down once for the key frame, once for the
        rest.
        """
        done, length = step, self.paint_from
        if step >= self.paint_from:
            done, length = step - self.paint_from, self.steps - self.paint_from
        return self.learning_rate * warmup_cosine(done, max(2, length))  # of 1: not defined

    @classmethod
    def fast(cls) -> "PortraitConfig":
        """Seconds, for tests."""
        return cls(
            sentences=(0,),
            size=64,
            cells=16,
            axes=8,
            features=8,
            hidden=16,
            widths=(8, 16, 16),
            critic_widths=(8, 8),
            scales=1,
            batch=2,
            warm=1,
            paint_from=3,
            own_from=6,
            critics_from=10,
            steps=20,
        )

    @classmethod
    def book(cls) -> "PortraitConfig":
        """Seven minutes of one core for a person."""
        return cls()

    @classmethod
    def paper(cls) -> "PortraitConfig":
        """The public code's size, widths and rates, as far as this net has them.

        Its 15 input channels are those of a sketch of 8 parts; steps and batch are not known.
        """
        return cls(
            size=512,
            cells=64,
            widths=(64, 128, 256, 512, 1024),
            critic_widths=(64, 128, 256, 512),
            batch=1,
            learning_rate=2e-4,
            critic_rate=2e-4,
            paint_from=10_000,
            own_from=10_000,
            critics_from=10_000,
            steps=100_000,
        )
