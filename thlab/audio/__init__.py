"""Speech as numbers: features, noise, visemes, and the alignment of two recordings of one sentence."""

from thlab.audio.dtw import (
    DTWResult,
    accumulate,
    alignment_error,
    backtrack,
    band_mask,
    cost_matrix,
    dtw,
    dtw_batch,
    map_times,
    narrowest_band,
    warp,
)

__all__ = [
    "DTWResult",
    "accumulate",
    "alignment_error",
    "backtrack",
    "band_mask",
    "cost_matrix",
    "dtw",
    "dtw_batch",
    "map_times",
    "narrowest_band",
    "warp",
]
