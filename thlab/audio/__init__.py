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
from thlab.audio.dtw_torch import dtw_torch
from thlab.audio.features import log_spectrogram, mfcc, mfcc_windows, segments
from thlab.audio.noise import NOISE_LEVELS_DB, add_noise, speech_mask
from thlab.audio.stft import power_spectrogram

__all__ = [
    "NOISE_LEVELS_DB",
    "DTWResult",
    "accumulate",
    "add_noise",
    "alignment_error",
    "backtrack",
    "band_mask",
    "cost_matrix",
    "dtw",
    "dtw_batch",
    "dtw_torch",
    "log_spectrogram",
    "map_times",
    "mfcc",
    "mfcc_windows",
    "narrowest_band",
    "power_spectrogram",
    "segments",
    "speech_mask",
    "warp",
]
