"""Speech as numbers: features, noise, visemes, and the alignment of two recordings of one sentence."""

from thlab.audio.alignment import Alignment, align_pocketsphinx
from thlab.audio.alignment_dtw import VOICES, align_dtw
from thlab.audio.features import log_spectrogram, mfcc, mfcc_windows, segments
from thlab.audio.noise import NOISE_LEVELS_DB, add_noise, speech_mask
from thlab.audio.stft import power_spectrogram
from thlab.audio.time_warping import (
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
from thlab.audio.time_warping_torch import dtw_torch
from thlab.audio.visemes import (
    ARPABET_TO_VISEME,
    GRID_PRONUNCIATIONS,
    VISEMES,
    viseme_track,
    word_to_visemes,
    words_to_phones,
)

__all__ = [
    "ARPABET_TO_VISEME",
    "GRID_PRONUNCIATIONS",
    "NOISE_LEVELS_DB",
    "VISEMES",
    "VOICES",
    "Alignment",
    "DTWResult",
    "accumulate",
    "add_noise",
    "align_dtw",
    "align_pocketsphinx",
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
    "viseme_track",
    "warp",
    "word_to_visemes",
    "words_to_phones",
]
