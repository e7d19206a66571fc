"""How the talking head of [mittal2020] is trained."""

from dataclasses import dataclass, field

from thlab.papers.priors.head.losses import Weights
from thlab.papers.priors.head.model import GeneratorConfig


@dataclass(frozen=True)
class GANConfig:
    """How the generator is trained; its sizes are GeneratorConfig's."""

    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    weights: Weights = field(default_factory=Weights)
    steps: int = 2000
    critics_from: int = 1500  # the step at which the critics join; `steps` or more: never
    clips: int = 24  # painted a step, a frame of each
    clips_seen: int = 8  # painted a step with the critics, who cost more
    frames_seen: int = 3  # of each, one after another
    frames_unseen: int = 20  # at most, painted before those to begin amid a clip
    clips_heard: int = 64  # whose content says where the lips go, which is cheap
    frames_heard: int = 8  # of each, one after another
    learning_rate: float = 3e-3
    late_rate: float = 2e-4  # with the critics
    critic_rate: float = 4e-4
    critic_steps: int = 3  # of the critics for one of the generator, who else runs away from them

    @classmethod
    def fast(cls) -> "GANConfig":
        """Seconds, for tests."""
        return cls(
            GeneratorConfig.fast(),
            steps=20,
            critics_from=10,
            clips=2,
            clips_seen=2,
            frames_unseen=2,
            clips_heard=4,
        )

    @classmethod
    def book(cls) -> "GANConfig":
        """What the committed weights were trained with."""
        return cls()

    @classmethod
    def paper(cls) -> "GANConfig":
        """Adam at 1e-4 throughout; steps and batch are not known."""
        return cls(
            GeneratorConfig.paper(),
            steps=100_000,
            critics_from=0,
            late_rate=1e-4,
            critic_rate=1e-4,
        )

    def batch_size(self, step: int) -> tuple[int, int]:
        """How many clips are painted at a step, and how many frames of each."""
        if step < self.critics_from:
            return self.clips, 1
        return self.clips_seen, self.frames_seen
