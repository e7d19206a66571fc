"""Sizes, objective and training of the model of [yadav2020], with the presets."""

from dataclasses import dataclass, replace
from typing import Literal

COARSE = 4  # pixels a side of the coarsest map


@dataclass(frozen=True)
class StochasticConfig:
    """Sizes, objective and training; where nothing else is said, the paper's or its public code's.

    as_published: the model of the public code. Frame t is painted from z_t and the embedding of
    frame t - 1, the true one in training and its own in use; the audio encoder's convolutions have
    nothing between them; RMSprop at one rate. False: what learns in minutes. Frame t is decoded
    from z_t and the sound, p(f | z, a) of Fig. 1, by bending frame 1 and changing its colours; the
    frame encoder also sees what sound alone, with z 0, gets wrong; ReLUs and a norm in the audio
    encoder, and a way past each LSTM; pictures are folded, so that a square of 2 pixels a side is
    one with more channels; frame 1 is any open-eyed one of the clip; Adam, at a rate that rises and
    falls.

    fine: for what moves by parts of a pixel, as a glance does. Enc_f also reads the eyes' own
    pixels, and z also scales the decoder's maps, where it finds the iris of frame 1; without it all
    goes through 4 x 4 maps, which learnt no glance.
    """

    as_published: bool = True
    size: int = 128  # pixels of a side of the face view
    # channels a level, each half the size of the one before; not known
    widths: tuple[int, ...] = (32, 64, 128, 256, 256, 256)
    # of the four convolutions over 28 x 12 MFCC, and of the linear layer after them
    audio_widths: tuple[int, int, int, int, int] = (64, 128, 256, 256, 2048)
    z: int = 24
    hidden: int = 256  # of every LSTM
    memory: bool = True  # False: each frame for itself, every LSTM begins anew; a baseline
    fine: bool = False
    # False: the deterministic baseline; z_t is a function of the sound, or 0
    stochastic: bool = True
    first: int = 0  # steps before all others in which it is trained as that baseline
    # share of clips whose z is 0 in training, so that sound must tell of them what it can
    alone: float = 0.0
    beta: float = 1e-6
    # steps in which the KL comes to teach the frames' side too, at first the audio's alone
    warm_up: int = 0
    free_bits: float = 0.0  # nats a dimension of z that the KL costs nothing
    # of the log-likelihood over pixels: beta means nothing without it
    reduction: Literal["sum", "mean"] = "mean"
    # weight of a pixel of the boxes of mouth and eyes, where others have 1
    focus: tuple[float, float] = (1.0, 1.0)
    inside: float = 1.0  # times that of the mouth, the weight of a pixel between the lips
    mouth_critic: bool = False  # a critic of what lies between the lips teaches beside Eq. 2
    learning_rate: float = 2e-4
    batch: int = 5
    frames: int = 75  # of a clip, one after another
    shown: int | None = None  # of these, at random, that a step paints; None: all
    steps: int = 100_000  # not known
    # clips, and frames of each, of which the residuals are kept that takes draw from
    recorded: tuple[int, int] = (64, 60)

    @property
    def fold(self) -> int:
        """Pixels a side of the square that becomes one pixel with more channels."""
        return 1 if self.as_published else 2

    def validate(self) -> None:
        """Raises ValueError where no model can be built: whenever fields do not fit one another."""
        if self.size != self.fold * COARSE * 2 ** (len(self.widths) - 1):
            levels = len(self.widths)
            wrong = f"size={self.size} is not halved to {COARSE} pixels by {levels} widths"
            raise ValueError(f"{wrong}, folded by {self.fold}: give another size or other widths")
        if self.fine and (self.as_published or not self.stochastic):
            needs = "fine=True needs as_published=False and stochastic=True"
            raise ValueError(f"{needs}: else the eyes' pixels have nothing to be compared with")

    @classmethod
    def paper(cls) -> "StochasticConfig":
        """The paper's sizes, with its public code's where it is silent."""
        return cls()

    @classmethod
    def book(cls) -> "StochasticConfig":
        """What the committed weights were trained with.

        Adam at five times the rate, for in some thousand steps RMSprop's 2e-4 moves no weight far.
        p(f | z, a) of Fig. 1, which has nothing to force and leaves z free for what sound does not
        tell.
        """
        return cls(
            as_published=False,
            size=64,
            widths=(32, 64, 96, 128),
            audio_widths=(16, 32, 48, 48, 256),
            hidden=160,
            fine=True,
            first=1400,
            alone=0.4,
            beta=1.0,
            warm_up=1500,
            free_bits=0.05,
            reduction="sum",
            focus=(8.0, 32.0),
            inside=2.5,
            mouth_critic=True,
            learning_rate=1e-3,
            batch=8,
            frames=16,
            shown=6,
            steps=2600,
        )

    @classmethod
    def fast(cls) -> "StochasticConfig":
        """As `book`, in seconds, for tests."""
        return replace(
            cls.book(),
            widths=(8, 8, 16, 16),
            audio_widths=(4, 4, 8, 8, 16),
            z=4,
            hidden=16,
            first=5,
            alone=0.0,
            warm_up=0,
            free_bits=0.0,
            focus=(1.0, 1.0),
            batch=2,
            frames=4,
            shown=None,
            steps=20,
            recorded=(4, 16),
        )

    def deterministic(self, steps: int) -> "StochasticConfig":
        """The deterministic baseline's, of so many steps; for its eyes see `neg_log_likelihood`."""
        return replace(
            self,
            stochastic=False,
            fine=False,
            first=0,
            steps=steps,
            beta=0.0,
            warm_up=0,
            free_bits=0.0,
            focus=(self.focus[0], self.focus[0]),
        )
