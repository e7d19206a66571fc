"""Enc_a of [yadav2020], Eq. 3: from what is heard around a frame to numbers."""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.frames import EMBED


class AudioEncoder(nn.Module):
    """Enc_a of Eq. 3: four convolutions and two linear layers on an MFCC window.

    Chapter: book/latent-kl.ipynb
    """

    def __init__(self, config: StochasticConfig):
        super().__init__()
        # without a norm what tanh was given grew to 1000 in 2800 steps, and a tanh that is 1
        # everywhere is deaf
        between = nn.Identity if config.as_published else nn.ReLU
        norm = nn.Identity if config.as_published else nn.LayerNorm
        *widths, hidden = config.audio_widths
        convs = []
        for wide_in, wide_out in pairwise((1, *widths)):
            convs.append((nn.Conv2d(wide_in, wide_out, 3, padding=1), between()))
        self.net = nn.Sequential(
            *convs[0],
            *convs[1],
            nn.MaxPool2d(3, (1, 2)),  # 26 x 5
            *convs[2],
            *convs[3],
            nn.MaxPool2d(3, 2),  # 12 x 2
            nn.Flatten(),
            nn.Linear(24 * widths[-1], hidden),
            nn.ReLU(),
            nn.Linear(hidden, EMBED),
            norm(EMBED),
            nn.Tanh(),
        )
        # He's: six layers of PyTorch's own leave of the differences between sounds 1 %
        for layer in self.net:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nonlinearity = "linear" if config.as_published else "relu"
                nn.init.kaiming_normal_(layer.weight, nonlinearity=nonlinearity)

    def forward(self, rows: Float[Tensor, "b t 28 12"]) -> Float[Tensor, "b t d"]:
        """h_a of windows."""
        windows = rows.flatten(0, 1)[:, None]  # (B·T, 1, 28, 12)
        return self.net(windows).unflatten(0, rows.shape[:2])
