"""Sizes, objective and training of the model of [yadav2020], with the presets."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class StochasticConfig:
    """Sizes, objective and training; where nothing else is said, the paper's or its public code's."""

    size: int = 128  # pixels of a side of the face view
    fold: int = 1  # a square of so many pixels a side becomes one with more channels: 2 is four times cheaper
    widths: tuple[int, ...] = (32, 64, 128, 256, 256, 256)  # channels a level, each half the size; not known
    audio_widths: tuple[int, ...] = (64, 128, 256, 256)  # of the four convolutions over 28 x 12 MFCC
    audio_hidden: int = 2048
    # a ReLU after each of these and a norm before tanh; the code has none, and two in a row are then one convolution
    rectify: bool = False
    embed: int = 128  # of h_f, h_a and what the frame predictor gives to the decoder
    z: int = 24
    hidden: int = 256  # of every LSTM
    predictor_layers: int = 2
    shortcut: bool = False  # past each LSTM what it is given goes on beside what it gives; False: the paper
    memory: bool = True  # False: each frame for itself, every LSTM begins anew; a baseline
    compares: bool = False  # the frame encoder also sees what sound alone, with z 0, gets wrong; False: a frame alone
    # for what moves by parts of a pixel, as a glance does: Enc_f also reads the eyes' own pixels, and z also scales the
    # decoder's maps, where it finds the iris of frame 1; False: all goes through 4 x 4 maps, which learnt no glance
    fine: bool = False
    # "paint": all of a frame from the maps, the code; "bend": frame 1 is bent, and its colours changed
    decoder: Literal["paint", "bend"] = "paint"
    # "predictor": p(f_t | h_{t-1}, z_t), the code; "latent": p(f_t | z_t), Eq. 2; "latent+audio": p(f | z, a), Fig. 1
    decode: Literal["predictor", "latent", "latent+audio"] = "predictor"
    teacher_forcing: bool = True  # in training h_{t-1} is of the true frame; False: of the model's own, as in use
    # False: the baseline without chance. z_t is a map of what was heard, or 0 where the predictor hears for itself
    stochastic: bool = True
    first: int = 0  # steps before all others in which it is trained as that baseline
    alone: float = 0.0  # share of clips whose z is 0 in training, so that sound must tell of them what it can
    likelihood: float = 1.0  # lambda of Eq. 2
    beta: float = 1e-6
    warm_up: int = 0  # steps in which the KL comes to teach the frames' side too, at first the audio's alone
    free_bits: float = 0.0  # nats a dimension of z that the KL costs nothing
    reduction: Literal["sum", "mean"] = "mean"  # of the log-likelihood over pixels: beta means nothing without it
    focus: tuple[float, float] = (1.0, 1.0)  # weight of a pixel of the boxes of mouth and eyes, where others have 1
    optimizer: Literal["rmsprop", "adam"] = "rmsprop"  # "adam" comes with a rate that rises and falls
    learning_rate: float = 2e-4
    batch: int = 5
    frames: int = 75  # of a clip, one after another
    shown: int | None = None  # of these, at random, that a step paints; None: all
    reference: Literal["first", "any"] = "first"  # frame 1: the first of these, or any of the clip with open eyes
    steps: int = 100_000  # not known
    recorded: tuple[int, int] = (64, 60)  # clips, and frames of each, of which what chance did is kept for takes

    def __post_init__(self):
        if self.fine and not (self.compares and self.stochastic):
            raise ValueError("fine=True needs compares=True and stochastic=True: without them there is nothing to read")
        if self.compares and self.decode != "latent+audio":
            raise ValueError(f"compares=True needs decode='latent+audio', which can do without z: not {self.decode!r}")

    @classmethod
    def paper(cls) -> "StochasticConfig":
        """The paper's sizes, with its public code's where it is silent."""
        return cls()

    @classmethod
    def book(cls) -> "StochasticConfig":
        """What the committed weights were trained with.

        Adam at five times the rate, for in some thousand steps RMSprop's 2e-4 moves no weight far. p(f | z, a) of
        Fig. 1, which has nothing to force and leaves z free for what sound does not tell.
        """
        small = {"size": 64, "fold": 2, "widths": (32, 64, 96, 128), "hidden": 160, "decoder": "bend", "fine": True}
        heard = {"audio_widths": (16, 32, 48, 48), "audio_hidden": 256, "rectify": True, "decode": "latent+audio"}
        objective = {"beta": 1.0, "warm_up": 1500, "free_bits": 0.05, "reduction": "sum", "focus": (8.0, 32.0)}
        learning = {"shortcut": True, "compares": True, "alone": 0.4, "optimizer": "adam", "learning_rate": 1e-3}
        training = {"reference": "any", "batch": 8, "frames": 16, "shown": 6, "first": 1400, "steps": 2600}
        return cls(**small, **heard, **objective, **learning, **training)  # type: ignore[arg-type]

    @classmethod
    def fast(cls) -> "StochasticConfig":
        """As `book`, in seconds, for tests."""
        small = {"widths": (8, 8, 16, 16), "hidden": 16, "embed": 16, "z": 4}
        heard = {"audio_widths": (4, 4, 8, 8), "audio_hidden": 16}
        training = {"batch": 2, "frames": 4, "shown": None, "warm_up": 0, "free_bits": 0.0, "alone": 0.0}
        training |= {"focus": (1.0, 1.0), "first": 5, "steps": 20, "recorded": (4, 16)}
        return replace(cls.book(), **small, **heard, **training)

    def without_chance(self, steps: int) -> "StochasticConfig":
        """The baseline's, of so many steps; for its eyes see `neg_log_likelihood`."""
        objective = {"beta": 0.0, "warm_up": 0, "free_bits": 0.0, "focus": (self.focus[0], self.focus[0])}
        return replace(self, stochastic=False, fine=False, first=0, steps=steps, **objective)
