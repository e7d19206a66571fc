"""Two recordings of one sentence: which moment of one matches which of the other."""

import numpy as np
from jaxtyping import Float, Real
from torch import Tensor

from thlab.audio.features import mfcc
from thlab.audio.stft import Audio
from thlab.audio.time_warping import DTWResult, dtw

X = Real[np.ndarray, "n"] | Real[Tensor, "n"]
Y = Real[np.ndarray, "m"] | Real[Tensor, "m"]


def align(x: X, y: Y, band: int | None = None) -> DTWResult:
    """Which frames of recording x match which of y: `dtw` of their cepstra by L1 distance.

    x: (n,), y: (m,), mono at 16 kHz. band: as in `dtw`. Returns the cost and the path, pairs of
    frames of 10 ms: `warp` puts features of x on y's clock, `map_times(path, seconds, hop=0.01)`
    moments. Raises ValueError for audio that is empty, too short or not finite.
    Chapter: book/dtw.ipynb
    """
    return dtw(mean_free_cepstra(x), mean_free_cepstra(y), "l1", band)


def mean_free_cepstra(audio: Audio) -> Float[np.ndarray, "t 13"]:
    """13 cepstra a frame of 10 ms, minus their mean over the clip.

    That takes the microphone and the loudness out. Chapter: book/dtw.ipynb
    """
    coefficients = mfcc(audio).cpu().numpy()
    return coefficients - coefficients.mean(0)
