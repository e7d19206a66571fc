"""What the tests of the tables share: models as they begin, and the numbers of a cell."""

from torch import nn

from thlab.papers import load_paper
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.evaluate.experiment import PIXELS, settings, variants
from thlab.papers.davs.model import DAVS
from thlab.training.optim import build_seeded

FAST = DAVSConfig.fast()
PAPER = load_paper("davs")


class QuickLandmarks(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


def untrained_model(name, clips, seed=0, kind=PIXELS):
    config = variants(settings(FAST, kind))[name]
    model = build_seeded(lambda: DAVS(config, len(clips.words), 4), seed)
    return model.eval().requires_grad_(False)


def numbers(made, row, column):
    """The values of a cell."""
    return [value for one, which, _, _, value in made if (one, which) == (row, column)]
